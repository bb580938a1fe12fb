"""TMY3, typical years of the United States' National Solar Radiation Database.

Hour-ending, in local standard time: 01:00 is 00:00 to 01:00, and 24:00 ends the day (Wilcox and
Marion, 'Users Manual for TMY3 Data Sets', NREL/TP-581-43156, 2008). -9900 stands for 'missing'.
"""

from __future__ import annotations

import csv
from pathlib import Path

from allod.adapters.series.rows import numbers
from allod.adapters.weather.made import Place, hourly_year
from allod.energy.weather import Weather
from allod.errors import InvalidInput

_MISSING = (-9_900.0,)
#: What a column is called there, and its factor to our unit.
_COLUMNS = {
    "temp_c": ("Dry-bulb (C)", 1.0),
    "humidity_pct": ("RHum (%)", 1.0),
    "pressure_pa": ("Pressure (mbar)", 100.0),
    "ghi_w_m2": ("GHI (W/m^2)", 1.0),
    "dni_w_m2": ("DNI (W/m^2)", 1.0),
    "dhi_w_m2": ("DHI (W/m^2)", 1.0),
    "wind_m_s": ("Wspd (m/s)", 1.0),
}


def read_tmy3(path: Path, year: int | None = None) -> Weather:
    """The weather of a TMY3 file, on the hours of UTC.

    Args:
        path: The file.
        year: The year for which the typical year shall stand.

    Raises:
        InvalidInput: It is no TMY3 file, or `year` is not given.
    """
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    if len(lines) < 3 or len(lines[0]) < 7 or not lines[1][0].startswith("Date (MM/DD/YYYY)"):
        raise InvalidInput(
            f"{path.name} is no TMY3 file", mend="its second line begins Date (MM/DD/YYYY),"
        )
    head, names, rows = lines[0], lines[1], lines[2:]
    try:
        offset_h, latitude, longitude, altitude = (float(text) for text in head[3:7])
        stamps = [_stamp(row[0], row[1]) for row in rows]
        columns = {
            name: numbers([row[names.index(title)] for row in rows], _MISSING) * factor
            for name, (title, factor) in _COLUMNS.items()
        }
    except (ValueError, IndexError) as error:
        raise InvalidInput(f"{path.name} has a row that is not TMY3: {error}") from error
    place = Place(
        latitude_deg=latitude,
        longitude_deg=longitude,
        altitude_m=altitude,
        source=path.name,
    )
    return hourly_year(stamps, columns, place, year, offset_h)


def _stamp(date: str, time: str) -> tuple[int, int, int, int]:
    """Where the hour begins that ends at `time`."""
    month, day, year = date.split("/")
    return int(year), int(month), int(day), int(time.partition(":")[0]) - 1
