"""Microsoft's Philly job log: one JSON list, read whole.

An entry lists its attempts, each with start, end and the GPUs of every machine. A job's run time
is the sum of its attempts, since its GPUs are free between them; its size is the largest attempt.
Attempts without start or end (the log's own gaps) do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from allod.errors import InvalidInput
from allod.replay.traces.blocks import reading
from allod.replay.traces.fields import Fields
from allod.replay.traces.formats import Jobs
from allod.replay.traces.frames import Frame
from allod.replay.traces.rows import (
    CANCELLED,
    COMPLETED,
    FAILED,
    BrokenLine,
    Floats,
    Names,
    Progress,
    Rows,
    Tally,
    shortened,
)
from allod.replay.traces.tables import usable

_STATUS = {"pass": COMPLETED, "failed": FAILED, "killed": CANCELLED}
_JOB_COLUMNS = ("jobid", "submitted_time", "user", "vc", "status")


class PhillySource:
    """The Philly job log. See `rows.Source`; a broken line's number is that of the entry."""

    dated = True
    max_units: int | None = None
    unix_start_s: int | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = {kind: Names() for kind in ("user", "group", "partition")}
        self.notes = [
            "Dates without a zone are taken as UTC.",
            "A job's run time is the sum of its attempts.",
        ]

    def rows(self, tally: Tally, progress: Progress) -> Iterator[Rows]:
        """See `rows.Source.rows`."""
        with reading(self._path, progress) as stream:
            text = stream.read()
        try:
            entries = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(
                f"{self._path} is not whole JSON: {error}", mend="fetch the file again"
            ) from error
        if not isinstance(entries, list):
            raise InvalidInput(
                f"{self._path} is no list of jobs, which format philly needs",
                mend="name the log's cluster_job_log",
            )
        del text
        jobs, attempts, lines, broken = _flat(entries)
        fields = Fields(
            Frame(
                pl.DataFrame(jobs, schema=dict.fromkeys(_JOB_COLUMNS, pl.String)),
                np.array(lines, dtype=np.int64),
                broken,
            )
        )
        run_s, gpus = _used(attempts, fields)
        yield usable(
            Jobs(
                submit_s=fields.times_s("submitted_time"),
                run_s=run_s,
                accelerators=gpus,
                job_id=fields.names("jobid"),
                status=fields.statuses("status", _STATUS),
                names={"user": fields.names("user"), "group": fields.names("vc")},
            ),
            fields,
            broken,
            self.names,
            tally,
        )


_Attempts = list[tuple[int, str | None, str | None, int]]  # (row of its job, start, end, GPUs)


def _flat(
    entries: list[Any],
) -> tuple[dict[str, list[str | None]], _Attempts, list[int], list[BrokenLine]]:
    """The entries as columns, their attempts, each row's entry number, and what is no entry."""
    jobs: dict[str, list[str | None]] = {name: [] for name in _JOB_COLUMNS}
    attempts: _Attempts = []
    lines: list[int] = []
    broken: list[BrokenLine] = []
    for number, entry in enumerate(entries, start=1):
        try:
            own = [
                (
                    len(lines),
                    attempt["start_time"],
                    attempt["end_time"],
                    sum(len(machine["gpus"]) for machine in attempt["detail"]),
                )
                for attempt in entry["attempts"]
            ]
            values = [entry[name] for name in _JOB_COLUMNS]
        except (KeyError, TypeError) as error:
            wrong = f"it has no {error}" if isinstance(error, KeyError) else "it is no job entry"
            broken.append(BrokenLine(number, shortened(orjson.dumps(entry).decode()), wrong))
            continue
        for name, value in zip(_JOB_COLUMNS, values, strict=True):
            jobs[name].append(None if value is None else str(value))
        attempts.extend(own)
        lines.append(number)
    return jobs, attempts, lines, broken


def _used(attempts: _Attempts, jobs: Fields) -> tuple[Floats, Floats]:
    """How long each job ran [s], and on how many GPUs."""
    run_s, gpus = np.zeros(len(jobs)), np.zeros(len(jobs))
    job = np.array([attempt[0] for attempt in attempts], dtype=np.int64)
    table = pl.DataFrame(
        {
            "start_time": [_text(attempt[1]) for attempt in attempts],
            "end_time": [_text(attempt[2]) for attempt in attempts],
        },
        schema={"start_time": pl.String, "end_time": pl.String},
    )
    times = Fields(Frame(table, job, []))
    took_s = times.times_s("end_time") - times.times_s("start_time")
    for row, wrong in times.wrong.items():
        jobs.wrong.setdefault(int(job[row]), f"an attempt's {wrong}")
    counted = took_s > 0  # False for NaN.
    np.add.at(run_s, job[counted], took_s[counted])
    size = np.array([attempt[3] for attempt in attempts], dtype=np.float64)
    np.maximum.at(gpus, job[counted], size[counted])
    return run_s, gpus


def _text(value: object) -> str | None:
    return None if value is None else str(value)
