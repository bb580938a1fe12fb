"""Curves over time by site in bounded memory: cells that hold changes, coarser for longer spans."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

CELL_S = 3600  #: Width of a cell at first. [s]
CELLS_MAX = 8192  #: Past so many cells two become one.
RUNNING, WAITING, POWER_W = range(3)


class Curves:
    """What was running and waiting at each site, and the power of its work.

    A cell holds by how much the height × seconds of its span differ from those of the one before,
    so that a run of any length costs four entries and nothing is lost by joining cells.
    """

    def __init__(self, sites: int, origin_s: int) -> None:
        self.origin_s = origin_s - origin_s % CELL_S
        self.cell_s = CELL_S
        self.end_s = self.origin_s
        self._cells = np.zeros((3, sites, 1024), np.int64)

    def add(self, curve: int, site: Ints, start_s: Ints, end_s: Ints, height: Ints) -> None:
        """Add `height` from `start_s` to `end_s`, none of which lies before the origin."""
        if not len(site):
            return
        self.end_s = max(self.end_s, int(end_s.max()))
        self._reach(self.end_s)
        cells = self._cells[curve]
        for at_s, sign in ((start_s, 1), (end_s, -1)):
            cell, into_s = np.divmod(at_s - self.origin_s, self.cell_s)
            np.add.at(cells, (site, cell), sign * height * (self.cell_s - into_s))
            np.add.at(cells, (site, cell + 1), sign * height * into_s)

    def _reach(self, end_s: int) -> None:
        """Have cells for all up to `end_s`."""
        wanted = (end_s - self.origin_s) // self.cell_s + 2
        while wanted > CELLS_MAX:
            area = np.cumsum(self._cells, axis=-1)
            self._cells = np.diff(area[..., ::2] + area[..., 1::2], axis=-1, prepend=0)
            self.cell_s *= 2
            wanted = (end_s - self.origin_s) // self.cell_s + 2
        held = self._cells.shape[-1]
        if wanted > held:
            grown = np.zeros(
                (*self._cells.shape[:-1], max(wanted + wanted % 2, 2 * held)), np.int64
            )
            grown[..., :held] = self._cells
            self._cells = grown

    def means(self, curve: int) -> Ints:
        """The mean of each cell; (site, cell), the first begins at `origin_s`. [1 or W]"""
        cells = -(-(self.end_s - self.origin_s) // self.cell_s)
        return np.cumsum(self._cells[curve], axis=-1)[:, :cells] // self.cell_s
