"""Wind power from weather, by windpowerlib: a turbine's curve at the wind of its hub.

The wind is carried up by the logarithmic law, the air by the barometric one, and the curve is put
to the density of the air (Svenningsen, 2010, in windpowerlib's 'density_correction').
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from allod.energy.grid import Values
from allod.energy.weather import Weather
from allod.errors import InvalidInput

#: Roughness of the ground, farmland with few buildings; European Wind Atlas (1989), class 1.
#: Assumed where the place is not known. [m]
ROUGHNESS_M: Final = 0.03
#: Height at which weather files give the air's temperature (WMO-No. 8). [m]
_TEMP_HEIGHT_M: Final = 2.0
_KELVIN: Final = 273.15


@dataclass(frozen=True, slots=True, kw_only=True)
class WindPlant:
    """Equal turbines, as one curve."""

    capacity_w: float  #: Of all turbines. [W]
    hub_height_m: float  #: [m]
    curve_m_s: Values  #: Wind speeds at the hub, rising; (points,). [m/s]
    curve_share: Values  #: Power at each of them over the greatest; (points,). [1]
    roughness_m: float = ROUGHNESS_M  #: Of the ground around. [m]

    def __post_init__(self) -> None:
        """Check that the curve is one."""
        speeds, shares = self.curve_m_s, self.curve_share
        if speeds.shape != shares.shape or speeds.ndim != 1 or (np.diff(speeds) <= 0).any():
            raise InvalidInput(
                f"a power curve of {speeds.size} speeds and {shares.size} powers",
                mend="give one power for each wind speed, in rising order",
            )
        if not self.hub_height_m > self.roughness_m > 0:
            raise InvalidInput(
                f"hub_height_m {self.hub_height_m} over roughness_m {self.roughness_m}",
                mend="give a hub above the ground's roughness",
            )


def wind_power_w(plant: WindPlant, weather: Weather) -> Values:
    """Mean power at the turbines; (steps,), NaN where the weather is not known. [W]

    A weather without any pressure leaves the curve at the density that it is given for, 1.225
    kg/m³, which is too much for a site that lies high.
    """
    from windpowerlib import density, power_output, wind_speed  # noqa: PLC0415

    hub_m_s = wind_speed.logarithmic_profile(
        weather.wind_m_s, weather.wind_height_m, plant.hub_height_m, plant.roughness_m
    )
    # The air cools by 6.5 K a kilometre on the way up.
    hub_k = weather.temp_c + _KELVIN - 0.0065 * (plant.hub_height_m - _TEMP_HEIGHT_M)
    hub_kg_m3 = density.barometric(weather.pressure_pa, 0.0, plant.hub_height_m, hub_k)
    corrected = not np.isnan(weather.pressure_pa).all()
    share = power_output.power_curve(
        hub_m_s,
        plant.curve_m_s,
        plant.curve_share,
        density=hub_kg_m3 if corrected else None,
        density_correction=corrected,
    )
    return np.asarray(share, dtype=np.float64) * plant.capacity_w
