"""A trace as a stream of chunks: the public face of the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from allod.errors import InvalidInput
from allod.replay.traces.detect import FORMATS, open_source
from allod.replay.traces.order import in_submit_order, of_size, window
from allod.replay.traces.rows import (
    BrokenLine,
    Int8s,
    Int32s,
    Int64s,
    Progress,
    Rows,
    Source,
    Tally,
)

__all__ = ["FORMATS", "Broken", "JobChunk", "Trace", "TraceMeta", "open_trace"]

CHUNK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class JobChunk:
    """Jobs next to one another in submit order; every array has shape (jobs,).

    The names of users and so on are codes: places in the lists of `TraceMeta`, which grow while
    the trace is read. "" is the name of what the trace does not say.
    """

    submit_s: Int64s  #: When it was submitted, on the trace's own clock, not falling. [s]
    run_s: Int64s  #: How long it held its accelerators, above 0. [s]
    wall_s: Int64s  #: The limit that it asked for, at least `run_s`. [s]
    accelerators: Int32s  #: Above 0. [1]
    user: Int32s  #: Places in `meta.users`.
    group: Int32s  #: Places in `meta.groups`: Unix group, virtual cluster, quality of service.
    partition: Int32s  #: Places in `meta.partitions`: site, partition, accelerator model.
    status: Int8s  #: 0 completed, 1 failed, 2 cancelled, 3 unknown.
    job_id: npt.NDArray[Any]  #: int64, or object holding str.
    queue: Int32s | None = None  #: Places in `meta.queues`; None if the format has none.
    project: Int32s | None = None  #: Places in `meta.projects`; only in Allod's own table.
    access_class: Int32s | None = None  #: Places in `meta.access_classes`; likewise.

    def __len__(self) -> int:
        return len(self.submit_s)


@dataclass(slots=True)
class TraceMeta:
    """What is known about a trace as a whole.

    The names that the header gives are there at once, all else when the first chunk is out.
    """

    format: str
    path: Path
    estimates: str = "unknown"  #: Wall times: "given", "synthesised", "mixed"; unknown if unread.
    max_units: int | None = None  #: Size of the machine if the header says so. [1]
    unix_start_s: int | None = None  #: When the trace's clock was 0, since 1970. [s]
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    partitions: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    access_classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  #: Assumptions that the reader had to make.


@dataclass(frozen=True, slots=True)
class Broken:
    """The lines that could not be understood."""

    count: int = 0
    first: tuple[BrokenLine, ...] = ()  #: The first five: (line, text, wrong).


class Trace:
    """A trace to iterate over, chunk by chunk; each time from its beginning.

    `broken`, `unusable`, `jobs` and `meta` count the whole file, also where only a window of it
    is asked for, and are complete when the first chunk is out.
    """

    def __init__(
        self,
        source: Source,
        meta: TraceMeta,
        *,
        chunk_rows: int = CHUNK_ROWS,
        strict: bool = False,
        from_s: int | None = None,
        to_s: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.meta = meta
        self._source = source
        self._chunk_rows = chunk_rows
        self._window = (from_s, to_s)
        self._tally = Tally(meta.path, strict=strict)
        self._told = progress
        self._progress = Progress(meta.path.stat().st_size)

    @property
    def broken(self) -> Broken:
        """The lines that could not be understood."""
        return Broken(self._tally.broken, tuple(self._tally.broken_first))

    @property
    def unusable(self) -> int:
        """Rows that describe no use of accelerators: run time or size 0, or parts of a job."""
        return self._tally.unusable

    @property
    def jobs(self) -> int:
        """Usable jobs in the whole file."""
        return self._tally.jobs

    @property
    def bytes_total(self) -> int:
        """How much there is to read; twice the file's size if it must be read twice. [byte]"""
        return self._progress.total

    @property
    def bytes_read(self) -> int:
        """How much has been read. [byte]"""
        return self._progress.read

    def __iter__(self) -> Iterator[JobChunk]:
        """The chunks in submit order.

        Raises:
            InvalidInput: The file cannot be read, no line of it can, or a line is broken and the
                reading strict.
        """
        self._tally = tally = Tally(self.meta.path, strict=self._tally.strict)
        self._progress = Progress(self.meta.path.stat().st_size, told=self._told)
        blocks = in_submit_order(self._source, tally, self._progress)
        first = next(blocks, None)
        self._complete()
        if first is not None:
            for rows in of_size(self._wanted(first, blocks), self._chunk_rows):
                yield _chunk(rows)

    def _wanted(self, first: Rows, others: Iterator[Rows]) -> Iterator[Rows]:
        """The rows in the window, on the trace's own clock."""
        from_s, to_s = self._window
        origin_s = (self.meta.unix_start_s or 0) if self._source.dated else 0
        rows: Rows | None = first
        while rows is not None:
            if len(rows):
                if origin_s:
                    rows = replace(rows, submit_s=rows.submit_s - origin_s)
                yield window(rows, from_s, to_s)
                if to_s is not None and int(rows.submit_s[-1]) >= to_s:
                    return
            rows = next(others, None)

    def _complete(self) -> None:
        """Note what the first reading has shown."""
        tally, meta = self._tally, self.meta
        if tally.broken and not tally.jobs and not tally.unusable:
            line = tally.broken_first[0]
            raise InvalidInput(
                f"{meta.path}: none of {tally.broken} lines can be read as {meta.format}; "
                f"line {line.line}: {line.wrong} (it reads {line.text!r})",
                mend="name the right format; the formats are " + ", ".join(FORMATS),
            )
        if self._source.dated:
            meta.unix_start_s = tally.submit_s_min
        if tally.jobs:
            some = "mixed" if tally.synthesised else "given"
            meta.estimates = "synthesised" if tally.synthesised == tally.jobs else some


