"""Submissions over HTTP until their decision is durable: one node, 32 clients on kept connections.

A node as `allod up` starts it, its embedded PostgreSQL on the disk of the machine, three sites with
charters and envelopes. Every request brings a token and an Idempotency-Key and asks for one
accelerator; the sites have no runner, so that no processes are started. Clients are one lean
process. There is room for all of them: every decision is a placement.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import federation_world as world
from bench.figures import Figure, command, percentile
from bench.nodes import RunningNode, running

CLIENTS: Final = 32
WARM_UP: Final = 1_000
COUNT: Final = 4_000
COUNTRIES: Final = ("AT", "BE", "BG")


def submitted(node: RunningNode, wanted: int) -> dict[str, Any]:
    """What the clients tell after `wanted` submissions."""
    projects = [name for name, _ in world.projects(COUNTRIES)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.http_client", node.url, str(CLIENTS), str(wanted), *projects],
        check=True,
        input=node.token,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure() -> list[Figure]:
    """Rate and 99th percentile."""
    with TemporaryDirectory(prefix="allod-bench-") as folder, running(Path(folder)) as node:
        today_s = int(time.time()) // world.DAY_S * world.DAY_S
        node.apply(world.as_yaml(*world.documents(COUNTRIES, today_s)))
        submitted(node, WARM_UP)
        found = submitted(node, COUNT)
    decided = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found["decided"].items()))
    return [
        Figure(
            name="submit over HTTP, durable",
            value=len(found["seconds"]) / found["spent_s"],
            unit="/s",
            at_least=1_000,
            beside="Kueue 42, Armada's default cap 100, Slurm's documented 500",
            note=decided,
        ),
        Figure(
            name="submit over HTTP, p99",
            value=1000 * percentile(found["seconds"], 0.99),
            unit="ms",
            at_most=100,
        ),
        Figure(
            name="submit over HTTP, median",
            value=1000 * percentile(found["seconds"], 0.5),
            unit="ms",
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
