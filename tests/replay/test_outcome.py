"""Sums, percentiles and curves against the same computed plainly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.replay import curves as curves_module
from allod.replay.curves import POWER_W, RUNNING, WAITING, Curves
from allod.replay.loop import RUN
from allod.replay.outcome import Bins, Outcome

SITE_OF_CLASS = np.array([0, 0, 1])
WATTS_OF_POOL = np.array([700, 1000])
ORIGIN_S = 100_000


@st.composite
def run(draw: st.DrawFn) -> tuple[int, ...]:
    cls = draw(st.integers(0, 2))
    submit = draw(st.integers(ORIGIN_S, ORIGIN_S + 50_000))
    start = submit + draw(st.integers(0, 20_000))
    took = draw(st.integers(1, 20_000))
    final = draw(st.integers(0, 1))
    run_s = took if final else took + draw(st.integers(1, 500))
    pool, n, lent = int(SITE_OF_CLASS[cls]), draw(st.integers(1, 16)), draw(st.integers(0, 1))
    number = draw(st.integers(1, 3))
    # row, pool, cls, n, project, run, final, lent, submit, start, end, run_s
    return (0, pool, cls, n, 0, number, final, lent, submit, start, start + took, run_s)


def gathered(rows: list[tuple[int, ...]], parts: int) -> Outcome:
    outcome = Outcome(SITE_OF_CLASS, WATTS_OF_POOL, 2, ORIGIN_S)
    array = np.array(rows, RUN)
    for part in np.array_split(array, parts):
        outcome.add(part)
    return outcome


@given(rows=st.lists(run(), min_size=1, max_size=40), parts=st.integers(1, 5))
def test_sums_are_those_of_the_runs(rows: list[tuple[int, ...]], parts: int) -> None:
    outcome = gathered(rows, parts)
    named = [dict(zip(RUN.names or (), row, strict=True)) for row in rows]
    for c in range(3):
        mine = [r for r in named if r["cls"] == c]
        final = [r for r in mine if r["final"]]
        waits = [r["start"] - r["submit"] for r in final]
        expected = {
            "placed": len(final),
            "runs": len(mine),
            "reclaims": len(mine) - len(final),
            "lent": sum(r["lent"] for r in mine),
            "wait_s": sum(waits),
            "longest_s": max(waits, default=0),
            "used_s": sum(r["n"] * (r["end"] - r["start"]) for r in final),
            "lost_s": sum(r["n"] * (r["end"] - r["start"]) for r in mine if not r["final"]),
            "energy_j": sum(
                r["n"] * (r["end"] - r["start"]) * int(WATTS_OF_POOL[r["pool"]]) for r in mine
            ),
            "slowdown_milli": sum(
                max(1000, 1000 * (w + r["run_s"]) // max(r["run_s"], 10))
                for w, r in zip(waits, final, strict=True)
            ),
        }
        assert expected == {name: int(getattr(outcome.tally, name)[c]) for name in expected}
        for share in (0.5, 0.95, 0.99):
            _check_percentile(outcome.waits, [c], waits, share)
    assert outcome.first_s == min(r["submit"] for r in named)
    assert outcome.last_s == max(r["end"] for r in named)


def _check_percentile(bins: Bins, groups: list[int], values: list[int], share: float) -> None:
    found = bins.percentile(groups, share)
    if not values:
        assert found is None
        return
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    assert found is not None
    assert exact * (1 - bins.precision) < found + 1 <= exact + 1
    if exact < bins.exact_below:
        assert found == exact


@given(values=st.lists(st.integers(0, 1 << 42), min_size=1, max_size=50))
def test_percentiles_are_as_precise_as_they_say(values: list[int]) -> None:
    bins = Bins(2, 8)
    bins.add(np.ones(len(values), np.int64), np.array(values))
    for share in (0.01, 0.5, 0.95, 1.0):
        _check_percentile(bins, [0, 1], values, share)
    assert bins.percentile([0], 0.5) is None
    at, counts = bins.cumulative([1])
    assert counts[-1] == len(values)
    assert (np.diff(at) > 0).all()


def test_a_value_beyond_all_bins_is_counted_in_the_last() -> None:
    bins = Bins(1, 8)
    bins.add(np.array([0]), np.array([1 << 50]))
    assert (bins.percentile([0], 0.5) or 0) >= 1 << 42


@given(
    spans=st.lists(
        st.tuples(
            st.integers(0, 1), st.integers(0, 200_000), st.integers(1, 90_000), st.integers(1, 9)
        ),
        min_size=1,
        max_size=20,
    ),
    cells_max=st.sampled_from([8, 32, 8192]),
)
def test_a_curve_holds_the_mean_of_each_cell(spans: list[Any], cells_max: int) -> None:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(curves_module, "CELLS_MAX", cells_max)
        curves = Curves(2, 5000)
        for site, start, length, height in spans:
            curves.add(
                RUNNING,
                np.array([site]),
                np.array([5000 + start]),
                np.array([5000 + start + length]),
                np.array([height]),
            )
    width, origin = curves.cell_s, curves.origin_s
    means = curves.means(RUNNING)
    assert means.shape[1] <= cells_max
    for site in range(2):
        for cell in range(means.shape[1]):
            first, last = origin + cell * width, origin + (cell + 1) * width
            area = sum(
                h * max(0, min(last, 5000 + start + length) - max(first, 5000 + start))
                for s, start, length, h in spans
                if s == site
            )
            assert means[site, cell] == area // width


def test_who_is_reclaimed_is_drawn_as_waiting_once() -> None:
    runs = [
        # row, pool, cls, n, project, run, final, lent, submit, start, end, run_s
        (0, 0, 0, 4, 0, 1, 0, 1, 100_800, 104_400, 108_000, 9000),
        (0, 0, 0, 4, 0, 2, 1, 1, 100_800, 111_600, 122_400, 9000),
    ]
    outcome = gathered(runs, 1)
    assert outcome.curves.origin_s == 97_200
    assert outcome.curves.means(WAITING)[0].tolist() == [0, 4, 0, 0, 0, 0, 0]
    assert outcome.curves.means(RUNNING)[0].tolist() == [0, 0, 4, 0, 4, 4, 4]
    assert outcome.curves.means(POWER_W)[0].tolist() == [0, 0, 2800, 0, 2800, 2800, 2800]


def test_what_is_kept_does_not_grow_with_the_jobs() -> None:
    rows = [(0, 0, 0, 1, 0, 1, 1, 0, ORIGIN_S, ORIGIN_S + 5, ORIGIN_S + 3600, 3595)] * 1000
    few, many = gathered(rows[:10], 1), gathered(rows * 20, 50)
    assert _bytes(few) == _bytes(many)


def _bytes(outcome: Outcome) -> int:
    """All arrays of `outcome`; it holds nothing that could be a list of jobs."""
    parts = [outcome.waits, outcome.slowdowns, outcome.curves]
    held = [value for part in parts for value in vars(part).values()]
    held += [getattr(outcome.tally, name) for name in outcome.tally.__slots__]
    assert not any(
        isinstance(value, list | dict | set) for value in [*held, *vars(outcome).values()]
    )
    return sum(value.nbytes for value in held if isinstance(value, np.ndarray))
