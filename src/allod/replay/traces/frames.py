"""CSV and parquet files as data frames, block by block, with the line that each row came from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from allod.errors import InvalidInput
from allod.replay.traces.blocks import line_blocks
from allod.replay.traces.rows import BrokenLine, Int64s, Progress, shortened

_PARQUET_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of a table, and the lines beside them that are no rows."""

    table: pl.DataFrame
    line: Int64s  #: Line number of each row; in parquet the row number. Both from 1.
    broken: list[BrokenLine]


def split_header(line: str) -> list[str]:
    """The column names in the first line of a CSV file; none where the line is not of one."""
    try:
        return [name.strip() for name in next(csv.reader([line.strip("\r\n")]), [])]
    except csv.Error:
        return []


def csv_frames(path: Path, progress: Progress, columns: Sequence[str] | None) -> Iterator[Frame]:
    """The rows of a CSV file, all columns text; `columns` names those of a file without header.

    A field may be quoted but may not go over several lines.
    """
    line = 1
    names = list(columns) if columns is not None else None
    for block in line_blocks(path, progress):
        text = block.replace(b"\r\n", b"\n") if b"\r" in block else block
        if names is None:
            header, _, text = text.partition(b"\n")
            names = split_header(header.decode("utf-8", "replace"))
            line += 1
        count = text.count(b"\n")
        if count:
            yield _csv_frame(text, line, names)
        line += count


def _csv_frame(block: bytes, line: int, names: list[str]) -> Frame:
    """The rows of one block, of which the first line has the number `line`."""
    text = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    commas = np.diff(np.searchsorted(np.flatnonzero(text == ord(",")), ends), prepend=0)
    plain = commas == len(names) - 1
    plain[np.searchsorted(ends, np.flatnonzero(text == ord('"')))] = False
    if plain.all():
        return Frame(_read(block, names), line + np.arange(len(ends)), [])
    mended: list[list[str]] = []
    mended_at: list[int] = []
    broken: list[BrokenLine] = []
    for place in np.flatnonzero(~plain):
        raw = block[starts[place] : ends[place]].decode("utf-8", "replace")
        if not raw.strip():
            continue
        fields = next(csv.reader([raw]))
        if len(fields) == len(names):
            mended.append(fields)
            mended_at.append(int(place))
        else:
            wrong = f"{len(fields)} fields, not {len(names)}"
            broken.append(BrokenLine(line + int(place), shortened(raw), wrong))
    table = _read(b"".join(block[starts[p] : ends[p] + 1] for p in np.flatnonzero(plain)), names)
    at = np.concatenate([np.flatnonzero(plain), np.array(mended_at, dtype=np.int64)])
    if mended:
        schema = dict.fromkeys(names, pl.String)
        table = pl.concat([table, pl.DataFrame(mended, schema=schema, orient="row")])
        order = np.argsort(at)
        table, at = table[order], at[order]
    return Frame(table, line + at, broken)


def _read(block: bytes, names: list[str]) -> pl.DataFrame:
    """The rows of `block`, which has no quotes and the same number of fields in each line."""
    if not block:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.read_csv(
        io.BytesIO(block),
        has_header=False,
        new_columns=names,
        schema=dict.fromkeys(names, pl.String),
        quote_char=None,
        encoding="utf8-lossy",
    )


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """The parquet file at `path`; a damaged one is InvalidInput."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(
            f"{path} is not a whole parquet file: {shortened(str(error))}",
            mend="fetch the file again",
        ) from error


def parquet_columns(path: Path) -> list[str]:
    """The column names of a parquet file."""
    with _parquet(path) as file:
        return list(file.schema_arrow.names)


def parquet_frames(path: Path, progress: Progress, columns: Sequence[str]) -> Iterator[Frame]:
    """The rows of a parquet file, of which only `columns` are read."""
    with _parquet(path) as file:
        before, read, count = progress.read, 0, max(file.metadata.num_rows, 1)
        size = path.stat().st_size
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=list(columns)):
            table = pl.DataFrame(pl.from_arrow(batch))
            yield Frame(table, 1 + read + np.arange(len(table)), [])
            read += len(table)
            progress.set(before + size * read // count)
