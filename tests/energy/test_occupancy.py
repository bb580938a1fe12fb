"""Accelerators at work over time, against counting every second."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.grid import Grid
from allod.energy.occupancy import busy

Run = tuple[int, int, int]
one_run = st.tuples(st.integers(-60, 160), st.integers(0, 90), st.integers(1, 9))
runs = st.lists(one_run, max_size=6)


def of(grid: Grid, told: list[Run]) -> np.ndarray:
    """`busy` of runs as (start, length, accelerators)."""
    start, long, number = (np.array([run[i] for run in told], dtype=np.int64) for i in range(3))
    return busy(grid, start, start + long, number)


@given(runs, st.integers(-9, 9), st.sampled_from([1, 4, 10]), st.integers(1, 12))
def test_it_is_the_mean_of_every_second(
    told: list[Run], first: int, step_s: int, steps: int
) -> None:
    grid = Grid(first * step_s, step_s, steps)
    seconds = range(grid.start_s, grid.end_s)
    held = [sum(n for start, long, n in told if start <= at < start + long) for at in seconds]
    assert of(grid, told).tolist() == np.reshape(held, (steps, step_s)).mean(axis=1).tolist()


def test_three_runs_by_hand() -> None:
    """Two for all of the time; four in the last quarter of the first hour; one of no length."""
    grid = Grid(0, 3_600, 2)
    told = [(-900, 9_000, 2), (2_700, 900, 4), (5_000, 0, 8)]
    assert of(grid, told).tolist() == [2 + 4 / 4, 2]


def test_without_runs_nothing_is_at_work() -> None:
    assert of(Grid(0, 60, 3), []).tolist() == [0, 0, 0]
