"""Licences as watts: what Slurm counts, what it holds back, and what it says of who waits."""

from __future__ import annotations

from allod.adapters.slurm.driver import Licence
from tests.adapters.slurm.bench import ADA, Bench, order, wait_for

LICENCE = {"name": "kw", "unit_w": 1000}
KEY = ("w-1", 1)


def kw(bench: Bench) -> Licence:
    (found,) = bench.root.licences()
    return found


def free(bench: Bench) -> int:
    licence = kw(bench)
    return licence.total - licence.used - licence.reserved


def test_a_run_that_lacks_watts_waits_and_says_so(bench: Bench) -> None:
    runner = bench.runner(power_licence=LICENCE)
    runner.start(order("sleep", "600", workload_id="large", power_w=399_001))
    bench.until(runner, "running", ("large", 1))
    assert (kw(bench).total, kw(bench).used, free(bench)) == (400, 400, 0)
    runner.start(order("true", power_w=1))
    wait_for(lambda: runner.observe([KEY])[KEY].detail == "Licenses", "the reason")
    runner.stop("large", 1, 0, "test")
    assert bench.until(runner, "ended").exit_status == 0


def test_licences_of_others_are_watts_of_others(bench: Bench) -> None:
    runner = bench.runner(power_licence=LICENCE)
    job_id = bench.submitted(licenses="kw:60", gres="gpu:b200:2", nodelist="n3")
    bench.until_raw(job_id, "RUNNING")
    (report,) = wait_for(
        lambda: (found := runner.pools())[0].others_w and found, "the job of somebody else"
    )
    assert (report.others_w, report.out) == (60_000, ((2, 2),))
    assert report.why == ("work that Allod did not place holds 2 accelerators",)


def test_a_smaller_total_lets_what_runs_go_on_and_starts_nothing(bench: Bench) -> None:
    """But a job above the new total is refused for good, so a site's total is its maximum."""
    runner = bench.runner(power_licence=LICENCE)
    runner.start(order("sleep", "600", power_w=80_000))
    bench.until(runner, "running")
    with bench.configured("Licenses=kw:50"):
        assert (kw(bench).total, kw(bench).used) == (50, 80)
        assert bench.until(runner, "running").seen.restarts == 0
        waits = bench.submitted("true", licenses="kw:1")
        wait_for(lambda: bench.listed(waits).reason == "Licenses", "the reason")
        assert "job_id" not in bench.submit(licenses="kw:51")[1]
    bench.until_raw(waits, "COMPLETED")


def test_a_reservation_of_licences_holds_back_and_lets_go(bench: Bench) -> None:
    def reserve(starts: str) -> None:
        bench.cluster.scontrol(
            "create",
            "reservation",
            "ReservationName=curtail",
            f"StartTime={starts}",
            "Duration=60",
            "Users=root",
            "Licenses=kw:390",
            "Flags=ANY_NODES",
        )

    runner = bench.runner(power_licence=LICENCE)
    reserve("now")
    try:
        (listed,) = bench.ask("GET", "reservations")[1]["reservations"]
        assert (listed["name"], listed["licenses"], listed["node_count"]) == (
            "curtail",
            "kw:390",
            0,
        )
        # Slurm itself takes what is reserved off nothing.
        wait_for(lambda: kw(bench).reserved == 390, "the reservation to begin")
        assert (kw(bench).total, kw(bench).used, free(bench)) == (400, 0, 10)
        runner.start(order("true", power_w=11_000))
        runner.start(order("true", workload_id="small", power_w=10_000))
        assert bench.until(runner, "ended", ("small", 1)).exit_status == 0
        wait_for(
            lambda: runner.observe([KEY])[KEY].detail != "None", "Slurm to say what it waits for"
        )
        report = runner.observe([KEY])[KEY]
        assert (report.state, report.detail) in (("queued", "Licenses"), ("queued", "Reservation"))
    finally:
        bench.cluster.scontrol("delete", "ReservationName=curtail")
    bench.until(runner, "ended")
    assert kw(bench).reserved == 0


def test_a_reservation_for_later_keeps_longer_work_out(bench: Bench) -> None:
    bench.cluster.scontrol(
        *"create reservation ReservationName=later StartTime=now+5minutes Duration=60".split(),
        *"Users=root Licenses=kw:400 Flags=ANY_NODES".split(),
    )
    runner = bench.runner(power_licence=LICENCE)
    try:
        runner.start(order("true", power_w=1000, wall_time_s=600))
        runner.start(order("true", workload_id="short", power_w=1000, wall_time_s=120))
        assert bench.until(runner, "ended", ("short", 1)).exit_status == 0
        assert runner.observe([KEY])[KEY].state == "queued"
    finally:
        bench.cluster.scontrol("delete", "ReservationName=later")
    bench.until(runner, "ended")


def test_a_reservation_cannot_be_made_through_slurmrestd(bench: Bench) -> None:
    assert bench.ask("POST", "reservations", {"name": "curtail"})[0] == 405


def test_an_account_may_have_its_own_limit_of_watts(books: Bench) -> None:
    limit = ("modify", "account", "research", "set", "GrpTRES=license/kw=10")
    books.cluster.sacctmgr(*limit)
    try:
        runner = books.runner(power_licence=LICENCE)
        runner.start(order("sleep", "600", power_w=10_000))
        books.until(runner, "running")
        runner.start(order("true", workload_id="w-2", power_w=1000))
        second = ("w-2", 1)

        def reason() -> str:
            return runner.observe([second])[second].detail

        wait_for(lambda: reason().startswith("AssocGrp"), "the limit of the account")
        assert free(books) == 390
    finally:
        books.cluster.sacctmgr(*limit[:4], "GrpTRES=license/kw=-1")
    assert books.cluster.job(int(books.submitted(user=ADA)))["Account"] == "research"
