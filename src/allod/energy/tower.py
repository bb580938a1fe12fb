"""Tower cooling: chilled water, evaporating towers, a water-side economiser; it drinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.chiller import water_chiller_terms
from allod.energy.constants import (
    CONCENTRATION_CYCLES,
    DRIFT_SHARE,
    EXCHANGER_APPROACH_K,
    ROOM_FAN_SHARE,
    TOWER_DESIGN_WET_BULB_C,
    TOWER_FAN_SHARE,
    TOWER_LATENT_SHARE,
    TOWER_PUMP_SHARE,
    TOWER_WATER,
    VAPORISATION_WH_PER_L,
)
from allod.energy.curve import CoolingCurve, WaterChiller
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerCooled:
    """All heat goes into chilled water, and from there through towers into the air."""

    design_it_w: float  #: IT power for which fans and chiller are at full load. [W]
    capture_share: float  #: Share of IT heat that needs no room fans on its way; may be 0. [1]
    supply_c: float
    return_c: float
    approach_k: float  #: Tower water above the wet bulb. [K]

    def economiser_share(self, wet_bulb_c: Values) -> Values:
        """Share of heat that towers take without the chiller; (..., steps). [1]

        Lei & Masanet: 1 if tower water through the exchanger reaches supply, 0 from return on,
        linear between.
        """
        reached_c = wet_bulb_c + self.approach_k + EXCHANGER_APPROACH_K.value
        left = (reached_c - self.supply_c) / (self.return_c - self.supply_c)
        return np.asarray(1.0 - np.clip(left, 0.0, 1.0))

    def curve(self, air: OutdoorAir) -> CoolingCurve:
        """Cooling power over IT power in that air."""
        p, q, r = water_chiller_terms(air.wet_bulb_c + self.approach_k)
        chilled = 1.0 - self.economiser_share(air.wet_bulb_c)
        room = ROOM_FAN_SHARE.value * (1.0 - self.capture_share)
        return CoolingCurve(
            heat_share=1.0,
            per_it=np.full_like(chilled, room),
            per_heat=np.full_like(chilled, TOWER_PUMP_SHARE.value),
            fan_w=TOWER_FAN_SHARE.value * self.design_it_w,
            fan_per_w=np.full_like(chilled, 1.0 / self.design_it_w),
            chiller=WaterChiller(chilled, self.design_it_w, p, q, r),
        )

    def water_l_per_wh(self, air: OutdoorAir) -> Values:
        """Water evaporated, blown down and lost as drift, for heat sent outdoors; (..., steps).
        [L/Wh]

        Heat over vaporisation heat, times the share that leaves by evaporating. That share falls
        with the wet bulb as dc-rl's formula for a tower does; the formula itself is for a tower
        of a size that it does not tell.
        """
        cycles = CONCENTRATION_CYCLES.value
        lost = (cycles / (cycles - 1.0) + DRIFT_SHARE.value) / VAPORISATION_WH_PER_L.value
        return self._latent_share(air.wet_bulb_c) * lost

    def _latent_share(self, wet_bulb_c: Values) -> Values:
        by_wet_bulb, by_range, always = TOWER_WATER
        dry = by_range * (self.return_c - self.supply_c) + always
        at_design = by_wet_bulb * TOWER_DESIGN_WET_BULB_C.value + dry
        shape = (by_wet_bulb * np.asarray(wet_bulb_c) + dry) / at_design
        return np.asarray(np.clip(TOWER_LATENT_SHARE.value * shape, 0.0, 1.0))
