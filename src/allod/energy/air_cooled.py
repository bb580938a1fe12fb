"""Air cooling: fans through the racks, outdoor air while it is cool enough, else a chiller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.chiller import air_chiller_cop
from allod.energy.constants import ECONOMISER_MARGIN_K, ROOM_FAN_SHARE
from allod.energy.curve import CoolingCurve
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


@dataclass(frozen=True, slots=True, kw_only=True)
class AirCooled:
    """All heat leaves with air; it is outdoor air below supply - 3 K."""

    design_it_w: float  #: IT power for which fans are at full flow. [W]
    supply_c: float
    return_c: float

    def curve(self, air: OutdoorAir) -> CoolingCurve:
        """Cooling power over IT power in that air."""
        limit_c = self.supply_c - ECONOMISER_MARGIN_K.value
        chilled = np.heaviside(air.temp_c - limit_c, 1.0)
        return CoolingCurve(
            heat_share=1.0,
            per_it=np.zeros_like(chilled),
            per_heat=chilled / air_chiller_cop(air.temp_c),
            fan_w=ROOM_FAN_SHARE.value * self.design_it_w,
            fan_per_w=np.full_like(chilled, 1.0 / self.design_it_w),
        )

    def water_l_per_wh(self, air: OutdoorAir) -> Values:
        """Nothing evaporates: zeros; (..., steps). [L/Wh]"""
        return np.zeros_like(air.temp_c)
