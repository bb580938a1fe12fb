"""P1 under a forecast: what is committed never draws more than the envelope, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide import plants
from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.domain.decision import Hold, Placement, Refusal
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.energy.outdoor_air import OutdoorAir
from allod.errors import InvalidInput, NotFound
from tests.decide.plants import Chiller
from tests.decide.worlds import Json, Story, one_pool, project, site

STEP_S = 300
HALLS = {"p": "east", "q": "west"}
UNITS = {"p": 8, "q": 5}
PLANT = Chiller()


@pytest.fixture(autouse=True, scope="module")
def cooled() -> Iterator[None]:
    """Every site of this file has the plant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plants, "plant_of", lambda _site: PLANT)
        yield


def forecast(temps_c: list[int], design_c: int = 45, **more: object) -> ForecastGiven:
    values: Json = {
        "at_s": 0,
        "site": "s",
        "start_s": 0,
        "step_s": STEP_S,
        "temp_milli_c": tuple(1000 * t for t in temps_c),
        "design_temp_milli_c": 1000 * design_c,
        **more,
    }
    return ForecastGiven(**values)


def temp_c(given_s: ForecastGiven, at_s: int) -> float:
    """The temperature that must be reckoned with at `at_s`."""
    i = (at_s - given_s.start_s) // given_s.step_s
    if 0 <= i < len(given_s.temp_milli_c):
        return (given_s.temp_milli_c[i] + given_s.margin_milli_c) / 1000
    return given_s.design_temp_milli_c / 1000


def it_w(story: Story, at_s: int) -> dict[str, int]:
    """IT power of what is placed and not over at `at_s`, by pool, at 100 W each. [W]"""
    found = {"p": 0, "q": 0}
    for w in story.in_state("running"):
        standing = story.engine.standing(w)
        assert standing is not None
        if at_s < standing.ends_s:
            found[standing.pool] += 100 * story.engine.live[w].workload.accelerators
    return found


def cap_w(limit: Json, at_s: int, calls: list[CurtailmentCalled], path: str) -> int:
    caps = [limit["power_w"]]
    caps += [w["power_w"] for w in limit.get("windows", ()) if w["starts"] <= at_s < w["ends"]]
    caps += [c.power_w for c in calls if c.path == path and c.starts_s <= at_s < c.ends_s]
    return min(caps) - limit.get("base_load_w", 0)


def check_meters(
    story: Story, envelope: Json, told: ForecastGiven, calls: list[CurtailmentCalled], at_s: int
) -> None:
    """The meter of the site, and of each hall by its part of the plant, stay in the envelope."""
    drawn = it_w(story, at_s)
    total = sum(drawn.values())
    if total == 0:
        return
    air = OutdoorAir(np.array(temp_c(told, at_s)), np.array(np.nan))
    meter = float(PLANT.facility_w(total, air))
    left = cap_w(envelope["site"], at_s, calls, "site") - told.margin_w
    assert meter <= left, (at_s, drawn)
    for pool, hall in HALLS.items():
        if hall in envelope.get("halls", {}) and drawn[pool]:
            part = UNITS[pool] / sum(UNITS.values())
            own = part * float(PLANT.facility_w(drawn[pool] / part, air))
            left = cap_w(envelope["halls"][hall], at_s, calls, f"halls.{hall}") - told.margin_w
            assert own <= left + 1e-6, (at_s, hall)


windows = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(1, 1500), st.integers(0, 900)), max_size=2
).map(lambda found: [{"starts": s, "ends": s + n, "power_w": w} for s, n, w in found])
limits = st.fixed_dictionaries(
    {
        "power_w": st.integers(300, 1500),
        "base_load_w": st.sampled_from([0, 0, 120]),
        "windows": windows,
    }
)
envelopes = st.fixed_dictionaries(
    {"site": limits}, optional={"halls": st.fixed_dictionaries({}, optional={"east": limits})}
)
asks = st.tuples(st.integers(1, 5), st.sampled_from([60, 400, 1500]), st.integers(0, 500))
temps = st.lists(st.integers(-10, 42), min_size=1, max_size=8)


@settings(max_examples=120)
@given(envelopes, temps, st.integers(20, 50), st.sampled_from([0, 4]), st.lists(asks, max_size=10))
def test_no_meter_is_over_its_envelope_at_any_forecast_temperature(
    envelope: Json, temps_c: list[int], design_c: int, margin_k: int, asked: list[tuple[int, ...]]
):
    pools = [{"name": p, "hall": h} for p, h in HALLS.items()]
    phases = [(0, UNITS)]
    story = Story([site("s", pools, phases, envelope=envelope), project("a")])
    told = forecast(temps_c, design_c, margin_milli_c=1000 * margin_k, margin_w=10)
    story.tell(told)
    for n, wall_s, wait_s in asked:
        story.submit(n, wall_s)
        ends = [0] + [t for w in envelope["site"]["windows"] for t in (w["starts"], w["ends"])]
        east = envelope.get("halls", {}).get("east", {"windows": []})
        ends += [t for w in east["windows"] for t in (w["starts"], w["ends"])]
        for at_s in {story.now_s, *ends, *range(0, 3600, STEP_S)}:
            if at_s >= story.now_s:
                check_meters(story, envelope, told, [], at_s)
        story.go_to(story.now_s + wait_s)


