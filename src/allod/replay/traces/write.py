"""Allod's own job table, as CSV or parquet; `open_trace` reads it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from allod.errors import InvalidInput, Unavailable
from allod.replay.traces.rows import Int32s
from allod.replay.traces.table import JobChunk, TraceMeta

_STATUS = ["completed", "failed", "cancelled", "unknown"]


def write_job_table(path: Path, chunks: Iterable[JobChunk], meta: TraceMeta) -> int:
    """How many jobs of `chunks`, whose codes `meta` explains, went to `path` (.csv or .parquet).

    The file appears under its name when it is complete. A `Trace` with its own `meta` is converted.

    Raises:
        InvalidInput: The name ends otherwise, or the folder is not there.
        Unavailable: The disk cannot take it.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidInput(
            f"{path}: a job table is CSV or parquet", mend="let its name end in .csv or .parquet"
        )
    if not path.parent.is_dir():
        raise InvalidInput(f"{path.parent} is no folder", mend="make it first")
    tables = (_table(chunk, meta) for chunk in chunks)
    try:
        with _complete_or_none(path) as file:
            return (_write_csv if path.suffix == ".csv" else _write_parquet)(file, tables)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be written: {error.strerror or error}",
            mend="make room, or choose another",
        ) from error


@contextmanager
def _complete_or_none(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its name in the end, and goes away if there is an error."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
        try:
            yield cast("BinaryIO", file)
        except BaseException:  # Whatever it was, an interrupt too; it goes on up.
            draft.unlink()
            raise
    draft.chmod(0o644)
    draft.replace(path)


def _write_csv(file: BinaryIO, tables: Iterable[pl.DataFrame]) -> int:
    count = 0
    header = True
    for table in tables:
        table.write_csv(file, include_header=header)
        header = False
        count += len(table)
    if header:
        _table(_NO_JOBS, TraceMeta("allod", Path())).write_csv(file)
    return count


def _write_parquet(file: BinaryIO, tables: Iterable[pl.DataFrame]) -> int:
    count = 0
    writer: pq.ParquetWriter | None = None
    try:
        for table in tables:
            rows: pa.Table = table.to_arrow()
            if writer is None:
                writer = pq.ParquetWriter(file, rows.schema, compression="zstd")
            writer.write_table(rows)
            count += len(table)
        if writer is None:
            rows = _table(_NO_JOBS, TraceMeta("allod", Path())).to_arrow()
            writer = pq.ParquetWriter(file, rows.schema, compression="zstd")
    finally:
        if writer is not None:
            writer.close()
    return count


def _table(chunk: JobChunk, meta: TraceMeta) -> pl.DataFrame:
    """The jobs of `chunk` with names for codes."""
    columns = {
        "job_id": pl.Series(chunk.job_id),
        "submit_s": pl.Series(chunk.submit_s),
        "run_s": pl.Series(chunk.run_s),
        "wall_s": pl.Series(chunk.wall_s),
        "accelerators": pl.Series(chunk.accelerators),
        "user": _named(chunk.user, meta.users),
        "group": _named(chunk.group, meta.groups),
        "partition": _named(chunk.partition, meta.partitions),
        "status": _named(chunk.status.astype(np.int32), _STATUS),
    }
    for name, codes, names in (
        ("queue", chunk.queue, meta.queues),
        ("project", chunk.project, meta.projects),
        ("class", chunk.access_class, meta.access_classes),
    ):
        if codes is not None:
            columns[name] = _named(codes, names)
    return pl.DataFrame(columns)


def _named(codes: Int32s, names: list[str]) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(codes)


def _no_jobs() -> JobChunk:
    whole, codes = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    return JobChunk(
        submit_s=whole,
        run_s=whole,
        wall_s=whole,
        accelerators=codes,
        user=codes,
        group=codes,
        partition=codes,
        status=np.empty(0, dtype=np.int8),
        job_id=np.empty(0, dtype=np.str_),
    )


_NO_JOBS = _no_jobs()
