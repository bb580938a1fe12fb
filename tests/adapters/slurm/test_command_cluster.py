"""A cluster by its commands: the same as by slurmrestd, and nothing is nothing only when said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from allod.adapters.slurm.command import CommandCluster
from allod.adapters.slurm.driver import Books, Hold
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import PoolShape
from allod.adapters.slurm.request import JobRequest, NodeSize, request_of
from allod.adapters.slurm.runner import Means, SlurmRunner
from allod.adapters.slurm.shell import CommandShell, Ran, ShellFiles
from allod.domain.slurm import SlurmCommand
from allod.errors import RunnerRefused, RunnerUnknown
from tests.adapters.slurm.bench import ADA, BO, Bench, order, wait_for
from tests.slurm.cluster import Cluster
from tests.slurm.shape import Accounts

KEY = ("w-1", 1)
SIZES = {f"n{i}": NodeSize(8, 32, 32_000) for i in range(1, 5)}


def shell(cluster: Cluster, ssh: str | None = None, sockets: Path | None = None) -> CommandShell:
    command = SlurmCommand(as_user="runuser", conf=str(cluster.conf), ssh=ssh)
    return CommandShell(command, sockets)


def driver(cluster: Cluster) -> CommandCluster:
    return CommandCluster(shell(cluster), "root")


def request(bench: Bench, *command: str, slurm: Any = None, **fields: Any) -> JobRequest:
    words = command or ("sleep", "600")
    return request_of(order(*words, **fields), bench.slurm(**(slurm or {})), bench.node, SIZES)


def until(listed: CommandCluster, job_id: int, *states: str) -> Job:
    def look() -> Job | None:
        job = next((job for job in listed.jobs() if job.job_id == job_id), None)
        return job if job and set(job.states) & set(states) else None

    return wait_for(look, f"job {job_id} to be {' or '.join(states)}")


# ------------------------------------------------------------ listings


def test_it_says_what_it_is(bench: Bench) -> None:
    found = driver(bench.cluster).about()
    assert (found.release, found.spoken) == (bench.root.about().release, "its commands")
    assert found.clock_s is not None
    assert abs(found.clock_s - time.time()) < 5


def test_both_ways_list_the_same(bench: Bench) -> None:
    """Field by field: one runs, one waits, two have ended, one was ended."""
    jobs = [
        bench.submitted(gres="gpu:b200:2", nodes="2", licenses="kw:7", comment="a b", user=ADA),
        bench.submitted(licenses="kw:400"),
        bench.submitted("exit 3"),
        bench.submitted("kill -TERM $$", user=BO),
        bench.submitted(),
    ]
    listed = driver(bench.cluster)
    bench.ask("DELETE", f"job/{jobs[4]}")
    for job_id, state in zip(
        jobs, ("RUNNING", "PENDING", "FAILED", "FAILED", "CANCELLED"), strict=True
    ):
        until(listed, job_id, state)

    def told() -> bool:
        """Between two looks a reason may change, and so may the start that is expected."""
        return listed.jobs() == bench.root.jobs()

    wait_for(told, "both to list the same jobs")
    assert {job.job_id for job in listed.jobs()} >= set(jobs)
    one = next(job for job in listed.jobs() if job.job_id == jobs[0])
    assert (one.user, one.comment, one.licences) == (ADA, "a b", "kw:7")
    assert [share.accelerators for share in one.shares] == [2, 2]


def test_both_ways_list_the_same_nodes(bench: Bench) -> None:
    bench.cluster.scontrol("update", "NodeName=n4", "State=DRAIN", "Reason=a fan")
    try:
        found = driver(bench.cluster).machines()
        assert found == bench.root.machines()
        assert found["n4"].out == "n4 is drain: a fan"
        assert (len(found), found["n1"].accelerators) == (4, 8)
    finally:
        bench.cluster.scontrol("update", "NodeName=n4", "State=RESUME")
    assert driver(bench.cluster).licences() == bench.root.licences()
    assert driver(bench.cluster).settings()["ClusterName"] == bench.cluster.name


# ------------------------------------------------------------ submit and signal


def test_a_job_runs_as_its_user_with_its_environment(bench: Bench) -> None:
    listed = driver(bench.cluster)
    tell = 'id -un; echo "$A|$PATH|$SBATCH_ARRAY_INX|$CUDA_VISIBLE_DEVICES|${TZ-none}"'
    given = (
        ("A", "it's, b"),
        ("PATH", "/usr/bin:/bin"),
        ("SBATCH_ARRAY_INX", "0-3"),
        ("CUDA_VISIBLE_DEVICES", "0,1,2,3,4,5,6,7"),
    )
    name = "--wrap=x 'y' \"z\" $HOME"
    asked = request(bench, "sh", "-c", tell, person="bo", environment=given, name=name)
    job_id = listed.submit(asked)
    job = until(listed, job_id, "COMPLETED")
    assert (job.user, job.comment, job.output) == (BO, asked.comment, asked.output)
    assert bench.raw(job_id)["name"] == name
    printed = ShellFiles(shell(bench.cluster), BO).read(asked.output, 0, 1000)
    # Slurm's own word about its GPUs counts, where the machine lets tests make devices.
    assert printed in (
        f"{BO}\nit's, b|/usr/bin:/bin|0-3|{gpus}|none\n".encode() for gpus in ("0", given[3][1])
    )
    assert sum(job.comment == asked.comment for job in listed.jobs()) == 1


def test_a_job_is_signalled_and_ended(bench: Bench) -> None:
    listed = driver(bench.cluster)
    told = 'trap "echo told" USR1; echo ready; while :; do sleep 0.1; done'
    asked = request(bench, "sh", "-c", told)
    job_id = listed.submit(asked)
    until(listed, job_id, "RUNNING")
    files = ShellFiles(shell(bench.cluster), ADA)

    def printed() -> bytes:
        return files.read(asked.output, 0, 100) or b""

    wait_for(lambda: b"ready" in printed(), "its trap")
    listed.signal(job_id, ADA, "USR1")
    wait_for(lambda: b"told" in printed(), "the signal")
    with pytest.raises(RunnerRefused, match="denied"):
        listed.signal(job_id, BO, None)
    listed.signal(job_id, ADA, None)
    assert until(listed, job_id, "CANCELLED").ended
    # It needs it no more, and neither does one that never was.
    for unneeded in (job_id, 99_999_999):
        listed.signal(unneeded, ADA, None)
        listed.signal(unneeded, ADA, "USR1")


def test_a_job_that_waits_needs_no_signal(bench: Bench) -> None:
    """And scancel does not wait until it runs."""
    listed = driver(bench.cluster)
    bench.until_raw(bench.submitted(licenses="kw:400"), "RUNNING")
    licence = {"power_licence": {"name": "kw", "unit_w": 1000}}
    job_id = listed.submit(request(bench, slurm=licence, power_w=1000))
    began_s = time.monotonic()
    listed.signal(job_id, ADA, "USR1")
    assert time.monotonic() - began_s < 4
    assert until(listed, job_id, "PENDING").waits
    listed.signal(job_id, ADA, None)
    assert until(listed, job_id, "CANCELLED").ended


@pytest.mark.parametrize(
    "changes",
    [
        {"partition": "nope"},
        {"licences": "nope:1"},
        {"licences": "kw:401"},
        {"node_names": ("n9",)},
        {"gres": "gpu:other:1"},
        {"memory_mb_per_node": 1_000_000_000},
        {"script": "#!/bin/sh\n" + "# to no end\n" * 500_000},
        {"script": "#!/bin/sh\ntrue\r\n"},
    ],
)
def test_slurm_refuses(bench: Bench, changes: dict[str, Any]) -> None:
    with pytest.raises(RunnerRefused):
        driver(bench.cluster).submit(replace(request(bench), **changes))
    # Slurm may list it all the same, as a job that has failed.
    ours = [job for job in bench.root.jobs() if f":{bench.node}:" in job.comment]
    assert all(job.ended for job in ours)


def test_a_user_whom_the_machine_does_not_know_is_no_refusal(bench: Bench) -> None:
    """It says the same while it cannot ask who its users are."""
    with pytest.raises(RunnerUnknown, match="does not exist"):
        driver(bench.cluster).submit(replace(request(bench), user="allod-nobody-here"))


def test_a_controller_that_is_away_is_unknown_to_all(new_cluster: Callable[..., Cluster]) -> None:
    """An empty listing would be the end of all that runs."""
    cluster = new_cluster(name="away", nodes=1, licences={"kw": 4}, extra=("MessageTimeout=2",))
    bench = Bench(cluster)
    listed, hold = driver(cluster), Hold("allod_1", 1_924_992_000, 1_924_993_000, 1)
    asked = request(bench)
    cluster.stop_slurmctld()
    # First of all: which command lists nodes is found out while nobody answers.
    calls: list[Callable[[], Any]] = [
        listed.machines,
        listed.jobs,
        listed.licences,
        listed.settings,
        listed.holds,
        lambda: listed.submit(asked),
        lambda: listed.signal(1, ADA, None),
        lambda: listed.signal(1, ADA, "USR1"),
        lambda: listed.hold(hold, "kw"),
        lambda: listed.release("allod_1"),
    ]

    def error(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except RunnerUnknown as raised:
            return type(raised).__mro__

    with ThreadPoolExecutor(len(calls)) as threads:
        found = list(threads.map(error, calls))
    assert [RunnerUnknown in each for each in found if isinstance(each, tuple)] == [True] * 10
    cluster.start_slurmctld()
    assert set(listed.machines()) == {"n1"}
    assert (listed.jobs(), listed.holds()) == ((), ())


# ------------------------------------------------------------ what cannot be believed


class Says:
    """A `Shell` in which each command prints what the test says; the rest is unknown to it."""

    def __init__(self, **printed: Ran) -> None:
        self.printed, self.asked = printed, list[str]()

    def run(self, argv: Any, **_: Any) -> Ran:
        self.asked.append(argv[0])
        return self.printed[argv[0]]


ERROR = b'{"errors": [{"error": "Unspecified error", "errno": -1}], "nodes": [], "jobs": []}'


@pytest.mark.parametrize(
    "printed",
    [ERROR, b"", b"[]", b"{}", b'{"errors": []}', b'{"nodes": ', b'{"sinfo": []}', b'{"jobs": {}}'],
)
def test_what_is_no_list_is_not_an_empty_one(printed: bytes) -> None:
    cluster = CommandCluster(Says(squeue=Ran(0, printed, ""), scontrol=Ran(0, printed, "")), "root")
    with pytest.raises(RunnerUnknown):
        cluster.jobs()
    with pytest.raises(RunnerUnknown):
        cluster.machines()


def test_a_job_without_a_state_has_not_ended() -> None:
    says = Says(squeue=Ran(0, b'{"errors": [], "jobs": [{"job_id": 1}]}', ""))
    (found,) = CommandCluster(says, "root").jobs()
    assert (found.holds, found.ended) == (True, False)


def test_an_empty_list_is_one() -> None:
    said = Ran(0, b'{"errors": [], "nodes": [], "jobs": []}', "")
    cluster = CommandCluster(Says(squeue=said, scontrol=said), "root")
    assert (cluster.jobs(), cluster.machines()) == ((), {})


def test_which_command_lists_nodes_is_not_decided_by_silence() -> None:
    """From 23.11 on `sinfo --json` lists something else."""
    away = "slurm_load_node error: Unable to contact slurm controller (connect failure)"
    says = Says(scontrol=Ran(1, b"", away), sinfo=Ran(0, b'{"sinfo": [], "errors": []}', ""))
    cluster = CommandCluster(says, "root")
    with pytest.raises(RunnerUnknown):
        cluster.machines()
    says.printed["scontrol"] = Ran(0, b'{"nodes": [{"name": "n1"}], "errors": []}', "")
    assert set(cluster.machines()) == {"n1"}
    assert "sinfo" not in says.asked


def test_an_older_scontrol_leaves_it_to_sinfo() -> None:
    says = Says(
        scontrol=Ran(1, b"", "scontrol: unrecognized option '--json'\nTry \"scontrol --help\""),
        sinfo=Ran(0, b'{"nodes": [{"name": "n1"}], "errors": []}', ""),
    )
    cluster = CommandCluster(says, "root")
    assert [set(cluster.machines()), set(cluster.machines())] == [{"n1"}, {"n1"}]
    assert says.asked == ["scontrol", "sinfo", "sinfo"]


def test_a_submission_whose_answer_was_lost_is_found(bench: Bench) -> None:
    """Done, but nobody heard: the next asker finds it instead of asking anew (X1)."""

    class Deaf(CommandShell):
        def run(self, argv: Any, **how: Any) -> Ran:
            ran = super().run(argv, **how)
            if argv[0] == "sbatch":
                raise RunnerUnknown("sbatch has not ended in 30 s")
            return ran

    command = SlurmCommand(as_user="runuser", conf=str(bench.cluster.conf))
    with pytest.raises(RunnerUnknown):
        bench.runner(CommandCluster(Deaf(command), "root")).start(order("sleep", "600"))
    found = bench.runner(driver(bench.cluster)).start(order("sleep", "600", again=True))
    assert found.seen is not None
    assert [job.job_id for job in bench.root.jobs() if f":{bench.node}:" in job.comment] == [
        int(found.seen.job)
    ]


# ------------------------------------------------------------ the accounting


def test_the_accounting_knows_who_ran_and_how_it_ended(books: Bench) -> None:
    listed = driver(books.cluster)
    job_id = books.submitted("exit 3", user=ADA)
    books.until_raw(job_id, "FAILED")

    def ended() -> Job | None:
        job = listed.ended_job(job_id)
        # Of a short job the books may have the end before they have where it began.
        return job if job is not None and job.ended and job.partition else None

    job = wait_for(ended, "the books to have it")
    assert job == books.root.ended_job(job_id)
    assert (job.job_id, job.user, job.states) == (job_id, ADA, ("FAILED",))
    assert listed.ended_job(99_999_999) is None
    assert books.root.ended_job(99_999_999) is None
    found = listed.books()
    assert found is not None
    assert found == books.root.books()
    assert {"floor", "surplus"} <= found.qos
    assert found.accounts[ADA] == {"research"}
    assert isinstance(found, Books)


def test_books_that_cannot_be_opened_are_not_empty(new_cluster: Callable[..., Cluster]) -> None:
    """A run would be lost that they know to have ended well."""
    cluster = new_cluster(name="shut", nodes=1, accounts=Accounts())
    bench = Bench(cluster)
    assert bench.root.ended_job(7) is None
    cluster.processes.end(["slurmdbd"])
    for asked in (driver(cluster), bench.root):
        with pytest.raises(RunnerUnknown):
            asked.ended_job(7)
        with pytest.raises(RunnerUnknown):
            asked.books()


@pytest.mark.parametrize("said", ["sacct: error: Connection refused", ""])
def test_a_failure_of_sacct_says_nothing_of_the_job(said: str) -> None:
    with pytest.raises(RunnerUnknown):
        CommandCluster(Says(sacct=Ran(1, b'{"jobs": []}', said)), "root").ended_job(7)


def test_refused_books_are_not_missing_ones() -> None:
    said = "sacctmgr: error: Access/permission denied"
    with pytest.raises(RunnerRefused):
        CommandCluster(Says(sacctmgr=Ran(1, b"", said)), "root").books()


def test_without_accounting_there_are_no_books(bench: Bench) -> None:
    assert driver(bench.cluster).books() is None
    assert driver(bench.cluster).ended_job(1) is None


# ------------------------------------------------------------ a whole runner


@pytest.fixture(params=["here", "ssh"])
def runners(request: pytest.FixtureRequest, bench: Bench) -> Iterator[Callable[[], SlurmRunner]]:
    """Makes runners of one node that speak by commands, and read output by them."""
    host = request.getfixturevalue("by_ssh") if request.param == "ssh" else None
    sockets = request.getfixturevalue("sockets") if host else None
    slurm = bench.slurm()

    def make() -> SlurmRunner:
        spoken = shell(bench.cluster, host, sockets)
        return SlurmRunner(
            slurm,
            (PoolShape("narvik", "gpus", slurm.pools["gpus"], 8, 1000, True),),
            Means(CommandCluster(spoken, "root"), ShellFiles(spoken, "root")),
            bench.node,
            lambda: int(time.time()),
            lambda: 20 * time.monotonic(),
        )

    yield make


def test_a_run_from_start_to_stop(bench: Bench, runners: Callable[[], SlurmRunner]) -> None:
    asked = order("sh", "-c", "echo begun; sleep 600", accelerators=2, nodes=((1, 2),))
    runner = runners()
    first = runner.start(asked)
    running = bench.until(runner, "running")
    assert running.seen is not None
    assert (running.seen.job, running.seen.nodes) == (first.seen and first.seen.job, ("n2",))
    # Another life of the node finds it, and asks for nothing.
    later = runners()
    again = later.start(replace(asked, again=True))
    assert again.seen is not None
    assert again.seen.job == running.seen.job
    assert sum(f":{bench.node}:" in job.comment for job in bench.root.jobs()) == 1
    wait_for(lambda: later.logs(*KEY, "stdout", 0, 100).data == b"begun\n", "its output")
    assert later.logs(*KEY, "stdout", 2, 3).data == b"gun"
    later.stop(*KEY, 0, "test")
    assert bench.until(later, "ended").cause == "stopped"
    assert later.ended() == (KEY,)
    assert later.contact().version.endswith("(its commands)")
