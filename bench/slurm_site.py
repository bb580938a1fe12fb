"""A site that runs Slurm, beside a bare client of the same cluster: `python -m bench.slurm_site`.

One real cluster on this machine (slurmctld, slurmd, slurmrestd), started for the purpose.

- `carried out`: work is submitted to a node and every placement becomes a job, submissions,
  decisions and the log included; the bare client only posts the very same jobs, as many at once.
- `cycle`: one listing of 10,000 jobs, sorted out by whose they are; the bare client only reads
  `GET /jobs/`.
- `end to event`: from a job's last breath to the durable event.
"""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from allod.adapters.slurm.connect import connect
from allod.adapters.slurm.request import NodeSize, request_of
from allod.adapters.slurm.versions import submission
from allod.bootstrap import SystemClock, open_node
from allod.domain.document import Document, from_json
from allod.domain.site import Site
from allod.run.node import Node
from allod.run.ports import StartOrder
from bench.figures import Figure, command, percentile
from tests.slurm.cluster import Cluster
from tests.slurm.leftovers import new_folder
from tests.slurm.machine import need_user, why_not
from tests.slurm.shape import Shape
from tests.slurm.world import give_keys, slurm_section

JOBS = 600
AT_ONCE = 20
ROUNDS = 3
LISTED = 10_000
CYCLES = 7
ENDS = 60
SITE = "here"


def measure() -> list[Figure]:
    """All figures, or none and the reason where no cluster can be started."""
    if why := why_not():
        raise SystemExit(f"not measured: {why}")
    need_user("allod-ada")
    figures = rates()
    with a_cluster() as cluster:
        return [*figures, *delay(cluster), *cycle(cluster)]


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """One that remembers no jobs of before: slurmctld takes none while it lists those it has."""
    cluster = Cluster(new_folder(), Shape(name=SITE))
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop(remove=True)


def documents(cluster: Cluster) -> tuple[Document, ...]:
    """A site with room for all of the work at once, whatever the cluster has."""
    spec: dict[str, Any] = {
        "title": "Here",
        "country": "NO",
        "operator": "operator",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "p", "accelerator": "b200"}],
        "phases": [{"name": "one", "state": "live", "accelerators": {"p": 100_000}}],
        "runner": "slurm",
        "slurm": slurm_section(cluster, "p"),
    }
    return tuple(
        from_json({"apiVersion": "allod/v1", "kind": k, "metadata": {"name": n}, "spec": s})
        for k, n, s in (
            ("Party", "operator", {"title": "Operator", "seat": "NO", "dispersed": True}),
            ("Project", "ours", {"country": "NO"}),
            ("Site", SITE, spec),
        )
    )


def work(name: str, script: str) -> Document:
    """A workload of one accelerator."""
    spec = {"project": "ours", "accelerators": 1, "wall_time_s": 600}
    spec |= {"command": ["sh", "-c", script]}
    item = {"apiVersion": "allod/v1", "kind": "Workload", "metadata": {"name": name}}
    return from_json({**item, "spec": spec})


