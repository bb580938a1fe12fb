"""What a simulation is told by files: weather, load and series, laid on one grid of time."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from allod.adapters.series.availability import read_availability
from allod.adapters.series.table import read_table
from allod.adapters.turbines import wind_plant
from allod.cli.words import counted
from allod.domain.site import Site
from allod.domain.supply import OnSiteGeneration, Technology
from allod.energy.contracts import known, solar_share
from allod.energy.grid import DAY_S, Grid, Values, held
from allod.energy.occupancy import busy
from allod.energy.outdoor_air import OutdoorAir, outdoor_air
from allod.energy.simulation import busy_w, utilised_w
from allod.energy.weather import SERIES, Weather
from allod.energy.wind import ROUGHNESS_M, wind_power_w
from allod.errors import InvalidInput, NotFound

_JOBS = ("start_s", "end_s", "accelerators")
_WHERE = ("site", "pool")
_TIMES_S = (-(10**11), 10**11)  #: Of a job; what is beyond is of another unit. [s]
_YEAR_S = 365 * DAY_S


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
        ran = jobs.with_columns(
            pl.col(*_JOBS).cast(pl.Int64), pl.col(*_WHERE).cast(pl.String)
        ).drop_nulls([*_JOBS, *_WHERE])
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{path} is no table of jobs", mend=mend) from error
    start, end, number = (pl.col(name) for name in _JOBS)
    valid = (number >= 0) & (start <= end) & start.is_between(*_TIMES_S) & end.is_between(*_TIMES_S)
    if not (bad := ran.filter(~valid)).is_empty():
        told = ", ".join(f"{name} {bad[name][0]}" for name in _JOBS)
        raise InvalidInput(f"{path}: a job of {told}", mend="write seconds since 1970, in order")
    return ran


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
        if item.name in found:
            continue
        if item.technology.value is Technology.SOLAR:
            found[item.name] = solar_share(item, weather)
            notes.append(f"{item.name} delivers by the sun of {weather.source}")
        elif item.technology.value is Technology.WIND:
            found[item.name] = _wind_share(item, weather)
            notes.append(
                f"{item.name} delivers by the wind of {weather.source}, carried up from "
                f"{weather.wind_height_m:g} m to {item.hub_height_m} m over ground of a roughness "
                f"of {ROUGHNESS_M:g} m (assumed)"
            )
    return found, notes


def _wind_share(item: OnSiteGeneration, weather: Weather) -> Values:
    """What turbines of a document give of their capacity; (steps,). [1]

    Raises:
        InvalidInput: Their type, hub or capacity, or the wind, is not known.
        NotFound: There is no power curve of the type.
    """
    lacking = [name for name in ("turbine", "hub_height_m") if not getattr(item, name)]
    if lacking:
        raise InvalidInput(
            f"'{item.name}' has no series, and its {' and '.join(lacking)} is not known",
            mend="write it into the site's supply, or give --series",
        )
    for name in ("wind_m_s", "temp_c"):
        if lost := weather.missing().get(name):
            raise InvalidInput(
                f"{weather.source}: {name} of {lost:,} steps is not known, and '{item.name}' "
                "delivers by it",
                mend="give another weather file, or --series",
            )
    capacity_w = known(item.capacity_w, f"{item.name}.capacity_w")
    plant = wind_plant(item.turbine, float(item.hub_height_m or 0), float(capacity_w))
    return wind_power_w(plant, weather) / capacity_w


def column_of(told: str, grid: Grid) -> tuple[Values, str]:
    """A column of a file on the grid, and what is to be said of it."""
    path, column = _place(told)
    table = read_table(path, time=_time_of(path))
    return on(grid, table.grid, table.column(column or next(iter(table.columns))), path.name)


def on(grid: Grid, own: Grid, values: Values, name: str) -> tuple[Values, str]:
    """`values` of a file on the grid, and what is to be said of it.

    A file of a whole year is laid on the same hours of another, its ends joined where a zone's
    offset has it begin a little earlier or later; a shorter one is taken from its first step.

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
    if own.steps * own.step_s < _YEAR_S:
        return fine[: grid.steps], " (of another time, from its first step)"
    begin = (_in_year_s(grid.start_s) - _in_year_s(own.start_s)) // grid.step_s
    joined = np.take(fine, np.arange(begin, begin + grid.steps), mode="wrap")
    if abs(grid.start_s - own.start_s) > _YEAR_S // 2:
        return joined, " (of another year, hour by hour)"
    outside = max(-offset, offset + grid.steps - len(fine))
    return joined, f" (its other end for {counted(outside, 'step')} outside of it)"


def _in_year_s(at_s: int) -> int:
    """How long after the nearest New Year, UTC, an instant is; before it: less than 0. [s]"""
    year = datetime.fromtimestamp(at_s + _YEAR_S // 2, UTC).year
    return at_s - int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


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
