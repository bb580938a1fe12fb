"""Carbon of the electricity that a site buys, both ways of the GHG Protocol's Scope 2 Guidance.

Location-based: all of it at the intensity of the grid. Market-based: what certificates or contracts
cover at their own intensity, the rest at the residual mix, which is the grid without what others
have claimed. Both must be reported (GHG Protocol, Scope 2 Guidance, 2015, chapter 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.grid import Values
from allod.errors import InvalidInput

#: Grams in a kilogram times watt-hours in a kilowatt-hour: g/kWh times Wh over this is kg.
_WH_G_PER_KG_KWH = 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carbon:
    """What a site's electricity emitted over the time; each (...,), or None if not known."""

    location_kg: Values | None  #: All imports at the grid's intensity. [kg CO2e]
    lifecycle_kg: Values | None  #: The same with fuel supply and plant; beyond Scope 2. [kg CO2e]
    market_kg: Values | None  #: The uncovered part at the residual mix. [kg CO2e]


def location_kg(import_wh: Values, grid_g_per_kwh: Values) -> Values:
    """Emissions at the intensity of the grid, step by step; (..., steps) to (...,). [kg]

    Args:
        import_wh: What was drawn from the public grid. [Wh per step]
        grid_g_per_kwh: Its intensity: (steps,), or one value for all time. [g CO2e/kWh]
    """
    return np.asarray((import_wh * grid_g_per_kwh).sum(axis=-1) / _WH_G_PER_KG_KWH)


def market_kg(
    import_wh: Values,
    covered_wh: Values,
    residual_g_per_kwh: Values,
    covered_g_per_kwh: float = 0.0,
) -> Values:
    """Emissions by what was bought, step by step; (..., steps) to (...,). [kg]

    Args:
        import_wh: What was drawn from the public grid. [Wh per step]
        covered_wh: What of it certificates or contracts cover, never more. [Wh per step]
        residual_g_per_kwh: Intensity of the residual mix. [g CO2e/kWh]
        covered_g_per_kwh: Intensity of what covers it; 0 for plants that burn nothing, by
            the guidance's rule that Scope 2 holds what the plant itself emits. [g CO2e/kWh]

    Raises:
        InvalidInput: More is covered than was drawn.
    """
    if bool((covered_wh > import_wh * (1 + 1e-12)).any()):
        raise InvalidInput(
            "more is covered than was drawn from the grid", mend="claim each watt-hour once"
        )
    rest = np.maximum(import_wh - covered_wh, 0.0) * residual_g_per_kwh
    return np.asarray((rest + covered_wh * covered_g_per_kwh).sum(axis=-1) / _WH_G_PER_KG_KWH)
