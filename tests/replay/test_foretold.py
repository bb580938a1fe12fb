"""A replay that is told forecasts and calls: P1 at the true weather, P2 with notice, P3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allod.domain.foretelling import Foretelling
from allod.energy.grid import Grid
from allod.energy.outdoor_air import outdoor_air
from allod.errors import InvalidInput, NotFound
from allod.replay.foretold import foretold
from allod.replay.log import replay_log
from allod.replay.page import page
from allod.replay.record import record_trace
from allod.replay.report import summary
from allod.replay.run import ReplayOptions
from allod.replay.surroundings import Surroundings
from allod.replay.tables import tables
from allod.replay.world import scenario_world, sites_of
from tests.replay.conftest import SCENARIO, Job, Replay, swf_text, users_of

STARTS_S = 1_767_225_600  #: 2026-01-01 UTC.
HOUR_S = 3600
SUPPLY = """\
  supply:
    grid: {zone: NO4}
    purchases: [{name: wind, technology: wind, capacity_w: 40 kW, zone: NO4, starts: 2025-01-01}]
"""


def cooled(tmp_path: Path, more: str = "", *, site: str = "", portion: str = "") -> Path:
    """The small scenario with a dry cooler, and `more` in its spec."""
    text = SCENARIO.replace(
        "  starts: 2026-01-01\n  mapping", f"  starts: 2026-01-01\n{more}  mapping"
    )
    text = text.replace("  pue_milli: 1200\n", f"  cooling: {{plant: dry-cooler}}\n{site}")
    if portion:
        text = text.replace("project: media, weight: 1", f"project: media, weight: 1, {portion}")
    path = tmp_path / "cooled.scenario.yaml"
    path.write_text(text)
    return path


def around(temps_c: list[float], **more: Any) -> Surroundings:
    """Hours of weather from the beginning of 2026 on, again and again."""
    hours = np.resize(np.array(temps_c, float), 96)
    return Surroundings(
        site="fjord",
        grid=Grid(STARTS_S, HOUR_S, len(hours)),
        air=outdoor_air(hours, np.full(len(hours), 60.0)),
        source="a made sky",
        **more,
    )


def called(power: str, starts: str, ends: str, notice: str) -> str:
    return (
        "  calls:\n"
        f"    - {{site: fjord, name: peak, power_w: {power}, starts: {starts}, ends: {ends}, "
        f"notice_s: {notice}}}\n"
    )


def told_of(result: Any) -> dict[str, Any]:
    (site,) = summary(result)["energy"]
    return dict(site)


def test_forecasts_come_when_the_scenario_says_and_reach_as_far(tmp_path: Path) -> None:
    scenario = cooled(tmp_path)
    sites = sites_of(scenario_world(scenario, None))
    how = Foretelling(every_s=21_600, ahead_s=43_200, margin_milli_c=500)
    coming = foretold(
        {"fjord": around([1.0, 2.0, 3.5])}, sites, how, (), from_s=STARTS_S + 5000, seed=0
    )
    first, second, third = (next(coming) for _ in range(3))
    assert [one.at_s - STARTS_S for one in (first, second, third)] == [5000, 21_600, 43_200]
    assert (first.start_s, second.start_s) == (STARTS_S + 3600, STARTS_S + 21_600)
    assert first.temp_milli_c[:4] == (2000, 3500, 1000, 2000)
    assert len(first.temp_milli_c) == 13  # From the hour that has begun until twelve hours on.
    assert (first.design_temp_milli_c, first.margin_milli_c) == (3500, 500)


def test_a_forecast_is_off_by_no_more_than_it_says_and_the_same_for_a_seed(tmp_path: Path) -> None:
    sites = sites_of(scenario_world(cooled(tmp_path), None))
    how = Foretelling(error_milli_c=1500)

    def first(seed: int) -> tuple[int, ...]:
        coming = foretold({"fjord": around([5.0])}, sites, how, (), from_s=STARTS_S, seed=seed)
        return next(coming).temp_milli_c

    assert first(1) == first(1) != first(2)
    assert max(abs(t - 5000) for t in first(1)) <= 1500
    assert len(set(first(1))) > 10


def test_another_year_takes_the_same_days_and_a_long_replay_begins_anew() -> None:
    one = around([float(i) for i in range(96)])
    later_s = 1_798_761_600 + 2 * HOUR_S  # 2027-01-01, two o'clock.
    grid = Grid(later_s, HOUR_S, 96)
    assert one.on(grid, later_s).air.temp_c[:3].tolist() == [2, 3, 4]
    assert one.on(grid, later_s).air.temp_c[-2:].tolist() == [0, 1]


def test_weather_of_a_site_that_is_not_there_or_too_short_is_refused(tmp_path: Path) -> None:
    sites = sites_of(scenario_world(cooled(tmp_path), None))
    with pytest.raises(NotFound, match="no site 'fjord'"):
        foretold({"fjord": around([5.0])}, {}, Foretelling(), (), from_s=0, seed=0)
    long = Foretelling(ahead_s=5 * 86_400)
    with pytest.raises(InvalidInput, match="shorter than its forecasts"):
        next(foretold({"fjord": around([5.0])}, sites, long, (), from_s=0, seed=0))


def many(tmp_path: Path, replay: Replay, temp_c: float) -> int:
    """How many single accelerators run at once, of eight that ask."""
    scenario = cooled(tmp_path)
    scenario.write_text(scenario.read_text().replace("power_w: 20 kW", "power_w: 12600 W"))
    jobs: list[Job] = [(0, 900, 1000, 1, 1)] * 8
    _, rows = replay(jobs, scenario=scenario, surroundings={"fjord": around([temp_c])})
    return sum(row["start_s"] == 0 for row in rows)


def test_more_runs_in_the_cold(tmp_path: Path, replay: Replay) -> None:
    assert many(tmp_path, replay, -5.0) > many(tmp_path, replay, 44.0) > 0


def test_a_call_is_met_and_told_in_the_report(tmp_path: Path, replay: Replay) -> None:
    more = called("8 kW", "2026-01-01T05:00Z", "2026-01-01T07:00Z", "30m")
    users = users_of(replay, cooled(tmp_path))
    scenario = cooled(tmp_path, more)
    jobs: list[Job] = [(0, 8 * HOUR_S, 9 * HOUR_S, 1, users["surplus"])] * 8
    jobs += [(4 * HOUR_S + 2000, 600, 4 * HOUR_S, 1, users["surplus"])]
    result, rows = replay(jobs, scenario=scenario, surroundings={"fjord": around([5.0])})
    told = told_of(result)
    (call,) = told["calls"]
    assert (call["met"], call["left_over_w"], told["over_envelope_s"]) == (True, 0, 0)
    assert call["told_s"] == STARTS_S + 4 * HOUR_S + 1800
    assert 0 < call["reclaimed"] == told["reclaimed"] < 8
    assert told["peak_w"] > 8000 >= call["peak_w"]
    assert told["forecasts"] >= 2
    # Who went began anew when the call was over; nobody is lost.
    assert {row["start_s"] for row in rows} >= {0, 7 * HOUR_S}
    figures = {one["name"]: one["value"] for one in told["figures"]}
    assert figures["energy at the meter"] > figures["IT energy"] > 0.1
    titles = {table.title for table in tables(summary(result))}
    assert {"Energy", "Forecasts and shedding", "Calls for less power"} <= titles
    shown = page(result)
    assert all(
        f"<h3>{title}</h3>" in shown for title in titles - {"Waits", "Use", "Floors", "Power"}
    )
    assert "Power at the meter of fjord over time at the true weather" in shown
    assert f"reclaimed <b>{call['reclaimed']}</b>" in shown and "PUE <b>1." in shown


def test_a_page_without_forecasts_has_no_part_for_them(scenario: Path, replay: Replay) -> None:
    result, _ = replay([(0, 900, 1000, 1, 1)], scenario=scenario)
    assert 'id="energy"' not in page(result)


def test_a_floor_is_kept_through_a_call_that_leaves_too_little(
    tmp_path: Path, replay: Replay
) -> None:
    users = users_of(replay, cooled(tmp_path))
    more = called("4 kW", "2026-01-01T01:00Z", "2026-01-01T02:00Z", "30m")
    jobs: list[Job] = [(0, 3 * HOUR_S, 4 * HOUR_S, 1, users["start-ups"])] * 4
    result, rows = replay(
        jobs, scenario=cooled(tmp_path, more), surroundings={"fjord": around([5.0])}
    )
    (call,) = told_of(result)["calls"]
    assert [row["start_s"] for row in rows] == [0] * 4
    assert call["reclaimed"] == 0
    assert not call["met"] and call["over_s"] == HOUR_S and call["left_over_w"] > 0


def test_work_that_may_wait_moves_into_the_wind_and_the_saving_is_told(
    tmp_path: Path, replay: Replay
) -> None:
    users = users_of(replay, cooled(tmp_path))
    calm = np.resize(np.array([0.0] * 6 + [1.0] * 18), 96)
    scenario = cooled(tmp_path, site=SUPPLY, portion="flexibility_s: 12h")
    sky = around([5.0], available={"wind": calm}, grid_g_per_kwh=np.full(96, 300.0))
    jobs: list[Job] = [(60, HOUR_S, HOUR_S, 2, users["surplus"])]
    text = scenario.read_text().replace("floor: 4,", "floor: 0,")
    scenario.write_text(text)
    result, rows = replay(jobs, scenario=scenario, surroundings={"fjord": sky})
    told = told_of(result)
    assert rows[0]["start_s"] == 6 * HOUR_S
    assert told["moved"] == 1
    # Two H200 for an hour, all of which would have come from the grid.
    assert 2000 < told["saved_wh"] < 4000
    assert told["saved_g"] == pytest.approx(0.3 * told["saved_wh"], rel=0.01)


def test_what_can_no_longer_end_in_time_is_refused_and_counted(
    tmp_path: Path, replay: Replay
) -> None:
    users = users_of(replay, cooled(tmp_path))
    scenario = cooled(tmp_path, portion="flexibility_s: 100s")
    jobs: list[Job] = [(0, 500, 500, 8, users["surplus"]), (10, 50, 50, 8, users["surplus"])]
    result, rows = replay(jobs, scenario=scenario)
    assert [row["decision"] for row in rows] == ["placed", "refused"]
    assert result.refused == {("", "deadline-missed"): 1}
    assert (result.refused_jobs, result.waiting_jobs) == (1, 0)


def test_what_is_recorded_is_what_was_replayed_and_is_made_again(
    tmp_path: Path, replay: Replay
) -> None:
    more = called("8 kW", "2026-01-01T05:00Z", "2026-01-01T07:00Z", "30m")
    more += "  forecasts: {error_milli_c: 2000, every_s: 1h}\n"
    scenario = cooled(tmp_path, more)
    scenario.write_text(scenario.read_text().replace("power_w: 20 kW", "power_w: 14 kW"))
    jobs: list[Job] = [(600 * i, 2000 + 700 * (i % 7), 9000, 1 + i % 4, i % 6) for i in range(60)]
    trace = tmp_path / "t.swf"
    trace.write_text(swf_text(jobs))
    sky = {"fjord": around([-5.0, 10.0, 30.0, 15.0])}
    _, rows = replay(trace, scenario=scenario, surroundings=sky)
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    for log in logs:
        record_trace(ReplayOptions(trace=trace, scenario=scenario, surroundings=sky), log)
    assert logs[0].read_bytes() == logs[1].read_bytes()
    again = replay_log(logs[0])
    assert again.first_difference is None
    text = logs[0].read_text()
    assert text.count("event/ForecastGiven") > 20 and text.count("event/CurtailmentCalled") == 1
    starts: dict[int, int] = {}
    for line in text.splitlines():
        if '"kind":"decision/Placement"' in line:
            body = json.loads(line)["body"]
            starts[int(body["workload_id"][1:])] = body["at_s"] - STARTS_S
    assert starts == {row["job_id"]: row["start_s"] for row in rows if row["start_s"] is not None}


temps = st.lists(st.integers(-20, 45).map(float), min_size=1, max_size=24)
asked = st.lists(
    st.tuples(st.integers(0, 40_000), st.integers(1, 12_000), st.integers(1, 6), st.integers(1, 8)),
    min_size=1,
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    temps,
    asked,
    st.integers(0, 6),
    st.sampled_from([900, 3600, 21_600]),
    st.integers(9, 22),
    st.integers(4, 18),
    st.integers(0, 9),
    st.sampled_from([0, 600, 7200]),
)
def test_no_envelope_is_broken_at_the_true_weather_and_no_floor_for_a_call(
    tmp_path: Path,
    replay: Replay,
    temps_c: list[float],
    jobs_asked: list[tuple[int, ...]],
    error_k: int,
    every_s: int,
    power_kw: int,
    call_kw: int,
    call_h: int,
    notice_s: int,
) -> None:
    starts, ends = f"2026-01-01T{call_h:02}:00Z", f"2026-01-01T{call_h + 2:02}:00Z"
    more = called(f"{call_kw} kW", starts, ends, str(notice_s))
    more += (
        f"  forecasts: {{error_milli_c: {1000 * error_k}, margin_milli_c: {1000 * error_k}, "
        f"every_s: {every_s}, ahead_s: 12h}}\n"
    )
    scenario = cooled(tmp_path, more)
    text = scenario.read_text().replace("power_w: 20 kW", f"power_w: {power_kw} kW")
    scenario.write_text(text)
    jobs = sorted((at, run, run + 500, n, user) for at, run, n, user in jobs_asked)
    result, _ = replay(jobs, scenario=scenario, surroundings={"fjord": around(temps_c)})
    told = told_of(result) if result.came and result.came.runs().size else None
    if told is None:
        return
    assert told["over_envelope_s"] == 0 or told["left_over_w_max"] > 0
    for call in told["calls"]:
        assert call["met"] or call["left_over_w"] > 0
    assert all(row["late"] == 0 for row in summary(result)["floors"])


def test_work_that_waits_for_longer_than_anybody_foretells_is_told_what_still_holds(
    replay: Replay, tmp_path: Path
) -> None:
    """A call for a year: who waits for its end hears of no forecast of the months before it."""
    long = called("3 kW", "2026-01-01", "2027-01-01", "0s")
    later = called("4 kW", "2026-03-01", "2027-01-02", "0s").replace("  calls:\n", "")
    scenario = cooled(tmp_path, long + later.replace("peak", "later"))
    result, rows = replay(
        [(0, 600, 3600, 8, 1), (60, 600, 3600, 8, 2)],
        scenario=scenario,
        surroundings={"fjord": around([5.0])},
    )
    ends_s = STARTS_S + 366 * 86_400
    assert len(rows) == 2 and all(row["start_s"] >= ends_s - STARTS_S for row in rows)
    (site,) = summary(result)["energy"]
    assert [call["name"] for call in site["calls"]] == ["peak", "later"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    temps,
    asked,
    st.sampled_from([900, 3600, 21_600]),
    st.integers(9, 22),
    st.integers(4, 18),
    st.integers(0, 9),
    st.sampled_from([0, 600, 7200]),
    st.integers(1, 5),
)
def test_the_compiled_loop_between_forecasts_decides_as_event_by_event(
    tmp_path: Path,
    replay: Replay,
    temps_c: list[float],
    jobs_asked: list[tuple[int, ...]],
    every_s: int,
    power_kw: int,
    call_kw: int,
    call_h: int,
    notice_s: int,
    chunk_rows: int,
) -> None:
    starts, ends = f"2026-01-01T{call_h:02}:00Z", f"2026-01-01T{call_h + 2:02}:00Z"
    more = called(f"{call_kw} kW", starts, ends, str(notice_s))
    more += f"  forecasts: {{every_s: {every_s}, ahead_s: 12h}}\n"
    scenario = cooled(tmp_path, more)
    text = scenario.read_text().replace("power_w: 20 kW", f"power_w: {power_kw} kW")
    scenario.write_text(text)
    # On whole minutes submissions, ends and what is foretold fall on one instant now and then.
    jobs = sorted(
        (at - at % 300, run - run % 60, run - run % 60 + 60 * (run % 5), n, user)
        for at, run, n, user in jobs_asked
    )
    sky = {"fjord": around(temps_c)}
    found = []
    for spans in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not spans:
                patch.setattr("allod.replay.run.can_span", lambda _: False)
            result, rows = replay(jobs, scenario=scenario, surroundings=sky, chunk_rows=chunk_rows)
        assert result.came is not None
        plans = [(call, plan) for call, plan in result.came.plans]
        found.append((rows, plans, result.came.forecasts, summary(result)["energy"]))
    assert found[0] == found[1]
