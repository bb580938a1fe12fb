"""125,303 real GPU jobs through the shipped engine under `easy`, on 800 and on 640 accelerators.

Only the engine's loop counts; reading the trace does not. The median of some runs in one process
that has replayed once before.
"""

from __future__ import annotations

import statistics
from typing import Final

from allod.replay.run import ReplayOptions, replay_trace
from bench.figures import Figure, command
from bench.traces import HELIOS

RUNS: Final = 7


def jobs_per_s(units: int) -> float:
    """The median rate of replays on `units` accelerators. [1/s]"""
    options = ReplayOptions(trace=HELIOS, pool=units, policy="easy")
    replay_trace(options)
    rates = []
    for _ in range(RUNS):
        result = replay_trace(options)
        rates.append(result.jobs / result.loop_s)
    return statistics.median(rates)


def measure() -> list[Figure]:
    """Both rates."""
    return [
        Figure(
            name="replay easy, 800 accelerators",
            value=jobs_per_s(800),
            unit="jobs/s",
            at_least=300_000,
            beside="pyss 2,286, Batsim 793, Alea 509, AccaSim 439",
        ),
        Figure(
            name="replay easy, 640 accelerators",
            value=jobs_per_s(640),
            unit="jobs/s",
            at_least=200_000,
            beside="pyss < 261, mystous 7,249",
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
