"""Availability of plant: which share of its capacity it could give, as Dispa-SET writes it.

A first column of times without a name, in UTC, hour-starting; then one column for each technology:
PHOT solar, WTON wind on land, WTOF wind at sea, HROR run-of-river.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from allod.adapters.series.table import read_table
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput

#: More than 1 is water that passes the turbines by; more than this is another unit.
_SHARE_MAX: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Shares by technology; each (steps,), NaN where not known. [1]"""

    grid: Grid
    shares: dict[str, Values]


def read_availability(path: Path, time: str = "") -> Availability:
    """The availability of a file.

    Args:
        path: The file.
        time: Name of the column with the times; default: none, as Dispa-SET has it.

    Raises:
        NotFound: There is no such file, or no column of times.
        InvalidInput: A share is below 0 or well above 1, or a time cannot be read.
    """
    table = read_table(path, time=time)
    for name, values in table.columns.items():
        bad = (values < 0) | (values > _SHARE_MAX)
        if bad.any():
            raise InvalidInput(
                f"{path.name}: {name} is {values[int(np.argmax(bad))]}",
                mend="give shares of 0 to 1; divide energies by the capacity first",
            )
    return Availability(grid=table.grid, shares=table.columns)
