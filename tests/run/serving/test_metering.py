"""What replicas drew, read and settled in a real database: exact, once, whatever happens."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allod.adapters.postgres import Store
from allod.energy.split import UNFITTED
from tests.adapters.postgres.conftest import database, postgres_server, store
from tests.run.serving.metered import START_MS, Site, record, replica

__all__ = ["database", "postgres_server", "store"]

TABLES = ("energy_window", "energy_share", "usage_record", "energy_replica")


@pytest.fixture
def site(store: Store, database: str) -> Iterator[Site]:
    made = Site(database)
    yield made
    made.close()


def kept(database: str) -> dict[str, list[object]]:
    """All that was settled, as it lies in the database."""
    with psycopg.connect(database, options="-c search_path=allod") as session:
        return {
            table: sorted(session.execute(f"SELECT {table}::text FROM {table}").fetchall())  # type: ignore[arg-type]
            for table in TABLES
        }


def test_a_call_gets_what_its_windows_counted_and_the_rest_is_reserve(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.window(400_000, 81_001)  # r1 has half of the node: 200,000 and 40,500 mJ.
    site.window(100_000, 0)
    site.call("a", 0, 5_000)
    assert site.settle() == 2
    found = site.settled()["a"]
    assert (found.energy_method, found.energy_mj) == ("measured", 240_500 * 12 // 10)
    assert found.co2e_ug == 2245  # 288,600 mJ at 28 g/kWh.
    check = site.energy.check()
    assert check.exact, check.faults
    assert (check.meter_mj, check.records_mj, check.reserve_mj) == (290_500, 240_500, 50_000)


def test_settling_again_changes_nothing(site: Site, database: str) -> None:
    site.metering.read(site.now_ms)
    for _ in range(3):
        site.window(400_000, 80_000)
    site.call("a", 1_000, 9_000)
    assert site.settle() == 3
    before = kept(database)
    assert site.settle() == 0
    site.again()
    assert site.settle() == 0
    assert kept(database) == before


def test_two_that_settle_the_same_window_settle_it_once(site: Site, database: str) -> None:
    site.metering.read(site.now_ms)
    site.window(400_000, 80_000)
    (one,) = site.energy.replicas()
    stale = site.energy.replicas
    assert site.settle() == 1
    site.energy.replicas = lambda: [one]  # type: ignore[method-assign]
    assert site.settle() == 0
    site.energy.replicas = stale  # type: ignore[method-assign]
    assert site.energy.check().windows == 1


def test_a_call_over_several_windows_is_settled_with_its_last(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.call("long", 1_000, 12_000)
    for _ in range(3):
        site.window(200_000, 0)
    assert site.settle(later_ms=25_000) == 2  # The third is not 30 s old.
    assert site.settled()["long"].energy_method == "estimated"
    assert site.energy.check().open_mj > 0
    assert site.settle() == 1
    assert site.settled()["long"].energy_method == "measured"
    check = site.energy.check()
    assert check.exact
    assert (check.open_mj, check.records_mj + check.reserve_mj) == (0, 300_000)


def test_a_window_waits_for_calls_that_have_not_ended(site: Site) -> None:
    site.metering.read(site.now_ms)
    for _ in range(3):
        site.window(200_000, 0)
    site.in_flight_ms = START_MS + 6_000
    assert site.settle() == 1
    site.call("long", 6_000, 3_000)
    site.in_flight_ms = None
    assert site.settle() == 2
    assert site.settled()["long"].energy_method == "measured"


def test_a_call_that_never_ends_holds_windows_up_for_an_hour(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.in_flight_ms = 0
    assert site.settle(later_ms=3_500_000) == 0
    assert site.settle(later_ms=3_700_000) == 1


def test_a_driver_loaded_anew_is_a_gap_that_nobody_pays_for(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.rig.values["gpus/n1"] = 0
    site.window(60_000, 0)
    site.window(200_000, 0)
    site.call("before", 0, 4_000)
    site.call("inside", 6_000, 2_000)
    site.call("after", 10_500, 2_000)
    site.settle()
    found = site.settled()
    assert [found[name].energy_method for name in ("before", "inside", "after")] == [
        "measured",
        "estimated",
        "measured",
    ]
    check = site.energy.check()
    assert check.exact, check.faults
    # What is known of the gap: half of the accelerators' 60 J since they began anew.
    assert check.gap_mj == 30_000
    assert check.meter_mj == 230_000


def test_a_counter_that_is_not_read_makes_one_longer_window(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.rig.silent = {"node"}
    site.window(200_000, 10_000)
    site.rig.silent = set()
    site.window(200_000, 10_000)
    site.call("a", 0, 10_000)
    assert site.settle() == 1
    assert site.energy.check().records_mj == 210_000


def test_a_node_that_was_away_finds_the_energy_of_that_time(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.call("meanwhile", 100_000, 200_000)
    site.again()
    site.window(1_000_000, 0, ms=600_000)
    assert site.settle() == 1
    check = site.energy.check()
    assert check.exact
    assert check.meter_mj == 500_000
    # Nobody called for two thirds of the time, and the idle power is not known yet.
    assert check.reserve_mj == 500_000 * 400_000 // 600_000


def test_replicas_on_one_node_share_it_and_one_that_ends_is_finished(site: Site) -> None:
    site.running = (replica("r1"), replica("r2", 1))
    site.metering.read(site.now_ms)
    site.window(400_000, 40_000)
    site.running = (replica("r2", 1),)
    site.window(400_000, 40_000)
    site.running = (replica("r2", 1), replica("r3", 3))
    site.window(400_000, 40_000)
    site.window(400_000, 40_000)
    site.call("one", 0, 9_000)
    site.call("three", 15_000, 5_000, replica="r3")
    site.settle()
    check = site.energy.check()
    assert check.exact, check.faults
    # r1: two windows of a half; r2: four of a quarter; r3: one of three quarters.
    assert check.meter_mj == 2 * 220_000 + 4 * 110_000 + 330_000
    assert [one.metered.replica for one in site.energy.replicas()] == ["r2", "r3"]
    assert site.settled()["three"].energy_mj == 330_000 * 12 // 10


def test_a_record_that_comes_late_takes_nothing_from_others(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.call("a", 0, 5_000)
    site.settle()
    site.call("late", 0, 5_000)
    site.settle()
    assert site.settled()["late"].energy_method == "estimated"
    assert site.settled()["a"].energy_mj == 120_000
    assert site.energy.check().exact


def test_carbon_is_that_of_the_time_and_unknown_where_it_was(site: Site) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.entry = type(site.entry)(pue_milli=1100, carbon_mg_per_kwh=None)
    site.window(200_000, 0)
    site.call("first", 0, 5_000)
    site.call("second", 5_000, 5_000)
    site.settle()
    found = site.settled()
    assert (found["first"].energy_mj, found["first"].co2e_ug) == (120_000, 933)
    assert (found["second"].energy_mj, found["second"].co2e_ug) == (110_000, None)


def test_a_share_that_was_changed_is_found(site: Site, database: str) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.call("a", 0, 5_000)
    site.settle()
    with psycopg.connect(database, options="-c search_path=allod") as session:
        session.execute("UPDATE energy_share SET it_mj = it_mj - 1")
    check = site.energy.check()
    assert not check.exact
    assert any("calls got 99999 mJ of 100000" in fault for fault in check.faults)
    with psycopg.connect(database, options="-c search_path=allod") as session:
        session.execute("UPDATE energy_share SET it_mj = it_mj + 1")
        session.execute(
            "UPDATE energy_reading SET value_mj = value_mj + 8 WHERE at_ms > %s", [START_MS]
        )
    (fault,) = site.energy.check().faults
    assert "readings say" in fault


def test_the_database_itself_takes_no_window_that_does_not_add_up(
    site: Site, database: str
) -> None:
    site.metering.read(site.now_ms)
    site.window(200_000, 0)
    site.settle()
    with (
        psycopg.connect(database, options="-c search_path=allod") as session,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        session.execute("UPDATE energy_window SET reserve_mj = reserve_mj + 1")


def live_through(site: Site, seed: int) -> None:
    """Windows and calls by chance: resets, silences, ends, restarts of the node."""
    chance = random.Random(seed)
    site.metering.read(site.now_ms)
    for tick in range(40):
        if chance.random() < 0.1:
            site.rig.values["gpus/n1"] = 0
        site.rig.silent = {"node"} if chance.random() < 0.1 else set()
        if chance.random() < 0.1:
            site.again()
        if tick == 20:
            site.running = (replica("r1"), replica("r2", 1))
        site.window(chance.randrange(500_000), chance.randrange(90_000))
        site.records.put_records([
            record(
                f"{tick}-{n}",
                START_MS + tick * 5_000 + chance.randrange(5_000),
                chance.randrange(20_000),
                answer_tokens=chance.randrange(500),
                replica=chance.choice(("r1", "r2")),
                stream=chance.random() < 0.5,
            )
            for n in range(chance.randrange(6))
        ])  # fmt: skip
        if chance.random() < 0.3:
            site.in_flight_ms = site.now_ms - chance.randrange(40_000)
            site.settle(later_ms=0)
    site.in_flight_ms = None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_sum_is_exact(site: Site, seed: int) -> None:
    live_through(site, seed)
    site.settle()
    check = site.energy.check()
    assert check.exact, check.faults
    assert check.records_mj + check.open_mj + check.reserve_mj + check.gap_mj == check.meter_mj
    assert check.windows > 30
    assert min(check.records_mj, check.reserve_mj) > 0


SETTLER = """
import sys
from tests.run.serving.metered import Site
site = Site(sys.argv[1])
site.now_ms = int(sys.argv[2])
print("begun", flush=True)
site.settle()
"""


def test_a_node_killed_at_any_time_while_it_settles_settles_everything_once(
    site: Site, database: str
) -> None:
    site.metering.read(site.now_ms)
    for n in range(150):
        site.call(f"c{n}", n * 5_000, 7_000)
        site.window(200_000, 9_000)
    (one,) = site.energy.replicas()
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", SETTLER, database, str(site.now_ms)],
            cwd=Path(__file__).parents[3], stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()
        before = one.settled_to_ms
        while child.poll() is None and one.settled_to_ms == before:
            (one,) = site.energy.replicas()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        (one,) = site.energy.replicas()
        assert site.energy.check().exact
    site.settle()
    check = site.energy.check()
    assert check.exact, check.faults
    assert (check.windows, check.meter_mj) == (150, 150 * 104_500)
    assert all(
        found.energy_method == "measured"
        for name, found in site.settled().items()
        if name != "c149"
    )


def test_what_a_model_draws_is_found_and_told(site: Site) -> None:
    site.metering.read(site.now_ms)
    for n in range(40):
        tokens = n * 37 % 400
        if n % 3:
            site.call(f"c{n}", n * 5_000, 5_000, prompt_tokens=n * 53 % 900, answer_tokens=tokens)
        # Half of it is r1's: 80 W idle, 200 mJ for a token of the answer.
        site.window(2 * (400_000 + 200 * tokens * bool(n % 3)), 0)
    assert site.metering.rates("tiny", "h100") is None
    site.settle()
    site.settle(later_ms=130_000)
    told = site.metering.rates("tiny", "h100")
    assert told is not None
    assert told.method == "provisional"
    assert told.per_answer_token_nj > 200_000_000
    rates = site.metering._fitted["tiny", "h100"][0]
    assert rates != UNFITTED
    assert rates.idle_mw == pytest.approx(80_000, rel=0.02)
    assert rates.per_decode_nj == pytest.approx(200_000_000, rel=0.05)
