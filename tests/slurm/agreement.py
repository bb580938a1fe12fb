"""What must be so when all is over: the log, Slurm and the jobs' own marks tell the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from allod.domain.event import Outcome, WorkloadEnded
from allod.run.node import Node
from tests.slurm.cluster import Cluster

#: What Slurm may say of a run that the log says ended so.
SAYS = {
    Outcome.COMPLETED: {"COMPLETED"},
    Outcome.FAILED: {"FAILED"},
    Outcome.CANCELLED: {"CANCELLED"},
    Outcome.RECLAIMED: {"CANCELLED", "PREEMPTED"},
    Outcome.TIMEOUT: {"TIMEOUT"},
    Outcome.NODE_FAILED: {"NODE_FAIL", "CANCELLED"},
}


def command(marks: Path, seconds: float) -> list[str]:
    """A command that leaves a line with its run and its job, then sleeps."""
    line = f'echo "$ALLOD_WORKLOAD_ID.$ALLOD_RUN $SLURM_JOB_ID" >>{marks}'
    return ["sh", "-c", f"{line}; exec sleep {seconds}"]


def ends(node: Node) -> dict[str, WorkloadEnded]:
    """The end of every run in the log, by 'workload.run'."""
    found = {}
    for leaf in node._store.read():
        if leaf.kind == "event/WorkloadEnded":
            event = WorkloadEnded(**{**json.loads(leaf.body), "node_names": ()})
            key = f"{event.workload_id}.{event.run}"
            assert key not in found, f"{key} ended twice in the log"
            found[key] = event
    return found


def jobs(node: Node, clusters: Iterable[Cluster]) -> dict[str, list[tuple[str, str]]]:
    """(id, state) of the node's jobs in Slurm, by 'workload.run'."""
    tag = f"allod:{node._store.node_id()[:8]}:"
    found: dict[str, list[tuple[str, str]]] = {}
    for cluster in clusters:
        for job in json.loads(cluster.squeue("--json"))["jobs"]:
            if job["comment"].startswith(tag):
                run = job["comment"].split(":")[2]
                found.setdefault(run, []).append((str(job["job_id"]), job["job_state"]))
    return found


def check(node: Node, clusters: Iterable[Cluster], marks: Path) -> None:
    """Fail, with the story, unless the three agree, nothing ran twice and nothing runs now."""
    unknown = check_running(node, clusters, marks)
    assert not unknown, f"Slurm ran what the log does not end: {unknown}"


def check_running(
    node: Node, clusters: Iterable[Cluster], marks: Path
) -> dict[str, list[tuple[str, str]]]:
    """The same, while work still runs; the jobs of runs that have no end in the log."""
    logged, listed = ends(node), jobs(node, clusters)
    lines = marks.read_text().split("\n")[:-1] if marks.exists() else []
    ran = Counter(line.split()[0] for line in lines)
    twice = [run for run, count in ran.items() if count > 1]
    assert not twice, f"ran twice: {twice}, {lines}"
    for run, event in logged.items():
        states = listed.get(run, [])
        if event.outcome is Outcome.CANCELLED and not states:
            assert run not in ran, f"{run} never was in Slurm, and ran: {lines}"
            continue
        mine = [state for job, state in states if job == event.job]
        assert mine, f"{run} ended as job {event.job!r} by the log; Slurm has {states}"
        assert set(mine) <= SAYS[Outcome(event.outcome)], f"{run}: {event.outcome}, Slurm {mine}"
        if event.outcome is Outcome.COMPLETED:
            assert ran[run] == 1, f"{run} completed, and its mark is missing: {lines}"
    return {run: states for run, states in listed.items() if run not in logged}
