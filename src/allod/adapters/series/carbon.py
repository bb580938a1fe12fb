"""Carbon intensity of a grid: CSV as Electricity Maps gives it out, in UTC, hour-starting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from allod.adapters.series.table import read_table
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput

_TIME = "Datetime (UTC)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCarbon:
    """What the public grid of a zone emits and how much of it is carbon-free; each (steps,)."""

    grid: Grid
    direct_g_per_kwh: Values  #: From burning alone. [g CO2e/kWh]
    lifecycle_g_per_kwh: Values  #: With fuel supply and plant. [g CO2e/kWh]
    cfe_share: Values  #: Carbon-free share, nuclear included, imports included. [1]
    renewable_share: Values  #: [1]


def read_carbon(path: Path) -> GridCarbon:
    """The carbon intensity of a file.

    Raises:
        NotFound: There is no such file, or no column of times.
        InvalidInput: A column is missing, or a time cannot be read.
    """
    table = read_table(path, time=_TIME)

    def column(*titles: str) -> Values:
        for name, values in table.columns.items():
            if any(title in name.lower() for title in titles):
                return values
        raise InvalidInput(f"{path.name} has no column of '{titles[0]}'")

    return GridCarbon(
        grid=table.grid,
        direct_g_per_kwh=column("(direct)"),
        lifecycle_g_per_kwh=column("(lca)", "(life cycle)"),
        cfe_share=column("low carbon", "carbon-free") / 100,
        renewable_share=column("renewable") / 100,
    )
