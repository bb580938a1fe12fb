"""What the public grid of a zone emits, by CSV: as Electricity Maps gives it out, or plain.

Electricity Maps: `Datetime (UTC)`, hour-starting, with its own titles. Plain: `time`, and of the
columns that `GridCarbon` names those that are known; in place of `cfe_share` what was generated,
`clean_mwh` and `all_mwh`, with `import_mwh` and `import_cfe` where the zone imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allod.adapters.series.table import Table, read_table
from allod.energy.grid import Grid, Values
from allod.energy.matching import grid_cfe
from allod.errors import InvalidInput

_MAPS_TIME: Final = "Datetime (UTC)"
_PLAIN: Final = ("direct_g_per_kwh", "lifecycle_g_per_kwh", "residual_g_per_kwh", "cfe_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCarbon:
    """A zone's public grid; each (steps,), None where the file does not tell."""

    grid: Grid
    direct_g_per_kwh: Values | None  #: From burning alone. [g CO2e/kWh]
    lifecycle_g_per_kwh: Values | None  #: With fuel supply and plant. [g CO2e/kWh]
    residual_g_per_kwh: Values | None  #: Without what others have claimed. [g CO2e/kWh]
    cfe_share: Values | None  #: Carbon-free share, nuclear included, imports included. [1]


def read_carbon(path: Path) -> GridCarbon:
    """The grid of a file.

    Raises:
        NotFound: There is no such file, or no column of times.
        InvalidInput: Nothing in it is known, a share is none, or a time cannot be read.
    """
    if path.is_file() and _MAPS_TIME in _head(path):
        return _of_maps(read_table(path, time=_MAPS_TIME), path)
    return _plain(read_table(path, time="time"), path)


def _head(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline()


def _of_maps(table: Table, path: Path) -> GridCarbon:
    def column(*titles: str) -> Values:
        for name, values in table.columns.items():
            if any(title in name.lower() for title in titles):
                return values
        raise InvalidInput(f"{path.name} has no column of '{titles[0]}'")

    return GridCarbon(
        grid=table.grid,
        direct_g_per_kwh=column("(direct)"),
        lifecycle_g_per_kwh=column("(lca)", "(life cycle)"),
        residual_g_per_kwh=None,
        cfe_share=_shares(column("low carbon", "carbon-free") / 100, path),
    )


def _plain(table: Table, path: Path) -> GridCarbon:
    there = table.columns
    cfe = there.get("cfe_share")
    if ("import_mwh" in there) != ("import_cfe" in there):
        raise InvalidInput(
            f"{path.name} has one of 'import_mwh' and 'import_cfe'",
            mend="give both: nobody can guess how clean an import is",
        )
    if cfe is None and {"clean_mwh", "all_mwh"} <= there.keys():
        cfe = grid_cfe(
            there["clean_mwh"],
            there["all_mwh"],
            there.get("import_mwh"),
            there.get("import_cfe", 0.0),
        )
    if cfe is None and not there.keys() & set(_PLAIN):
        raise InvalidInput(
            f"{path.name} tells nothing of the grid", mend=f"name columns {', '.join(_PLAIN)}"
        )
    return GridCarbon(
        grid=table.grid,
        direct_g_per_kwh=there.get("direct_g_per_kwh"),
        lifecycle_g_per_kwh=there.get("lifecycle_g_per_kwh"),
        residual_g_per_kwh=there.get("residual_g_per_kwh"),
        cfe_share=None if cfe is None else _shares(cfe, path),
    )


def _shares(values: Values, path: Path) -> Values:
    if ((values < 0) | (values > 1)).any():
        raise InvalidInput(f"{path.name}: a carbon-free share lies outside of 0 to 1")
    return values