def room(story: Story) -> int:
    """How many accelerators one after the other may start now for 100 s."""
    count = 0
    while story.state(story.submit(1, 100)) == "running":
        count += 1
    return count


def world(power_w: int = 1000, units: int = 20, **limit: object) -> list[Json]:
    return one_pool(units, envelope={"site": {"power_w": power_w, **limit}})


def test_the_colder_it_is_the_more_may_run():
    # 1000 W: (1000 - 40) / 1.05 = 914 W; at 40 C (1000 - 40) / 1.31 = 732 W.
    for hot_c, units in ((15, 9), (40, 7)):
        story = Story(world())
        story.tell(forecast([hot_c] * 4))
        assert room(story) == units


def test_the_margin_is_kept():
    story = Story(world())
    story.tell(forecast([20] * 4, margin_milli_c=20_000))  # As at 40 C.
    assert room(story) == 7
    story = Story(world())
    story.tell(forecast([15] * 4, margin_w=200))  # (800 - 40) / 1.05 = 723 W.
    assert room(story) == 7


def test_beyond_the_forecast_the_worst_case_holds():
    story = Story(world())
    story.tell(forecast([15], design_c=40))
    assert story.state(story.submit(9, STEP_S)) == "running"
    story = Story(world())
    story.tell(forecast([15], design_c=40))
    assert story.state(story.submit(9, STEP_S + 1)) == "waiting"
    assert story.state(story.submit(7, STEP_S + 1)) == "running"


def test_base_load_is_forecast_too():
    story = Story(world(base_load_w=0))
    story.tell(forecast([15, 15], base_load_w=(0, 500)))
    assert story.state(story.submit(9, STEP_S)) == "running"
    assert story.state(story.submit(1, 2 * STEP_S)) == "waiting"


def test_work_waits_for_a_cooler_hour_and_is_told_why():
    story = Story(world())
    story.tell(forecast([40, 15, 15, 15]))
    made = story.tell_submit(9, 100)
    hold = next(d for d in made if isinstance(d, Hold))
    assert [reason.code for reason in hold.reasons] == ["envelope-forecast"]
    told = explain(story.engine, hold.workload_id)
    assert told.expected_at_s == STEP_S
    story.go_to(STEP_S)
    assert story.state(hold.workload_id) == "running"


def test_a_placement_states_what_it_draws_at_the_meter_in_the_worst_hour():
    story = Story(world(power_w=2000))
    story.tell(forecast([15, 40, 15]))
    made = story.tell_submit(2, 400)
    placed = next(d for d in made if isinstance(d, Placement))
    # At 40 C and the limit of floor((2000 - 40) / 1.31) = 1496 W the meter shows 1999.76: 1.337.
    assert placed.power_w == 268


def test_without_a_forecast_nothing_changes_and_without_a_plant_neither(
    monkeypatch: pytest.MonkeyPatch,
):
    def lived(*told: ForecastGiven) -> list[object]:
        story = Story(one_pool(20, envelope={"site": {"power_w": 1000}}, pue_milli=1234))
        for event in told:
            story.tell(event)
        room(story)
        placed = (one for one in story.decisions if isinstance(one, Placement))
        assert all((one.footprint is None) == (not told) for one in placed)
        return [
            replace(one, footprint=None) if isinstance(one, Placement) else one
            for one in story.decisions
        ]

    usual = lived()
    monkeypatch.setattr(plants, "plant_of", lambda _site: None)
    assert lived() == lived(forecast([40] * 4)) == usual


def test_a_newer_forecast_takes_the_place_of_the_older_and_is_remembered():
    story = Story(world())
    story.tell(forecast([40] * 8))
    story.tell(forecast([15] * 8))
    twin = Engine.restore(story.engine.snapshot())
    assert twin.snapshot() == story.engine.snapshot()
    assert room(story) == 9


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"site": "t"}, "no site 't'"),
        ({"temp_milli_c": ()}, "0 values"),
        ({"temp_milli_c": (99_000,)}, "99000"),
        ({"step_s": 1}, "step_s is 1"),
        ({"clean_w": (1, 2)}, "clean_w is 2 values"),
        ({"carbon_g_per_kwh": (-1,)}, "carbon_g_per_kwh is -1"),
    ],
)
def test_a_forecast_that_cannot_be_is_refused(more: Json, said: str):
    story = Story(world())
    before = story.engine.snapshot()
    with pytest.raises((InvalidInput, NotFound), match=said):
        story.tell(forecast([15], **more))
    assert story.engine.snapshot() == before


