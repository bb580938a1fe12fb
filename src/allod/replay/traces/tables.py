"""Traces that are tables: CSV or parquet, in one of `formats.FORMS`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from allod.errors import InvalidInput
from allod.replay.traces.fields import Fields
from allod.replay.traces.formats import FORMS, Jobs, whole_down, whole_up
from allod.replay.traces.frames import Frame, csv_frames, parquet_frames
from allod.replay.traces.rows import (
    Bools,
    BrokenLine,
    Int64s,
    Names,
    Progress,
    Rows,
    Tally,
    beyond_belief,
    wall_times,
)

_KINDS = ("user", "group", "partition")


class TableSource:
    """A table of one of the known forms. See `rows.Source`."""

    max_units: int | None = None
    unix_start_s: int | None = None

    def __init__(self, path: Path, format_name: str, columns: list[str], *, parquet: bool) -> None:
        form = FORMS[format_name]
        headerless = False
        if missing := [name for name in form.columns if name not in columns]:
            headerless = form.headerless is not None and len(columns) == len(form.headerless)
            if parquet or not headerless or set(columns) & set(form.columns):
                raise InvalidInput(
                    f"{path} has no column {', '.join(missing)}, which format {format_name} needs",
                    mend="name the columns so, or another format",
                )
        self._path, self._form, self._parquet = path, form, parquet
        self._header = form.headerless if headerless else None
        self._wanted = [name for name in (*form.columns, *form.optional) if name in columns]
        kinds = dict.fromkeys((*_KINDS, *(k for k in form.kinds if k in columns)))
        self.names = {kind: Names() for kind in kinds}
        self.dated = form.dated
        self.notes = list(form.notes)

    def rows(self, tally: Tally, progress: Progress) -> Iterator[Rows]:
        """See `rows.Source.rows`."""
        frames = self._frames(progress)
        if self._form.whole:
            frames = _one(frames)
        for frame in frames:
            fields = Fields(frame)
            jobs = self._form.jobs(fields)
            yield usable(jobs, fields, frame.broken, self.names, tally)

    def _frames(self, progress: Progress) -> Iterator[Frame]:
        if self._parquet:
            return parquet_frames(self._path, progress, self._wanted)
        return csv_frames(self._path, progress, self._header)


def _one(frames: Iterator[Frame]) -> Iterator[Frame]:
    """All frames as one, or none if there are none."""
    parts = list(frames)
    if parts:
        yield Frame(
            table=pl.concat([part.table for part in parts]),
            line=np.concatenate([part.line for part in parts]),
            broken=[line for part in parts for line in part.broken],
        )


def usable(
    jobs: Jobs,
    fields: Fields,
    broken: list[BrokenLine],
    names: dict[str, Names],
    tally: Tally,
) -> Rows:
    """The usable ones among `jobs`, encoded; all others are counted in `tally`."""
    submit_s, run_s = whole_down(jobs.submit_s), whole_up(jobs.run_s)
    units = whole_up(jobs.accelerators)
    readable = np.ones(len(submit_s), dtype=np.bool_)
    readable[list(fields.wrong)] = False
    keep = readable & (run_s > 0) & (units > 0)
    tally.unusable += int(np.count_nonzero(readable & ~keep))
    wrong = _numbers_wrong(jobs, keep, submit_s, run_s, units)
    keep[list(wrong)] = False
    broken = broken + [fields.broken(*item) for item in (fields.wrong | wrong).items()]
    tally.add_broken(broken)
    asked_s = np.zeros(len(keep), dtype=np.int64) if jobs.wall_s is None else whole_up(jobs.wall_s)
    wall_s, synthesised = wall_times(asked_s[keep], run_s[keep])
    chosen = pl.Series(keep)
    nobody = pl.repeat("", int(keep.sum()), dtype=pl.String, eager=True)
    rows = Rows(
        submit_s=submit_s[keep],
        run_s=run_s[keep],
        wall_s=wall_s,
        accelerators=units[keep].astype(np.int32),
        status=jobs.status[keep],
        job_id=jobs.job_id.filter(chosen).to_numpy(),
        codes={
            kind: known.codes(jobs.names[kind].filter(chosen) if kind in jobs.names else nobody)
            for kind, known in names.items()
        },
    )
    tally.add_jobs(rows, synthesised)
    return rows


def _numbers_wrong(
    jobs: Jobs, keep: Bools, submit_s: Int64s, run_s: Int64s, units: Int64s
) -> dict[int, str]:
    """What is wrong with the numbers of the jobs to keep, by row."""
    unsaid = keep & np.isnan(jobs.submit_s)
    wrong = {int(row): "submit time is empty" for row in np.flatnonzero(unsaid)}
    looked_at = keep & ~unsaid
    wrong |= beyond_belief(
        np.where(looked_at, submit_s, 0),
        np.where(looked_at, run_s, 1),
        np.where(looked_at, units, 1),
    )
    return wrong
