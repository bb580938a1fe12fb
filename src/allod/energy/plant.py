"""Plant: all that a site draws beside its IT, over IT power and weather; and back again.

`facility_w` is what the meter shows, `it_limit_w` the most IT power under a limit at the meter.
Arrays are float64 of shapes that broadcast; time is last. Decisions rest on it, so it and what it
is made of keep to operations that IEEE 754 rounds in one way: no powers, no `exp` (E4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from allod.domain.units import UNBOUNDED
from allod.energy.constants import LOSS_SPLIT
from allod.energy.curve import CoolingCurve
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


class CoolingPlant(Protocol):
    """What takes the heat away: `DryCooled`, `AirCooled`, `TowerCooled` or `ConstantPue`."""

    def curve(self, air: OutdoorAir) -> CoolingCurve:
        """Cooling power over IT power in that air."""

    def water_l_per_wh(self, air: OutdoorAir) -> Values:
        """Water drawn for each watt-hour of heat that leaves outdoors; (..., steps). [L/Wh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Electrical supply, cooling and the rest of a site around its IT."""

    cooling: CoolingPlant
    design_it_w: float  #: IT power that losses at full load belong to. [W]
    loss_share: float  #: Electrical losses at design load, of IT power. [1]
    misc_w: float  #: Light, offices, controls; always on. [W]
    return_c: float  #: Temperature of the heat that may be used; NaN: none is modelled. [°C]

    def losses_w(self, it_w: Values) -> Values:
        """Electrical losses between meter and IT: a part always, one with the load, one with its
        square; (..., steps). [W]"""
        always, linear, squared = LOSS_SPLIT
        load = it_w / self.design_it_w
        full_w = self.loss_share * self.design_it_w
        return np.asarray(full_w * (always + (linear + squared * load) * load))

    def water_l_per_h(self, it_w: Values, temp_c: Values, wet_bulb_c: Values) -> Values:
        """Water drawn from outside; (..., steps). [L/h]"""
        air = OutdoorAir(temp_c, wet_bulb_c)
        curve = self.cooling.curve(air)
        _, outdoors_w = curve.flows(it_w, curve.rejected_w(it_w))
        return np.asarray(outdoors_w * self.cooling.water_l_per_wh(air))

    def facility_w(self, it_w: Values, air: OutdoorAir) -> Values:
        """What the meter shows: IT, losses, cooling, the rest; (..., steps). [W]

        It rises by at least a watt with every watt of IT power. No heat is taken by anybody:
        a limit must hold also when the taker does not take.
        """
        return self._facility_w(it_w, self.cooling.curve(air))

    def it_limit_w(self, limit_w: Values | float, air: OutdoorAir) -> Values:
        """The most whole watts of IT power with which the meter stays within `limit_w`.

        (..., steps), whole numbers in float64. [W] Exact, by halving: `facility_w` of it keeps the
        limit, and of one watt more does not. 0 where the plant alone is over the limit; NaN where
        limit or weather is not known.
        """
        curve = self.cooling.curve(air)
        limit = np.asarray(limit_w, dtype=np.float64)
        alone_w = self._facility_w(np.zeros(np.broadcast(limit, air.temp_c).shape), curve)
        low = np.zeros_like(alone_w)
        high = np.broadcast_to(np.floor(np.clip(limit, 0.0, UNBOUNDED)) + 1.0, low.shape)
        for _ in range(int(np.nanmax(high, initial=1.0)).bit_length()):
            middle = np.floor((low + high) / 2)
            fits = self._facility_w(middle, curve) <= limit
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        known = alone_w + limit  # NaN if either is.
        return np.where(np.isnan(known), np.nan, low)

    def _facility_w(self, it_w: Values, curve: CoolingCurve) -> Values:
        total = self.losses_w(it_w) + self.misc_w
        total += it_w
        return np.asarray(total + curve.power_w(it_w))
