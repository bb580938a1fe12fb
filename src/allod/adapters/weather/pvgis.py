"""PVGIS typical years, CSV or JSON, as the European Commission's JRC gives them out.

In UTC. A time is the instant of its values; irradiance is of a satellite image some minutes later
('Irradiance Time Offset'). A value is held for the hour that begins at its time, and the sun is put
where it stood when the image was taken.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from allod.adapters.series.rows import numbers
from allod.adapters.weather.made import Place, hourly_year
from allod.energy.grid import HOUR_S
from allod.energy.weather import Weather
from allod.errors import InvalidInput

_TIME = "time(UTC)"
#: What a column is called there, and its factor to our unit.
_COLUMNS = {
    "temp_c": ("T2m", 1.0),
    "humidity_pct": ("RH", 1.0),
    "pressure_pa": ("SP", 1.0),
    "ghi_w_m2": ("G(h)", 1.0),
    "dni_w_m2": ("Gb(n)", 1.0),
    "dhi_w_m2": ("Gd(h)", 1.0),
    "wind_m_s": ("WS10m", 1.0),
}


def read_pvgis(path: Path, year: int | None = None) -> Weather:
    """The weather of a PVGIS typical year, on the hours of UTC.

    Args:
        path: The file, CSV or JSON.
        year: The year for which the typical year shall stand.

    Raises:
        InvalidInput: It is no typical year of PVGIS, or `year` is not given.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        if path.suffix.lower() == ".json":
            head, rows = _json(json.loads(text))
        else:
            head, rows = _csv(text)
        return _weather(path.name, head, rows, year)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{path.name} is no typical year of PVGIS: {error!r}", mend="ask PVGIS for 'tmy'"
        ) from error


def _csv(text: str) -> tuple[dict[str, float], list[dict[str, str]]]:
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith(_TIME)), None)
    if first is None:
        raise ValueError(f"no line begins {_TIME}")
    head = {
        name.split(" (")[0].lower().replace(" ", "_"): float(value)
        for name, _, value in (line.partition(":") for line in lines[:4])
    }
    table = lines[first:]
    end = next((i for i, line in enumerate(table) if not line.strip()), len(table))
    return head, list(csv.DictReader(table[:end]))


def _json(found: Any) -> tuple[dict[str, float], list[dict[str, Any]]]:
    return found["inputs"]["location"], found["outputs"]["tmy_hourly"]


def _weather(
    name: str, head: Mapping[str, float], rows: Sequence[Mapping[str, Any]], year: int | None
) -> Weather:
    times = [row[_TIME] for row in rows]
    stamps = [(int(t[:4]), int(t[4:6]), int(t[6:8]), int(t[9:11])) for t in times]
    columns = {
        series: numbers([row[title] for row in rows]) * factor
        for series, (title, factor) in _COLUMNS.items()
    }
    place = Place(
        latitude_deg=head["latitude"],
        longitude_deg=head["longitude"],
        altitude_m=head["elevation"],
        # Older files do not say it; then the image was taken on the hour, or not known better.
        sun_at_s=head.get("irradiance_time_offset", 0.0) * HOUR_S,
        source=name,
    )
    return hourly_year(stamps, columns, place, year)
