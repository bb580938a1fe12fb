"""Many jobs through two clusters, with the node killed every few seconds (X2, R4).

    python -m tests.slurm.kill [--jobs 1000] [--every 4] [--seed 1]

A real node takes work over HTTP and has it run on two real clusters; it is killed -9 again and
again, and started again. At the end every job has run exactly once, and the log, Slurm and the
jobs' own marks tell the same.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from allod.bootstrap import open_node
from allod.run.node import Node
from tests.sim.kill import Client, Running
from tests.slurm import agreement
from tests.slurm.cluster import Cluster
from tests.slurm.leftovers import new_folder
from tests.slurm.shape import Shape
from tests.slurm.world import give_keys, slurm_section, work_folder

_SETTLE_S = 300.0
_SHAPE = Shape(nodes=4, gpus=8, gpu_type="h100", licences={"power": 10_000})


def documents(clusters: dict[str, Cluster]) -> list[dict[str, Any]]:
    """Two sites under one law, each a cluster of 32 accelerators, and a project."""
    found = [
        _document("Party", "operator", {"title": "Operator", "seat": "NO", "dispersed": True}),
        _document("Project", "ours", {"country": "NO"}),
    ]
    for name, cluster in clusters.items():
        site = {
            "title": name,
            "country": "NO",
            "operator": "operator",
            "management": ["NO"],
            "metadata": ["NO"],
            "pools": [{"name": "p", "accelerator": "h100", "accelerators_per_node": 8}],
            "phases": [{"name": "one", "state": "live", "accelerators": {"p": 32}}],
            "envelope": {"site": {"power_w": 250_000}},
            "runner": "slurm",
            "slurm": slurm_section(cluster, "p"),
        }
        found.append(_document("Site", name, site))
    return found


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _job(number: int, marks: Path, chance: random.Random) -> dict[str, Any]:
    return _document(
        "Workload",
        f"job-{number}",
        {
            "project": "ours",
            "accelerators": chance.choice((1, 1, 2, 4)),
            "wall_time_s": 600,
            "command": agreement.command(marks, chance.choice((0, 0.1, 0.5, 1))),
        },
    )


def live_through(jobs: int, every_s: float, seed: int, clusters: dict[str, Cluster]) -> str:
    """Put `jobs` through; what was done, in words. Fails if anything is wrong."""
    chance = random.Random(seed)
    data = Path(tempfile.mkdtemp(prefix="allod-kill-")) / "data"
    data.mkdir()
    marks = work_folder(next(iter(clusters.values()))) / "marks"
    marks.touch()
    marks.chmod(0o666)
    give_keys(clusters, data)
    running = Running(data, "real")
    running.spawn()
    assert running.await_address(), "the node did not start"
    client = Client(running)
    client.until_answered("POST", "/v1/documents", documents(clusters))
    # The rules are compiled when they are first used, which takes longer than a life to come.
    client.until_answered("POST", "/v1/workloads", _job(0, marks, chance), "key-0")
    while _left(client):
        time.sleep(0.2)
    submitter = threading.Thread(target=_submit, args=(running, jobs, marks, chance), daemon=True)
    submitter.start()
    kills, began_s = 0, time.monotonic()
    while submitter.is_alive() or _left(client):
        assert time.monotonic() - began_s < _SETTLE_S + jobs, "they never end"
        time.sleep(chance.uniform(0.5, 1.5) * every_s)
        running.kill()
        kills += 1
        running.spawn()
        assert running.await_address(), "the node did not start again"
    client.close()
    running.end()
    with open_node(data) as node:
        _await_end(node)
        agreement.check(node, clusters.values(), marks)
        ended = agreement.ends(node)
    assert len(ended) == jobs and all(end.outcome == "completed" for end in ended.values())
    return f"{jobs} jobs, {kills} kills, {time.monotonic() - began_s:.0f} s: each ran exactly once"


def _submit(running: Running, jobs: int, marks: Path, chance: random.Random) -> None:
    client = Client(running)
    for number in range(1, jobs):
        body = _job(number, marks, chance)
        client.until_answered("POST", "/v1/workloads", body, f"key-{number}")
    client.close()


def _left(client: Client) -> bool:
    """True while some work waits or runs."""
    return any(
        client.until_answered("GET", f"/v1/workloads?state={state}&limit=1")["items"]
        for state in ("waiting", "placed", "running", "stopping")
    )


def _await_end(node: Node) -> None:
    end_s = time.monotonic() + _SETTLE_S
    while (health := node.health()).waiting or health.running:
        assert time.monotonic() < end_s, f"{health} does not settle"
        time.sleep(0.2)


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.slurm.kill", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--every", type=float, default=4.0, help="seconds between kills")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    clusters: dict[str, Cluster] = {}
    try:
        for name in ("north", "south"):
            clusters[name] = Cluster(new_folder(), replace(_SHAPE, name=name))
            clusters[name].start()
        print(live_through(asked.jobs, asked.every, asked.seed, clusters))
    finally:
        for cluster in clusters.values():
            cluster.stop(remove=True)


if __name__ == "__main__":
    main()
