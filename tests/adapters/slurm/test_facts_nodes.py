"""What slurmrestd says of nodes, and what a node needs to have accelerators."""

from __future__ import annotations

import pytest

from allod.adapters.slurm.machine import machines_of
from tests.adapters.slurm.bench import Bench, order, wait_for
from tests.slurm.fixtures import NewCluster


def test_one_node_alone_is_told_wrongly_so_all_are_asked_for(bench: Bench) -> None:
    job_id = bench.submitted(gres="gpu:b200:3", nodelist="n2", tasks=1, cpus_per_task=8)
    bench.until_raw(job_id, "RUNNING")
    (alone,) = bench.ask("GET", "node/n2")[1]["nodes"]
    among = next(n for n in bench.ask("GET", "nodes")[1]["nodes"] if n["name"] == "n2")
    assert (alone["alloc_cpus"], alone["state"]) == (0, "allocated")
    assert (among["alloc_cpus"], among["state"]) == (8, "mixed")
    assert alone["gres_used"] == among["gres_used"] == "gpu:b200:3(IDX:0-2)"
    machines = bench.root.machines()
    assert list(machines) == ["n1", "n2", "n3", "n4"]
    machine = machines["n2"]
    assert (machine.accelerators, machine.cpus, machine.memory_mb) == (8, 32, 32_000)
    assert (machine.states, machine.out, machine.partitions) == (("MIXED",), "", ("main",))


def test_a_node_says_nothing_of_its_power(bench: Bench) -> None:
    (node,) = bench.ask("GET", "node/n1")[1]["nodes"]
    assert not [name for name in node if "watt" in name or "energy" in name or "power" in name]


@pytest.mark.parametrize(
    ("state", "said"), [("drain", "is drain: disk"), ("down", "is down: disk")]
)
def test_a_node_that_is_out_is_out_of_the_pool(bench: Bench, state: str, said: str) -> None:
    bench.cluster.scontrol("update", "nodename=n3", f"state={state}", "reason=disk")
    try:
        (report,) = bench.runner().pools()
        assert (report.out, report.why) == (((2, 8),), (f"n3 {said}",))
    finally:
        bench.cluster.scontrol("update", "nodename=n3", "state=resume")
    wait_for(lambda: not bench.root.machines()["n3"].out, "n3")


def test_what_others_hold_is_out_and_what_is_ours_is_not(bench: Bench) -> None:
    bench.until_raw(bench.submitted(gres="gpu:b200:3", nodelist="n4"), "RUNNING")
    no_accelerators = bench.submitted(nodelist="n2", tasks=1, cpus_per_task=30)
    bench.until_raw(no_accelerators, "RUNNING")
    runner = bench.runner()
    runner.start(order("sleep", "600", accelerators=2, nodes=((0, 2),)))
    bench.until(runner, "running")
    (report,) = runner.pools()
    assert report.out == ((1, 8), (3, 3))
    assert report.others_w == 3000


def test_memory_counts_where_slurm_counts_it_so_ours_asks(new_cluster: NewCluster) -> None:
    """A job that asks for none is bounded by nothing, and others cannot be kept off its memory."""
    memory = Bench(
        new_cluster(
            name="memory",
            nodes=1,
            extra=("SelectTypeParameters=CR_Core_Memory", "DefMemPerCPU=0"),
        )
    )
    unasked = memory.submitted(tasks=1)
    assert "mem=" not in memory.until_raw(unasked, "RUNNING")["tres_alloc_str"]
    pool = {"partition": "main", "nodes": "n1", "memory_mb_per_accelerator": 10_000}
    runner = memory.runner(pools={"gpus": pool})
    first = runner.start(order("sleep", "600", accelerators=2, nodes=((0, 2),)))
    memory.until(runner, "running")
    assert "mem=20000M" in memory.raw(int(first.seen.job))["tres_alloc_str"]
    second = ("w-2", 1)
    runner.start(order("true", workload_id="w-2", accelerators=2, nodes=((0, 2),)))
    wait_for(lambda: runner.observe([second])[second].detail == "Resources", "the second to wait")
    runner.stop("w-1", 1, 0, "test")
    assert memory.until(runner, "ended", second).exit_status == 0
    memory.clear()
    memory.cluster.stop()


def test_accelerators_without_files_put_a_node_out(new_cluster: NewCluster) -> None:
    few = Bench(new_cluster(name="few", nodes=1))
    (few.cluster.folder / "gres.conf").write_text("NodeName=n1 Name=gpu Type=b200 Count=4\n")
    few.cluster.stop_node("n1")
    few.cluster._launch_slurmd("n1")

    def out() -> str:
        return few.root.machines()["n1"].out

    wait_for(lambda: "gres/gpu count reported lower" in out(), "the node to be out")
    assert "inval" in out() or "drain" in out()
    (node,) = machines_of(few.ask("GET", "nodes")[1]).values()
    (report,) = few.runner().pools()
    assert (report.out, report.why) == (((0, 8),), (node.out,))
    few.clear()
    few.cluster.stop()
