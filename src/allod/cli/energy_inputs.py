"""What a simulation is told by files: weather, load and series, laid on one grid of time."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from allod.adapters.series.availability import read_availability
from allod.adapters.series.table import read_table
from allod.domain.site import Site
from allod.domain.supply import Technology
from allod.energy.contracts import solar_share
from allod.energy.grid import Grid, Values, held
from allod.energy.occupancy import busy
from allod.energy.outdoor_air import OutdoorAir, outdoor_air
from allod.energy.simulation import busy_w, utilised_w
from allod.energy.weather import SERIES, Weather
from allod.errors import InvalidInput, NotFound

_JOBS = ("start_s", "end_s", "accelerators")
_WHERE = ("site", "pool")


def finer(weather: Weather, step_s: int) -> Weather:
    """The weather on shorter steps, each value held; 0: as it is.

    Raises:
        InvalidInput: The steps are longer than the weather's, or do not divide them.
    """
    grid = weather.grid
    if step_s in (0, grid.step_s):
        return weather
    many, rest = divmod(grid.step_s, step_s)
    if rest or many < 1:
        raise InvalidInput(
            f"--step of {step_s} s, and the weather has one of {grid.step_s} s",
            mend="give a part of it",
        )
    short = Grid(grid.start_s, step_s, grid.steps * many)
    series: dict[str, Any] = {name: held(getattr(weather, name), many) for name in SERIES}
    return replace(weather, grid=short, **series)


def air_of(weather: Weather) -> OutdoorAir:
    """The air outside.

    Raises:
        InvalidInput: A temperature or humidity is not known.
    """
    for name in ("temp_c", "humidity_pct"):
        if lost := weather.missing().get(name):
            raise InvalidInput(
                f"{weather.source}: {name} of {lost:,} steps is not known",
                mend="mend the file: nothing is filled in",
            )
    return outdoor_air(weather.temp_c, weather.humidity_pct)


def it_power(name: str, site: Site, grid: Grid, load: str) -> tuple[Values, str]:
    """IT power on the grid [W] of the site called `name`, and in words what it was made of.

    Raises:
        InvalidInput: It is no share, and no file that can be read.
        NotFound: There is no such file.
    """
    try:
        share = float(load)
    except ValueError:
        return _from_file(name, site, grid, Path(load))
    if not 0 <= share <= 1:
        raise InvalidInput(f"--load is {load}", mend="give a share of 0 to 1, or a file")
    return utilised_w(site, np.full(grid.steps, share)), f"utilisation {share:g} at all times"


def _from_file(name: str, site: Site, grid: Grid, path: Path) -> tuple[Values, str]:
    if not path.is_file():
        raise NotFound(f"there is no load file {path}", mend="give a share such as 0.8, or a file")
    if path.suffix == ".parquet" or "start_s" in _heads(path):
        return _from_jobs(name, site, grid, path)
    table = read_table(path, time="time")
    for column in ("it_w", "utilisation"):
        if column in table.columns:
            values, words = on(grid, table.grid, table.columns[column], path.name)
            told = values if column == "it_w" else utilised_w(site, _shares(values, path))
            return told, f"{column} of {path.name}{words}"
    raise InvalidInput(f"{path} has neither 'it_w' nor 'utilisation'", mend="add a column")


def _shares(values: Values, path: Path) -> Values:
    """Utilisation of a file, as it is. [1]

    Raises:
        InvalidInput: A value is below 0 or above 1.
    """
    bad = (values < 0) | (values > 1)
    if bad.any():
        raise InvalidInput(
            f"{path}: utilisation is {values[int(np.argmax(bad))]:g}", mend="give shares of 0 to 1"
        )
    return values


def _from_jobs(name: str, site: Site, grid: Grid, path: Path) -> tuple[Values, str]:
    """IT power with a site's jobs of a replay, repeated until the grid is full."""
    ran = _ran(path)
    places = sorted(ran["site"].unique().to_list())
    ran = ran.filter(pl.col("site") == name)
    if ran.is_empty():
        raise InvalidInput(
            f"no job of {path} ran at site '{name}'",
            mend=f"name a site with jobs: {', '.join(places) or 'there is none'}",
        )
    first_s, last_s = int(ran["start_s"].min()), int(ran["end_s"].max())  # type: ignore[arg-type]
    steps = max(1, -(-(last_s - first_s) // grid.step_s))
    own = Grid(0, grid.step_s, steps)
    at_work = {
        str(pool): np.resize(_busy(own, part, first_s), grid.steps)
        for (pool,), part in ran.partition_by("pool", as_dict=True).items()
    }
    words = f"{len(ran):,} jobs of {path.name}"
    again = grid.steps / steps
    return busy_w(site, at_work), words + (f", {again:.1f} times over" if again > 1 else "")


def _ran(path: Path) -> pl.DataFrame:
    """The jobs of a replay that ran.

    Raises:
        InvalidInput: It is no such table.
    """
    mend = "give what 'allod replay --jobs' writes"
    try:
        jobs = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
        if lacking := sorted({*_JOBS, *_WHERE} - set(jobs.columns)):
            raise InvalidInput(f"{path} has no column '{lacking[0]}'", mend=mend)
        return jobs.with_columns(
            pl.col(*_JOBS).cast(pl.Int64), pl.col(*_WHERE).cast(pl.String)
        ).drop_nulls([*_JOBS, *_WHERE])
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{path} is no table of jobs", mend=mend) from error


def _busy(grid: Grid, jobs: pl.DataFrame, first_s: int) -> Values:
    start, end, number = (jobs[name].to_numpy().astype(np.int64) for name in _JOBS)
    return busy(grid, start - first_s, end - first_s, number)


def availability(
    site: Site, weather: Weather, series: dict[str, str]
) -> tuple[dict[str, Values], list[str]]:
    """Share of its capacity that each piece of supply delivers, and what is to be said of it.

    Raises:
        InvalidInput, NotFound: A file or a name is wrong.
    """
    if site.supply is None:
        return {}, []
    pieces = [*site.supply.purchases, *site.supply.on_site]
    if unknown := sorted(set(series) - {piece.name for piece in pieces}):
        raise InvalidInput(
            f"--series {unknown[0]} is no supply of the site",
            mend=f"it has {', '.join(piece.name for piece in pieces) or 'none'}",
        )
    found: dict[str, Values] = {}
    notes = []
    for name, told in series.items():
        path, column = _place(told)
        shares = read_availability(path, _time_of(path))
        column = column or next(iter(shares.shares))
        if column not in shares.shares:
            raise NotFound(
                f"{path.name} has no column '{column}'", mend=f"it has {', '.join(shares.shares)}"
            )
        found[name], words = on(weather.grid, shares.grid, shares.shares[column], path.name)
        notes.append(f"{name} delivers as {column} of {path.name}{words}")
    for item in site.supply.on_site:
        if item.name not in found and item.technology.value is Technology.SOLAR:
            found[item.name] = solar_share(item, weather)
            notes.append(f"{item.name} delivers by the sun of {weather.source}")
    return found, notes


def column_of(told: str, grid: Grid) -> tuple[Values, str]:
    """A column of a file on the grid, and what is to be said of it."""
    path, column = _place(told)
    table = read_table(path, time=_time_of(path))
    return on(grid, table.grid, table.column(column or next(iter(table.columns))), path.name)


def on(grid: Grid, own: Grid, values: Values, name: str) -> tuple[Values, str]:
    """`values` of a file on the grid, and what is to be said of it.

    A file of another year is taken step by step from its first, if it is long enough.

    Raises:
        InvalidInput: Its steps are longer by no whole number, or it is too short.
    """
    many, rest = divmod(own.step_s, grid.step_s)
    if rest:
        raise InvalidInput(f"{name} has steps of {own.step_s} s", mend=f"give {grid.step_s} s")
    fine = held(values, many)
    offset = (grid.start_s - own.start_s) // grid.step_s
    if offset >= 0 and offset + grid.steps <= len(fine):
        return fine[offset : offset + grid.steps], ""
    if len(fine) < grid.steps:
        raise InvalidInput(
            f"{name} has {len(fine):,} steps of the {grid.steps:,} that the weather has",
            mend="give a file as long as the weather",
        )
    return fine[: grid.steps], " (of another year, step by step)"


def _place(told: str) -> tuple[Path, str]:
    path, _, column = told.partition(":")
    return Path(path), column


def _time_of(path: Path) -> str:
    """The column of times: 'time', or else the first."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    names = _heads(path)
    return "time" if "time" in names else names[0]


def _heads(path: Path) -> list[str]:
    """What the first line of a CSV calls its columns."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file), [""])
