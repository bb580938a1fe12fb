"""Every job of a replay as a table, in the order of the trace; memory grows with the trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from allod.decide.engine import Engine
from allod.domain.decision import Refusal
from allod.errors import InvalidInput
from allod.replay.files import check_folder, whole
from allod.replay.mapping import Refused
from allod.replay.traces import JobChunk
from allod.replay.waiting import Waiting
from allod.replay.world import ReplayWorld


class JobTable:
    """One row per job; times are on the trace's clock.

    Columns: job_id, submit_s, start_s, end_s, accelerators, site, pool, class, decision, reasons.
    Of a job that was reclaimed the run counts in which it ended.
    """

    def __init__(self, engine: Engine, world: ReplayWorld) -> None:
        self._layout, self._starts_s = engine.layout, world.starts_s
        self._ids: list[npt.NDArray[Any]] = []
        self._submit: list[npt.NDArray[np.int64]] = []
        self._accelerators: list[npt.NDArray[np.int64]] = []
        self._reasons: dict[int, str] = {}
        self._waits: dict[int, str] = {}
        self._runs: list[npt.NDArray[Any]] = []

    def submitted(self, chunk: JobChunk, refused: list[Refused]) -> None:
        """Note the jobs of `chunk`, and why some may run nowhere."""
        self._ids.append(chunk.job_id)
        self._submit.append(chunk.submit_s)
        self._accelerators.append(chunk.accelerators.astype(np.int64))
        for one in refused:
            self._reasons[one.row] = _words((reason.site, reason.code) for reason in one.reasons)

    def refuse(self, refusals: Sequence[tuple[int, Refusal | Refused]]) -> None:
        """Note jobs that were refused, by their rows, and why."""
        for row, refusal in refusals:
            self._reasons[row] = _words((one.site, one.code) for one in refusal.reasons)

    def ended(self, runs: npt.NDArray[Any]) -> None:
        """Note runs that have ended; those that were reclaimed are followed by another."""
        self._runs.append(runs[runs["final"] == 1][["row", "start", "end", "pool", "cls"]].copy())

    def wait(self, waiting: Sequence[Waiting]) -> None:
        """Note who never came to run, and why."""
        for one in waiting:
            words = _words(one.reasons)
            self._waits.update((int(row), words) for row in one.rows)

    def write(self, path: Path) -> None:
        """Write the table to `path`, .csv or .parquet; it appears only when complete.

        Raises:
            InvalidInput, Unavailable: It cannot be written.
        """
        with whole(path) as part:
            if path.suffix == ".csv":
                pyarrow.csv.write_csv(self.table(), part)
            else:
                pyarrow.parquet.write_table(self.table(), part, compression="zstd")

    def table(self) -> pa.Table:
        """The table so far."""
        jobs = sum(map(len, self._submit))
        start, end = np.full(jobs, -1, np.int64), np.full(jobs, -1, np.int64)
        pool, cls = np.full(jobs, -1, np.int64), np.full(jobs, -1, np.int64)
        for runs in self._runs:
            rows = runs["row"]
            start[rows], end[rows] = runs["start"] - self._starts_s, runs["end"] - self._starts_s
            pool[rows], cls[rows] = runs["pool"], runs["cls"]
        ran = pool >= 0
        decision = np.where(ran, "placed", "waiting").astype(object)
        reasons = np.full(jobs, "", object)
        for row, words in self._reasons.items():
            decision[row], reasons[row] = "refused", words
        for row, words in self._waits.items():
            reasons[row] = words
        sites = np.array([site for site, _ in self._layout.pools] + [""], object)
        pools = np.array([name for _, name in self._layout.pools] + [""], object)
        classes = np.array([name for _, name in self._layout.classes] + [""], object)
        return pa.table(
            {
                "job_id": pa.array(np.concatenate(self._ids) if self._ids else _NO_IDS),
                "submit_s": _joined(self._submit),
                "start_s": pa.array(start, mask=~ran),
                "end_s": pa.array(end, mask=~ran),
                "accelerators": _joined(self._accelerators),
                "site": pa.array(sites[pool]),
                "pool": pa.array(pools[pool]),
                "class": pa.array(classes[cls]),
                "decision": pa.array(decision),
                "reasons": pa.array(reasons),
            }
        )


_NO_IDS = np.zeros(0, np.int64)


def _joined(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(parts) if parts else _NO_IDS


def _words(reasons: Iterable[tuple[str, str]]) -> str:
    """'cambrai: no-room; narvik: envelope'; the site is left out where it is about all of them."""
    return "; ".join(sorted({f"{site}: {code}" if site else code for site, code in reasons}))


def check_path(path: Path) -> None:
    """Refuse a path that no table can be written to, before anything is replayed.

    Raises:
        InvalidInput: It has another ending, or its folder is not there.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidInput(f"--jobs {path}: unknown ending", mend="write .csv or .parquet")
    check_folder(path, "--jobs")
