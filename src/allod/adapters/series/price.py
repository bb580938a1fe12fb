"""Day-ahead prices: CSV with `Datetime (UTC)`, hour-starting, and one column `Price (EUR/MWh)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from allod.adapters.series.table import read_table
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput

_TIME = "Datetime (UTC)"
_PRICE = re.compile(r"Price \(([A-Z]{3})/MWh\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a megawatt-hour costs in each step; may be negative."""

    grid: Grid
    price_per_mwh: Values  #: (steps,). [currency/MWh]
    currency: str  #: ISO 4217.


def read_price(path: Path) -> Price:
    """The prices of a file.

    Raises:
        NotFound: There is no such file, or no column of times.
        InvalidInput: It has no column of prices, or times that cannot be read.
    """
    table = read_table(path, time=_TIME)
    for name, values in table.columns.items():
        if found := _PRICE.fullmatch(name):
            return Price(grid=table.grid, price_per_mwh=values, currency=found[1])
    raise InvalidInput(
        f"{path.name} has no column of prices", mend="name it e.g. 'Price (EUR/MWh)'"
    )
