"""What slurmrestd does with a submission, and that ours says what we mean."""

from __future__ import annotations

import pytest

from allod.adapters.slurm.answers import submitted_id
from allod.errors import RunnerRefused
from allod.run.ports import RunReport
from tests.adapters.slurm.bench import ADA, BO, Bench, codes, order, shell


def submitted(bench: Bench, **fields: object) -> dict[str, str]:
    """What scontrol says of a job that the adapter submitted."""
    report = bench.runner().start(order("sleep", "600", **fields))
    return dict(bench.cluster.job(int(report.seen.job)))


# ------------------------------------------------------------ nodes


def test_a_list_of_nodes_is_ignored_so_ours_is_a_word(bench: Bench) -> None:
    assert bench.raw(bench.submitted(nodes=[2, 2]))["node_count"] == 1
    assert bench.raw(bench.submitted(nodes="2"))["node_count"] == 2
    job = submitted(bench, accelerators=12, nodes=((1, 4), (2, 4), (3, 4)))
    assert (job["NumNodes"].partition("-")[0], job["ReqNodeList"]) == ("3", "n[2-4]")


def test_required_nodes_is_disabled_so_ours_are_in_nodelist(bench: Bench) -> None:
    status, body = bench.submit(required_nodes="n3")
    assert (status, "job_id" in body) == (400, False)
    runner = bench.runner()
    runner.start(order("sleep", "600", nodes=((2, 1),)))
    assert bench.until(runner, "running").seen.nodes == ("n3",)


@pytest.mark.parametrize("gang", [((0, 8), (1, 8), (3, 4)), ((1, 8), (2, 8))])
def test_a_gang_lands_as_the_engine_has_it(bench: Bench, gang: tuple[tuple[int, int], ...]) -> None:
    runner = bench.runner()
    total = sum(count for _, count in gang)
    report = runner.start(order("sleep", "600", nodes=gang, accelerators=total))
    bench.until(runner, "running")
    shares = bench.listed(int(report.seen.job)).shares
    assert [(share.node, share.accelerators) for share in shares] == [
        (f"n{node + 1}", count) for node, count in gang
    ]


def test_slurm_fills_the_nodes_of_an_uneven_gang_in_their_order(bench: Bench) -> None:
    """So a part on the first node is kept only where the rest of that node is taken."""

    def landed(report: RunReport) -> list[int]:
        bench.until(runner, "running", (report.workload_id, 1))
        return [share.accelerators for share in bench.listed(int(report.seen.job)).shares]

    runner = bench.runner()
    gang = {"accelerators": 12, "nodes": ((0, 4), (1, 8))}
    assert landed(runner.start(order("sleep", "600", workload_id="free", **gang))) == [8, 4]
    runner.stop("free", 1, 0, "test")
    bench.until(runner, "ended", ("free", 1))
    beside = order("sleep", "600", workload_id="beside", accelerators=4, nodes=((0, 4),))
    assert landed(runner.start(beside)) == [4]
    assert landed(runner.start(order("sleep", "600", workload_id="tight", **gang))) == [4, 8]


def test_jobs_share_a_node_as_each_asks_for_its_part(bench: Bench) -> None:
    runner = bench.runner()
    for number in (1, 2):
        runner.start(
            order("sleep", "600", workload_id=f"w-{number}", accelerators=4, nodes=((0, 4),))
        )
    job_ids = [int(bench.until(runner, "running", (f"w-{n}", 1)).seen.job) for n in (1, 2)]
    shares = [bench.listed(job_id).shares for job_id in job_ids]
    assert [(s[0].node, s[0].accelerators, s[0].cpus) for s in shares] == [("n1", 4, 16)] * 2


# ------------------------------------------------------------ what is said of a job


def test_the_environment_is_a_dictionary(bench: Bench) -> None:
    for wrong in (["PATH=/bin"], {}):
        status, body = bench.submit(environment=wrong)
        assert status != 200
        with pytest.raises(RunnerRefused):
            submitted_id(status, body)
    runner = bench.runner()
    word = "a=b, \"c\" 'd' $HOME ä"
    runner.start(shell('echo "$WORD"; echo $ALLOD_ACCELERATORS', environment=(("WORD", word),)))
    assert bench.until(runner, "ended").exit_status == 0
    assert runner.logs("w-1", 1, "stdout", 0, 999).data.decode() == f"{word}\n1\n"


def test_the_script_is_beside_the_job(bench: Bench) -> None:
    job = {"name": "raw", "environment": {"A": "b"}, "script": "#!/bin/sh\ntrue\n"}
    status, body = bench.ask("POST", "job/submit", {"job": job})
    assert (status, codes(body)) == (500, {2009})
    with pytest.raises(RunnerRefused, match="2009"):
        submitted_id(status, body)


