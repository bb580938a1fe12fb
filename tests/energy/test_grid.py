"""The grid of time: what lies on it, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.grid import HOUR_S, Grid, held, means, sums
from allod.errors import InvalidInput

STEPS_S = [step for step in range(1, HOUR_S + 1) if HOUR_S % step == 0]


@given(st.sampled_from(STEPS_S), st.integers(0, 500_000), st.integers(1, 50))
def test_every_instant_lies_in_one_step(step_s: int, first: int, steps: int) -> None:
    grid = Grid(first * step_s, step_s, steps)
    starts = grid.times_s().tolist()
    assert len(starts) == steps
    for place, start in enumerate(starts):
        assert grid.at(start) == grid.at(start + step_s - 1) == place
    for outside in (grid.start_s - 1, grid.end_s):
        with pytest.raises(InvalidInput):
            grid.at(outside)


@pytest.mark.parametrize(
    ("start_s", "step_s", "steps"),
    [(0, 7, 1), (0, 7_200, 1), (0, 0, 1), (1, 900, 1), (0, 900, 0)],
)
def test_what_does_not_fall_together_is_refused(start_s: int, step_s: int, steps: int) -> None:
    with pytest.raises(InvalidInput):
        Grid(start_s, step_s, steps)


def test_steps_are_joined_and_split_without_loss() -> None:
    fine = Grid(0, 900, 8)
    assert fine.coarser(3_600) == Grid(0, 3_600, 2)
    with pytest.raises(InvalidInput):
        Grid(0, 900, 6).coarser(3_600)
    values = np.array([[1.0, 2, 3, 4, 5, 6, 7, 9]])
    assert means(values, 4).tolist() == [[2.5, 6.75]]
    assert sums(values, 4).tolist() == [[10, 27]]
    assert held(means(values, 4), 4).sum() == values.sum()
    values[0, 5] = np.nan
    assert np.isnan(sums(values, 4)).tolist() == [[False, True]]


def test_a_series_has_a_value_for_each_step() -> None:
    grid = Grid(0, 3_600, 24)
    assert grid.check("load", np.zeros((3, 24))).shape == (3, 24)
    with pytest.raises(InvalidInput, match="load has 23 values, and the grid 24 steps of 3600 s"):
        grid.check("load", np.zeros(23))
