"""EPW, the weather file of EnergyPlus.

Hour-ending, in local standard time without daylight saving: hour 1 is 00:00 to 01:00, and its
irradiance is the mean of that hour (EnergyPlus, Auxiliary Programs, 'EPW Data Dictionary'). It is
laid on the step that begins at 00:00; readers that take hour 1 for 01:00 are an hour late.
"""

from __future__ import annotations

import csv
from pathlib import Path

from allod.adapters.series.rows import numbers
from allod.adapters.weather.made import Place, hourly_year
from allod.energy.weather import Weather
from allod.errors import InvalidInput

_HEAD_LINES = 8
#: Where each series is in a row, its codes for 'missing', and its factor to our unit.
_COLUMNS = {
    "temp_c": (6, (99.9,), 1.0),
    "humidity_pct": (8, (999.0,), 1.0),
    "pressure_pa": (9, (999_999.0,), 1.0),
    "ghi_w_m2": (13, (9_999.0,), 1.0),
    "dni_w_m2": (14, (9_999.0,), 1.0),
    "dhi_w_m2": (15, (9_999.0,), 1.0),
    "wind_m_s": (21, (999.0,), 1.0),
}


def read_epw(path: Path, year: int | None = None) -> Weather:
    """The weather of an EPW file, on the hours of UTC.

    Args:
        path: The file.
        year: The year for which a typical year shall stand; default: the one in the file.

    Raises:
        InvalidInput: It is no EPW file of hours, or a typical year and `year` is not given.
    """
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = list(csv.reader(file))
    head = lines[0] if lines else []
    if len(lines) <= _HEAD_LINES or head[0].strip().upper() != "LOCATION" or len(head) < 10:
        raise InvalidInput(f"{path.name} is no EPW file", mend="its first line begins LOCATION,")
    period = lines[_HEAD_LINES - 1]
    if len(period) > 2 and period[2].strip() not in ("", "1"):
        raise InvalidInput(
            f"{path.name} has {period[2].strip()} records an hour", mend="give one with hours"
        )
    rows = [row for row in lines[_HEAD_LINES:] if row]
    try:
        latitude, longitude, offset_h, altitude = (float(text) for text in head[6:10])
        stamps = [(int(y), int(m), int(d), int(h) - 1) for y, m, d, h in (row[:4] for row in rows)]
        columns = {
            name: numbers([row[place] for row in rows], missing) * factor
            for name, (place, missing, factor) in _COLUMNS.items()
        }
    except (ValueError, IndexError) as error:
        raise InvalidInput(f"{path.name} has a row that is not EPW: {error}") from error
    place = Place(
        latitude_deg=latitude,
        longitude_deg=longitude,
        altitude_m=altitude,
        source=path.name,
    )
    return hourly_year(stamps, columns, place, year, offset_h)
