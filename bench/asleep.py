"""Live decisions beside 10,000 workloads that sleep for clean power, and a forecast each hour.

25 sites of 8,000 accelerators, each with a forecast of 48 hours; half of those who sleep are at one
site. In turn a workload that falls asleep, one that starts and the end of one that runs; each is
timed until the decisions are there in words, first with a hundred asleep, then with all of them.
Then every hour a site hears a new forecast, under which all choose anew. The collector of cyclic
garbage is set as a node sets it once it has started.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np

from allod.bootstrap import calm_collector
from allod.decide.engine import Engine
from allod.domain.event import (
    DocumentsApplied,
    Event,
    ForecastGiven,
    Outcome,
    WorkloadEnded,
    WorkloadSubmitted,
)
from bench.figures import Figure, command, percentile

ASLEEP, FEW, TURNS = 10_000, 100, 300
SITES, UNITS, STEPS, HOUR_S = 25, 8_000, 48, 3_600
HOURS: Final = 12
DAWN: Final = 24  #: Own clean power before this hour is little. [h]


def documents() -> tuple[dict[str, Any], ...]:
    """The sites, and a project."""
    sites = tuple(
        {
            "apiVersion": "allod/v1",
            "kind": "Site",
            "metadata": {"name": f"s{i}"},
            "spec": {
                "title": "Bench",
                "country": "NO",
                "operator": "unknown",
                "management": ["NO"],
                "metadata": ["NO"],
                "runner": "none",
                "pools": [{"name": "p", "accelerator": "h100"}],
                "phases": [{"name": "a", "state": "live", "accelerators": {"p": UNITS}}],
                "envelope": {"site": {"power_w": 20_000_000}},
                "cooling": {"plant": "dry-cooler"},
            },
        }
        for i in range(SITES)
    )
    project = {
        "apiVersion": "allod/v1",
        "kind": "Project",
        "metadata": {"name": "a"},
        "spec": {},
    }
    return (*sites, project)


def forecast(i: int, hour: int) -> ForecastGiven:
    """Little clean power of its own until dawn, then more than all draw; other each hour."""
    hours = np.arange(hour, hour + STEPS)
    clean_w = np.where(hours < DAWN, 1_000 * (1 + hour % 3), 15_000_000 + 1_000 * hours)
    temp_milli_c = 8_000 + 4_000 * np.sin(hours / 4)
    return ForecastGiven(
        at_s=hour * HOUR_S,
        site=f"s{i}",
        start_s=hour * HOUR_S,
        step_s=HOUR_S,
        temp_milli_c=tuple(temp_milli_c.astype(int).tolist()),
        design_temp_milli_c=30_000,
        clean_w=tuple(clean_w.tolist()),
        carbon_g_per_kwh=tuple((100 + hours % 24).tolist()),
    )


class World:
    """An engine, and how many workloads it was asked for."""

    def __init__(self) -> None:
        self.engine, self.count, self.dice = Engine(), 0, np.random.default_rng(1)
        self.engine.step(DocumentsApplied(at_s=0, documents=documents()))
        for i in range(SITES):
            self.engine.step(forecast(i, 0))

    def seconds(self, event: Event) -> float:
        """How long `event` takes to be decided."""
        began_s = time.perf_counter()
        self.engine.step(event)
        return time.perf_counter() - began_s

    def submit(self, *, flexible: bool) -> float:
        """How long it takes to ask for one workload; one in two goes to the first site."""
        self.count += 1
        i = 0 if self.count % 2 else 1 + self.count // 2 % (SITES - 1)
        wall_s = int(self.dice.integers(1, 8)) * HOUR_S
        spec: dict[str, Any] = {
            "project": "a",
            "accelerators": 1,
            "wall_time_s": wall_s,
            "sites": [f"s{i}"],
        }
        if flexible:
            least_s = (DAWN + 2) * HOUR_S + wall_s
            spec["flexibility"] = {"deadline": int(self.dice.integers(least_s, 2 * least_s))}
        number, at_s = self.count, self.engine.now_s
        event = WorkloadSubmitted(at_s=at_s, workload_id=f"w{number}", name="w", workload=spec)
        return self.seconds(event)

    def end(self) -> float:
        """How long it takes to hear that the work which was asked for last has ended."""
        workload_id, at_s = f"w{self.count}", self.engine.now_s
        done = Outcome.COMPLETED
        return self.seconds(WorkloadEnded(at_s=at_s, workload_id=workload_id, run=1, outcome=done))

    def fill(self, asleep: int) -> None:
        """Have so many sleep."""
        while len(self.engine.asleep.lives) < asleep:
            self.submit(flexible=True)

    def decisions(self) -> list[float]:
        """How long live decisions take, in turn."""
        return [
            took_s
            for _ in range(TURNS)
            for took_s in (self.submit(flexible=True), self.submit(flexible=False), self.end())
        ]

    def forecasts(self) -> list[float]:
        """How long new forecasts take, one each hour."""
        return [self.seconds(forecast(hour % 2, hour)) for hour in range(1, HOURS + 1)]


def measure() -> list[Figure]:
    """The 99th percentiles of decisions, and the slowest forecast."""
    world = World()
    calm_collector()
    world.fill(FEW)
    world.decisions()  # Compiled and known from then on.
    few = world.decisions()
    world.fill(ASLEEP)
    many = world.decisions()
    asleep = len(world.engine.asleep.lives)
    took_s = world.forecasts()
    return [
        Figure(
            name="live decision, p99",
            value=1000 * percentile(many, 0.99),
            unit="ms",
            at_most=3,
            note=f"{asleep:,} asleep, {SITES} sites",
        ),
        Figure(name="live decision, median", value=1000 * percentile(many, 0.5), unit="ms"),
        Figure(
            name="the same with few asleep",
            value=1000 * percentile(few, 0.5),
            unit="ms",
            note=f"{FEW + 2 * TURNS:,} asleep at most",
        ),
        Figure(
            name="forecast of 48 hours, slowest",
            value=max(took_s),
            unit="s",
            at_most=2,
            note=f"{len(world.engine.asleep.lives):,} asleep choose anew; one each hour",
        ),
        Figure(name="forecast of 48 hours, median", value=percentile(took_s, 0.5), unit="s"),
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
