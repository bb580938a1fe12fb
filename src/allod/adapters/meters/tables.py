"""Readings from a CSV or parquet file, read once: what is hashed is what is used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl

from allod.adapters.meters.zones import changes_of
from allod.domain.meters import Meter, TableSource
from allod.energy.clock import from_local
from allod.energy.grid import Values
from allod.energy.readings import Instants, Readings, readings
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Table:
    """A file of readings: its columns, and the hash of its bytes."""

    name: str  #: Name of the file, without folder.
    sha256: str
    frame: pl.DataFrame

    def read(self, meter: Meter, source: TableSource) -> Readings:
        """The readings of `meter`, each at its instant or at the start of its interval.

        Raises:
            InvalidInput: A column is missing, or a time or value cannot be understood.
        """
        values = self._numbers(self._column(source.value))
        at_s, local = self._times(self._column(source.time))
        if not local or not at_s.size:
            read = readings(at_s, values)
        else:
            offset_s, changes = changes_of(source.time_zone, int(at_s.min()), int(at_s.max()))
            read = from_local(at_s, values, offset_s, changes)
        back_s = meter.every_s if source.marks == "end" else 0
        return Readings(read.at_s - back_s, read.values, read.flags)

    def _column(self, name: str) -> pl.Series:
        if name not in self.frame.columns:
            raise InvalidInput(
                f"{self.name} has no column '{name}'",
                mend=f"write one of {', '.join(self.frame.columns)}",
            )
        return self.frame.get_column(name)

    def _numbers(self, column: pl.Series) -> Values:
        """Values; NaN where the cell is empty."""
        if column.dtype == pl.String:
            text = column.str.strip_chars()
            numbers = text.cast(pl.Float64, strict=False)
            wrong = numbers.is_null() & text.is_not_null() & (text != "")
            if wrong.any():
                row = int(wrong.arg_max() or 0)
                self._refuse(column, row, "a number", "write it with a point and without unit")
        elif column.dtype.is_numeric():
            numbers = column.cast(pl.Float64)
        else:
            self._refuse(column, 0, "a number", "choose a column of numbers")
        return numbers.fill_null(float("nan")).to_numpy().astype(np.float64)

    def _times(self, column: pl.Series) -> tuple[Instants, bool]:
        """Times [s], and whether they are local ones, counted as if they were UTC."""
        if isinstance(column.dtype, pl.Datetime):
            if column.null_count():
                self._refuse(column, int(column.is_null().arg_max() or 0), "a time", "fill it in")
            seconds = column.dt.epoch("s").to_numpy().astype(np.int64)
            return seconds, column.dtype.time_zone is None
        if column.dtype.is_integer() and not column.null_count():
            return column.to_numpy().astype(np.int64), False
        return self._times_of_text(column, column.cast(pl.String).to_list())

    def _times_of_text(
        self, column: pl.Series, cells: Sequence[str | None]
    ) -> tuple[Instants, bool]:
        if all(cell is not None and cell.strip().isdigit() for cell in cells):
            return np.array([int(cell or 0) for cell in cells], np.int64), False
        at_s, local = np.zeros(len(cells), np.int64), set[bool]()
        for row, cell in enumerate(cells):
            try:
                moment = datetime.fromisoformat((cell or "").strip())
            except ValueError:
                self._refuse(column, row, "a time", "write it as 2026-12-31T06:00Z or in seconds")
            local.add(moment.tzinfo is None)
            if len(local) > 1:
                self._refuse(
                    column, row, "of one kind with those before", "give all a zone or none"
                )
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            at_s[row] = int(aware.timestamp())
        return at_s, True in local

    def _refuse(self, column: pl.Series, row: int, wanted: str, mend: str) -> NoReturn:
        shown = str(column[row])[:60] if len(column) else ""
        raise InvalidInput(
            f"{self.name}, column '{column.name}', row {row + 1}: '{shown}' is not {wanted}",
            mend=mend,
        )


def read_table(file: Path) -> Table:
    """The table in `file`: parquet if it is called so, else CSV.

    Raises:
        InvalidInput: It cannot be read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"cannot read {file}: {(error.strerror or '').lower()}", mend="check the path"
        ) from error
    try:
        if file.suffix == ".parquet":
            frame = pl.read_parquet(BytesIO(data))
        else:
            frame = pl.read_csv(BytesIO(data), infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = "parquet" if file.suffix == ".parquet" else "CSV"
        raise InvalidInput(
            f"{file} is no {kind} table: {str(error).splitlines()[0]}",
            mend="give it a line of column names and as many cells in each row",
        ) from error
    return Table(file.name, hashlib.sha256(data).hexdigest(), frame)
