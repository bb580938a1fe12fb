"""Direct liquid cooling: a closed loop, dry coolers, a trim chiller, and air for the rest.

No water is used. Racks get water of `supply_c` and give it back at `return_c`; dry coolers bring it
down to outdoor temperature plus approach; what that leaves is the trim chiller's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.chiller import air_chiller_cop
from allod.energy.constants import (
    DRY_COOLER_FAN_SHARE,
    DRY_COOLER_PINCH_K,
    LIQUID_PUMP_SHARE,
    ROOM_FAN_SHARE,
    ROOM_FREE_COOLING_C,
)
from allod.energy.curve import CoolingCurve
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


@dataclass(frozen=True, slots=True, kw_only=True)
class DryCooled:
    """Liquid for the `capture_share` of IT heat, room air for the rest."""

    design_it_w: float  #: IT power for which fans are at full flow on the design day. [W]
    capture_share: float  #: Above 0. [1]
    supply_c: float
    return_c: float
    approach_k: float  #: More than the pinch of 2 K. [K]

    def trim_share(self, temp_c: Values) -> Values:
        """Share of the liquid's heat that is left to the trim chiller; (..., steps). [1]"""
        warm_k = temp_c + self.approach_k - self.supply_c
        return np.asarray(np.clip(warm_k / (self.return_c - self.supply_c), 0.0, 1.0))

    def curve(self, air: OutdoorAir) -> CoolingCurve:
        """Cooling power over IT power in that air.

        Fans at design move the air that takes all heat at the highest temperature without trim.
        Flow goes with heat over the difference between return and outdoor air less the pinch.
        """
        pinch_k = DRY_COOLER_PINCH_K.value
        design_heat_w = self.capture_share * self.design_it_w
        design_k = self.return_c - self.supply_c + self.approach_k - pinch_k
        trim = self.trim_share(air.temp_c)
        # Once trim has all, dry coolers rest; the difference must only stay above zero.
        driving_k = np.maximum(self.return_c - air.temp_c - pinch_k, self.approach_k - pinch_k)
        cop = air_chiller_cop(air.temp_c)
        # NaN stays NaN in heaviside, which `>` would turn into a cold day.
        room_chilled = np.heaviside(air.temp_c - ROOM_FREE_COOLING_C.value, 0.0) / cop
        room = (1.0 - self.capture_share) * (ROOM_FAN_SHARE.value + room_chilled)
        return CoolingCurve(
            heat_share=self.capture_share,
            per_it=room + LIQUID_PUMP_SHARE.value * self.capture_share,
            per_heat=trim / cop,
            fan_w=DRY_COOLER_FAN_SHARE.value * design_heat_w,
            fan_per_w=(1.0 - trim) * design_k / driving_k / design_heat_w,
        )

    def water_l_per_wh(self, air: OutdoorAir) -> Values:
        """Nothing evaporates: zeros; (..., steps). [L/Wh]"""
        return np.zeros_like(air.temp_c)
