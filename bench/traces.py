"""The traces that are replayed: the shared ones, and ones resampled from them with a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from allod.replay.traces import JobChunk, TraceMeta, write_job_table

SHARED: Final = Path(__file__).resolve().parents[2] / "shared/data/traces"
REFERENCE: Final = SHARED / "reference"
HELIOS: Final = REFERENCE / "helios800.swf.gz"

_CHUNK_ROWS: Final = 65_536
_WEEK_H: Final = 168
#: Limits that users ask for, where the trace does not tell: the next of these. [s]
_WALLS_S: Final = np.array([3_600, 21_600, 86_400, 172_800])


def write_resampled(
    path: Path,
    *,
    jobs: int,
    units: int,
    load: float,
    seed: int,
    projects: Sequence[tuple[str, int]] = (),
) -> None:
    """Write `jobs` jobs of Helios, drawn anew, that would keep `units` busy by `load`.

    Size and run time are drawn together; the times of asking follow the hours of Helios's week.
    `projects` are names with weights; none: the table says nothing of projects.
    """
    helios = pl.read_parquet(SHARED / "helios_venus_gpu.parquet")
    dice = np.random.default_rng(seed)
    drawn = dice.integers(0, len(helios), jobs)
    n = helios["gpu_count"].to_numpy().astype(np.int32)[drawn]
    run_s = np.ceil(helios["service_sec"].to_numpy()).astype(np.int64)[drawn]
    span_s = float((n * run_s).sum()) / (units * load)
    submit_s = _times_of_asking(helios["arrival_s"].to_numpy(), jobs, span_s, dice)
    names = [name for name, _ in projects]
    codes = _dealt(projects, jobs, dice) if projects else None
    meta = TraceMeta("allod", path, users=[""], groups=[""], partitions=[""], projects=names)
    nobody = np.zeros(jobs, np.int32)

    def chunks() -> Iterator[JobChunk]:
        for first in range(0, jobs, _CHUNK_ROWS):
            rows = slice(first, min(jobs, first + _CHUNK_ROWS))
            yield JobChunk(
                submit_s=submit_s[rows],
                run_s=run_s[rows],
                wall_s=_WALLS_S[np.searchsorted(_WALLS_S, run_s[rows])],
                accelerators=n[rows],
                user=nobody[rows],
                group=nobody[rows],
                partition=nobody[rows],
                status=np.zeros(len(run_s[rows]), np.int8),
                job_id=np.arange(rows.start, rows.stop),
                project=None if codes is None else codes[rows],
            )

    write_job_table(path, chunks(), meta)


def _times_of_asking(
    arrivals_s: npt.NDArray[Any], jobs: int, span_s: float, dice: np.random.Generator
) -> npt.NDArray[np.int64]:
    """`jobs` times within `span_s`, in order, as dense in each hour as that hour of a week is."""
    week = np.bincount((arrivals_s // 3600).astype(np.int64) % _WEEK_H, minlength=_WEEK_H)
    hours = np.arange(int(span_s // 3600) + 1)
    length_s = np.minimum(3600.0, span_s - hours * 3600.0)
    reached = np.concatenate([[0.0], np.cumsum(week[hours % _WEEK_H] * length_s)])
    ticket = np.sort(dice.random(jobs)) * reached[-1]
    edges_s = np.concatenate([hours * 3600.0, [span_s]])
    return np.interp(ticket, reached, edges_s).astype(np.int64)


def _dealt(
    projects: Sequence[tuple[str, int]], jobs: int, dice: np.random.Generator
) -> npt.NDArray[np.int32]:
    weights = np.array([weight for _, weight in projects], float)
    return dice.choice(len(projects), jobs, p=weights / weights.sum()).astype(np.int32)
