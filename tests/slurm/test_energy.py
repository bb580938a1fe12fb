"""What a cluster's nodes counted of a run: in the log, in the view, and after a new start.

Without slurmdbd: the controller itself has it while it remembers the job.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from allod.bootstrap import open_node
from allod.domain.document import from_json
from allod.domain.event import WorkloadEnded
from allod.run.node import Node
from allod.run.node_views import State, WorkloadView
from tests.slurm import counters
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.shape import Shape
from tests.slurm.world import SHAPES, give_keys, work_folder, world

_WAIT_S = 60.0
_STOOD_J = 1_000_000


@pytest.fixture(scope="module")
def narvik(new_cluster: NewCluster) -> Cluster:
    if why := counters.why_not():
        pytest.skip(f"skipped: {why}")
    shape: Shape = SHAPES["narvik"]
    return new_cluster(
        name=shape.name,
        nodes=shape.nodes,
        gpus=shape.gpus,
        gpu_type=shape.gpu_type,
        licences=shape.licences,
        counters=True,
        extra=("PrologFlags=Contain",),
    )


def until(node: Node, workload_id: str, state: State) -> WorkloadView:
    deadline = time.monotonic() + _WAIT_S
    while (view := node.workload(workload_id)).state is not state:
        assert time.monotonic() < deadline, view
        time.sleep(0.1)
    return view


def test_what_its_nodes_counted_is_in_the_log(narvik: Cluster, tmp_path: Path) -> None:
    give_keys({"narvik": narvik}, tmp_path)
    folder = work_folder(narvik)
    script = f"touch {folder}/begun; while ! test -e {folder}/go; do sleep 0.1; done"
    asked = {"project": "tromso-vision", "accelerators": 8, "wall_time_s": 600}
    spec = {**asked, "sites": ["narvik"], "command": ["sh", "-c", script]}
    item = {"apiVersion": "allod/v1", "kind": "Workload", "metadata": {"name": "counted"}}
    with open_node(tmp_path) as node:
        node.apply(world({"narvik": narvik})).result()
        workload_id = node.submit(from_json({**item, "spec": spec})).result().workload_id
        running = until(node, workload_id, State.RUNNING)
        assert running.measured_j is None and len(running.node_names) == 2
        deadline = time.monotonic() + _WAIT_S
        while not (folder / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.2)  # The counters are read once a second.
        for i, name in enumerate(running.node_names):
            counters.count(narvik.folder, name, _STOOD_J + 3_600_000 * (i + 1))
        (folder / "go").touch()
        ended = until(node, workload_id, State.COMPLETED)
        assert (ended.measured_j, ended.measured_shared) == (10_800_000, False)
        log = node.follow(-1)
        leaves = log.take(limit=10_000)
        log.close()
        told = [leaf.record for leaf in leaves if isinstance(leaf.record, WorkloadEnded)]
        assert [event.energy_j for event in told] == [10_800_000]
    with open_node(tmp_path) as node:
        assert node.workload(workload_id).measured_j == 10_800_000