def test_a_plant_that_needs_the_wet_bulb_asks_for_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plants, "plant_of", lambda _site: Chiller(wet=True))
    story = Story(world())
    with pytest.raises(InvalidInput, match="asks for it"):
        story.tell(forecast([15]))
    with pytest.raises(InvalidInput, match="asks for it"):
        story.tell(forecast([15], wet_bulb_milli_c=(10_000,)))
    wet = {"wet_bulb_milli_c": (10_000,), "design_wet_bulb_milli_c": 25_000}
    story.tell(forecast([45], **wet))
    assert room(story) == 9


def test_cooling_that_asks_for_more_than_its_forecast_says_is_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    """Else what is drawn would not be known from then on, in the middle of a decision."""
    story = Story(world())
    story.tell(forecast([15]))
    story.submit(2)
    before = story.engine.snapshot()
    monkeypatch.setattr(plants, "plant_of", lambda _site: Chiller(wet=True))
    with pytest.raises(InvalidInput, match="asks for the wet bulb; its forecast leaves it out"):
        story.apply(*world())
    assert story.engine.snapshot() == before
    wet = {"wet_bulb_milli_c": (10_000,), "design_wet_bulb_milli_c": 25_000}
    story.tell(forecast([15], **wet))
    story.apply(*world())


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"at_s": 600}, "its end is 600"),
        ({"start_s": 2**62}, "start_s is"),
        ({"start_s": 253_402_300_799}, "its end is"),
        ({"margin_w": True}, "margin_w is True"),
        ({"clean_w": (5.0, 5)}, "clean_w"),
        ({"design_wet_bulb_milli_c": 10**9}, "design_wet_bulb_milli_c is"),
    ],
)
def test_a_forecast_of_the_past_of_no_date_or_of_no_whole_numbers_is_refused(
    more: Json, match: str
) -> None:
    story = Story(one_pool(4))
    with pytest.raises(InvalidInput, match=match):
        story.tell(forecast([5, 5], **more))


def test_margin_and_base_load_of_a_forecast_hold_without_a_plant_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plants, "plant_of", lambda _site: None)
    story = Story(world(base_load_w=100))  # 1000 W at the meter, 100 W for each at a PUE of 1.
    story.tell(forecast([15, 15], margin_w=150, base_load_w=(0, 300)))
    assert story.state(story.submit(8, STEP_S)) == "running"  # 1000 - 0 - 150 = 850 W.
    story = Story(world(base_load_w=100))
    story.tell(forecast([15, 15], margin_w=150, base_load_w=(0, 300)))
    assert story.state(story.submit(6, 2 * STEP_S)) == "waiting"  # 1000 - 300 - 150 = 550 W.
    assert story.state(story.submit(5, 2 * STEP_S)) == "running"
    story.tell(forecast([15, 15]))
    assert room(story) == 4  # 900 W again.


def test_no_more_is_placed_than_the_plant_is_built_to_cool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plants, "plant_of", lambda _site: Chiller(design_it_w=750.0))
    story = Story(world(power_w=5000))
    story.tell(forecast([15] * 4))
    assert room(story) == 7


def test_a_hall_is_cooled_by_its_part_of_what_the_plant_is_built_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 1300 W for 13 accelerators of 100 W: all of a hall may run, to the watt.
    for design_w, units in ((1300.0, 8), (1299.0, 7)):
        built = Chiller(design_it_w=design_w)
        monkeypatch.setattr(plants, "plant_of", lambda _site, built=built: built)
        pools = [{"name": p, "hall": h} for p, h in HALLS.items()]
        limits = {"site": {"power_w": 9000}, "halls": {"east": {"power_w": 9000}}}
        story = Story([site("s", pools, [(0, UNITS)], envelope=limits), project("a")])
        story.tell(forecast([15] * 4))
        while story.state(story.submit(1, 100)) == "running":
            pass
        assert it_w(story, 0)["p"] == 100 * units


def test_work_that_fits_in_no_weather_is_refused_and_what_fits_in_some_waits() -> None:
    # 1000 W at the meter: (1000 - 40) / 1.05 + 0.7 = 914 W of IT at best, 732 W in this heat.
    story = Story(world())
    story.tell(forecast([40] * 4, design_c=40))
    assert story.state(story.submit(9, 100)) == "waiting"
    made = story.tell_submit(10, 100)
    refused = next(d for d in made if isinstance(d, Refusal))
    reason = next(r for r in refused.reasons if r.code == "over-envelope")
    assert (reason.needed, reason.actual) == ("1000 W", "914 W")


def test_what_fits_by_a_forecast_of_less_base_load_alone_waits_for_it() -> None:
    story = Story(world(base_load_w=500))
    story.tell(forecast([15, 15], base_load_w=(500, 0)))
    assert story.state(story.submit(9, 100)) == "waiting"
    story.go_to(STEP_S)
    assert len(story.in_state("running")) == 1
