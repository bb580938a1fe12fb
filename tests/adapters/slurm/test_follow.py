from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from allod.adapters.slurm.follow import Follower, sorted_out
from allod.errors import RunnerRefused, RunnerUnknown
from tests.adapters.slurm.bench import wait_for
from tests.adapters.slurm.scripted import KEY, NODE, Scripted, Time, job

SILENT = RunnerUnknown("it does not answer")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def driver(time: Time) -> Scripted:
    return Scripted(time)


@pytest.fixture
def follower(driver: Scripted, time: Time) -> Follower:
    return Follower(driver, NODE, time.now_s, time.monotonic_s)


def looks_in(follower: Follower, driver: Scripted, seconds: float) -> int:
    """How often the cluster is asked in that time by somebody who looks ten times a second."""
    before, until_s = driver.count("jobs"), driver.time.monotonic + seconds
    while driver.time.monotonic < until_s:
        follower.look()
        driver.time.monotonic += 0.1
    return driver.count("jobs") - before


def test_an_idle_cluster_is_asked_every_fifteen_seconds(
    follower: Follower, driver: Scripted
) -> None:
    driver.listed = [job(1, "COMPLETED"), job(2, "RUNNING", None)]
    assert looks_in(follower, driver, 60) in (4, 5)
    assert follower.poll_s == 15


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING"])
def test_while_a_run_of_ours_goes_on_it_is_asked_every_second(
    follower: Follower, driver: Scripted, state: str
) -> None:
    driver.listed = [job(1, state)]
    assert 9 <= looks_in(follower, driver, 10) <= 11


def test_after_something_was_asked_for_it_is_looked_at_often_for_a_while(
    follower: Follower, driver: Scripted
) -> None:
    follower.look()
    follower.expect()
    driver.time.monotonic += 1
    assert follower.poll_s == 1
    assert 28 <= looks_in(follower, driver, 29) <= 30
    driver.time.monotonic += 1
    assert follower.poll_s == 15


def test_while_a_crowd_is_submitted_it_is_listed_less_often(
    follower: Follower, driver: Scripted
) -> None:
    driver.listed = [job()]
    follower.look()
    with ExitStack() as crowd:
        for _ in range(7):
            crowd.enter_context(follower.submitting())
        assert follower.poll_s == 1
        crowd.enter_context(follower.submitting())
        assert follower.poll_s == 4
    assert follower.poll_s == 1


@pytest.mark.parametrize(("takes_s", "poll_s"), [(0.2, 1), (0.5, 2), (5, 20)])
def test_a_slow_listing_is_asked_for_a_fifth_of_the_time(
    follower: Follower, driver: Scripted, takes_s: float, poll_s: float
) -> None:
    driver.listed, driver.takes_s = [job()], takes_s
    follower.look()
    assert follower.poll_s == pytest.approx(poll_s)


def test_a_cluster_that_does_not_answer_is_asked_later_and_later(
    follower: Follower, driver: Scripted
) -> None:
    driver.faults = [("jobs", SILENT)] * 9
    waits = []
    for _ in range(7):
        with pytest.raises(RunnerUnknown):
            follower.look()
        waits.append(follower.poll_s)
        driver.time.monotonic += follower.poll_s
    assert waits == [1, 2, 4, 8, 15, 15, 15]
    driver.faults.clear()
    follower.look()
    assert follower.poll_s == 15


def test_the_last_listing_stays_but_is_not_passed_off_as_fresh(
    follower: Follower, driver: Scripted
) -> None:
    driver.listed = [job()]
    first = follower.look()
    driver.time.monotonic += 1
    driver.faults = [("jobs", RunnerRefused("no"))]
    for _ in range(2):  # The second look asks nobody.
        with pytest.raises(RunnerUnknown, match="no"):
            follower.look()
    assert driver.count("jobs") == 2
    assert follower.listing is first
    driver.time.monotonic += 1
    assert follower.look() is not first


def test_a_listing_begins_when_it_was_asked_for(follower: Follower, driver: Scripted) -> None:
    driver.takes_s = 3
    listing = follower.look()
    assert (listing.begun_s, listing.at_s) == (50, 1_000_050)
    assert driver.time.monotonic == 53


