"""Power ahead is what the engine itself reckons with: its limits, and its accounts of work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide import plants
from allod.decide.power_ahead import HOUR_S, PowerAhead, Taken, power_ahead
from allod.domain.event import CurtailmentCalled, ForecastGiven, TimePassed
from allod.energy.outdoor_air import OutdoorAir
from tests.decide.plants import Chiller
from tests.decide.worlds import Json, Story, project, site

PLANT = Chiller()
SPAN_S = 48 * HOUR_S
ENVELOPE: Json = {
    "site": {"power_w": 2000, "base_load_w": 100},
    "halls": {"east": {"power_w": 900}},
    "pools": {"q": {"power_w": 800, "base_load_w": 10}},
}
POOLS: list[Json] = [{"name": "p", "hall": "east"}, {"name": "q", "hall": "west"}]


def told(story: Story) -> PowerAhead:
    engine = story.engine
    work = []
    for w in story.in_state("running"):
        standing = engine.standing(w)
        assert standing is not None
        n = engine.live[w].workload.accelerators
        work.append(Taken(standing.pool, n, standing.ends_s))
    span = (engine.now_s, engine.now_s + SPAN_S)
    return power_ahead("s", engine.world.sites["s"], engine.outlook, work, {}, span)


def world(**spec: object) -> list[Json]:
    document = site("s", POOLS, [(0, {"p": 8, "q": 8})], envelope=ENVELOPE, **spec)
    return [document, *(project(name) for name in "abc")]


forecasts = st.builds(
    lambda temps, base, margin: ForecastGiven(
        at_s=0,
        site="s",
        start_s=0,
        step_s=HOUR_S,
        temp_milli_c=tuple(1000 * t for t in temps),
        design_temp_milli_c=45_000,
        margin_w=margin,
        base_load_w=tuple(100 + 10 * i for i in range(len(temps))) if base else (),
    ),
    st.lists(st.integers(0, 45), min_size=1, max_size=30),
    st.booleans(),
    st.sampled_from([0, 50]),
)
calls = st.builds(
    lambda name, path, start, hours, power: CurtailmentCalled(
        at_s=0,
        site="s",
        name=name,
        path=path,
        starts_s=start,
        ends_s=start + hours * HOUR_S,
        power_w=power,
    ),
    st.sampled_from("xy"),
    st.sampled_from(["site", "halls.east", "pools.q"]),
    st.integers(0, 20 * HOUR_S),
    st.integers(1, 9),
    st.integers(0, 1500),
)
work = st.lists(st.tuples(st.integers(1, 6), st.integers(60, 40 * HOUR_S)), max_size=6)


def agrees(story: Story) -> None:
    """Each window of each limit of the engine, against the step that begins with it."""
    s, layout, ahead = story.engine.state, story.engine.layout, told(story)
    nodes = {node.path: node for node in ahead.nodes}
    assert {path for _, path in layout.power_limit} == {p for p in nodes if nodes[p].limit}
    for (_, path), row in layout.power_limit.items():
        node = nodes[path]
        assert node.work_limit_w is not None and node.work_w is not None
        first, last = int(s.limit[row]["now"]), int(s.limit[row]["w1"])
        for w in range(first, last):
            at_s = max(int(s.window[w]["t"]), story.now_s)
            if at_s >= ahead.ends_s:
                continue
            i = ahead.starts_s.index(at_s)
            assert node.work_limit_w[i] == s.window[w]["cap"], (path, at_s)
            assert node.work_w[i] == s.window[w]["used"], (path, at_s)


@settings(max_examples=60)
@given(work, st.lists(calls, max_size=3), st.none() | forecasts, st.booleans(), st.integers(0, 9))
def test_limits_and_work_are_those_of_the_engine(
    asked: list[tuple[int, int]],
    made: list[CurtailmentCalled],
    forecast: ForecastGiven | None,
    cooled: bool,
    later_h: int,
):
    with pytest.MonkeyPatch.context() as patch:
        if cooled:
            patch.setattr(plants, "plant_of", lambda _site: PLANT)
        story = Story(world(pue_milli=1100))
        if forecast is not None:
            story.tell(forecast)
        for n, wall_s in asked:
            story.submit(n, wall_s)
        for call in made:
            if call.ends_s > story.now_s:
                story.tell(call)
        agrees(story)
        story.tell(TimePassed(at_s=later_h * HOUR_S + 7))
        agrees(story)


@pytest.fixture
def chilled() -> Iterator[Story]:
    """Eight accelerators of pool p run, at a site that the weather bounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plants, "plant_of", lambda _site: PLANT)
        story = Story(world())
        forecast = ForecastGiven(
            at_s=0,
            site="s",
            start_s=0,
            step_s=HOUR_S,
            temp_milli_c=(10_000, 35_000),
            design_temp_milli_c=40_000,
            margin_milli_c=1000,
        )
        story.tell(forecast)
        story.submit(5, 2 * HOUR_S)
        yield story


def test_what_is_committed_is_at_the_meter_in_the_weather_that_is_reckoned_with(chilled: Story):
    ahead = told(chilled)
    site_node = ahead.nodes[0]
    assert ahead.is_it_power and site_node.committed_w is not None
    for i, degrees in ((0, 11.0), (1, 36.0)):
        assert ahead.starts_s[i] == i * HOUR_S
        air = OutdoorAir(np.array([degrees]), np.array([np.nan]))
        meter_w = int(np.ceil(PLANT.facility_w(np.array([500.0]), air)[0]))
        assert site_node.committed_w[i] == 100 + meter_w
    assert site_node.committed_w[2] == 100  # All is over: base load alone.


def test_halls_and_pools_without_a_limit_are_in_the_tree_all_the_same():
    ahead = told(Story(world()))
    shape = [(node.path, node.parent, node.envelope_w is not None) for node in ahead.nodes]
    assert shape == [
        ("site", None, True),
        ("halls.east", "site", True),
        ("halls.west", "site", False),
        ("pools.p", "halls.east", False),
        ("pools.q", "halls.west", True),
    ]


def test_a_cap_counts_until_it_ends_and_what_others_draw_all_along():
    story = Story(world())
    one = Taken("p", 4, until_s=3 * HOUR_S, saved_w=150, saved_until_s=HOUR_S + 30)
    site_spec = story.engine.world.sites["s"]
    ahead = power_ahead("s", site_spec, story.engine.outlook, [one], {"p": 7}, (0, 4 * HOUR_S))
    assert ahead.starts_s == (0, HOUR_S, HOUR_S + 30, 2 * HOUR_S, 3 * HOUR_S)
    assert ahead.nodes[0].work_w == (257, 257, 407, 407, 7)
    gone = power_ahead("s", site_spec, story.engine.outlook, [one], {}, (HOUR_S + 30, 2 * HOUR_S))
    assert gone.nodes[0].work_w == (400,)


def test_what_outruns_its_wall_time_counts_in_the_first_step():
    story = Story(world())
    one = Taken("p", 4, until_s=5)
    site_spec = story.engine.world.sites["s"]
    ahead = power_ahead("s", site_spec, story.engine.outlook, [one], {}, (10, 2 * HOUR_S))
    assert ahead.nodes[0].work_w == (400, 0)
