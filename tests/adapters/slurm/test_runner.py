"""The runner over a cluster that loses answers."""

from __future__ import annotations

from typing import Any

import pytest

from allod.adapters.slurm.script import mark
from allod.adapters.slurm.tag import tag
from allod.errors import NotFound, RunnerRefused, RunnerUnknown
from allod.run.ports import Cluster, Runner
from tests.adapters.slurm.bench import ADA, BO, order
from tests.adapters.slurm.scripted import KEY, NODE, NoFiles, Scripted, Time, job, machine, runner

LOST = RunnerUnknown("the answer was lost")
MARK = mark("/data", NODE, KEY)


@pytest.fixture
def driver() -> Scripted:
    return Scripted(Time())


def later(driver: Scripted, seconds: float = 20) -> None:
    driver.time.monotonic += seconds


def test_it_is_a_runner_and_a_cluster(driver: Scripted) -> None:
    found: Runner = runner(driver)
    assert isinstance(found, Cluster)


# ------------------------------------------------------------ start


def test_a_start_is_queued_and_asks_once(driver: Scripted) -> None:
    slurm = runner(driver)
    report = slurm.start(order("true"))
    assert (report.state, report.seen.job) == ("queued", "1")
    assert driver.asked == [("jobs",), ("submit", tag(NODE, KEY), ADA)]
    slurm.start(order("true", workload_id="w-2", person="bo"))
    assert driver.asked[2:] == [("submit", tag(NODE, ("w-2", 1)), BO)]


def test_a_start_whose_answer_was_lost_is_found_again(driver: Scripted) -> None:
    slurm = runner(driver)
    driver.lost = [("submit", LOST)]
    with pytest.raises(RunnerUnknown):
        slurm.start(order("true"))
    for again in (slurm, runner(driver)):  # Also by a node that was started anew.
        later(driver, 1)
        report = again.start(order("true", again=True))
        assert (report.state, report.seen.job) == ("queued", "1")
    assert driver.count("submit") == 1


def test_a_start_that_never_arrived_is_asked_for_again(driver: Scripted) -> None:
    slurm = runner(driver)
    driver.faults = [("submit", LOST)]
    with pytest.raises(RunnerUnknown):
        slurm.start(order("true"))
    later(driver, 1)
    assert slurm.start(order("true", again=True)).state == "queued"
    assert (driver.count("submit"), len(driver.listed)) == (2, 1)


