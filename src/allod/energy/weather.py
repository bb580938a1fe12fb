"""Weather on a grid of time, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.energy.grid import Grid, Values

#: The series of a weather, in the order in which they are told of.
SERIES = (
    "temp_c",
    "humidity_pct",
    "pressure_pa",
    "wind_m_s",
    "ghi_w_m2",
    "dni_w_m2",
    "dhi_w_m2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Outdoor air, wind and sun at a place; each series is (steps,), NaN where it is not known.

    Raises:
        InvalidInput: A series does not lie on the grid.
    """

    grid: Grid
    temp_c: Values  #: Dry-bulb temperature of the air, 2 m above ground. [°C]
    humidity_pct: Values  #: Relative humidity. [%]
    pressure_pa: Values  #: At the ground, not reduced to sea level. [Pa]
    wind_m_s: Values  #: Wind speed at `wind_height_m`. [m/s]
    ghi_w_m2: Values  #: Global irradiance on the level. [W/m²]
    dni_w_m2: Values  #: Direct irradiance on a plane that faces the sun. [W/m²]
    dhi_w_m2: Values  #: Diffuse irradiance on the level. [W/m²]
    wind_height_m: float = 10.0  #: [m]
    sun_at_s: float = float("nan")
    """Where in each step the sun stood that its irradiance is of; NaN: in the middle. [s]"""
    latitude_deg: float = float("nan")  #: North positive. [deg]
    longitude_deg: float = float("nan")  #: East positive. [deg]
    altitude_m: float = float("nan")  #: Above the sea. [m]
    source: str = ""  #: Where it is from, in words.

    def __post_init__(self) -> None:
        """Check that every series lies on the grid."""
        for name in SERIES:
            self.grid.check(name, getattr(self, name))

    def missing(self) -> dict[str, int]:
        """How many steps of each series are not known, where any are. [1]"""
        counts = {name: int(np.isnan(getattr(self, name)).sum()) for name in SERIES}
        return {name: count for name, count in counts.items() if count}
