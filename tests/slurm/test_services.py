"""Services on a Slurm cluster: a replica is a job, reached at the address of its node."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from allod.bootstrap import open_node
from allod.config import Config
from allod.domain.document import from_json
from allod.run.node_views import State
from tests.run.serving.world import ENGINE, Gateway, ask, load
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.world import SHAPES, give_keys, work_folder, world

_WAIT_S = 60.0
#: Jobs run as users who may not read where the tests' own Python lies.
_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def narvik(new_cluster: NewCluster) -> Cluster:
    if not Path(_PYTHON).exists():
        pytest.skip(f"skipped: no {_PYTHON} for jobs")
    shape = SHAPES["narvik"]
    return new_cluster(
        name=shape.name,
        nodes=shape.nodes,
        gpus=shape.gpus,
        gpu_type=shape.gpu_type,
        licences=shape.licences,
    )


def until(true: Callable[[], Any]) -> Any:
    """Wait for `true` to hold; what it returned."""
    end_s = time.monotonic() + _WAIT_S
    while not (found := true()):
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.05)
    return found


def test_replicas_are_jobs_that_follow_the_calls(narvik: Cluster, tmp_path: Path) -> None:
    give_keys({"narvik": narvik}, tmp_path)
    engine = work_folder(narvik) / "engine.py"
    shutil.copy(ENGINE, engine)
    engine.chmod(0o644)
    spec = {
        "project": "tromso-vision",
        "model": "tiny",
        "engine": "openai",
        "command": [_PYTHON, str(engine), "{host}", "{port}"],
        "sites": ["narvik"],
        "replicas": {"min": 0, "max": 2, "in_flight": 1, "idle_s": 2},
    }
    item = {"apiVersion": "allod/v1", "kind": "Service", "metadata": {"name": "chat"}}
    config = Config(data_dir=tmp_path, service_ports="24000-24099")
    with open_node(tmp_path, config=config) as node:
        gateway = Gateway(tmp_path)
        node.apply([*world({"narvik": narvik}), from_json({**item, "spec": spec})]).result()
        gateway.load(load(site="narvik", waiting=1, arrived=1))
        [first] = until(gateway.replicas)
        # All nodes of this cluster are this machine: by their addresses, not by their names.
        assert first.host == "127.0.0.1"
        view = node.workload(first.id)
        assert view.job and view.node_names[0].startswith("n")
        assert ask(first)
        # It listens for other machines too, and so answers only to its key.
        with pytest.raises(OSError, match="401"):
            ask(replace(first, key="none"))
        assert first.key not in narvik.scontrol("show", "job", view.job)

        # Its job is killed: it is out, and another one comes.
        narvik.run("scancel", "--signal=KILL", "--full", view.job)
        [second] = until(lambda: [one for one in gateway.replicas() if one.id != first.id])
        assert second.port != first.port

        # Nobody calls: it ends.
        gateway.load(load(site="narvik", arrived=1))
        until(lambda: not gateway.replicas())
        until(lambda: node.workload(second.id).state is State.CANCELLED)
        gateway.close()
