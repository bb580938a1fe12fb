"""What slurmrestd says of jobs, and what it does when one is signalled or changed."""

from __future__ import annotations

import time

import pytest

from allod.adapters.slurm.answers import check_listed, check_signalled
from allod.errors import RunnerRefused, RunnerUnknown
from allod.run.ports import RunKey
from tests.adapters.slurm.bench import ADA, BO, Bench, codes, order, shell, wait_for

KEY: RunKey = ("w-1", 1)

# ------------------------------------------------------------ how jobs end


@pytest.mark.parametrize(
    ("script", "raw_state", "raw_exit", "exit_status", "signal"),
    [
        ("exit 0", "COMPLETED", 0, 0, None),
        ("exit 8", "FAILED", 8 << 8, 8, None),
        ("kill -SEGV $$; sleep 9", "FAILED", 11, None, 11),
    ],
)
def test_an_exit_code_is_a_raw_wait_status(
    bench: Bench,
    script: str,
    raw_state: str,
    raw_exit: int,
    exit_status: int | None,
    signal: int | None,
) -> None:
    job_id = bench.submitted(script)
    raw = bench.until_raw(job_id, "COMPLETED", "FAILED")
    # 128 says that there is a core file too.
    assert (raw["job_state"], raw["exit_code"] & ~128) == (raw_state, raw_exit)
    report = bench.listed(job_id).report(KEY)
    assert (report.state, report.cause) == ("ended", "exited")
    assert (report.exit_status, report.signal) == (exit_status, signal)
    assert report.started_at_s is not None
    assert report.ended_at_s is not None


def test_a_command_that_a_signal_ended_has_the_shells_status(bench: Bench) -> None:
    runner = bench.runner()
    runner.start(shell("kill -SEGV $$"))
    report = bench.until(runner, "ended")
    assert (report.cause, report.exit_status) == ("exited", 128 + 11)


def test_a_job_without_its_output_file_fails_with_a_number_that_is_no_status(bench: Bench) -> None:
    job_id = bench.submitted("exit 0", standard_output="/nowhere/at/all")
    bench.until_raw(job_id, "FAILED")
    report = bench.listed(job_id).report(KEY)
    assert (report.cause, report.exit_status == 0) == ("exited", False)


def test_while_a_job_cleans_up_that_hides_how_it_ended(bench: Bench) -> None:
    """Its nodes are not free: to us it runs on until Slurm is done with it."""
    epilog = bench.folder / "epilog"
    epilog.write_text("#!/bin/sh\nexec sleep 2\n")
    epilog.chmod(0o755)
    with bench.configured(f"Epilog={epilog}"):
        job_id = bench.submitted("exit 8")
        bench.until_raw(job_id, "COMPLETING")
        job = bench.listed(job_id)
        assert (job.holds, job.ended, job.report(KEY).state) == (True, False, "running")
        bench.until_raw(job_id, "FAILED")
    assert bench.listed(job_id).report(KEY).exit_status == 8


def test_a_suspended_job_runs_and_one_put_back_waits(bench: Bench) -> None:
    job_id = bench.submitted(nodes="1")
    bench.until_raw(job_id, "RUNNING")
    bench.cluster.scontrol("suspend", str(job_id))
    assert bench.raw(job_id)["job_state"] == "SUSPENDED"
    assert bench.listed(job_id).report(KEY).state == "running"
    bench.cluster.scontrol("resume", str(job_id))
    bench.cluster.scontrol("requeuehold", str(job_id))
    bench.until_raw(job_id, "REQUEUE_HOLD", "PENDING")
    report = bench.listed(job_id).report(KEY)
    assert (report.state, report.seen.restarts, report.seen.nodes) == ("queued", 1, ())


def test_a_run_tells_the_times_of_slurm(bench: Bench) -> None:
    runner = bench.runner()
    before_s = int(time.time())
    runner.start(order("true"))
    report = bench.until(runner, "ended")
    assert (report.started_at_s, report.ended_at_s) == (
        report.seen.began_at_s,
        report.seen.finished_at_s,
    )
    assert before_s <= (report.started_at_s or 0) <= (report.ended_at_s or 0) <= time.time()
    assert report.seen.nodes == ("n1",)


# ------------------------------------------------------------ signals


def test_to_end_a_job_twice_is_to_end_it_once(bench: Bench) -> None:
    job_id = bench.submitted()
    bench.until_raw(job_id, "RUNNING")
    for _ in range(2):
        status, body = bench.ask("DELETE", f"job/{job_id}")
        assert (status, codes(body)) == (200, set())
        check_signalled(status, body)
    # 143: the job's shell was quicker, and said itself that its command was ended.
    assert bench.until_raw(job_id, "CANCELLED")["exit_code"] in (9, 15, 143 << 8)
    report = bench.listed(job_id).report(KEY)
    assert (report.cause, report.exit_status) in (("stopped", None), ("stopped", 143))
    assert report.detail == f"Slurm job {job_id}: cancelled in Slurm"
    bench.root.signal(job_id, "root", None)


def test_a_job_that_waits_is_told_nothing_by_a_signal(bench: Bench) -> None:
    job_id = bench.submitted(hold=True)
    status, body = bench.ask("DELETE", f"job/{job_id}?signal=USR1")
    assert (status, codes(body)) == (500, {2020})
    bench.root.signal(job_id, "root", "USR1")
    assert bench.raw(job_id)["job_state"] == "PENDING"
    bench.root.signal(job_id, "root", None)
    assert bench.raw(job_id)["job_state"] == "CANCELLED"


