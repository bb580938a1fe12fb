"""An engine in which 100,000 accelerators are taken and 10,000 workloads wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl

from allod.decide.engine import Engine
from allod.decide.kernel import state as k
from allod.domain.document import read_documents
from allod.domain.event import DocumentsApplied, NodeStarted, WorkloadSubmitted
from bench import federation_world as world
from bench.traces import SHARED

WAITING: Final = 10_000
AT_S: Final = world.STARTS_S + 4 * 86_400 + 12 * 3600  #: Noon, before an evening window.


def workloads(seed: int) -> Iterator[dict[str, Any]]:
    """Specs without end: sizes of Helios, projects by their weight, limits of 6 h to two days."""
    dice = np.random.default_rng(seed)
    sizes = pl.read_parquet(SHARED / "helios_venus_gpu.parquet")["gpu_count"].to_numpy()
    projects = world.projects()
    weights = np.array([weight for _, weight in projects], float)
    while True:
        for n, project, wall_h in zip(
            dice.choice(sizes, 1024),
            dice.choice(len(projects), 1024, p=weights / weights.sum()),
            dice.choice([6, 24, 48], 1024),
            strict=True,
        ):
            yield {
                "project": projects[project][0],
                "accelerators": int(n),
                "wall_time_s": int(wall_h) * 3600,
                "command": ["train"],
            }


def submitted(number: int, at_s: int, spec: dict[str, Any]) -> WorkloadSubmitted:
    """The event that asks for workload `number`."""
    return WorkloadSubmitted(
        at_s=at_s, workload_id=f"w{number}", name=f"job-{number}", workload=spec, actor="bench"
    )


def engine(specs: Iterator[dict[str, Any]]) -> tuple[Engine, int]:
    """The engine, and how many workloads it was asked for."""
    made = Engine(policy="charter")
    made.step(NodeStarted(at_s=AT_S))
    documents = read_documents(world.as_yaml(*world.documents()), "federation")
    made.step(DocumentsApplied(at_s=AT_S, documents=tuple(one.to_json() for one in documents)))
    number = 0
    while made.state.number[k.WAITING_N] < WAITING:
        made.step(submitted(number, AT_S + number // 100, next(specs)))
        number += 1
    return made, number
