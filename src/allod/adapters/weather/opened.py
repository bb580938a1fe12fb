"""Any weather file, read by its own format."""

from __future__ import annotations

from pathlib import Path

from allod.adapters.weather.epw import read_epw
from allod.adapters.weather.openmeteo import read_openmeteo
from allod.adapters.weather.plain import read_plain
from allod.adapters.weather.pvgis import read_pvgis
from allod.adapters.weather.tmy3 import read_tmy3
from allod.energy.weather import Weather
from allod.errors import InvalidInput, NotFound

#: How much of a file is looked at to tell its format. [characters]
_GLANCE = 4_096


def open_weather(path: Path, year: int | None = None) -> Weather:
    """The weather of a file: EPW, PVGIS (CSV, JSON), Open-Meteo (JSON), TMY3 or plain CSV in UTC.

    Args:
        path: The file.
        year: The year for which a typical year shall stand.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is none of these, or broken.
    """
    if not path.is_file():
        raise NotFound(f"there is no weather file {path}")
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        glance = file.read(_GLANCE)
    if glance.upper().startswith("LOCATION,"):
        return read_epw(path, year)
    if "utc_offset_seconds" in glance:
        return read_openmeteo(path)
    if "time(UTC)" in glance or '"months_selected"' in glance:
        return read_pvgis(path, year)
    if "\nDate (MM/DD/YYYY)," in glance:
        return read_tmy3(path, year)
    if "time" in glance.partition("\n")[0].split(","):
        return read_plain(path)
    raise InvalidInput(
        f"{path.name} is no weather file that can be read",
        mend="give EPW, PVGIS, Open-Meteo, TMY3, or CSV with a column 'time'",
    )
