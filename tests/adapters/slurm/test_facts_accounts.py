"""What only a cluster with slurmdbd tells."""

from __future__ import annotations

import time
from typing import Any

import pytest

from allod.adapters.slurm.job import Job
from allod.adapters.slurm.rest import RestCluster
from tests.adapters.slurm.bench import Bench, codes, order, shell, wait_for


def test_tres_strings_have_accelerators_only_with_accounting(books: Bench, bench: Bench) -> None:
    """So where they lack them the adapter counts by `gres_detail`, which has them in both."""
    shares, strings = [], []
    for each in (books, bench):
        runner = each.runner()
        runner.start(order("sleep", "600", accelerators=5, nodes=((0, 5),)))
        job_id = int(each.until(runner, "running").seen.job)
        strings.append("gres/gpu:b200=5" in each.raw(job_id)["tres_alloc_str"])
        shares.append([share.accelerators for share in each.listed(job_id).shares])
    assert strings == [True, False]
    assert shares == [[5], [5]]


def booked(books: Bench, job_id: int) -> Job:
    """A job that has ended, as the accounting has it."""

    def look() -> Job | None:
        job = books.root.ended_job(job_id)
        # Of a short job the books may have the end before they have where it began.
        return job if job is not None and job.ended and job.partition else None

    return wait_for(look, f"the books to have the end of job {job_id}")


@pytest.mark.parametrize(
    ("script", "exit_status", "signal"),
    [("exit 0", 0, None), ("exit 9", None, None), ("kill -SEGV $PPID", None, 11)],
)
def test_a_job_that_the_controller_forgot_is_in_the_accounting(
    books: Bench, script: str, exit_status: int | None, signal: int | None
) -> None:
    """Its answer says 0 for every exit status: a job that failed must not come out as done."""
    runner = books.runner()
    job_id = int(runner.start(shell(script)).seen.job)
    ended = books.until(runner, "ended")
    job = booked(books, job_id)
    report = job.report(("w-1", 1))
    assert (report.cause, report.exit_status, report.signal) == ("exited", exit_status, signal)
    assert report.ended_at_s == ended.ended_at_s
    assert (job.user, job.restarts) == ("allod-ada", 0)


class Forgetful:
    """A driver whose cluster has forgotten every job."""

    def __init__(self, driver: RestCluster) -> None:
        self._driver = driver

    def jobs(self, user: str | None = None) -> tuple[Job, ...]:
        return ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


def test_a_run_without_an_end_mark_is_told_by_the_accounting(books: Bench) -> None:
    runner = books.runner()
    job_id = int(runner.start(shell("kill -KILL $PPID")).seen.job)
    books.until(runner, "ended")
    booked(books, job_id)
    report = books.runner(Forgetful(books.root)).observe([("w-1", 1)])[("w-1", 1)]
    assert (report.cause, report.signal, report.seen.job) == ("exited", 9, str(job_id))


def test_times_in_the_accounting_are_words(books: Bench) -> None:
    """Which is why the adapter asks there for one job by its id, and for nothing since a time."""
    job_id = int(books.runner().start(order("true")).seen.job)
    booked(books, job_id)
    status, body = books.ask("GET", "jobs?start_time=now-1hours", kind="slurmdb")
    assert (status, codes(body)) == (200, set())
    status, body = books.ask("GET", f"jobs?start_time={int(time.time())}", kind="slurmdb")
    assert (status, codes(body)) == (500, {9000})
    assert books.root.ended_job(999_999) is None


def test_without_accounting_no_job_is_known_for_good(bench: Bench) -> None:
    assert bench.ask("GET", "job/1", kind="slurmdb")[0] in (404, 500)
    assert bench.root.ended_job(1) is None
    assert bench.root.jobs() is not None


def test_an_account_that_the_user_has_not_is_refused(books: Bench) -> None:
    projects = {"research": {"user": "allod-ada", "account": "research"}}
    job_id = int(books.runner(projects=projects).start(order("sleep", "600")).seen.job)
    assert books.cluster.job(job_id)["Account"] == "research"
    status, body = books.submit(user="allod-ada", account="nobodys")
    assert (status, "job_id" in body) == (500, False)
