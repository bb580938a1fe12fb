"""Slurm takes nodes away itself: by a partition's tier, or by a QOS.

Our jobs are submitted so that Slurm does not put them back into the queue: they end, and what
comes next is the node's to decide (R4). Jobs of others go back and wait.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.slurm.bench import Bench, order, shell, wait_for
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.shape import Partition

KEY = ("w-1", 1)


@pytest.fixture(scope="module")
def tiers(new_cluster: NewCluster) -> Iterator[Bench]:
    """One node; work of the partition `floor` takes it from that of `main`."""
    cluster = new_cluster(
        name="tiers",
        nodes=1,
        partitions=(
            Partition("main", options="PriorityTier=1 PreemptMode=REQUEUE"),
            Partition("floor", options="PriorityTier=10 PreemptMode=OFF"),
        ),
        extra=("PreemptType=preempt/partition_prio", "PreemptMode=REQUEUE"),
    )
    yield Bench(cluster)
    cluster.stop()


@pytest.fixture
def bench(tiers: Bench) -> Iterator[Bench]:
    found = Bench(tiers.cluster)
    yield found
    found.clear()


def test_a_job_that_goes_back_into_the_queue_is_told_by_its_restarts(bench: Bench) -> None:
    victim = bench.submitted(gres="gpu:b200:8")
    bench.until_raw(victim, "RUNNING")
    floor = bench.submitted(gres="gpu:b200:8", partition="floor")
    bench.until_raw(floor, "RUNNING")
    raw = bench.until_raw(victim, "PENDING")
    assert (raw["preempt_time"], raw["restart_cnt"]) == (0, 1)
    job = bench.listed(victim)
    assert (job.waits, job.restarts, job.shares) == (True, 1, ())
    report = job.report(KEY)
    assert (report.state, report.seen.restarts, report.started_at_s) == ("queued", 1, None)
    wait_for(lambda: bench.listed(victim).reason == "BeginTime", "the wait of who was put back")


def test_a_run_of_ours_ends_as_preempted(bench: Bench) -> None:
    runner = bench.runner(classes={"floor": {"partition": "floor"}})
    runner.start(order("sleep", "600", accelerators=8, nodes=((0, 8),)))
    job_id = int(bench.until(runner, "running").seen.job)
    floor = {"accelerators": 8, "nodes": ((0, 8),), "access_class": "floor"}
    runner.start(order("sleep", "600", workload_id="floor", **floor))
    bench.until(runner, "running", ("floor", 1))
    report = bench.until(runner, "ended")
    assert bench.raw(job_id)["job_state"] == "PREEMPTED"
    assert (report.cause, report.exit_status, report.signal) == ("preempted", None, None)
    assert (report.seen.restarts, report.detail) == (0, f"Slurm job {job_id}: preempted")


def test_a_restart_by_slurm_itself_runs_the_command_again(bench: Bench) -> None:
    """Only a job that somebody let Slurm requeue; its id, and so its mark, stays the same."""
    runner = bench.runner()
    runner.start(shell('echo "began $SLURM_RESTART_COUNT"; exec sleep 600'))
    job_id = bench.until(runner, "running").seen.job

    def said() -> bytes:
        return runner.logs(*KEY, "stdout", 0, 999).data

    wait_for(lambda: said() == b"began \n", "the first beginning")
    bench.cluster.scontrol("update", f"jobid={job_id}", "requeue=1")
    bench.cluster.scontrol("requeue", job_id)
    wait_for(lambda: said() == b"began \nbegan 1\n", "the second beginning", 40)
    assert bench.until(runner, "running").seen.restarts == 1
    runner.stop(*KEY, 0, "test")
    assert bench.until(runner, "ended").cause == "stopped"


# ------------------------------------------------------------ by QOS


@pytest.fixture(scope="module")
def qos(accounting_cluster: Cluster) -> Iterator[None]:
    """QOS floor takes from surplus, which is told a second before."""
    cluster = accounting_cluster
    set_ = ("modify", "qos")
    with Bench(cluster).configured("PreemptType=preempt/qos", "PreemptMode=CANCEL"):
        cluster.restart_slurmctld()
        cluster.sacctmgr(*set_, "floor", "set", "preempt=surplus")
        cluster.sacctmgr(*set_, "surplus", "set", "preemptmode=cancel", "gracetime=1")
        yield
        cluster.sacctmgr(*set_, "floor", "set", "preempt=")
        cluster.sacctmgr(*set_, "surplus", "set", "gracetime=0")
    cluster.restart_slurmctld()


def test_a_qos_takes_nodes_from_another_after_its_grace(books: Bench, qos: None) -> None:
    classes = {"floor": {"qos": "floor"}, "surplus": {"qos": "surplus"}}
    runner = books.runner(classes=classes)
    whole = {"accelerators": 8, "nodes": ((0, 8),)}
    script = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    runner.start(shell(script, access_class="surplus", **whole))
    runner.start(order("sleep", "600", workload_id="mute", access_class="surplus", nodes=((1, 1),)))
    wait_for(lambda: runner.logs(*KEY, "stdout", 0, 99).data == b"ready\n", "the victim")
    job_id = int(books.until(runner, "running").seen.job)
    assert books.raw(job_id)["qos"] == "surplus"
    runner.start(order("sleep", "600", workload_id="floor", access_class="floor", **whole))
    report = books.until(runner, "ended")
    assert (books.raw(job_id)["job_state"], report.cause) == ("PREEMPTED", "preempted")
    assert runner.logs(*KEY, "stdout", 0, 99).data == b"ready\ntold\n"
    # Who is on another node is left alone.
    assert runner.observe([("mute", 1)])[("mute", 1)].state == "running"