def test_who_cannot_look_does_not_submit(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.observe([])
    later(driver, 1)
    driver.faults = [("jobs", LOST)]
    with pytest.raises(RunnerUnknown):
        slurm.start(order("true", again=True))
    assert driver.count("submit") == 0


def test_a_run_that_has_ended_and_was_forgotten_is_not_started_again(driver: Scripted) -> None:
    files = NoFiles()
    files.contents[f"{MARK}.end"] = b"4 1000\n"
    files.links[f"{MARK}.job"] = "9"
    report = runner(driver, files).start(order("true", again=True))
    assert (report.state, report.exit_status) == ("ended", 4)
    assert driver.count("submit") == 0


def test_a_refusal_is_final_and_leaves_nothing_asked_for(driver: Scripted) -> None:
    slurm = runner(driver)
    driver.faults = [("submit", RunnerRefused("no"))]
    with pytest.raises(RunnerRefused):
        slurm.start(order("true"))
    assert slurm.observe([KEY])[KEY].state == "absent"
    with pytest.raises(RunnerRefused):
        slurm.start(order())
    assert driver.count("submit") == 1


# ------------------------------------------------------------ observe


def test_what_was_never_asked_for_is_absent(driver: Scripted) -> None:
    assert runner(driver).observe([KEY, ("w-2", 1)])[KEY].state == "absent"


def test_a_listing_older_than_a_submission_does_not_make_a_run_absent(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.observe([])
    later(driver, 0.2)
    slurm.start(order("true"))
    driver.listed.clear()
    assert slurm.observe([KEY])[KEY].state == "queued"


def test_nor_does_one_that_was_begun_before_and_answered_after(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.observe([])
    later(driver)

    def meanwhile() -> None:
        driver.while_listing = lambda: None
        later(driver, 0.1)
        slurm.start(order("true"))
        later(driver, 0.1)

    driver.while_listing = meanwhile
    assert slurm.observe([KEY])[KEY].state == "queued"


def test_a_run_that_the_watcher_is_not_shown_is_not_lost(driver: Scripted) -> None:
    driver.listed, driver.hidden = [job(7, user="allod-bo")], {7}
    slurm = runner(driver)
    assert slurm.observe([KEY])[KEY].state == "running"
    assert slurm.start(order("true", person="bo", again=True)).seen.job == "7"
    assert driver.count("submit") == 0
    slurm.stop(*KEY, 0, "test")
    assert ("signal", 7, "allod-bo", None) in driver.asked


def test_a_job_that_a_new_listing_lacks_is_gone(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.start(order("true"))
    driver.listed.clear()
    later(driver, 2)
    report = slurm.observe([KEY])[KEY]
    assert (report.state, report.cause, report.seen.job) == ("ended", "lost", "1")
    slurm.observe([KEY])
    assert driver.count("ended_job") == 1  # Its last words are asked for once.


@pytest.mark.parametrize("state", ["COMPLETED", "TIMEOUT", "NODE_FAIL", "PREEMPTED"])
def test_the_accounting_knows_how_a_forgotten_job_ended(driver: Scripted, state: str) -> None:
    slurm = runner(driver)
    slurm.start(order("true"))
    driver.listed.clear()
    driver.accounted[1] = job(1, state)
    later(driver, 2)
    assert slurm.observe([KEY])[KEY] == job(1, state).report(KEY)


def test_the_accounting_may_lag_behind(driver: Scripted) -> None:
    files = NoFiles()
    files.links[f"{MARK}.job"] = "9"
    driver.accounted[9] = job(9, "RUNNING")
    assert runner(driver, files).observe([KEY])[KEY].state == "running"


def test_no_answer_is_no_report(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.start(order("true"))
    later(driver, 2)
    driver.faults = [("jobs", LOST)]
    for ask in (lambda: slurm.observe([KEY]), slurm.ended, slurm.pools):
        with pytest.raises(RunnerUnknown):
            ask()


def test_doubles_are_ended_before_they_begin(driver: Scripted) -> None:
    driver.listed = [job(1, "PENDING"), job(2), job(3, "PENDING"), job(4, "RUNNING")]
    report = runner(driver).observe([KEY])[KEY]
    assert (report.state, report.seen.job) == ("running", "2")
    # One that has begun ends by itself: it finds the mark of the first.
    assert [ask for ask in driver.asked if ask[0] == "signal"] == [
        ("signal", 1, ADA, None),
        ("signal", 3, ADA, None),
    ]


def test_a_job_pinned_to_a_node_that_is_out_comes_back_and_once_a_listing(driver: Scripted) -> None:
    driver.nodes["n2"] = machine("n2", states=("DOWN",), reason="fan")
    pinned: dict[str, Any] = {"reason": "ReqNodeNotAvail", "shares": ()}
    driver.listed = [
        job(1, "PENDING", pinned_to="n[1-2]", **pinned),
        job(2, "PENDING", ("w-2", 1), pinned_to="n1", **pinned),  # Reserved by somebody: waits.
        job(3, "PENDING", ("w-3", 1), pinned_to="n2", reason="Priority", shares=()),
    ]
    slurm = runner(driver)
    assert slurm.ended() == slurm.ended() == ()
    assert [ask for ask in driver.asked if ask[0] == "signal"] == [("signal", 1, ADA, None)]
    later(driver, 2)
    assert slurm.ended() == (KEY,)
    report = slurm.observe([KEY])[KEY]
    assert report.cause == "node-failed"
    assert "n2 is down: fan" in report.detail


def test_a_job_cancelled_while_its_node_is_in_order_was_stopped(driver: Scripted) -> None:
    driver.listed = [job(1, "CANCELLED", pinned_to="n1", shares=())]
    assert runner(driver).observe([KEY])[KEY].cause == "stopped"


# ------------------------------------------------------------ stop and notify


def test_a_stop_whose_answer_was_lost_is_asked_for_again(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.start(order("true"))
    driver.lost = [("signal", LOST)]
    with pytest.raises(RunnerUnknown):
        slurm.stop(*KEY, 0, "test")
    slurm.stop(*KEY, 0, "test")
    later(driver, 2)
    assert slurm.observe([KEY])[KEY].cause == "stopped"
    assert [ask for ask in driver.asked if ask[0] == "signal"] == [("signal", 1, ADA, None)] * 2


def test_a_stop_that_never_arrived_stops_nothing(driver: Scripted) -> None:
    driver.listed = [job()]
    slurm = runner(driver)
    driver.faults = [("signal", LOST)]
    with pytest.raises(RunnerUnknown):
        slurm.stop(*KEY, 0, "test")
    later(driver, 2)
    assert slurm.observe([KEY])[KEY].state == "running"


def test_a_run_is_stopped_before_it_is_listed(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.start(order("true", person="bo"))
    assert slurm.stop(*KEY, 0, "test").state == "queued"
    assert driver.asked[-1] == ("signal", 1, BO, None)


def test_to_stop_what_was_never_asked_for_looks_first(driver: Scripted) -> None:
    slurm = runner(driver)
    slurm.observe([])
    later(driver, 0.1)
    assert slurm.stop(*KEY, 0, "test").state == "absent"
    assert driver.count("jobs") == 3  # One more as the user that the watcher is not.
    driver.listed = [job(5, "PENDING")]  # The submission of a node that died came late.
    later(driver, 0.1)
    slurm.stop(*KEY, 0, "test")
    assert driver.asked[-1] == ("signal", 5, ADA, None)


def test_every_job_of_a_run_is_stopped_but_those_that_have_ended(driver: Scripted) -> None:
    driver.listed = [job(1, "FAILED"), job(2), job(3, "PENDING"), job(4, "COMPLETING")]
    runner(driver).stop(*KEY, 0, "test")
    assert sorted(ask[1] for ask in driver.asked if ask[0] == "signal") == [2, 3, 4]


def test_to_stop_what_has_ended_says_how(driver: Scripted) -> None:
    files = NoFiles()
    files.contents[f"{MARK}.end"] = b"0 1000\n"
    files.links[f"{MARK}.job"] = "9"
    assert runner(driver, files).stop(*KEY, 0, "test").exit_status == 0
    driver.listed = [job(1, "TIMEOUT")]
    assert runner(driver).stop(*KEY, 0, "test").cause == "timeout"
    assert driver.count("signal") == 0


def test_a_notice_is_a_signal(driver: Scripted) -> None:
    driver.listed = [job()]
    runner(driver).notify(*KEY, "USR1")
    assert driver.asked[-1] == ("signal", 1, ADA, "USR1")


# ------------------------------------------------------------ ends


def test_an_end_is_told_until_it_is_acknowledged(driver: Scripted) -> None:
    driver.listed = [job(2, "COMPLETED", ("w-2", 1)), job(1, "FAILED"), job(3, key=("w-3", 1))]
    slurm = runner(driver)
    assert slurm.ended() == slurm.ended() == (KEY, ("w-2", 1))
    slurm.acknowledge(*KEY)
    assert slurm.ended() == (("w-2", 1),)
    assert slurm.unended() == {("w-3", 1)}


def test_who_takes_over_knows_what_was_asked_and_told(driver: Scripted) -> None:
    driver.listed = [job(1, "COMPLETED", ("w-0", 1))]
    before = runner(driver)
    before.ended()
    before.acknowledge("w-0", 1)
    before.start(order("true"))
    later(driver, 1)
    driver.listed.pop()
    after = runner(driver, before=before)
    assert after.ended() == ()
    assert after.observe([KEY])[KEY].seen.job == "2"


def test_contact_tells_the_pace(driver: Scripted) -> None:
    slurm = runner(driver)
    assert (slurm.contact().version, slurm.contact().looked_at_s) == ("", None)
    slurm.ended()
    contact = slurm.contact()
    assert contact.version == "Slurm 22.05.8 (slurmrestd v0.0.38)"
    assert (contact.poll_s, contact.looked_at_s) == (15, 1_000_050)


# ------------------------------------------------------------ output


def test_output_is_empty_until_it_is_there_and_unknown_of_strangers(driver: Scripted) -> None:
    files = NoFiles()
    slurm = runner(driver, files)
    with pytest.raises(NotFound):
        slurm.logs(*KEY, "stdout", 0, 9)
    slurm.start(order("true"))
    assert slurm.logs(*KEY, "stdout", 3, 9).data == b""
    files.contents[f"{MARK}.out"] = b"hello"
    part = slurm.logs(*KEY, "stdout", 1, 3)
    assert (part.offset, part.data, part.next_offset) == (1, b"ell", 4)
