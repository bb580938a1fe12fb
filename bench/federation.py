"""A million jobs over 200 pools and 100,000 accelerators under the full charter.

Helios's jobs drawn anew with a fixed seed; law, nested classes with floors, lent room and reclaim,
envelopes with windows, nodes (bench/federation_world.py). A process of its own replays the job
table with `replay_trace`, as `allod replay` does; its peak memory is all of it.

At a load of 0.8 the federation is busy and now and then full; at 0.9 it is overrun for days on end,
because envelopes and evening windows leave less than all accelerators, and thousands wait.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench import federation_world as world
from bench.figures import Figure, command
from bench.traces import write_resampled

JOBS: Final = 1_000_000
LOAD: Final = 0.8
LOAD_OVERRUN: Final = 0.9


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay of the federation came to."""

    jobs: int
    setup_s: float
    read_s: float
    loop_s: float
    peak_rss_bytes: int
    placed: int
    refused: int
    waiting: int
    reclaims: int
    lent: int
    longest_wait_s: int


def write_world(folder: Path, jobs: int, load: float) -> None:
    """Write the trace and the scenario into `folder`."""
    units = len(world.COUNTRIES) * world.POOLS * world.UNITS
    projects = world.projects()
    trace = folder / "jobs.parquet"
    write_resampled(trace, jobs=jobs, units=units, load=load, seed=1, projects=projects)
    text = world.as_yaml(world.scenario(), *world.documents())
    (folder / "federation.scenario.yaml").write_text(text, encoding="utf-8")


def replay(folder: Path) -> Outcome:
    """Replay what `write_world` has written, in this process."""
    from allod.replay.run import ReplayOptions, replay_trace  # noqa: PLC0415

    scenario = folder / "federation.scenario.yaml"
    result = replay_trace(ReplayOptions(trace=folder / "jobs.parquet", scenario=scenario))
    tally = result.outcome.tally
    return Outcome(
        jobs=result.jobs,
        setup_s=result.setup_s,
        read_s=result.read_s,
        loop_s=result.loop_s,
        peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        placed=int(tally.placed.sum()),
        refused=result.refused_jobs,
        waiting=result.waiting_jobs,
        reclaims=int(tally.reclaims.sum()),
        lent=int(tally.lent.sum()),
        longest_wait_s=int(tally.longest_s.max()),
    )


def as_json(outcome: Outcome) -> str:
    """`outcome` as the process that measures tells it."""
    return json.dumps(asdict(outcome))


def measure() -> list[Figure]:
    """The rate, the memory, and what happened, so that nobody takes it for an idle world."""
    found, overrun = _lived_through(LOAD), _lived_through(LOAD_OVERRUN)
    return [
        Figure(
            name=f"federation, loop, load {LOAD}",
            value=found.jobs / found.loop_s,
            unit="jobs/s",
            at_least=100_000,
            beside="no peer can",
            note=_told(found),
        ),
        Figure(
            name=f"federation, loop, load {LOAD_OVERRUN}",
            value=overrun.jobs / overrun.loop_s,
            unit="jobs/s",
            note=_told(overrun),
        ),
        Figure(
            name="federation, with reading",
            value=found.jobs / (found.read_s + found.loop_s),
            unit="jobs/s",
        ),
        Figure(
            name="federation, peak memory",
            value=max(found.peak_rss_bytes, overrun.peak_rss_bytes) / 1e9,
            unit="GB",
            at_most=1,
            note="the whole process",
        ),
    ]


def _lived_through(load: float) -> Outcome:
    with TemporaryDirectory(prefix="allod-bench-") as name:
        # In a process of its own, so that its memory is not counted.
        _python(
            f"from bench.federation import *; write_world(Path(sys.argv[1]), JOBS, {load})", name
        )
        code = "from bench.federation import *; print(as_json(replay(Path(sys.argv[1]))))"
        return Outcome(**json.loads(_python(code, name)))


def _told(found: Outcome) -> str:
    return (
        f"{found.placed:,} placed, {found.lent:,} runs on lent room, {found.reclaims:,} reclaims, "
        f"{found.waiting:,} still wait, longest wait {found.longest_wait_s / 3600:.1f} h"
    )


def _python(code: str, folder: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, bench; {code}", folder],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