def open_trace(
    path: Path,
    *,
    format: str | None = None,
    chunk_rows: int = CHUNK_ROWS,
    strict: bool = False,
    from_s: int | None = None,
    to_s: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Trace:
    """The trace at `path`, in the format that its content shows unless `format` names one.

    Only jobs submitted at `from_s` or later and before `to_s` come out; times keep their value.
    `strict` stops at the first broken line. `progress` is called with (bytes read, bytes total).

    Raises:
        InvalidInput: There is no such file or format, or the file is of none.
    """
    for name, value in (("from", from_s), ("to", to_s)):
        if value is not None and value < 0:
            raise InvalidInput(f"{name} is {value} s, below 0", mend="count from the trace's start")
    if from_s is not None and to_s is not None and from_s >= to_s:
        raise InvalidInput(f"from {from_s} s to {to_s} s is no time", mend="let from be before to")
    if chunk_rows < 1:
        raise InvalidInput(f"chunk_rows is {chunk_rows}, below 1", mend="ask for 1 or more")
    name, source = open_source(path, format)
    names = source.names
    meta = TraceMeta(
        format=name,
        path=path,
        max_units=source.max_units,
        unix_start_s=source.unix_start_s,
        notes=source.notes,
    )
    for kind, known in names.items():
        setattr(meta, _LISTS[kind], known.names)
    return Trace(
        source,
        meta,
        chunk_rows=chunk_rows,
        strict=strict,
        from_s=from_s,
        to_s=to_s,
        progress=progress,
    )


_LISTS = {
    "user": "users",
    "group": "groups",
    "partition": "partitions",
    "queue": "queues",
    "project": "projects",
    "class": "access_classes",
}


def _chunk(rows: Rows) -> JobChunk:
    return JobChunk(
        submit_s=rows.submit_s,
        run_s=rows.run_s,
        wall_s=rows.wall_s,
        accelerators=rows.accelerators,
        user=rows.codes["user"],
        group=rows.codes["group"],
        partition=rows.codes["partition"],
        status=rows.status,
        job_id=rows.job_id,
        queue=rows.codes.get("queue"),
        project=rows.codes.get("project"),
        access_class=rows.codes.get("class"),
    )
