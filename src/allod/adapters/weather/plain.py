"""Plain CSV: a column `time`, and any of the series by the names that Allod gives them.

Times have an offset, or are local times of a zone that the caller names; the caller says whether
they begin or end their interval.
"""

from __future__ import annotations

from pathlib import Path

from allod.adapters.series.table import read_table
from allod.adapters.weather.made import Place, on_grid
from allod.energy.weather import SERIES, Weather
from allod.errors import InvalidInput


def read_plain(
    path: Path, *, zone: str = "UTC", ends: bool = False, place: Place | None = None
) -> Weather:
    """The weather of a CSV with columns such as `time`, `temp_c`, `wind_m_s`.

    Args:
        path: The file.
        zone: Of times without an offset, such as 'Europe/Oslo'; with its daylight saving.
        ends: The times end their interval; default: they begin it.
        place: Where it is, and at which height the wind was measured.

    Raises:
        InvalidInput: It has no such column, or times that cannot be read.
    """
    table = read_table(path, time="time", zone=zone, ends=ends)
    columns = {name: values for name, values in table.columns.items() if name in SERIES}
    if not columns:
        raise InvalidInput(
            f"{path.name} has none of the columns {', '.join(SERIES)}", mend="name at least one"
        )
    return on_grid(table.grid, columns, place or Place(source=path.name))
