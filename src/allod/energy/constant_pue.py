"""A site of which only a PUE is told: all but IT power goes with IT power, in any weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.curve import CoolingCurve
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


@dataclass(frozen=True, slots=True)
class ConstantPue:
    """Cooling, losses and all else as one share of IT power."""

    pue: float  #: At least 1. [1]

    def curve(self, air: OutdoorAir) -> CoolingCurve:
        """The same line in any air, known or not; no heat is captured, as none is modelled."""
        nothing = np.zeros(())
        return CoolingCurve(0.0, np.asarray(self.pue - 1.0), nothing, 0.0, nothing)

    def water_l_per_wh(self, air: OutdoorAir) -> Values:
        """Not known: NaN, as the plant is not; (..., steps). [L/Wh]"""
        return np.full_like(air.temp_c, np.nan)
