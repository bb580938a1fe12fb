"""How many accelerators are at work over time, from when each run starts and ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allod.energy.grid import Grid, Values


def busy(
    grid: Grid,
    start_s: NDArray[np.int64],
    end_s: NDArray[np.int64],
    accelerators: NDArray[np.int64],
) -> Values:
    """Mean number of accelerators at work in each step; (steps,). [1]

    Args:
        grid: The time; runs may begin before it and end after it.
        start_s: When each run starts; (runs,). [epoch s]
        end_s: When it ends, not before its start; (runs,). [epoch s]
        accelerators: How many it holds; (runs,). [1]
    """
    edges_s = grid.start_s + grid.step_s * np.arange(grid.steps + 1, dtype=np.int64)
    held_s = _since(edges_s, start_s, accelerators) - _since(edges_s, end_s, accelerators)
    return np.asarray(np.diff(held_s) / grid.step_s)


def _since(
    edges_s: NDArray[np.int64], at_s: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Accelerator-seconds that have gone by at each edge since each instant before it."""
    order = np.argsort(at_s, kind="stable")
    sorted_s, weights = at_s[order], counts[order]
    before = np.searchsorted(sorted_s, edges_s, side="left")
    number = np.concatenate([[0], np.cumsum(weights)])[before]
    moment = np.concatenate([[0], np.cumsum(weights * (sorted_s - edges_s[0]))])[before]
    return np.asarray(number * (edges_s - edges_s[0]) - moment)
