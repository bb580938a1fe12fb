"""A plant for tests: whole-number arithmetic of its own, fixed losses, a chiller in the heat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from allod.energy.outdoor_air import OutdoorAir


@dataclass(frozen=True)
class Chiller:
    """Draws `fixed_w` always, and of each watt of IT a share that rises with the temperature."""

    fixed_w: float = 40.0
    mild: float = 0.05  #: Share of IT power up to 20 degrees C.
    per_k: float = 0.013  #: More for each degree above.
    wet: bool = False  #: It looks at the wet bulb and not at the dry one.
    design_it_w: float = float("inf")

    def share(self, air: OutdoorAir) -> Any:
        """Power of the plant for each watt of IT."""
        seen = np.asarray(air.wet_bulb_c if self.wet else air.temp_c)
        return self.mild + self.per_k * np.maximum(0.0, seen - 20.0)

    def facility_w(self, it_w: Any, air: OutdoorAir) -> Any:
        """See `allod.decide.plants.Plant`."""
        return self.fixed_w + np.asarray(it_w) * (1.0 + self.share(air))

    def it_limit_w(self, limit_w: Any, air: OutdoorAir) -> Any:
        """See `allod.decide.plants.Plant`; a watt too much now and then, as of a solver."""
        exact = (np.asarray(limit_w) - self.fixed_w) / (1.0 + self.share(air))
        return np.maximum(0.0, exact + 0.7)

    def water_l_per_h(self, it_w: Any, temp_c: Any, wet_bulb_c: Any) -> Any:
        """See `allod.decide.plants.Plant`: a litre for each kilowatt-hour above 20 degrees C."""
        return np.asarray(it_w) / 1000 * (np.asarray(temp_c) > 20.0)
