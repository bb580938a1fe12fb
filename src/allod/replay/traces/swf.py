"""The Standard Workload Format of the Parallel Workloads Archive.

A line is a job: 18 numbers between blanks. `;` begins a comment; those at the top tell of the
machine. Format: Feitelson, https://www.cs.huji.ac.il/labs/parallel/workload/swf.html
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from allod.replay.traces.blocks import head, line_blocks
from allod.replay.traces.rows import (
    CANCELLED,
    COMPLETED,
    FAILED,
    UNKNOWN,
    Int64s,
    Names,
    Progress,
    Rows,
    Tally,
    beyond_belief,
    wall_times,
)
from allod.replay.traces.swf_lines import Lines

# The columns of `Lines.values`.
_JOB, _SUBMIT, _RUN, _GOT, _ASKED, _WALL, _STATUS, _USER, _GROUP, _QUEUE, _PARTITION = range(11)
_HEADER = re.compile(rb"^[ \t]*;[ \t]*(\w+)[ \t]*:[ \t]*(.*?)\s*$")
_NAMED = re.compile(r"(-?\d+)[ \t:]+(\S.*)")
#: Lines with status 2 to 4 repeat parts of a job that another line has as a whole.
_PARTS = (2, 3, 4)
_STATUS_OF = {1: COMPLETED, 0: FAILED, 5: CANCELLED}


@dataclass(slots=True)
class Header:
    """What the comments at the top say about the machine; None or empty where they say nothing."""

    max_units: int | None = None
    unix_start_s: int | None = None
    partitions: dict[int, str] = field(default_factory=dict)
    queues: dict[int, str] = field(default_factory=dict)


def read_header(text: bytes) -> Header:
    """The header in the comment lines that `text` begins with."""
    header, nodes = Header(), None
    for line in io.BytesIO(text):
        if line.strip() and not line.lstrip().startswith(b";"):
            break
        if (match := _HEADER.match(line)) is None:
            continue
        key, value = match[1].decode(), match[2].decode("utf-8", "replace")
        number = int(value) if re.fullmatch(r"-?\d{1,18}", value) else None
        if key == "MaxProcs" and number is not None and number > 0:
            header.max_units = number
        elif key == "MaxNodes" and number is not None and number > 0:
            nodes = number
        elif key == "UnixStartTime":
            header.unix_start_s = number
        elif key in ("Partition", "Queue") and (named := _NAMED.fullmatch(value)):
            names = header.partitions if key == "Partition" else header.queues
            names[int(named[1])] = named[2]
    if header.max_units is None:
        header.max_units = nodes
    return header


class SwfSource:
    """A trace in the Standard Workload Format. See `rows.Source`."""

    dated = False

    def __init__(self, path: Path) -> None:
        self._path = path
        header = read_header(head(path, size=1024 * 1024))
        self._name_of = {"partition": header.partitions, "queue": header.queues}
        self.names = {
            "user": Names(),
            "group": Names(),
            "partition": Names(list(header.partitions.values())),
            "queue": Names(list(header.queues.values())),
        }
        self.notes: list[str] = []
        self.max_units = header.max_units
        self.unix_start_s = header.unix_start_s

    def rows(self, tally: Tally, progress: Progress) -> Iterator[Rows]:
        """See `rows.Source.rows`."""
        line, width = 1, 0
        for block in line_blocks(self._path, progress):
            lines = Lines(block, line)
            width = width or lines.commonest_width()
            yield self._usable(lines, width, tally)
            line += len(lines)

    def _usable(self, lines: Lines, width: int, tally: Tally) -> Rows:
        """The usable jobs among `lines`."""
        values, places, broken = lines.values(width)
        got = values[:, _GOT]
        units = np.where(got > 0, got, values[:, _ASKED])
        keep = (values[:, _RUN] > 0) & (units > 0) & ~np.isin(values[:, _STATUS], _PARTS)
        tally.unusable += int(len(keep) - np.count_nonzero(keep))
        wrong = beyond_belief(
            np.where(keep, values[:, _SUBMIT], 0),
            np.where(keep, values[:, _RUN], 1),
            np.where(keep, units, 1),
        )
        broken += [lines.broken(int(places[place]), what) for place, what in wrong.items()]
        tally.add_broken(broken)
        if wrong:
            keep[list(wrong)] = False
        kept = values[keep]
        wall_s, synthesised = wall_times(kept[:, _WALL], kept[:, _RUN])
        rows = Rows(
            submit_s=kept[:, _SUBMIT].copy(),
            run_s=kept[:, _RUN].copy(),
            wall_s=wall_s,
            accelerators=units[keep].astype(np.int32),
            status=_statuses(kept[:, _STATUS]),
            job_id=kept[:, _JOB].copy(),
            codes={
                "user": self.names["user"].codes_of(kept[:, _USER], _number_name),
                "group": self.names["group"].codes_of(kept[:, _GROUP], _number_name),
                "partition": self._codes("partition", kept[:, _PARTITION]),
                "queue": self._codes("queue", kept[:, _QUEUE]),
            },
        )
        tally.add_jobs(rows, synthesised)
        return rows

    def _codes(self, kind: str, numbers: Int64s) -> npt.NDArray[np.int32]:
        """Codes under the names that the header gives, else under the number itself."""
        known = self._name_of[kind]
        return self.names[kind].codes_of(numbers, lambda n: known.get(n) or _number_name(n))


def _number_name(number: int) -> str:
    """The name of a user or group that is only a number; -1 is the format's "unknown"."""
    return str(number) if number >= 0 else ""


def _statuses(values: Int64s) -> npt.NDArray[np.int8]:
    """Allod's status for each of the format's."""
    statuses = np.full(len(values), UNKNOWN, dtype=np.int8)
    for theirs, ours in _STATUS_OF.items():
        statuses[values == theirs] = ours
    return statuses
