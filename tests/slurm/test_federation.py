"""The example federation of the README on three real clusters, with a node that is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from allod.bootstrap import open_node
from allod.domain.document import Document, from_json
from allod.run.node import Node
from allod.run.node_views import State
from tests.slurm import agreement
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.world import SHAPES, give_keys, work_folder, world

WAIT_S = 60.0


@pytest.fixture(scope="module")
def clusters(new_cluster: NewCluster) -> dict[str, Cluster]:
    return {
        name: new_cluster(**{field: getattr(shape, field) for field in asdict(shape)})
        for name, shape in SHAPES.items()
    }


class Federation:
    """A node on the three clusters, which can be killed and started again."""

    def __init__(self, clusters: dict[str, Cluster], data: Path) -> None:
        self.clusters, self.data = clusters, data
        self.marks = work_folder(clusters["narvik"]) / f"marks-{time.monotonic_ns()}"
        self.marks.touch()
        self.marks.chmod(0o666)
        give_keys(clusters, data)
        self.node: Node = open_node(data)
        self.apply(*self.world())

    def world(self) -> tuple[Document, ...]:
        return world(self.clusters)

    def apply(self, *documents: Document) -> None:
        self.node.apply(documents).result()

    def submit(self, name: str, project: str, n: int, seconds: float, **spec: Any) -> str:
        spec = {"project": project, "accelerators": n, "wall_time_s": 600, **spec}
        spec.setdefault("command", agreement.command(self.marks, seconds))
        item = {"apiVersion": "allod/v1", "kind": "Workload", "metadata": {"name": name}}
        return self.node.submit(from_json({**item, "spec": spec})).result().workload_id

    def until(self, what: str, met: Callable[[], bool], seconds: float = WAIT_S) -> None:
        deadline = time.monotonic() + seconds
        while not met():
            shown = [(w.name, w.state.value, w.site) for w in self.node.workloads().items]
            assert time.monotonic() < deadline, f"{what}: {shown}"
            time.sleep(0.1)

    def until_state(self, workload_id: str, state: State) -> None:
        self.until(f"{workload_id} is {state}", lambda: self.state(workload_id) is state)

    def state(self, workload_id: str) -> State:
        return self.node.workload(workload_id).state

    def restart(self) -> None:
        self.node.close()
        self.node = open_node(self.data)


@pytest.fixture
def federation(clusters: dict[str, Cluster], tmp_path: Path) -> Iterator[Federation]:
    federation = Federation(clusters, tmp_path)
    yield federation
    listed = agreement.jobs(federation.node, clusters.values())
    federation.node.close()
    for cluster in clusters.values():
        ids = [job for jobs in listed.values() for job, _ in jobs]
        cluster.run("scancel", "--quiet", *ids, "999999")


def test_data_keep_their_law_on_real_clusters(federation: Federation) -> None:
    fits = federation.submit("ministry", "rabat-health", 4, 1, reads=["moroccan-health"])
    too_large = federation.submit("too-large", "rabat-health", 12, 1, reads=["moroccan-health"])
    federation.until_state(fits, State.COMPLETED)
    view = federation.node.workload(fits)
    assert view.site == "nouaceur" and view.job and view.node_names == ("n1",)
    assert federation.state(too_large) is State.WAITING
    agreement.check(federation.node, federation.clusters.values(), federation.marks)


def test_lent_room_comes_back_with_a_notice(federation: Federation) -> None:
    said = federation.marks.with_suffix(".said")
    said.touch(mode=0o666)
    said.chmod(0o666)
    script = (
        "import os, signal, sys, time\n"
        "def told(number, frame):\n"
        f"    open({str(said)!r}, 'a').write(f'{{number}} ')\n"
        "signal.signal(signal.SIGUSR1, told)\n"
        "signal.signal(signal.SIGTERM, lambda *_: (told(15, None), sys.exit(0)))\n"
        "time.sleep(120)\n"
    )
    lent = [
        federation.submit(
            f"render-{i}",
            "london-media",
            4,
            0,
            sites=["narvik"],
            notice_signal="USR1",
            on_reclaim="cancel",
            command=["python3", "-c", f"{script}time.sleep(120)\n"],
        )
        for i in range(4)
    ]
    for workload_id in lent:
        federation.until_state(workload_id, State.RUNNING)
    time.sleep(1.0)  # Python needs a moment to have its handlers.
    asked_s = time.monotonic()
    owner = federation.submit("startup", "tromso-vision", 4, 1, sites=["narvik"])
    federation.until("the signal is there", lambda: said.read_text() == "10 ")
    assert time.monotonic() - asked_s < 9  # At the start of the ten seconds, not at their end.
    federation.until_state(owner, State.COMPLETED)
    ended = [w for w in map(federation.node.workload, lent) if w.state is State.RECLAIMED]
    assert len(ended) == 1 and said.read_text() == "10 15 "
    agreement.check_running(federation.node, federation.clusters.values(), federation.marks)


def test_a_node_that_is_closed_and_opened_again_goes_on(federation: Federation) -> None:
    ran_on = federation.submit("long", "tromso-vision", 2, 4, sites=["narvik"])
    federation.until_state(ran_on, State.RUNNING)
    federation.restart()
    federation.until_state(ran_on, State.COMPLETED)
    agreement.check(federation.node, federation.clusters.values(), federation.marks)


def test_slurm_holds_a_curtailment_while_the_node_is_stopped(federation: Federation) -> None:
    narvik = federation.clusters["narvik"]
    starts_s = int(time.time()) + 6
    window = {"starts": starts_s, "ends": starts_s + 60, "power_w": 14_000, "reason": "cold night"}
    federation.apply(*with_window(federation.world(), window))
    held = "the window is reserved"
    federation.until(held, lambda: "allod_" in narvik.scontrol("show", "reservations"))
    federation.node.close()
    time.sleep(max(0.0, starts_s + 1 - time.time()))
    # 14 kW less 2 kW of base load are 480 licences; five accelerators would draw 495.
    over = narvik.sbatch("sleep 30", "--licenses=power:495", "--time=1", user="allod-bo")
    under = narvik.sbatch("sleep 30", "--licenses=power:396", "--time=1", user="allod-bo")
    deadline = time.monotonic() + 20
    while (narvik.job(under)["JobState"], narvik.job(over)["Reason"]) != ("RUNNING", "Licenses"):
        assert time.monotonic() < deadline, narvik.squeue()
        time.sleep(0.2)
    assert narvik.job(over)["JobState"] == "PENDING"
    federation.node = open_node(federation.data)
    federation.apply(*federation.world())
    federation.until("it is given up", lambda: "allod_" not in narvik.scontrol("show", "res"), 90)
    narvik.run("scancel", str(over), str(under))


def with_window(documents: tuple[Document, ...], window: dict[str, Any]) -> tuple[Document, ...]:
    changed = []
    for document in documents:
        item = json.loads(json.dumps(document.to_json()))
        if document.key == "Site/narvik":
            item["spec"]["envelope"]["site"]["windows"] = [window]
        changed.append(from_json(item))
    return tuple(changed)


def test_a_persons_own_job_is_counted_and_never_touched(federation: Federation) -> None:
    narvik = federation.clusters["narvik"]
    own = narvik.sbatch("sleep 300", "--gres=gpu:gb300:4", "--nodelist=n1", user="allod-bo")
    federation.until("it is seen", lambda: federation.node.site("narvik").out == 4)
    view = federation.node.site("narvik")
    assert (view.free, view.others_w) == (12, 9900)
    assert view.pools[0].why == ("work that Allod did not place holds 4 accelerators",)
    lent = federation.submit("render", "london-media", 12, 1, sites=["narvik"])
    waits = federation.submit("startup", "tromso-vision", 4, 1, sites=["narvik"])
    federation.until_state(lent, State.COMPLETED)
    federation.until_state(waits, State.COMPLETED)
    assert narvik.job(own)["JobState"] == "RUNNING"
    assert "n1" not in federation.node.workload(lent).node_names
    narvik.run("scancel", str(own))
    federation.until("its room is back", lambda: federation.node.site("narvik").free == 16)
    agreement.check(federation.node, federation.clusters.values(), federation.marks)


def test_a_machine_that_fails_takes_its_room_away_and_its_work_runs_elsewhere(
    federation: Federation,
) -> None:
    narvik = federation.clusters["narvik"]
    work = federation.submit("long", "tromso-vision", 4, 60, sites=["narvik"])
    federation.until_state(work, State.RUNNING)
    (node,) = federation.node.workload(work).node_names
    narvik.kill_node(node)
    federation.until("run 2 runs", lambda: federation.node.workload(work).run == 2, 90)
    federation.until_state(work, State.RUNNING)
    assert federation.node.workload(work).node_names != (node,)
    view = federation.node.site("narvik")
    assert view.out == 4 and view.pools[0].why[0].startswith(f"{node} is ")
    narvik.start_node(node)
    federation.until("its room is back", lambda: federation.node.site("narvik").out == 0)


def test_what_waits_for_a_machine_that_is_drained_runs_on_another(federation: Federation) -> None:
    narvik = federation.clusters["narvik"]
    narvik.scontrol("update", "partitionname=main", "state=down")
    work = federation.submit("waits", "tromso-vision", 4, 5, sites=["narvik"])
    federation.until("it waits", lambda: bool(narvik.squeue("--noheader", "--states=PD").strip()))
    pinned = narvik.squeue("--noheader", "--format=%n").strip()
    narvik.scontrol("update", f"nodename={pinned}", "state=drain", "reason=fan")
    narvik.scontrol("update", "partitionname=main", "state=up")
    federation.until("run 2 is placed", lambda: federation.node.workload(work).run == 2)
    federation.until_state(work, State.COMPLETED)
    assert federation.node.workload(work).node_names != (pinned,)
    agreement.check(federation.node, federation.clusters.values(), federation.marks)
