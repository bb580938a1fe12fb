"""Start times of every job beside those of pyss: how many differ.

pyss is the reference simulator of `easy` with one pass per event; of `fcfs` four simulators agree.
The traces are Helios on 800 accelerators, SDSC SP2 on 128 and HPC2N on 240 processors.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from allod.replay.run import ReplayOptions, replay_trace
from bench.figures import Figure, command
from bench.traces import REFERENCE

TRACES: Final = {"helios800": 800, "sdsc5k": 128, "hpc2n": 240}
COLUMNS: Final = {"fcfs": "fcfs_batched", "easy": "easy_perevent"}


def differences(name: str, units: int, policy: str) -> tuple[int, int]:
    """(jobs that start at another time than in the reference, jobs)."""
    with TemporaryDirectory(prefix="allod-bench-") as folder:
        made = Path(folder) / "jobs.parquet"
        trace = REFERENCE / f"{name}.swf.gz"
        replay_trace(ReplayOptions(trace=trace, pool=units, policy=policy, jobs=made))
        ours = pl.read_parquet(made)["start_s"]
    with gzip.open(REFERENCE / f"{name}_starts.csv.gz") as file:
        theirs = pl.read_csv(file.read())[COLUMNS[policy]]
    if len(ours) != len(theirs):
        return max(len(ours), len(theirs)), len(theirs)
    return int((ours.fill_null(-1) != theirs).sum()), len(theirs)


def measure() -> list[Figure]:
    """Jobs that differ, by policy, over all traces."""
    figures = []
    for policy in COLUMNS:
        found = [differences(name, units, policy) for name, units in TRACES.items()]
        figures.append(
            Figure(
                name=f"start times, {policy}",
                value=sum(differ for differ, _ in found),
                unit="differ",
                at_most=0,
                beside="pyss" if policy == "easy" else "pyss, Batsim, AccaSim, Alea",
                note=f"of {sum(jobs for _, jobs in found):,} jobs on {len(found)} traces",
            )
        )
    return figures


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
