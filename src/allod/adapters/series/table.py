"""CSV with a column of times: every other column as numbers on a grid of UTC."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from allod.adapters.series.clock import instants_s, time_zone
from allod.adapters.series.rows import laid, numbers
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of a file on the grid that its rows span; (steps,), NaN where there is no number."""

    grid: Grid
    columns: dict[str, Values]

    def column(self, name: str) -> Values:
        """A column by its name.

        Raises:
            NotFound: There is none.
        """
        if name not in self.columns:
            raise NotFound(
                f"there is no column '{name}'", mend=f"there are {', '.join(self.columns)}"
            )
        return self.columns[name]


def read_table(path: Path, *, time: str, zone: str = "UTC", ends: bool = False) -> Table:
    """The columns of a CSV on a grid.

    Args:
        path: The file; its first line names the columns.
        time: The column with the times, in ISO 8601.
        zone: Of times without an offset, with its daylight saving.
        ends: The times end their interval; default: they begin it.

    Raises:
        NotFound: There is no such file or column.
        InvalidInput: A time cannot be read, or comes twice.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        names, *rows = [line for line in csv.reader(file) if line] or [[]]
    if time not in names:
        raise NotFound(f"{path.name} has no column '{time}'", mend=f"it has {', '.join(names)}")
    short = next((i for i, row in enumerate(rows, 2) if len(row) != len(names)), None)
    if short is not None:
        raise InvalidInput(f"{path.name}: line {short} has more or fewer than {len(names)} values")
    at = names.index(time)
    times_s = instants_s([row[at] for row in rows], time_zone(zone), path.name)
    columns = {
        name: numbers([row[place] for row in rows])
        for place, name in enumerate(names)
        if place != at
    }
    grid, on_grid = laid(times_s, columns, path.name, ends=ends)
    return Table(grid=grid, columns=on_grid)