def test_a_script_without_its_first_line_is_taken_and_fails(bench: Bench) -> None:
    job = {"environment": {"A": "b"}, "current_working_directory": "/tmp"}
    status, body = bench.ask("POST", "job/submit", {"script": "exit 0\n", "job": job})
    assert status == 200
    job_id = body["job_id"]
    bench.until_raw(job_id, "FAILED")
    report = bench.listed(job_id).report(("w-1", 1))
    assert (report.state, report.cause, report.exit_status == 0) == ("ended", "exited", False)


def test_a_word_that_slurm_does_not_know_is_refused(bench: Bench) -> None:
    status, body = bench.submit(no_such_option="1")
    assert status == 400
    with pytest.raises(RunnerRefused):
        submitted_id(status, body)


def test_any_requeue_turns_it_on_so_ours_is_no_requeue(bench: Bench) -> None:
    assert bench.raw(bench.submitted(requeue=False))["requeue"] is True
    assert submitted(bench)["Requeue"] == "0"


def test_a_time_limit_of_zero_is_none_so_ours_is_never_less_than_a_minute(bench: Bench) -> None:
    assert bench.raw(bench.submitted(time_limit=0))["time_limit"] is None
    assert submitted(bench, wall_time_s=1)["TimeLimit"] == "00:01:00"
    assert submitted(bench, wall_time_s=61, workload_id="w-2")["TimeLimit"] == "00:02:00"


def test_memory_and_cpus_come_with_accelerators(bench: Bench) -> None:
    even = submitted(bench, accelerators=4, nodes=((0, 4),))
    assert (even["MinMemoryNode"], even["NumCPUs"]) == ("16000M", "16")
    uneven = submitted(bench, accelerators=6, nodes=((0, 4), (1, 2)), workload_id="w-2")
    assert uneven["MemPerTres"] == "gres:gpu:4000"
    assert uneven["CpusPerTres"] == "gres:gpu:4"


# ------------------------------------------------------------ 200 with errors


def test_a_held_job_is_an_error_and_a_success(bench: Bench) -> None:
    status, body = bench.submit(hold=True)
    assert (status, codes(body)) == (200, {2042})
    job = bench.listed(submitted_id(status, body))
    assert (job.waits, job.reason) == (True, "JobHeldUser")
    assert job.report(("w-1", 1)).state == "queued"


def test_a_job_larger_than_its_partition_is_an_error_and_queued(bench: Bench) -> None:
    status, body = bench.submit(nodes="9")
    assert (status, codes(body)) == (200, {2015})
    assert bench.listed(submitted_id(status, body)).report(("w-1", 1)).state == "queued"


def test_a_run_on_a_node_that_is_away_waits_for_it(bench: Bench) -> None:
    bench.cluster.scontrol("update", "nodename=n2", "state=drain", "reason=disk")
    try:
        status, body = bench.submit(nodes="1", nodelist="n2")
        assert (status, bool(body["job_id"]), codes(body)) == (200, True, {2068})
        runner = bench.runner()
        assert runner.start(order("sleep", "600", nodes=((1, 1),))).state == "queued"
        (report,) = runner.pools()
        assert (report.out, report.why) == (((1, 8),), ("n2 is drain: disk",))
    finally:
        bench.cluster.scontrol("update", "nodename=n2", "state=resume")
    bench.until(runner, "running")


# ------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"partition": "nowhere"}, 2000),
        ({"licenses": "kw:401"}, 2048),
        ({"licenses": "water:1"}, 2048),
        ({"reservation": "nothing"}, 2053),
        ({"gres": "gpu:b200:9"}, 2014),
        ({"gres": "gpu:x1:1"}, 2014),
        ({"gres": "no:such"}, 9001),
    ],
)
def test_what_can_never_be_is_refused(bench: Bench, job: dict[str, str], code: int) -> None:
    status, body = bench.submit(**job)
    assert code in codes(body)
    with pytest.raises(RunnerRefused):
        submitted_id(status, body)


def test_the_adapter_says_what_slurm_refused(bench: Bench) -> None:
    pool = {"partition": "nowhere", "nodes": "n[1-4]", "gres": "gpu:b200"}
    with pytest.raises(RunnerRefused, match=r"artition.*\(2000\)"):
        bench.runner(pools={"gpus": pool}).start(order("true"))
    licence = {"name": "kw", "unit_w": 1000}
    with pytest.raises(RunnerRefused, match=r"icense.*\(2048\)"):
        bench.runner(power_licence=licence).start(order("true", power_w=400_001))


# ------------------------------------------------------------ whose job it is


@pytest.mark.parametrize(("person", "user"), [("ada", ADA), ("bo", BO), ("cy", ADA)])
def test_a_job_runs_as_the_user_of_who_asked(bench: Bench, person: str, user: str) -> None:
    runner = bench.runner()
    runner.start(order("id", "--user", "--name", person=person))
    assert bench.until(runner, "ended").exit_status == 0
    assert runner.logs("w-1", 1, "stdout", 0, 99).data.decode() == f"{user}\n"