class Bare:
    """A client that posts and reads, and does nothing else."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        self._host = urlsplit(cluster.rest_url).netloc
        token = cluster.token(user, 36_000)
        self._headers = {"X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token}
        self._headers["Content-Type"] = "application/json"
        self._local = threading.local()

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of an answer."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._host)
        connection.request(method, f"/slurm/v0.0.38/{path}", body, self._headers)
        content: bytes = connection.getresponse().read()
        return content


def bodies(cluster: Cluster, count: int, *, hold: bool) -> list[bytes]:
    """The bodies that the adapter would post for so many workloads."""
    site = documents(cluster)[-1].spec
    assert isinstance(site, Site) and site.slurm is not None
    sizes = {name: NodeSize(8, 32, 32_000) for name in cluster.shape.node_names()}
    made = []
    for number in range(count):
        order = StartOrder(
            f"w{number}", 1, ("sh", "-c", "true"), (), 600, 5, SITE, "p", 1, project="ours"
        )
        body = submission(request_of(order, site.slurm, "00000000", sizes), 38)
        body["job"] |= {"hold": True} if hold else {}
        made.append(json.dumps(body).encode())
    return made


def rates() -> list[Figure]:
    """Jobs posted per second by the bare client and by a node, by turns."""
    bare, node = [], []
    for _ in range(ROUNDS):
        with a_cluster() as cluster:
            bare.append(_bare_rate(cluster))
        with a_cluster() as cluster:
            node.append(_node_rate(cluster))
    ratio = statistics.median(node) / statistics.median(bare)
    shown = f"{AT_ONCE} at once, median of {ROUNDS}"
    return [
        Figure(name="bare client", value=statistics.median(bare), unit="jobs/s", note=shown),
        Figure(
            name="carried out by a node",
            value=statistics.median(node),
            unit="jobs/s",
            note="from the first submission to the last job, log included",
        ),
        Figure(name="carried out: bare", value=ratio, unit="x", at_least=0.9),
    ]


def _bare_rate(cluster: Cluster) -> float:
    client = Bare(cluster, "allod-ada")
    posted = bodies(cluster, JOBS, hold=False)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began_s = time.perf_counter()
        answers = list(pool.map(lambda body: client.ask("POST", "job/submit", body), posted))
        took_s = time.perf_counter() - began_s
    assert all(json.loads(answer).get("job_id") for answer in answers), answers[0]
    _let_finish(cluster)
    return JOBS / took_s


def _node_rate(cluster: Cluster) -> float:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        give_keys({SITE: cluster}, data)
        with open_node(data) as node:
            node.apply(documents(cluster)).result()
            _run_one(node)
            asked = [work(f"job-{number}", "true") for number in range(JOBS)]
            began_s = time.perf_counter()
            futures = [node.submit(document) for document in asked]
            ids = [future.result().workload_id for future in futures]
            _until(lambda: not node._outbox.starting())
            took_s = time.perf_counter() - began_s
            assert len(ids) == JOBS
            _let_finish(cluster)
            _until(lambda: not node.health().running)
    return JOBS / took_s


def _run_one(node: Node) -> None:
    """Have the rules compiled, the cluster known and the connections open."""
    asked = [node.submit(work(f"first-{number}", "true")) for number in range(AT_ONCE)]
    for future in asked:
        future.result()
    _until(lambda: not node.health().running)


def _let_finish(cluster: Cluster) -> None:
    _until(lambda: not cluster.squeue("--noheader", "--states=PD,R,CG").strip())


def _until(met: Callable[[], bool], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def delay(cluster: Cluster) -> list[Figure]:
    """How long after its end a job's event is durable."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        give_keys({SITE: cluster}, data)
        with open_node(data) as node:
            node.apply(documents(cluster)).result()
            _run_one(node)
            late = _delays(node, cluster)
            view = node.site(SITE)
    assert view.poll_ms is not None
    return [
        Figure(
            name="end to event, median",
            value=statistics.median(late),
            unit="s",
            at_most=view.poll_ms / 1000,
            note=f"one poll interval; 95 % in {percentile(late, 0.95):.2f} s",
        )
    ]


def _delays(node: Node, cluster: Cluster) -> list[float]:
    ids: dict[str, str] = {}
    for number in range(ENDS):
        script = f"sleep {1 + number % 23 * 0.1}; date +%s.%N"
        answer = node.submit(work(f"end-{number}", script)).result()
        ids[answer.workload_id] = ""
        time.sleep(0.15)
    seen_s: dict[str, float] = {}
    follower = node.follow(0)
    try:
        deadline = time.monotonic() + 120
        while len(seen_s) < ENDS and time.monotonic() < deadline:
            for leaf in follower.take(1.0):
                body = json.loads(leaf.body)
                if leaf.kind == "event/WorkloadEnded" and body["workload_id"] in ids:
                    seen_s.setdefault(body["workload_id"], time.time())
    finally:
        follower.close()
    return [at_s - float(node.logs(id_).data) for id_, at_s in seen_s.items()]


def cycle(cluster: Cluster) -> list[Figure]:
    """One cycle of following beside the bare listing of the same jobs, by turns."""
    client, reader = Bare(cluster, "allod-ada"), Bare(cluster, "root")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(
                lambda b: client.ask("POST", "job/submit", b), bodies(cluster, LISTED, hold=True)
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        give_keys({SITE: cluster}, Path(folder))
        site = documents(cluster)[-1].spec
        assert isinstance(site, Site)
        runner = connect(Path(folder), "00000000", SystemClock(), SITE, site, None)
        bare_s, own_s = [], []
        for _ in range(CYCLES):
            bare_s.append(_timed(lambda: reader.ask("GET", "jobs/")))
            own_s.append(_timed(lambda: runner._follower.look_after(time.monotonic())))
        listed = len(runner.unended())
        runner.close()
    assert listed == LISTED, listed
    ratio = statistics.median(own_s) / statistics.median(bare_s)
    return [
        Figure(name="bare GET /jobs/", value=statistics.median(bare_s), unit="s"),
        Figure(name="one cycle of 10,000 jobs", value=statistics.median(own_s), unit="s"),
        Figure(name="cycle: bare", value=ratio, unit="x", at_most=1.5),
    ]


def _timed(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
