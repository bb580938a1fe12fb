"""Weather made of the rows of a file, one place for what all formats have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allod.adapters.series.rows import laid, starts_of, typical
from allod.energy.grid import Grid, Values
from allod.energy.weather import SERIES, Weather
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file's weather is, and what else its head says."""

    latitude_deg: float = float("nan")
    longitude_deg: float = float("nan")
    altitude_m: float = float("nan")
    wind_height_m: float = 10.0
    sun_at_s: float = float("nan")
    source: str = ""


def hourly_year(
    stamps: Sequence[tuple[int, int, int, int]],
    columns: Mapping[str, Values],
    place: Place,
    year: int | None,
    offset_h: float = 0.0,
) -> Weather:
    """Weather of a year's file: of the year that it says, or a typical one of several years.

    `stamps` are (year, month, day, hour) at which each row's hour begins, in a zone that is
    `offset_h` ahead of UTC and knows no daylight saving.

    Raises:
        InvalidInput: The months come from several years and `year` is not given, or a day does
            not exist in it.
    """
    years = {own for own, _, _, _ in stamps}
    if year is None and len(years) > 2:  # An hour may reach into the next year.
        raise InvalidInput(
            f"{place.source} is a typical year, put together of {len(years)} years",
            mend="say for which year it shall stand",
        )
    starts_s = starts_of(stamps, year, offset_h, place.source)
    if year is None:
        return on_grid(*laid(starts_s, columns, place.source), place)
    return on_grid(*typical(starts_s, columns, year, place.source), place)


def on_grid(grid: Grid, columns: Mapping[str, Values], place: Place) -> Weather:
    """Weather of columns on a grid; what a file has no column for is not known."""
    unknown = np.full(grid.steps, np.nan)
    series = {name: columns.get(name, unknown) for name in SERIES}
    return Weather(
        grid=grid,
        wind_height_m=place.wind_height_m,
        sun_at_s=place.sun_at_s,
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        altitude_m=place.altitude_m,
        source=place.source,
        **series,
    )
