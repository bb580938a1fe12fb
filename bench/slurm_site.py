"""A site that runs Slurm, beside a bare client of the same cluster: `python -m bench.slurm_site`.

One real cluster on this machine (slurmctld, slurmd, slurmrestd), started for the purpose.

- `carried out`: placements that are durable become jobs; the bare client only posts the very same
  jobs, as many at once. Beside it the whole way, from the first submission on.
  The partition starts none of them meanwhile: how long slurmd takes for one is not measured.
- `cycle`: one listing of 10,000 jobs, sorted out by whose they are; the bare client only reads
  `GET /jobs/`.
- `end to event`: from when Slurm lists a job as ended to the durable event.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from allod.adapters.slurm.connect import connect
from allod.adapters.slurm.runner import SlurmRunner
from allod.bootstrap import SystemClock, open_node
from allod.domain.site import Site
from allod.run.node import Node
from allod.run.ports import RunReport, StartOrder
from bench.figures import Figure, command, percentile
from bench.slurm_bare import SITE, Bare, a_cluster, bodies, documents, work
from tests.slurm.cluster import Cluster
from tests.slurm.machine import need_user, why_not
from tests.slurm.world import give_keys

JOBS = 600
AT_ONCE = 20
ROUNDS = 7
LISTED = 10_000
CYCLES = 7
ENDS = 60


def measure() -> list[Figure]:
    """All figures, or none and the reason where no cluster can be started."""
    if why := why_not():
        raise SystemExit(f"not measured: {why}")
    need_user("allod-ada")
    figures = rates()
    with a_cluster() as cluster:
        return [*figures, *delay(cluster), *cycle(cluster)]


def rates() -> list[Figure]:
    """Jobs posted per second by the bare client and by a node, by turns."""
    rounds: list[tuple[float, float, float]] = []
    for _ in range(1 + ROUNDS):
        with a_cluster() as cluster:
            posted = _bare_rate(cluster)
        with a_cluster() as cluster:
            rounds.append((posted, *_node_rates(cluster)))
    bare, carried, whole = zip(*rounds[1:], strict=True)  # The first one finds nothing warm.
    ratio = statistics.median(own / posted for posted, own, _ in rounds[1:])
    shown = f"{AT_ONCE} at once, median of {ROUNDS}"
    return [
        Figure(name="bare client", value=statistics.median(bare), unit="jobs/s", note=shown),
        Figure(
            name="placements carried out",
            value=statistics.median(carried),
            unit="jobs/s",
            note="from durable placements to the last job, noted in the log's outbox",
        ),
        Figure(
            name="carried out: bare", value=ratio, unit="x", at_least=0.9, note="median by turns"
        ),
        Figure(
            name="submitted, decided and carried out",
            value=statistics.median(whole),
            unit="jobs/s",
            note="the same two cores decide, write the log and run Slurm",
        ),
    ]


def _bare_rate(cluster: Cluster) -> float:
    client = Bare(cluster, "allod-ada")
    posted = bodies(cluster, JOBS, hold=False)
    _start_none(cluster)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began_s = time.perf_counter()
        answers = list(pool.map(lambda body: client.ask("POST", "job/submit", body), posted))
        took_s = time.perf_counter() - began_s
    assert all(json.loads(answer).get("job_id") for answer in answers), answers[0]
    return JOBS / took_s


def _node_rates(cluster: Cluster) -> tuple[float, float]:
    """(placements carried out, work submitted and carried out) per second."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        give_keys({SITE: cluster}, data)
        with open_node(data) as node:
            node.apply(documents(cluster)).result()
            _run_one(node)
            _start_none(cluster)
            carried_s = _carried_s(node)
            whole_s = _timed(lambda: _submit(node))
    return JOBS / carried_s, JOBS / whole_s


def _carried_s(node: Node) -> float:
    """From when all placements are durable to when all are jobs. [s]"""
    gate, start = threading.Event(), SlurmRunner.start

    def after_gate(runner: SlurmRunner, order: StartOrder) -> RunReport:
        gate.wait()
        return start(runner, order)

    with patch.object(SlurmRunner, "start", after_gate):
        futures = [node.submit(work(f"placed-{number}", "true")) for number in range(JOBS)]
        for future in futures:
            assert future.result().workload_id
        _until(lambda: len(node._outbox._open) >= JOBS)
        gate.set()
        return _timed(lambda: _until(lambda: not node._outbox._open))


def _submit(node: Node) -> None:
    """Submit the work and wait until the outbox has nothing left to start."""
    futures = [node.submit(work(f"whole-{number}", "true")) for number in range(JOBS)]
    for future in futures:
        assert future.result().workload_id
    _until(lambda: not node._outbox._open)


def _run_one(node: Node) -> None:
    """Have the rules compiled, the cluster known and the connections open."""
    asked = [node.submit(work(f"first-{number}", "true")) for number in range(AT_ONCE)]
    for future in asked:
        future.result()
    _until(lambda: not node.health().running)


def _start_none(cluster: Cluster) -> None:
    """Let jobs be taken and none begin; and let the disk be done with what came before."""
    cluster.scontrol("update", "partitionname=main", "state=down")
    os.sync()


def _until(met: Callable[[], bool], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def delay(cluster: Cluster) -> list[Figure]:
    """How long after its end in Slurm a job's event is durable."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        give_keys({SITE: cluster}, data)
        with open_node(data) as node:
            node.apply(documents(cluster)).result()
            _run_one(node)
            late, since_exit = _delays(node, cluster)
            view = node.site(SITE)
    assert view.poll_ms is not None
    return [
        Figure(
            name="end to event, median",
            value=statistics.median(late),
            unit="s",
            at_most=view.poll_ms / 1000,
            note=f"one poll interval; 95 % in {percentile(late, 0.95):.2f} s",
        ),
        Figure(
            name="command's exit to event, median",
            value=statistics.median(since_exit),
            unit="s",
            note="with the time that Slurm takes",
        ),
    ]


def _delays(node: Node, cluster: Cluster) -> tuple[list[float], list[float]]:
    """Of each job: from the end that Slurm lists, and from its command's exit, to the event. [s]"""
    ids: set[str] = set()
    ended_s: dict[str, float] = {}
    seen_s: dict[str, tuple[float, str]] = {}
    over = threading.Event()

    def submit() -> None:
        for number in range(ENDS):
            script = f"sleep {1 + number % 23 * 0.1}; date +%s.%N"
            ids.add(node.submit(work(f"end-{number}", script)).result().workload_id)
            time.sleep(0.15)

    def note_ends() -> None:
        reader = Bare(cluster, "root")
        while not over.wait(0.1):
            at_s = time.time()
            for job in json.loads(reader.ask("GET", "jobs/"))["jobs"]:
                if job["job_state"] == "COMPLETED":
                    ended_s.setdefault(str(job["job_id"]), at_s)

    follower = node.follow(node.health().seq)
    threads = [threading.Thread(target=each) for each in (submit, note_ends)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 120
        while len(seen_s) < ENDS and time.monotonic() < deadline:
            for leaf in follower.take(0.1):
                body = json.loads(leaf.body)
                if leaf.kind == "event/WorkloadEnded" and body["workload_id"] in ids:
                    seen_s.setdefault(body["workload_id"], (time.time(), body["job"]))
    finally:
        follower.close()
        over.set()
        for thread in threads:
            thread.join()
    return (
        [at_s - ended_s[job] for at_s, job in seen_s.values()],
        [at_s - float(node.logs(id_).data) for id_, (at_s, _) in seen_s.items()],
    )


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
