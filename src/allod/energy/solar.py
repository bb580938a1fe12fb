"""Solar power from weather, by pvlib: the PVWatts chain, fixed or on a tracker.

Sun's position, irradiance on the plane of the modules (Hay and Davies 1980), losses at their glass,
temperature of the cells (Sandia), and power after inverter and wiring (Dobos, 'PVWatts Version 5
Manual', NREL/TP-6A20-62641, 2014). PVWatts itself takes the sky of Perez, which has no answer where
the sun is up and the diffuse light nought.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from allod.energy.grid import Values
from allod.energy.weather import Weather
from allod.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

#: Change of power with the temperature of the cells; crystalline silicon, 'premium'. [1/K]
#: Declared by NREL/TP-6A20-62641, table 3.
GAMMA_PER_K: Final = -0.0035
#: Inverter at full load; declared by NREL/TP-6A20-62641, section 10. [1]
INVERTER_EFFICIENCY: Final = 0.96
#: How far modules turn from level; assumed, what most trackers reach. [deg]
TRACKER_ANGLE_MAX_DEG: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarPlant:
    """A field of modules with its inverters."""

    capacity_w: float  #: Of the modules at 1000 W/m² and 25 °C. [W]
    inverter_w: float  #: What the inverters give at most. [W]
    tilt_deg: float | None = None  #: From level; None: turns with the sun on a north-south axis.
    azimuth_deg: float = 180.0  #: Where fixed modules look, clockwise from north. [deg]
    ground_cover: float = 0.35  #: Width of modules over distance of rows, for trackers. [1]
    albedo: float = 0.25  #: What the ground throws back; PVWatts' default. [1]


def solar_power_w(plant: SolarPlant, weather: Weather) -> Values:
    """Mean power at the plant's terminals; (steps,), NaN where the weather is not known. [W]

    Raises:
        InvalidInput: The weather says neither where it is nor how high.
    """
    from pvlib import inverter, pvsystem  # noqa: PLC0415 - seconds to import, for those who need it

    times, sun = _sun(weather)
    effective_w_m2, cell_c = _on_modules(plant, weather, times, sun)
    direct_w = pvsystem.pvwatts_dc(effective_w_m2, cell_c, plant.capacity_w, GAMMA_PER_K)
    direct_w = direct_w * (1 - pvsystem.pvwatts_losses() / 100)
    most_w = plant.inverter_w / INVERTER_EFFICIENCY
    power_w = inverter.pvwatts(direct_w, most_w, INVERTER_EFFICIENCY)
    return np.asarray(power_w, dtype=np.float64)


def _sun(weather: Weather) -> tuple[pd.DatetimeIndex, pd.DataFrame]:
    """Where the sun stands for the irradiance of each step."""
    import pandas as pd  # noqa: PLC0415
    from pvlib import atmosphere, solarposition  # noqa: PLC0415

    for name in ("latitude_deg", "longitude_deg", "altitude_m"):
        if isnan(getattr(weather, name)):
            raise InvalidInput(
                f"{name} of the weather is not known", mend="give it; the sun's path hangs on it"
            )
    at_s = weather.grid.step_s / 2 if isnan(weather.sun_at_s) else weather.sun_at_s
    times = pd.to_datetime(weather.grid.times_s() + round(at_s), unit="s", utc=True)
    sun = solarposition.get_solarposition(
        times,
        weather.latitude_deg,
        weather.longitude_deg,
        altitude=weather.altitude_m,
        pressure=atmosphere.alt2pres(weather.altitude_m),
        temperature=weather.temp_c,
    )
    return times, sun


def _on_modules(plant: SolarPlant, weather: Weather, times: Any, sun: Any) -> tuple[Values, Values]:
    """Irradiance that the cells make use of [W/m²], and their temperature [°C]."""
    from pvlib import iam, irradiance, temperature  # noqa: PLC0415

    tilt, azimuth = _plane(plant, sun)
    plane = irradiance.get_total_irradiance(
        tilt,
        azimuth,
        sun["apparent_zenith"],
        sun["azimuth"],
        weather.dni_w_m2,
        weather.ghi_w_m2,
        weather.dhi_w_m2,
        dni_extra=irradiance.get_extra_radiation(times),
        albedo=plant.albedo,
        model="haydavies",
    )
    angle = irradiance.aoi(tilt, azimuth, sun["apparent_zenith"], sun["azimuth"])
    through = plane["poa_direct"] * iam.physical(angle)
    constants = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_glass"]
    cell_c = temperature.sapm_cell(
        plane["poa_global"], weather.temp_c, weather.wind_m_s, **constants
    )
    return through + plane["poa_diffuse"], cell_c


def _plane(plant: SolarPlant, sun: Any) -> tuple[Any, Any]:
    """Tilt and azimuth of the modules; a tracker lies level while the sun is down. [deg]"""
    from pvlib import tracking  # noqa: PLC0415

    if plant.tilt_deg is not None:
        return plant.tilt_deg, plant.azimuth_deg
    turned = tracking.singleaxis(
        sun["apparent_zenith"],
        sun["azimuth"],
        max_angle=TRACKER_ANGLE_MAX_DEG,
        gcr=plant.ground_cover,
    )
    return turned["surface_tilt"].fillna(0.0), turned["surface_azimuth"].fillna(90.0)