def test_a_job_that_nobody_knows_is_told_nothing(bench: Bench) -> None:
    status, body = bench.ask("DELETE", "job/99999")
    assert (status, codes(body)) == (500, {2017})
    bench.root.signal(99999, "root", None)


def test_who_does_not_own_a_job_may_not_end_it(bench: Bench) -> None:
    job_id = bench.submitted(user=ADA)
    with pytest.raises(RunnerRefused, match="2002"):
        bench.root.signal(job_id, BO, None)
    bench.root.signal(job_id, ADA, None)


def test_a_signal_reaches_the_command_and_not_the_script_around_it(bench: Bench) -> None:
    runner = bench.runner()
    runner.start(shell("trap 'echo told; exit 5' USR1; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: b"ready" in runner.logs(*KEY, "stdout", 0, 99).data, "the command")
    bench.until(runner, "running")
    runner.notify(*KEY, "USR1")
    assert bench.until(runner, "ended").exit_status == 5
    assert runner.logs(*KEY, "stdout", 0, 99).data == b"ready\ntold\n"


# ------------------------------------------------------------ changes from outside


def test_a_job_that_its_owner_holds_waits_until_it_is_let_go(bench: Bench) -> None:
    runner = bench.runner()
    job_id = int(runner.start(order("true", nodes=())).seen.job)
    bench.cluster.scontrol("hold", str(job_id))
    assert bench.listed(job_id).report(KEY).detail.startswith("JobHeld")
    status, body = bench.ask("POST", f"job/{job_id}", {"priority": 100})
    assert (status, codes(body)) == (500, {2042})
    assert bench.ask("POST", f"job/{job_id}", {"hold": False})[0] == 200
    assert bench.until(runner, "ended").exit_status == 0


def test_comment_licences_and_time_limit_can_be_changed(bench: Bench) -> None:
    """So somebody may take our tag off a job: it is no longer a run of ours."""
    runner = bench.runner()
    job_id = int(runner.start(order("sleep", "600")).seen.job)
    bench.until(runner, "running")
    changes = {"comment": "mine now", "time_limit": 7}
    assert bench.ask("POST", f"job/{job_id}", changes)[0] == 200
    assert (bench.raw(job_id)["comment"], bench.raw(job_id)["time_limit"]) == ("mine now", 7)
    wait_for(lambda: runner.unended() == frozenset() or runner.observe([]), "a new listing")
    assert bench.until(runner, "ended").cause == "lost"
    waits = bench.submitted(hold=True, licenses="kw:1")
    assert bench.ask("POST", f"job/{waits}", {"licenses": "kw:3"})[0] == 200
    assert bench.listed(waits).licences == "kw:3"


# ------------------------------------------------------------ listings


def test_a_listing_that_has_not_changed_is_empty_so_ours_never_asks_for_changes(
    bench: Bench,
) -> None:
    """All or nothing is saved, and from 23.02 on an empty list looks like a cluster with no jobs.

    So the adapter does not send `update_time`; taken as a listing, the empty answer is none.
    """
    bench.submitted(hold=True)
    later_s = int(time.time()) + 60
    status, body = bench.ask("GET", f"jobs?update_time={later_s}")
    assert (status, body) == (304, {})
    with pytest.raises(RunnerUnknown):
        check_listed(status, body)
    assert bench.root.jobs() == bench.root.jobs() != ()


def test_an_unknown_job_is_an_error_of_the_server(bench: Bench) -> None:
    status, body = bench.ask("GET", "job/99999")
    assert (status, codes(body)) == (500, {2017})
    with pytest.raises(RunnerRefused):
        check_listed(status, body)


def test_there_is_nothing_to_end_many_jobs_at_once_with(bench: Bench) -> None:
    assert bench.ask("DELETE", "jobs")[0] == 405
    assert bench.ask("GET", "jobs/state")[0] in (404, 405, 500)


def test_a_run_that_slurm_has_forgotten_is_known_by_its_marks(bench: Bench) -> None:
    runner = bench.runner()
    with bench.configured("MinJobAge=2"):
        job_ids = [
            int(runner.start(shell(script, workload_id=name)).seen.job)
            for name, script in (("wrote", "exit 3"), ("killed", "kill -KILL $PPID"))
        ]
        wait_for(lambda: len(runner.ended()) == 2, "both to end")

        def forgotten() -> bool:
            return not {job.job_id for job in bench.root.jobs()} & set(job_ids)

        wait_for(forgotten, "Slurm to forget the jobs", 75)
    late = bench.runner()
    reports = late.observe([("wrote", 1), ("killed", 1), ("never", 1)])
    wrote, killed, never = reports.values()
    assert (wrote.cause, wrote.exit_status, wrote.seen.job) == ("exited", 3, str(job_ids[0]))
    assert (killed.cause, killed.seen.job) == ("lost", str(job_ids[1]))
    assert f"no longer knows job {job_ids[1]}" in killed.detail
    assert never.state == "absent"
    assert late.start(shell("exit 3", workload_id="wrote", again=True)).exit_status == 3
