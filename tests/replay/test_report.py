"""The summary of a charter at work: floors kept, power within the envelope, sums that agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allod.replay.report import summary
from allod.replay.run import ReplayOptions, ReplayResult, replay_trace
from allod.replay.tables import tables
from tests.replay.conftest import ASSUMING, SCENARIO, Replay, users_of

HOUR = 3600


@pytest.fixture(scope="module")
def helios(shared_data: Path, root: Path) -> ReplayResult:
    return replay_trace(
        ReplayOptions(
            trace=shared_data / "traces/helios_venus_gpu.parquet",
            scenario=root / "examples/helios.scenario.yaml",
        )
    )


def test_a_real_trace_ends_at_rest_with_floors_kept(helios: ReplayResult) -> None:
    told = summary(helios)
    assert told["jobs"] == 125_303
    assert told["placed"] + told["refused"] + told["waiting"] == told["jobs"]
    # Whoever still waits has a grant that is used up; nobody else does.
    assert {row["project"] for row in told["waits_for"]} == {"lagos-fintech"}
    assert all("nouaceur: grant-used-up" in row["reasons"] for row in told["waits_for"])
    state = helios.engine.state
    assert (state.pool["free"] == state.pool["units"]).all()
    assert (state.pool["claimed"] == 0).all()
    assert (state.cls["use"] == 0).all()
    # C2: room within a floor came in time, and lent room was reclaimed for it.
    assert sum(row["claims_met"] for row in told["floors"]) > 100
    assert [row["late"] for row in told["floors"]] == [0] * len(told["floors"])
    assert all(row["longest_s"] <= row["allowed_s"] for row in told["floors"])
    assert told["total"]["reclaims"] > 100


def test_power_stays_within_the_envelope(helios: ReplayResult) -> None:
    told = summary(helios)
    assert {row["site"] for row in told["power"]} == {"narvik", "cambrai", "nouaceur"}
    for row in told["power"]:
        assert 0 < row["peak_w"] <= row["limit_w"]
        assert row["headroom_least_w"] >= 0


def test_rows_add_up(helios: ReplayResult) -> None:
    told = summary(helios)
    for name in ("placed", "runs", "reclaims"):
        total = told["total"][name]
        assert total == sum(row[name] for row in told["sites"])
        assert total == sum(row[name] for row in told["classes"])
    for site in told["sites"]:
        used = site["accelerator_h"] / site["available_accelerator_h"]
        assert site["utilisation"] == pytest.approx(used, abs=1e-4)
    assert sum(site["energy_wh"] for site in told["sites"]) == pytest.approx(
        told["total"]["energy_wh"], abs=3
    )


def test_it_is_plain_json_and_names_its_units(helios: ReplayResult) -> None:
    told = summary(helios)
    assert json.loads(json.dumps(told)) == told
    assert {"title", "policy", "jobs", "read_s", "loop_s", "jobs_per_s", "assumed"} <= told.keys()


def small(replay: Replay, scenario: Path, jobs: list[Any]) -> dict[str, Any]:
    result, _ = replay(jobs, scenario=scenario, policy="charter")
    return summary(result)


def test_a_reclaim_in_numbers(replay: Replay, scenario: Path) -> None:
    users = users_of(replay, scenario)
    lent, owner = users["surplus"], users["start-ups"]
    jobs = [
        (0, 2000, HOUR, 8, lent),  # All eight are lent to the publisher.
        (100, 500, HOUR, 4, owner),  # Within its floor: the lent ones go by 160.
    ]
    told = small(replay, scenario, jobs)
    rows = {row["class"]: row for row in told["classes"]}
    assert rows["surplus"]["reclaims"] == 1
    assert rows["surplus"]["runs"] == 2
    assert rows["surplus"]["lent_runs_share"] == 1.0
    assert rows["surplus"]["lost_accelerator_h"] == round(8 * 160 / HOUR, 2)
    assert rows["start-ups"]["wait_max_s"] == 60
    # The publisher needs all eight again, so it waits for the end of the other: 660 s.
    assert rows["surplus"]["wait_max_s"] == 660
    (floor, *_) = [row for row in told["floors"] if row["access_class"] == "start-ups"]
    assert (floor["claims_met"], floor["late"], floor["longest_s"]) == (1, 0, 60)
    assert (floor["floor_max"], floor["allowed_s"]) == (4, 90)
    # 700 W × 1.2 each at the meter; the reclaimed run has drawn it too.
    each_w = told["power"][0]["peak_w"] - 2000
    assert each_w % 8 == 0
    drawn_s = 8 * 160 + 4 * 500 + 8 * 2000
    assert told["total"]["energy_wh"] == drawn_s * (each_w // 8) // HOUR
    assert told["sites"][0]["base_load_energy_wh"] == 2000 * told["span_s"] // HOUR
    assert told["power"][0]["headroom_least_w"] == 18_000 - each_w


def test_capacity_follows_the_phases(replay: Replay, scenario: Path) -> None:
    scenario.write_text(
        SCENARIO.replace(
            "accelerators: {h200: 8}}",
            "accelerators: {h200: 8}}\n"
            "    - {name: second, state: live, starts: 2026-01-03, accelerators: {h200: 8}}",
        )
    )
    day = 86_400
    told = small(replay, scenario, [(0, 4 * day, 4 * day, 1, 1)])
    (site,) = told["sites"]
    assert site["accelerators_max"] == 16
    assert site["available_accelerator_h"] == 24 * (2 * 8 + 2 * 16)
    assert site["utilisation"] == round(4 / (2 * 8 + 2 * 16), 6)


def test_what_is_assumed_is_said(replay: Replay, scenario: Path) -> None:
    scenario.write_text(ASSUMING)
    told = small(replay, scenario, [(0, 10, 20, 1, 1)])
    assert told["assumed"] == ["Site/fjord: pue_milli"]


def test_energy_of_a_pool_is_not_known(replay: Replay) -> None:
    result, _ = replay([(0, 10, 20, 1, 1)], pool=4)
    told = summary(result)
    assert told["total"]["energy_wh"] is None
    assert told["total"]["lent_runs_share"] is None
    assert told["power"] == told["floors"] == []


def test_tables_hold_what_there_is(helios: ReplayResult, replay: Replay) -> None:
    made = {table.title: table for table in tables(summary(helios))}
    assert list(made) == ["Waits", "Use", "Floors", "Power", "Refused", "Never came to run"]
    for table in made.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert made["Waits"].rows[-1][:3] == ("all", "", summary(helios)["placed"])
    result, _ = replay([(0, 10, 20, 1, 1)], pool=4)
    waits, use = tables(summary(result))
    assert waits.rows == (("pool", "", 1, 0.0, 0, 0, 0, 0, 1.0, 1.0),)
    assert use.rows[0][:4] == ("pool", "", 4, 25.0)
