"""P1 to P3 together, with a real plant: weather, calls, failures and flexible work in any order.

The meter is worked out here from what runs, the plant and the last forecast. It may be over the
envelope only while who was told to go is stopping, or where a plan said that floors are all that
is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.domain.decision import Reclaim, ShedPlan
from allod.domain.document import from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven, Outcome
from allod.domain.site import Site
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant_of import plant_of
from tests.decide.sure import is_sure, site_of
from tests.decide.worlds import Json, Story, charter, project, site

STEP_S = 900
STOP_S = 5
POOLS = [
    {"name": "p", "hall": "east", "accelerators_per_node": 2},
    {"name": "q", "hall": "west"},
]
UNITS = {"p": 8, "q": 6}
CLASSES: list[Json] = [
    {"name": "x", "floor": 5, "reclaim_notice_s": 60},
    {"name": "y", "floor": 2, "reclaim_notice_s": 20, "priority": 1},
    {"name": "z"},
]

ways = st.sampled_from(
    [{"plant": "dry-cooler"}, {"plant": "air"}, {"plant": "tower", "approach_k": 5}]
)
submissions = st.tuples(
    st.just("submit"),
    st.integers(1, 5),
    st.sampled_from([300, 1800, 5400]),
    st.sampled_from("xyz"),
    st.sampled_from([None, None, 1800, 7200]),
)
forecasts = st.tuples(
    st.just("forecast"),
    st.lists(st.integers(-15, 44), min_size=1, max_size=6),
    st.sampled_from([0, 3]),
    st.sampled_from([None, 0, 250]),
    st.lists(st.sampled_from([0, 400, 2000]), min_size=6, max_size=6),
)
calls = st.tuples(
    st.just("call"),
    st.sampled_from(["site", "halls.east"]),
    st.sampled_from([0, 60, 900, 2000]),
    st.sampled_from([600, 2700]),
    st.integers(0, 1800),
)
acts = st.one_of(
    submissions,
    submissions,
    submissions,
    forecasts,
    calls,
    st.tuples(st.just("pass"), st.sampled_from([1, 60, 700, 2500])),
    st.tuples(st.just("fail"), st.integers(0, 9)),
    st.tuples(st.just("out"), st.integers(0, 3), st.integers(0, 2)),
)


class Meters:
    """A story, and the meters of its site as an electrician would read them."""

    def __init__(self, cooling: Json, power_w: int, base_w: int, east_w: int | None) -> None:
        self.base_w, self.limits = base_w, {"site": power_w}
        envelope: Json = {"site": {"power_w": power_w, "base_load_w": base_w}}
        if east_w is not None:
            envelope["halls"] = {"east": {"power_w": east_w}}
            self.limits["halls.east"] = east_w
        described = site("s", POOLS, [(0, UNITS)], envelope=envelope, cooling=cooling)
        spec = from_json(described).spec
        assert isinstance(spec, Site)
        self.plant = plant_of(spec)
        self.story = Story([described, charter("s", CLASSES), project("a")])
        self.calls: dict[str, CurtailmentCalled] = {}
        self.told: ForecastGiven | None = None
        self.excused: dict[str, int] = {}  #: By node: until when it may be over.
        self.forecast([20], 0, None, [0] * 6)

    def forecast(
        self, temps_c: list[int], margin_k: int, base_w: int | None, clean_w: list[int]
    ) -> None:
        now_s, steps = self.story.now_s, len(temps_c)
        self.told = ForecastGiven(
            at_s=now_s,
            site="s",
            start_s=now_s - now_s % STEP_S,
            step_s=STEP_S,
            temp_milli_c=tuple(1000 * t for t in temps_c),
            design_temp_milli_c=45_000,
            wet_bulb_milli_c=tuple(1000 * t - 2000 for t in temps_c),
            design_wet_bulb_milli_c=28_000,
            margin_milli_c=1000 * margin_k,
            base_load_w=() if base_w is None else (base_w,) * steps,
            clean_w=tuple(clean_w[:steps]),
        )
        self.tell(self.told)

    def tell(self, event: ForecastGiven | CurtailmentCalled) -> None:
        """Tell it, and note whom its plans excuse, and that they take nobody off a floor."""
        story = self.story
        within = self._within_floors()
        made = story.tell(event)
        gone = {d.workload_id for d in made if isinstance(d, Reclaim) and not d.for_workload_id}
        assert not gone & within, "a floor was lost"
        for plan in made:
            if isinstance(plan, ShedPlan):
                forever = plan.left_w > 0
                assert not forever or not self._lent_still(plan), "lent room was left to run"
                until_s = 1 << 40 if forever else story.now_s + STOP_S + 1
                self.excused[plan.path] = max(self.excused.get(plan.path, 0), until_s)

    def _lent_still(self, plan: ShedPlan) -> list[str]:
        """Work of the class without a floor that runs on under the node of `plan` through it."""
        found = []
        for w in self.story.in_state("running"):
            one = self.story.engine.standing(w)
            assert one is not None
            under = plan.path == "site" or one.pool == "p"
            stays = one.stop_at_s == 0 and one.ends_s >= plan.ends_s
            if one.access_class == "z" and under and stays:
                found.append(w)
        return found

    def _within_floors(self) -> set[str]:
        """Work of classes that hold no more than their floor."""
        held: dict[str, list[str]] = {}
        for w in self.story.in_state("running"):
            standing = self.story.engine.standing(w)
            assert standing is not None
            held.setdefault(standing.access_class, []).append(w)
        floors = {item["name"]: item.get("floor", 0) for item in CLASSES}
        live = self.story.engine.live
        return {
            w
            for name, ids in held.items()
            if sum(live[x].workload.accelerators for x in ids) <= floors[name]
            for w in ids
        }

    def check(self) -> None:
        """No meter is over its envelope now, unless that is excused."""
        story, told = self.story, self.told
        assert told is not None
        it_w = {"p": 0, "q": 0}
        for w in story.in_state("running"):
            standing = story.engine.standing(w)
            assert standing is not None
            it_w[standing.pool] += 100 * story.engine.live[w].workload.accelerators
        i = (story.now_s - told.start_s) // STEP_S
        inside = 0 <= i < len(told.temp_milli_c)
        more = told.margin_milli_c
        dry = told.temp_milli_c[i] + more if inside else told.design_temp_milli_c
        wet = told.wet_bulb_milli_c[i] + more if inside else told.design_wet_bulb_milli_c
        base_w = told.base_load_w[i] if inside and told.base_load_w else self.base_w
        air = OutdoorAir(np.array([dry / 1000]), np.array([(wet or 0) / 1000]))
        part = UNITS["p"] / sum(UNITS.values())
        meters = {
            "site": (sum(it_w.values()), 1.0, base_w),
            "halls.east": (it_w["p"], part, 0),
        }
        for path, (drawn, share, base) in meters.items():
            if path not in self.limits or drawn == 0 or self.excused.get(path, 0) > story.now_s:
                continue
            meter = share * float(self.plant.facility_w(np.array([drawn / share]), air)[0]) + base
            assert meter <= self._limit_w(path) + 1e-6, (path, story.now_s, it_w)

    def _limit_w(self, path: str) -> int:
        now_s = self.story.now_s
        called = [
            call.power_w
            for call in self.calls.values()
            if call.path == path and call.starts_s <= now_s < call.ends_s
        ]
        return min([self.limits[path], *called])

    def pass_time(self, seconds: int) -> None:
        """Look at the meters at every second at which anything changes, and between."""
        end_s = self.story.now_s + seconds
        while self.story.now_s < end_s:
            wake_s = self.story.engine.next_wake_s() or end_s
            stops = [
                stop
                for w in self.story.in_state("running")
                if (one := self.story.engine.standing(w)) is not None
                for stop in (one.stop_at_s, one.ends_s)
            ]
            ahead = [t for t in (wake_s, *stops) if t > self.story.now_s]
            self.story.go_to(min(end_s, *ahead) if ahead else end_s)
            self.check()
            self.sleepers_are_sure()

    def sleepers_are_sure(self) -> None:
        """Whoever sleeps for clean power could start now, all of them together."""
        engine = self.story.engine
        asleep = list(engine.asleep.lives.values())
        for t in {site_of(live, engine) for live in asleep}:
            assert is_sure(engine, t, asleep, None)

    def play(self, act: tuple[Any, ...], number: int) -> None:
        story = self.story
        match act:
            case ("submit", n, wall_s, name, slack_s):
                spec: Json = {"access_class": name}
                if slack_s is not None:
                    spec["flexibility"] = {"deadline": story.now_s + wall_s + slack_s}
                story.submit(n, wall_s, **spec)
            case ("forecast", temps_c, margin_k, base_w, clean_w):
                self.forecast(temps_c, margin_k, base_w, clean_w)
            case ("call", path, wait_s, length_s, power_w):
                if path in self.limits:
                    starts_s = story.now_s + wait_s
                    call = CurtailmentCalled(
                        at_s=story.now_s,
                        site="s",
                        name=f"c{number}",
                        path=path,
                        starts_s=starts_s,
                        ends_s=starts_s + length_s,
                        power_w=power_w,
                    )
                    self.calls[call.name] = call
                    self.tell(call)
            case ("pass", seconds):
                self.pass_time(seconds)
            case ("fail", i):
                running = story.in_state("running")
                if running:
                    story.end(running[i % len(running)], Outcome.NODE_FAILED)
            case ("out", node, n):
                story.report(*(((node, n),) if n else ()))
        self.check()


@settings(max_examples=150)
@given(
    ways,
    st.integers(700, 2200),
    st.sampled_from([0, 150]),
    st.none() | st.integers(300, 1200),
    st.lists(acts, min_size=4, max_size=16),
)
def test_no_envelope_is_broken_no_floor_is_lost_whatever_the_weather(
    cooling: Json, power_w: int, base_w: int, east_w: int | None, history: list[Any]
):
    meters = Meters(cooling, power_w, base_w, east_w)
    for number, act in enumerate(history):
        meters.play(act, number)
    meters.pass_time(4000)
