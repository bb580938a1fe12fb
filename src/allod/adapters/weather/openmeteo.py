"""Open-Meteo answers in JSON, hourly.

Temperature, humidity, pressure and wind are of the instant, and are held for the hour that begins
then; radiation is the mean of the preceding hour (Open-Meteo, 'Historical Weather API'), and is
laid on the hour before. Times are local at one offset for the whole answer, `utc_offset_seconds`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from allod.adapters.series.clock import fixed, instants_s
from allod.adapters.series.rows import laid
from allod.adapters.weather.made import Place, on_grid
from allod.energy.grid import HOUR_S, Grid, Values
from allod.energy.weather import Weather
from allod.errors import InvalidInput

#: What a series is called there, in its newer and its older spelling.
_INSTANT = {
    "temp_c": ("temperature_2m",),
    "humidity_pct": ("relative_humidity_2m", "relativehumidity_2m"),
    "pressure_pa": ("surface_pressure",),
    "wind_m_s": ("wind_speed_10m", "windspeed_10m"),
}
_PRECEDING_HOUR = {
    "ghi_w_m2": ("shortwave_radiation",),
    "dni_w_m2": ("direct_normal_irradiance",),
    "dhi_w_m2": ("diffuse_radiation",),
}
#: Factor and offset from each unit to ours.
_UNITS = {
    "°C": (1.0, 0.0),
    "°F": (5 / 9, -160 / 9),
    "%": (1.0, 0.0),
    "hPa": (100.0, 0.0),
    "m/s": (1.0, 0.0),
    "km/h": (1 / 3.6, 0.0),
    "mp/h": (0.44704, 0.0),
    "kn": (1852 / 3600, 0.0),
    "W/m²": (1.0, 0.0),
}


def read_openmeteo(path: Path) -> Weather:
    """The weather of an Open-Meteo answer, on the hours of UTC.

    Raises:
        InvalidInput: It is no hourly answer of Open-Meteo, or in a unit that is not known here.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        offset_s = int(found["utc_offset_seconds"])
        starts_s = instants_s(found["hourly"]["time"], fixed(offset_s / HOUR_S), path.name)
        columns = _columns(found, _INSTANT)
        radiation = _columns(found, _PRECEDING_HOUR)
        place = Place(
            latitude_deg=float(found["latitude"]),
            longitude_deg=float(found["longitude"]),
            altitude_m=float(found.get("elevation", "nan")),
            source=path.name,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{path.name} is no hourly answer of Open-Meteo: {error!r}",
            mend="ask for hourly variables in JSON",
        ) from error
    grid, instants = laid(starts_s, columns, path.name)
    if radiation:
        _, means = laid(starts_s, radiation, path.name)
        instants |= {name: _earlier(grid, values) for name, values in means.items()}
    return on_grid(grid, instants, place)


def _columns(found: dict[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, Values]:
    columns = {}
    for name, spellings in names.items():
        for spelling in spellings:
            if spelling in found["hourly"]:
                unit = found["hourly_units"][spelling]
                if unit not in _UNITS:
                    raise ValueError(f"{spelling} in '{unit}'")
                factor, offset = _UNITS[unit]
                values = np.array(found["hourly"][spelling], dtype=np.float64)
                columns[name] = values * factor + offset
    return columns


def _earlier(grid: Grid, values: Values) -> Values:
    """Each value an hour earlier; the last hour of the answer is of a time after it."""
    many = HOUR_S // grid.step_s
    return np.concatenate([values[many:], np.full(many, np.nan)])