# ------------------------------------------------------------ after a certain time


def test_a_listing_after_now_is_a_new_one(follower: Follower, driver: Scripted) -> None:
    old = follower.look()
    assert follower.look_after(49) is old
    driver.time.monotonic += 0.1
    assert follower.look_after(50) is not old
    assert driver.count("jobs") == 2


def test_the_first_listing_is_asked_for_however_long_ago_will_do(
    follower: Follower, driver: Scripted
) -> None:
    assert follower.look_after(float("-inf")).machines
    assert follower.look_after(float("-inf")).machines
    assert driver.count("jobs") == 1


def test_without_an_answer_there_is_no_listing_after(follower: Follower, driver: Scripted) -> None:
    follower.look()
    driver.time.monotonic += 1
    driver.faults = [("jobs", SILENT)] * 3
    with pytest.raises(RunnerUnknown, match="does not answer"):
        follower.look_after(50.5)
    with pytest.raises(RunnerUnknown):  # Another who asks since then need not wait again.
        follower.look_after(50.5)
    assert driver.count("jobs") == 2
    driver.time.monotonic += 1
    with pytest.raises(RunnerUnknown):
        follower.look_after(driver.time.monotonic - 0.1)
    assert driver.count("jobs") == 3


def test_threads_that_want_a_new_listing_share_it(follower: Follower, driver: Scripted) -> None:
    go_on, listing = threading.Event(), threading.Event()

    def hold() -> None:
        listing.set()
        assert go_on.wait(10)

    driver.while_listing = hold
    found: list[object] = []
    first = threading.Thread(target=lambda: found.append(follower.look_after(49.0)))
    first.start()
    assert listing.wait(10)
    others = [
        threading.Thread(target=lambda: found.append(follower.look_after(49.0))) for _ in range(5)
    ]
    for thread in others:
        thread.start()
    assert not found
    # Who only looks waits for the first listing too: none is not a listing of no jobs.
    looking = threading.Thread(target=lambda: found.append(follower.look()))
    looking.start()
    go_on.set()
    for thread in (first, *others, looking):
        thread.join(10)
    wait_for(lambda: len(found) == 7, "all threads")
    assert driver.count("jobs") == 1
    assert len(set(map(id, found))) == 1


# ------------------------------------------------------------ whose jobs they are


def test_jobs_are_ours_by_their_tag_and_others_if_they_hold_nodes() -> None:
    jobs = (
        job(1),
        job(2, "PENDING", ("w-2", 3)),
        job(3, "RUNNING", None),
        job(4, "PENDING", None),
        job(5, "COMPLETED", None),
        job(6, "RUNNING", None, comment="allod:00000002:w-1.1"),
        job(7, "COMPLETING", None, comment="by hand"),
    )
    listing = sorted_out(jobs, {}, NODE, 1.0, 2)
    assert {key: [each.job_id for each in found] for key, found in listing.ours.items()} == {
        KEY: [1],
        ("w-2", 3): [2],
    }
    assert [each.job_id for each in listing.others] == [3, 6, 7]


def test_of_several_jobs_the_one_that_runs_it_is_the_run() -> None:
    jobs = (
        job(1, "PENDING"),
        job(2, "CANCELLED", began_at_s=None, shares=()),
        job(3, "FAILED", exit_status=217),
        job(4, "RUNNING"),
        job(5, "COMPLETED"),
    )
    listing = sorted_out(jobs, {}, NODE, 1.0, 2)
    assert [each.job_id for each in listing.ours[KEY]] == [4, 5, 1, 2, 3]


def test_who_copies_a_comment_is_not_the_run() -> None:
    jobs = (job(1, "PENDING"), job(2, "RUNNING", user="mallory"), job(3, "PENDING"))
    listing = sorted_out(jobs, {}, NODE, 1.0, 2)
    assert [each.job_id for each in listing.ours[KEY]] == [1, 3]
    assert [each.job_id for each in listing.others] == [2]
