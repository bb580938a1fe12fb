"""Rows with a time, laid on a grid: each value where it holds, NaN where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import gcd

import numpy as np
from numpy.typing import NDArray

from allod.energy.grid import HOUR_S, Grid, Values
from allod.errors import InvalidInput


def laid(
    times_s: Sequence[int],
    columns: Mapping[str, Values],
    where: str,
    *,
    step_s: int = 0,
    ends: bool = False,
) -> tuple[Grid, dict[str, Values]]:
    """The grid that the rows span, and each column on it.

    Args:
        times_s: Where the interval of each row begins, in any order. [epoch s]
        columns: A value for each row.
        where: The file, for errors.
        step_s: Length of a row's interval; default: the commonest distance of two rows. [s]
        ends: The times are where it ends.

    Raises:
        InvalidInput: Two rows are of one time, rows are no whole number of steps apart, or there
            are fewer than two and no `step_s`.
    """
    starts = np.asarray(times_s, dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    gaps = np.diff(starts[order])
    if not starts.size or (not step_s and not gaps.size):
        raise InvalidInput(f"{where} has {starts.size} rows", mend="give two or more")
    if gaps.size and gaps.min() == 0:
        at = text_of(int(starts[order][int(np.argmin(gaps))]))
        raise InvalidInput(
            f"{where} has two rows for {at}", mend="keep one, or say which zone the times are in"
        )
    long_s = step_s or _commonest(gaps)
    starts = starts - long_s if ends else starts
    # A zone half an hour off needs half-hour steps; each hour's value is held for both.
    fine_s = gcd(long_s, int(starts[order][0]) % HOUR_S)
    many = long_s // fine_s
    off = (starts - starts[order][0]) % long_s
    if off.any():
        row = int(np.argmax(off > 0))
        raise InvalidInput(
            f"{where}: {text_of(int(starts[row]))} lies between steps of {long_s} s",
            mend="give rows that are one step apart",
        )
    span = int(starts.max() - starts.min()) // long_s + 1
    grid = Grid(int(starts.min()), fine_s, span * many)
    place = (starts - grid.start_s) // long_s
    return grid, {
        name: np.repeat(_placed(place, values, span), many) for name, values in columns.items()
    }


def typical(
    starts_s: Sequence[int], columns: Mapping[str, Values], year: int, where: str
) -> tuple[Grid, dict[str, Values]]:
    """An hourly year put together of months of several, as the calendar year `year` in UTC.

    `starts_s` has the months in their order and `year` for all of them; hours that a zone's
    offset puts before or after the year come round to its other end. 29 February is not known
    in a leap year, for typical years have none.

    Raises:
        InvalidInput: Two rows are of one hour.
    """
    first = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    long_s = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()) - first
    wrapped = [first + (at - first) % long_s for at in starts_s]
    grid, series = laid(wrapped, columns, where, step_s=HOUR_S)
    whole = Grid(first, grid.step_s, long_s // grid.step_s)
    before = (grid.start_s - first) // grid.step_s
    full = {}
    for name, values in series.items():
        full[name] = np.full(whole.steps, np.nan)
        full[name][before : before + grid.steps] = values
    return whole, full


def starts_of(
    stamps: Sequence[tuple[int, int, int, int]], year: int | None, offset_h: float, where: str
) -> list[int]:
    """Epoch seconds of (year, month, day, hour) in a zone of one offset all year round.

    Args:
        stamps: Where each row's hour begins; hours of 0 to 23, or more for the next day.
        year: Put in place of each row's own; default: the rows' own.
        offset_h: What the zone is ahead of UTC. [h]
        where: The file, for errors.

    Raises:
        InvalidInput: There is no such day.
    """
    found = []
    for own, month, day, hour in stamps:
        try:
            midnight = datetime(own if year is None else year, month, day, tzinfo=UTC)
        except ValueError as error:
            raise InvalidInput(
                f"{where}: there is no {year or own}-{month:02}-{day:02}",
                mend="choose a leap year for a file with 29 February",
            ) from error
        found.append(int(midnight.timestamp()) + round((hour - offset_h) * HOUR_S))
    return found


def text_of(at_s: int) -> str:
    """An instant for people."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%MZ")


def numbers(texts: Sequence[str], missing: Sequence[float] = ()) -> Values:
    """Numbers of texts; NaN where there is none, or where it is a code for 'missing'."""
    values = np.array([_number(text) for text in texts], dtype=np.float64)
    for code in missing:
        values[values == code] = np.nan
    return values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _commonest(gaps: NDArray[np.int64]) -> int:
    lengths, counts = np.unique(gaps, return_counts=True)
    return int(lengths[np.argmax(counts)])


def _placed(place: NDArray[np.int64], values: Values, span: int) -> Values:
    column = np.full(span, np.nan)
    column[place] = values
    return column
