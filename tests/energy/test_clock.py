"""Local times as UTC: every way in which a small fold can be written."""

from __future__ import annotations

from itertools import product

import numpy as np

from allod.energy.clock import Change, from_local
from allod.energy.readings import Flag

#: Clocks go back by an hour at 10 h UTC: from 2 h ahead to 1 h ahead. Walls show 11 h twice.
BACK = Change(36_000, 7200, 3600)
HOUR_S = 3600


def test_every_number_of_copies_of_each_wall_time_around_the_fold() -> None:
    for copies in product(range(4), repeat=3):
        walls = [
            h * HOUR_S for h, many in zip((10, 11, 12), copies, strict=True) for _ in range(many)
        ]
        made = from_local(
            np.array(walls, np.int64), np.arange(len(walls), dtype=float), 7200, [BACK]
        )
        before, fold, after = copies
        first = [8 * HOUR_S] * before
        last = [11 * HOUR_S] * after
        if fold == 2:
            middle, known = [9 * HOUR_S, 10 * HOUR_S], True
        else:
            middle, known = [9 * HOUR_S] * (fold > 0) + [10 * HOUR_S] * fold, False
        assert made.at_s.tolist() == first + middle + last
        inside = slice(before, before + len(middle))
        assert (made.flags[inside] == Flag.CLOCK).all()
        assert not made.flags[:before].any()
        assert not made.flags[before + len(middle) :].any()
        assert (~np.isnan(made.values[inside]) == known).all()
        assert not np.isnan(np.delete(made.values, np.r_[inside])).any()


def test_the_readings_given_are_left_as_they_were() -> None:
    values = np.array([1.0])
    from_local(np.array([11 * HOUR_S], np.int64), values, 7200, [BACK])
    assert values.tolist() == [1.0]


def test_before_any_change_the_offset_holds() -> None:
    made = from_local(np.array([7200], np.int64), np.array([1.0]), 7200, [BACK])
    assert made.at_s.tolist() == [0]
    assert not made.flags.any()
