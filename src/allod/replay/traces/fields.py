"""Columns of a frame as numbers, times and names; what cannot be read is noted by row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from allod.replay.traces.frames import Frame
from allod.replay.traces.rows import BrokenLine, Floats, Int8s, shortened

_EMPTY = ("", "none", "null", "nan", "na", "n/a")
_DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.fZ",
)


class Fields:
    """The columns of one frame. A row is wrong from its first field that cannot be read."""

    def __init__(self, frame: Frame) -> None:
        self._table = frame.table
        self._line = frame.line
        self.wrong: dict[int, str] = {}  #: What is wrong, by row.

    def __len__(self) -> int:
        return len(self._table)

    def has(self, name: str) -> bool:
        """True if the table has that column."""
        return name in self._table.columns

    def column(self, name: str) -> pl.Series:
        """A column as it is; whole numbers stay numbers, all else becomes text."""
        column = self._table[name]
        return column.cast(pl.Int64) if column.dtype.is_integer() else self.names(name)

    def names(self, name: str) -> pl.Series:
        """A column of text; empty if there is no such column."""
        if not self.has(name):
            return pl.repeat("", len(self), dtype=pl.String, eager=True)
        return self._table[name].cast(pl.String).fill_null("").str.strip_chars()

    def numbers(self, name: str, *, required: bool = False) -> Floats:
        """A column of numbers; NaN where it is empty, which is wrong if `required`."""
        if not self.has(name):
            return np.full(len(self), np.nan)
        column = self._table[name]
        if column.dtype.is_numeric():
            read = column.cast(pl.Float64)
            there = read.is_not_null() & read.is_not_nan().fill_null(value=False)
        else:
            text = self.names(name)
            there = ~text.str.to_lowercase().is_in(_EMPTY)
            read = text.cast(pl.Float64, strict=False)
        self._note(name, there, read.is_finite().fill_null(value=False), "a number")
        if required:
            self._note_missing(name, there)
        return read.set(~there, None).to_numpy().astype(np.float64)

    def times_s(self, name: str) -> Floats:
        """A column of dates as seconds since 1970; NaN where it is empty. No zone means UTC."""
        column = self._table[name]
        if column.dtype in (pl.Date, pl.Datetime):
            there = column.is_not_null()
            read = column.dt.epoch("us") / 1e6
        elif column.dtype.is_numeric():
            return self.numbers(name)
        else:
            text = self.names(name)
            there = ~text.str.to_lowercase().is_in(_EMPTY)
            read = dates_s(text)
        self._note(name, there, read.is_not_null(), "a date like 2020-04-01 08:30:00")
        return read.to_numpy().astype(np.float64)

    def statuses(self, name: str, known: Mapping[str, int]) -> Int8s:
        """Allod's status for each of the column's words, in whatever case; unknown if not known."""
        words = self.names(name).str.to_lowercase()
        codes = words.replace_strict(
            list(known), list(known.values()), default=3, return_dtype=pl.Int8
        )
        return codes.to_numpy().astype(np.int8)

    def broken(self, row: int, wrong: str) -> BrokenLine:
        """The line of `row`, as broken."""
        values = ("" if value is None else str(value) for value in self._table.row(row))
        return BrokenLine(int(self._line[row]), shortened(",".join(values)), wrong)

    def _note(self, name: str, there: pl.Series, good: pl.Series, kind: str) -> None:
        for row in (there & ~good).arg_true():
            value = shortened(str(self._table[name][row]))
            self.wrong.setdefault(row, f"{name} is {value!r}, not {kind}")

    def _note_missing(self, name: str, there: pl.Series) -> None:
        for row in (~there).arg_true():
            self.wrong.setdefault(row, f"{name} is empty")


def dates_s(text: pl.Series) -> pl.Series:
    """Dates as seconds since 1970, null where the text is none of the known forms."""
    seconds = pl.repeat(None, len(text), dtype=pl.Float64, eager=True)
    for form in _DATE_FORMATS:
        if not seconds.null_count():
            break
        zoned = "%:z" in form
        dates = text.str.to_datetime(
            form, time_unit="us", strict=False, exact=True, time_zone="UTC" if zoned else None
        )
        seconds = seconds.fill_null(dates.dt.epoch("us") / 1e6)
    return seconds
