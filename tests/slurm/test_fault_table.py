"""Submit, cancel, requeue and poll, each beside every fault that a real site has.

Each test is a column of the table: one fault, and the four things that a node asks of a cluster
while it lasts. Afterwards the log, Slurm and the jobs' own marks must tell the same (`agreement`).
ALLOD_GONE_S=60 lets slurmrestd be gone for a minute.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from allod.adapters.slurm import tokens
from allod.bootstrap import SystemClock, open_node
from allod.domain.document import Document, from_json, read_documents
from allod.run.node import Node
from allod.run.node_views import State
from tests.slurm import agreement
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.proxy import Proxy
from tests.slurm.world import SHAPES, give_keys, work_folder, world

GONE_S = float(os.environ.get("ALLOD_GONE_S", "6"))
SETTLED_S = 90 + GONE_S


@pytest.fixture(scope="module")
def narvik(new_cluster: NewCluster) -> Cluster:
    from dataclasses import asdict

    shape = SHAPES["narvik"]
    return new_cluster(**{name: getattr(shape, name) for name in asdict(shape)})


@pytest.fixture
def proxy(narvik: Cluster) -> Iterator[Proxy]:
    proxy = Proxy(narvik.rest_url)
    yield proxy
    proxy.close()


def quick(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The same with notices and stop times of seconds."""
    found = []
    for document in documents:
        text = json.dumps(document.to_json())
        for long in ('"reclaim_notice_s": 10', '"reclaim_notice_s": 20'):
            text = text.replace(long, '"reclaim_notice_s": 1')
        found.append(from_json(json.loads(text)))
    return tuple(found)


def workload(name: str, project: str, accelerators: int, command: list[str]) -> Document:
    spec = {"project": project, "accelerators": accelerators, "wall_time_s": 600}
    spec |= {"sites": ["narvik"]}
    item = {"apiVersion": "allod/v1", "kind": "Workload", "metadata": {"name": name}}
    return read_documents(json.dumps({**item, "spec": {**spec, "command": command}}))[0]


class Table:
    """A node on the cluster, with work to cancel, work to reclaim, and marks."""

    def __init__(self, cluster: Cluster, proxy: Proxy, data: Path) -> None:
        self.cluster, self.proxy, self.data = cluster, proxy, data
        self.marks = work_folder(cluster) / f"marks-{time.monotonic_ns()}"
        self.marks.touch(mode=0o666)
        self.marks.chmod(0o666)
        give_keys({"narvik": cluster}, data)
        self.node: Node = open_node(data)
        self.node.apply(quick(world({"narvik": cluster}, rest=proxy.url))).result()
        self.ids: dict[str, str] = {}

    def submit(self, name: str, project: str, n: int, seconds: float) -> None:
        document = workload(name, project, n, agreement.command(self.marks, seconds))
        self.ids[name] = self.node.submit(document).result().workload_id

    def states(self) -> dict[str, State]:
        return {name: self.node.workload(id_).state for name, id_ in self.ids.items()}

    def until(self, what: str, met: Callable[[dict[str, State]], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not met(states := self.states()):
            assert time.monotonic() < deadline, f"{what}: {states}\n{self.cluster.squeue()}"
            time.sleep(0.1)

    def prepare(self) -> None:
        """One to cancel runs, and three on lent room: twelve of sixteen."""
        self.submit("cancelled", "tromso-vision", 1, 300)
        for i in range(3):
            self.submit(f"lent-{i}", "london-media", 4, 5)
        names = list(self.ids)
        self.until("all run", lambda s: all(s[n] is State.RUNNING for n in names), 60)

    def ask(self) -> None:
        """The four at once: submit, cancel, requeue (by a claim on lent room), and the poll."""
        self.submit("submitted", "tromso-vision", 1, 1)
        self.node.cancel(self.ids["cancelled"]).result()
        self.submit("claims", "tromso-vision", 3, 1)
        self.submit("claims-too", "uit-climate", 4, 1)

    def check(self) -> None:
        """All have ended as they should, and the three stories agree."""

        def settled(states: dict[str, State]) -> bool:
            done = [states[name] for name in states if name != "cancelled"]
            return states["cancelled"] is State.CANCELLED and set(done) == {State.COMPLETED}

        self.until("all settled", settled, SETTLED_S)
        agreement.check(self.node, [self.cluster], self.marks)

    def close(self) -> None:
        for job in agreement.jobs(self.node, [self.cluster]).values():
            for job_id, _ in job:
                self.cluster.run("scancel", job_id)
        self.node.close()


@pytest.fixture
def table(narvik: Cluster, proxy: Proxy, tmp_path: Path) -> Iterator[Table]:
    table = Table(narvik, proxy, tmp_path)
    yield table
    table.close()


def test_nothing_is_wrong(table: Table) -> None:
    table.prepare()
    table.ask()
    table.check()


@pytest.mark.parametrize("fault", ["lost", "cut", "unsent"])
def test_an_answer_or_a_request_is_lost(table: Table, proxy: Proxy, fault: str) -> None:
    table.prepare()
    for method, part in (("POST", "job/submit"), ("DELETE", "job/"), ("GET", "jobs")):
        proxy.strike(fault, method, part, times=2)  # type: ignore[arg-type]
    table.ask()
    table.check()
    assert proxy.seen[f"POST job/submit {fault}"] == 2
    assert proxy.seen[f"DELETE job/ {fault}"] == 2


def test_a_submission_is_done_long_after_its_asker_gave_up(table: Table, proxy: Proxy) -> None:
    table.prepare()
    proxy.strike("late", "POST", "job/submit", times=2)
    table.ask()
    table.check()
    assert proxy.seen["POST job/submit late"] == 2


def test_connections_are_refused(table: Table, narvik: Cluster) -> None:
    table.prepare()
    narvik.stop_slurmrestd()
    table.ask()
    time.sleep(2)
    narvik.start_slurmrestd()
    table.check()


def test_slurmctld_is_started_again(table: Table, narvik: Cluster) -> None:
    table.prepare()
    narvik.stop_slurmctld()
    table.ask()
    time.sleep(1)
    narvik.start_slurmctld()
    table.check()


def test_slurmrestd_is_gone_for_long(table: Table, narvik: Cluster) -> None:
    table.prepare()
    narvik.stop_slurmrestd()
    table.ask()
    deadline = time.monotonic() + GONE_S
    table.until("it is seen to be away", lambda _: not in_reach(table.node), 10)
    assert table.states()["lent-0"] in (State.RUNNING, State.STOPPING)  # X3
    time.sleep(max(0.0, deadline - time.monotonic()))
    narvik.start_slurmrestd()
    table.check()
    assert in_reach(table.node)


def in_reach(node: Node) -> bool:
    return node.site("narvik").in_reach


def test_tokens_expire(
    narvik: Cluster, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LIFE_S", 1)
    monkeypatch.setattr(tokens, "_JUST_S", 0)
    table = Table(narvik, proxy, tmp_path)
    try:
        table.prepare()
        time.sleep(2)
        table.ask()
        table.check()
    finally:
        table.close()


@pytest.mark.parametrize("off_s", [-600, 600])
def test_the_nodes_clock_is_ten_minutes_off(
    narvik: Cluster, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    monkeypatch.setattr(SystemClock, "now_s", lambda self: int(time.time()) + off_s)
    table = Table(narvik, proxy, tmp_path)
    try:
        table.prepare()
        table.ask()
        table.check()
    finally:
        table.close()
