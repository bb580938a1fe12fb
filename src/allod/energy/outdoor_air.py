"""Outdoor air as cooling meets it: dry bulb and wet bulb.

All arrays are float64 of shape (..., steps). NaN is what is not known, and comes out as NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.grid import Values


@dataclass(frozen=True, slots=True)
class OutdoorAir:
    """Temperatures outside; both (..., steps), of shapes that broadcast."""

    temp_c: Values  #: Dry bulb. [°C]
    wet_bulb_c: Values  #: Only plants that evaporate water look at it. [°C]


def outdoor_air(temp_c: Values, humidity_pct: Values) -> OutdoorAir:
    """Outdoor air from temperature [°C] and relative humidity [%]."""
    return OutdoorAir(temp_c, wet_bulb_c(temp_c, humidity_pct))


def wet_bulb_c(temp_c: Values, humidity_pct: Values) -> Values:
    """Wet bulb from temperature [°C] and relative humidity [%] near sea level; (..., steps). [°C]

    Stull (2011), J. Appl. Meteor. Climatol. 50, 2267, eq. 1: within 1 K for 5 to 99 % and -20 to
    50 °C but for cold and dry air. It may pass the dry bulb by some hundredths near saturation and
    is cut there; humidity outside of 5 to 99 % is taken as the border.
    """
    t = np.asarray(temp_c, dtype=np.float64)
    h = np.clip(np.asarray(humidity_pct, dtype=np.float64), 5.0, 99.0)
    wet = (
        t * np.arctan(0.151977 * np.sqrt(h + 8.313659))
        + np.arctan(t + h)
        - np.arctan(h - 1.676331)
        + 0.00391838 * h * np.sqrt(h) * np.arctan(0.023101 * h)
        - 4.686035
    )
    return np.asarray(np.minimum(wet, t))
