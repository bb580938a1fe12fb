"""Live decisions and explanations in a crowd: `Engine.step` and `explain`, one after the other.

200 pools at 25 sites with 100,000 accelerators, all of them taken, and 10,000 workloads that wait
(bench/crowd.py). In turn a new workload is asked for, and one that runs ends; both are timed until
the decisions are there in words. What is explained is spread over all who wait. The collector of
cyclic garbage is set as a node sets it once it has started.
"""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from allod.bootstrap import calm_collector
from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.decide.kernel import state as k
from allod.domain.event import Outcome, WorkloadEnded
from bench import crowd
from bench.figures import Figure, command, percentile

TURNS: Final = 1_000
EXPLAINED: Final = 300


def seconds_of_decisions(engine: Engine, number: int, seed: int) -> tuple[list[float], list[float]]:
    """How long submissions take, and ends."""
    dice, specs = np.random.default_rng(seed), crowd.workloads(seed)
    submits, ends = [], []
    for turn in range(TURNS):
        at_s = engine.now_s + turn % 2
        event = crowd.submitted(number + turn, at_s, next(specs))
        began_s = time.perf_counter()
        engine.step(event)
        submits.append(time.perf_counter() - began_s)
        rows = np.flatnonzero(engine.state.job["state"] == k.RUNNING)
        row = int(dice.choice(rows))
        run = int(engine.state.job[row]["run"])
        over = WorkloadEnded(
            at_s=at_s,
            workload_id=engine.by_row[row].workload_id,
            run=run,
            outcome=Outcome.COMPLETED,
        )
        began_s = time.perf_counter()
        engine.step(over)
        ends.append(time.perf_counter() - began_s)
    return submits, ends


def seconds_of_explanations(engine: Engine) -> list[float]:
    """How long it takes to explain one who waits."""
    waiting = [
        live.workload_id
        for row, live in sorted(engine.by_row.items())
        if engine.state.job[row]["state"] == k.WAITING
    ]
    found = []
    for workload_id in waiting[:: max(1, len(waiting) // EXPLAINED)]:
        began_s = time.perf_counter()
        explain(engine, workload_id)
        found.append(time.perf_counter() - began_s)
    return found


def measure() -> list[Figure]:
    """The 99th percentiles."""
    engine, number = crowd.engine(crowd.workloads(seed=1))
    calm_collector()
    seconds_of_decisions(engine, number, seed=2)  # The kinds of work are known from then on.
    submits, ends = seconds_of_decisions(engine, number + TURNS, seed=3)
    explained = seconds_of_explanations(engine)
    waiting = int(engine.state.number[k.WAITING_N])
    return [
        Figure(
            name="live decision, p99",
            value=1000 * percentile(submits + ends, 0.99),
            unit="ms",
            at_most=3,
            beside="SkyPilot's optimizer 324 ms for one task on two clouds",
            note=f"200 pools, {waiting:,} waiting; half of them submissions, half ends",
        ),
        Figure(
            name="live decision, median",
            value=1000 * percentile(submits + ends, 0.5),
            unit="ms",
        ),
        Figure(name="of submissions, p99", value=1000 * percentile(submits, 0.99), unit="ms"),
        Figure(name="of ends, p99", value=1000 * percentile(ends, 0.99), unit="ms"),
        Figure(
            name="explain, p99",
            value=1000 * percentile(explained, 0.99),
            unit="ms",
            at_most=100,
            beside="KAI 'time to unschedulable' 249.5 s",
            note="25 sites",
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
