"""What moving one run saved, against starting it when it first could have: all else as it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.grid import Values
from allod.energy.siteyear import SiteYear


@dataclass(frozen=True, slots=True)
class Saving:
    """A site as it was lived through; arrays are (steps,)."""

    use: SiteYear
    clean_w: Values  #: Own clean power. [W]
    grid_g_per_kwh: Values | None  #: Of the public grid; None: not known.

    def of(self, it_w: int, first_s: int, start_s: int, end_s: int) -> tuple[float, float]:
        """Energy [Wh] and carbon [g] of the grid that a run of `it_w` did not need.

        It ran from `start_s` to `end_s` and could have begun at `first_s`.
        """
        own_w = self._own_w(it_w, start_s, end_s)
        others_w = self.use.facility_w - own_w
        left_w = np.maximum(0.0, self.clean_w - others_w)
        unmoved_w = self._own_w(it_w, first_s, first_s + end_s - start_s)
        energy_wh = self.use.grid.step_h * (
            np.maximum(0.0, unmoved_w - left_w) - np.maximum(0.0, own_w - left_w)
        )
        if self.grid_g_per_kwh is None:
            return float(energy_wh.sum()), 0.0
        return float(energy_wh.sum()), float((energy_wh * self.grid_g_per_kwh).sum() / 1000)

    def _own_w(self, it_w: int, start_s: int, end_s: int) -> Values:
        """Mean power at the meter of such a run in each step, at the PUE of that step. [W]"""
        grid, use = self.use.grid, self.use
        times = grid.times_s()
        inside_s = np.minimum(times + grid.step_s, end_s) - np.maximum(times, start_s)
        part = np.clip(inside_s, 0, grid.step_s) / grid.step_s
        pue = use.facility_w / np.where(use.it_w > 0, use.it_w, 1.0)
        return np.asarray(it_w * part * np.where(use.it_w > 0, pue, 1.0))
