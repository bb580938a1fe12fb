"""Small traces and worlds to replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from allod.replay.run import ReplayOptions, ReplayResult, replay_trace

#: submit [s], run [s], wall [s], accelerators, user
Job = tuple[int, int, int, int, int]

#: Eight accelerators: four are promised to start-ups, the rest and what they leave is lent.
SCENARIO = """\
apiVersion: allod/v1
kind: Scenario
metadata: {name: small}
spec:
  title: A fjord
  starts: 2026-01-01
  mapping:
    by: user
    portions:
      - {project: startup, weight: 1}
      - {project: media, weight: 1}
---
apiVersion: allod/v1
kind: Party
metadata: {name: aker}
spec: {title: Aker, seat: NO, dispersed: true}
---
apiVersion: allod/v1
kind: Site
metadata: {name: fjord}
spec:
  title: Fjord
  country: NO
  operator: aker
  management: [NO]
  metadata: [NO]
  pools:
    - {name: h200, accelerator: h200}
  phases:
    - {name: first, state: live, starts: 2026-01-01, accelerators: {h200: 8}}
  envelope:
    site: {power_w: 20 kW, base_load_w: 2 kW}
  pue_milli: 1200
  runner: none
---
apiVersion: allod/v1
kind: Charter
metadata: {name: fjord}
spec:
  site: fjord
  classes:
    - {name: start-ups, eligible: {sectors: [start-up]}, floor: 4, priority: 10,
       reclaim_notice_s: 60, run_time_min_s: 30}
    - {name: surplus, eligible: {countries: [europe]}, run_time_min_s: 30}
---
apiVersion: allod/v1
kind: Project
metadata: {name: startup}
spec: {title: A start-up, country: NO, sector: start-up}
---
apiVersion: allod/v1
kind: Project
metadata: {name: media}
spec: {title: A publisher, country: GB, sector: media}
"""


#: The same with a fact that nobody states.
ASSUMING = SCENARIO.replace("  pue_milli: 1200\n", "  pue_milli: unknown\n").replace(
    "  mapping:",
    """  assumptions:
    - {document: Site/fjord, path: pue_milli, value: 1300}
  mapping:""",
)


def swf_text(jobs: Iterable[Job]) -> str:
    """`jobs` in the Standard Workload Format, numbered from 1."""
    lines = [
        f"{i} {submit} -1 {run} {n} -1 -1 {n} {wall} -1 1 {user} 1 1 1 1 -1 -1"
        for i, (submit, run, wall, n, user) in enumerate(jobs, 1)
    ]
    return "\n".join(["; a trace", *lines]) + "\n"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """The file of `SCENARIO`."""
    path = tmp_path / "small.scenario.yaml"
    path.write_text(SCENARIO)
    return path


Replay = Callable[..., tuple[ReplayResult, list[dict[str, Any]]]]


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """Replays jobs, or a trace file: the result, and every job as a row."""

    def run(
        trace: Path | Iterable[Job], **options: Any
    ) -> tuple[ReplayResult, list[dict[str, Any]]]:
        if not isinstance(trace, Path):
            text, trace = swf_text(trace), tmp_path / "trace.swf"
            trace.write_text(text)
        table = tmp_path / "jobs.parquet"
        result = replay_trace(ReplayOptions(trace=trace, jobs=table, **options))
        return result, pyarrow.parquet.read_table(table).to_pylist()

    return run


def users_of(replay: Replay, scenario: Path) -> dict[str, int]:
    """A user of each class of `SCENARIO`, as the seed deals them out."""
    jobs = [(10_000 * user, 10, 3600, 1, user) for user in range(1, 9)]
    _, rows = replay(jobs, scenario=scenario)
    return {row["class"]: user for user, row in enumerate(rows, 1)}
