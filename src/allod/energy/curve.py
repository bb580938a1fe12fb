"""The power that a cooling plant takes over the heat it is given, while the air stays as it is.

Weather is worked in once; what is left is short, rises with IT power, and so can be inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.chiller import part_load
from allod.energy.grid import Values


@dataclass(frozen=True, slots=True)
class WaterChiller:
    """The chiller of a tower plant: COP = p + q L + r L² at its part load L."""

    share: Values  #: Share of the heat that the economiser leaves to it; (..., steps). [1]
    design_w: float  #: Heat at full load. [W]
    p: Values
    q: Values
    r: float

    def power_w(self, heat_w: Values) -> Values:
        """Electricity for the chiller's share of `heat_w`; rises with it; (..., steps). [W]"""
        own_w = heat_w * self.share
        load = part_load(own_w, self.design_w)
        return np.asarray(own_w / (self.p + (self.q + self.r * load) * load))


@dataclass(frozen=True, slots=True)
class CoolingCurve:
    """Cooling power over IT power; arrays are (..., steps).

    With h = max(0, heat_share · IT - taken) the heat that the plant rejects, power is
    per_it · IT + per_heat · h + fan_w · (fan_per_w · h)^2.5 + chiller(h). No term falls as IT
    power rises.
    """

    heat_share: float  #: Share of IT power that the plant's water or main air stream carries. [1]
    per_it: Values  #: Pumps, room fans, and the chiller of the rest of the heat. [W/W]
    per_heat: Values  #: Chiller and pumps of the stream. [W/W]
    fan_w: float  #: Fans at design flow; RenewIT: fan power goes with flow to the 2.5. [W]
    fan_per_w: Values  #: Flow, as share of design, for each watt rejected. [1/W]
    chiller: WaterChiller | None = None

    def heat_w(self, it_w: Values) -> Values:
        """Heat in the stream; what may be used is taken from here; (..., steps). [W]"""
        return np.asarray(self.heat_share * it_w)

    def rejected_w(self, it_w: Values, taken_w: Values | float = 0.0) -> Values:
        """Heat of the stream that nobody takes; (..., steps). [W]"""
        return np.asarray(np.maximum(self.heat_share * it_w - taken_w, 0.0))

    def power_w(self, it_w: Values, taken_w: Values | float = 0.0) -> Values:
        """Electricity of the plant; (..., steps). [W]"""
        return self.flows(it_w, self.rejected_w(it_w, taken_w))[0]

    def flows(self, it_w: Values, heat_w: Values) -> tuple[Values, Values]:
        """Electricity of the plant, and what leaves it outdoors: `heat_w`, the heat of the stream
        that nobody takes, with the chiller's own; both (..., steps). [W]"""
        power = self.per_heat * heat_w + self.per_it * it_w
        if self.fan_w:
            flow = self.fan_per_w * heat_w
            # Not `flow ** 2.5`: libraries differ in its last bit, and decisions rest on it (E4).
            power += self.fan_w * flow * flow * np.sqrt(flow)
        if self.chiller is None:
            return np.asarray(power), heat_w
        chiller_w = self.chiller.power_w(heat_w)
        power += chiller_w
        return np.asarray(power), np.asarray(heat_w + chiller_w)
