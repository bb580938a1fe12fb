"""P3: flexible work waits for own clean power, keeps its deadline, and no class waits for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.decide.invariants import check
from allod.decide.kernel.hours import best_start
from allod.decide.supply import Supply, _running_w, supply_of
from allod.domain.decision import Hold, Placement, Refusal
from allod.domain.event import CurtailmentCalled, ForecastGiven, TimePassed
from allod.domain.units import NEVER_S
from tests.decide.worlds import Json, Story, charter, one_pool, project, site

HOUR_S = 3600
FLOOR: list[Json] = [{"name": "x", "floor": 4, "reclaim_notice_s": 60}, {"name": "y"}]


def forecast(clean_w: list[int], **more: Any) -> ForecastGiven:
    values: Json = {
        "at_s": 0,
        "site": "s",
        "start_s": 0,
        "step_s": HOUR_S,
        "temp_milli_c": (10_000,) * len(clean_w),
        "design_temp_milli_c": 30_000,
        "clean_w": tuple(clean_w),
        "source": "test",
        **more,
    }
    return ForecastGiven(**values)


def flexible(hours: int) -> Json:
    return {"flexibility": {"deadline": hours * HOUR_S}}


def sunny(units: int = 4, classes: list[Json] | None = None, **more: Any) -> Story:
    """Sun in the third and fourth hour of eight."""
    story = Story(one_pool(units, classes or ()))
    story.tell(forecast([0, 0, 900, 900, 0, 0, 0, 0], **more))
    return story


def test_it_waits_for_the_sun_and_says_what_that_saves():
    story = sunny(carbon_g_per_kwh=(300,) * 8)
    made = story.tell_submit(2, HOUR_S, **flexible(8))
    hold = next(d for d in made if isinstance(d, Hold))
    assert hold.expected_at_s == 2 * HOUR_S
    assert [reason.code for reason in hold.reasons] == ["clean-power-later"]
    assert "0.2 kWh" in hold.reasons[0].message and "60 g" in hold.reasons[0].message
    assert explain(story.engine, "w1").expected_at_s == 2 * HOUR_S
    story.go_to(2 * HOUR_S)
    placed = story.decisions[-1]
    assert isinstance(placed, Placement) and placed.at_s == 2 * HOUR_S
    assert [r.code for r in placed.reasons] == ["moved-to-clean-power"]
    assert placed.footprint is not None
    assert (placed.footprint.energy_wh, placed.footprint.carbon_g) == (200, 0)


def test_a_placement_states_what_it_is_expected_to_use():
    story = sunny(carbon_g_per_kwh=(300,) * 8)
    placed = next(d for d in story.tell_submit(2, 5 * HOUR_S) if isinstance(d, Placement))
    # 200 W for five hours; in two of them all of it is clean: 600 Wh from the grid at 300 g.
    assert placed.footprint is not None
    assert (placed.footprint.energy_wh, placed.footprint.carbon_g) == (1000, 180)
    late = next(d for d in story.tell_submit(1, 9 * HOUR_S) if isinstance(d, Placement))
    assert late.footprint is None  # The forecast ends before.


def test_it_starts_early_enough_for_its_deadline():
    story = sunny()
    assert story.state(story.submit(1, HOUR_S, **flexible(4))) == "asleep"
    soon = story.submit(1, HOUR_S, **flexible(3))  # By two o'clock less a quarter it must start.
    assert story.engine.live[soon].wakes_s == 2 * HOUR_S - 900


def test_work_without_a_deadline_or_without_gain_starts_at_once():
    story = sunny()
    assert story.state(story.submit(1, HOUR_S)) == "running"
    dull = Story(one_pool(4))
    dull.tell(forecast([500] * 8))
    assert dull.state(dull.submit(1, HOUR_S, **flexible(8))) == "running"


def test_what_runs_takes_the_sun_before_it():
    story = sunny(20)
    story.submit(9, 3 * HOUR_S)  # All of the 900 W of the third hour.
    moved = story.submit(2, HOUR_S, **flexible(8))
    assert story.engine.live[moved].wakes_s == 3 * HOUR_S


def test_who_sleeps_starts_before_others_take_its_room():
    story = sunny(4)
    moved = story.submit(3, HOUR_S, **flexible(8))
    fits = story.submit(1, HOUR_S)
    assert (story.state(moved), story.state(fits)) == ("asleep", "running")
    waits = story.submit(1, 2 * HOUR_S)
    assert (story.state(moved), story.state(waits)) == ("running", "waiting")
    placed = [d for d in story.decisions if isinstance(d, Placement) and d.workload_id == moved]
    assert not placed[0].reasons


def test_it_moves_only_on_its_own_floor_where_there_are_floors():
    story = sunny(6, FLOOR)
    assert story.state(story.submit(1, HOUR_S, access_class="y", **flexible(8))) == "running"
    assert story.state(story.submit(4, HOUR_S, access_class="x", **flexible(8))) == "asleep"
    assert story.state(story.submit(1, HOUR_S, access_class="x")) == "running"
    assert not story.in_state("asleep"), "its floor was about to be used up"


def test_a_call_for_less_power_in_the_sunny_hours_keeps_it_from_moving_there():
    story = Story(one_pool(4, envelope={"site": {"power_w": 400}}))
    story.tell(forecast([0, 0, 900, 900, 0, 0, 0, 0]))
    moved = story.submit(4, HOUR_S, **flexible(8))
    assert story.state(moved) == "asleep"
    story.tell(
        CurtailmentCalled(
            at_s=0,
            site="s",
            name="c",
            path="site",
            starts_s=2 * HOUR_S,
            ends_s=4 * HOUR_S,
            power_w=100,
        )
    )
    assert story.state(moved) == "running"


def test_a_new_forecast_chooses_anew():
    story = sunny()
    moved = story.submit(1, HOUR_S, **flexible(8))
    made = story.tell(forecast([0, 900, 0, 0, 0, 0, 0, 0]))
    assert story.engine.live[moved].wakes_s == HOUR_S
    assert [d.expected_at_s for d in made if isinstance(d, Hold)] == [HOUR_S]
    story.tell(forecast([900, 0, 0, 0, 0, 0, 0, 0]))
    assert story.state(moved) == "running"


def test_an_owner_hears_of_a_new_forecast_only_what_is_news():
    story = sunny(carbon_g_per_kwh=(300,) * 8)
    moved = story.submit(2, HOUR_S, **flexible(8))
    told, timers = story.engine.live[moved].move, len(story.engine.timers)
    for sun in (900, 880, 860):
        made = story.tell(forecast([0, 0, sun, sun, 0, 0, 0, 0], carbon_g_per_kwh=(310,) * 8))
        assert not made and story.engine.live[moved].move == told
    assert len(story.engine.timers) == timers
    for carbon_g, said in ((290, ()), (400, (moved,)), (380, ()), (300, (moved,))):
        made = story.tell(forecast([0, 0, 900, 900, 0], carbon_g_per_kwh=(carbon_g,) * 5))
        assert tuple(d.workload_id for d in made) == said
    later = story.tell(forecast([0, 0, 0, 900, 0], carbon_g_per_kwh=(300,) * 5))
    assert [d.expected_at_s for d in later if isinstance(d, Hold)] == [3 * HOUR_S]
    story.go_to(3 * HOUR_S)
    assert story.state(moved) == "running"


def test_a_saving_that_is_no_longer_known_is_news():
    story = sunny(carbon_g_per_kwh=(300,) * 8)
    story.submit(2, HOUR_S, **flexible(8))
    made = story.tell(forecast([0, 0, 900, 900, 0, 0, 0, 0]))
    assert [d.reasons[0].actual for d in made if isinstance(d, Hold)] == ["0.2 kWh from the grid"]


def test_a_placement_looks_at_who_runs_for_the_sake_of_carbon_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    def fail(*_: object) -> None:
        raise AssertionError("asked who runs")

    monkeypatch.setattr("allod.decide.supply._running_w", fail)
    story = sunny()
    placed = next(d for d in story.tell_submit(2, HOUR_S) if isinstance(d, Placement))
    assert placed.footprint is not None and placed.footprint.energy_wh == 200


def test_who_wakes_and_rouses_another_lets_it_in_once():
    """R4: both are due at once, and the first takes the room that the other slept on."""
    story = sunny()
    story.submit(4, HOUR_S, flexibility={"not_before": 2 * HOUR_S})
    moved = story.submit(2, HOUR_S, **flexible(8))
    assert story.state(moved) == "asleep"
    before = len(story.decisions)
    story.go_to(2 * HOUR_S)
    made = [d.workload_id for d in story.decisions[before:] if isinstance(d, Placement)]
    assert len(made) == len(set(made)) == 1
    story.go_to(9 * HOUR_S)


def test_who_gives_up_its_move_does_not_start_before_it_asked_to():
    story = sunny()
    flexibility = {"not_before": HOUR_S, "deadline": 8 * HOUR_S}
    early = story.submit(2, HOUR_S, flexibility=flexibility)
    story.go_to(HOUR_S - 600)
    story.submit(4, 3 * HOUR_S)  # It takes the room on which the other relies.
    assert not [d for d in story.decisions if isinstance(d, Placement) and d.workload_id == early]
    story.go_to(5 * HOUR_S)
    placed = [d for d in story.decisions if isinstance(d, Placement) and d.workload_id == early]
    assert placed and placed[0].at_s >= HOUR_S


def test_who_sleeps_is_remembered():
    story = sunny()
    moved = story.submit(1, HOUR_S, **flexible(8))
    twin = Engine.restore(story.engine.snapshot())
    assert twin.snapshot() == story.engine.snapshot()
    assert twin.asleep.lives[moved].move == story.engine.asleep.lives[moved].move


asks = st.tuples(
    st.integers(1, 4),
    st.sampled_from([600, 1800, HOUR_S, 2 * HOUR_S]),
    st.sampled_from([None, 0, 1800, 2 * HOUR_S, 5 * HOUR_S]),
    st.sampled_from(["x", "y"]),
    st.sampled_from([0, 0, 300, HOUR_S]),
)
suns = st.lists(st.sampled_from([0, 0, 200, 600]), min_size=8, max_size=12)
limits = st.fixed_dictionaries(
    {
        "power_w": st.sampled_from([500, 800]),
        "windows": st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 800)).map(
                lambda w: {
                    "starts": w[0] * HOUR_S,
                    "ends": (w[0] + 1) * HOUR_S,
                    "power_w": w[1],
                }
            ),
            max_size=2,
        ),
    }
)


def lived(world: list[Json], sun: list[int], asked: list[tuple[Any, ...]]) -> Story:
    """The story of work that is asked for, with what its owner allows for moving it."""
    story = Story(world)
    story.tell(forecast(sun))
    charters = [item for item in world if item["kind"] == "Charter"]
    for n, wall_s, slack_s, name, wait_s in asked:
        spec: Json = {"access_class": name} if charters else {}
        if slack_s is not None:
            spec["flexibility"] = {"deadline": story.now_s + wall_s + slack_s}
        story.submit(n, wall_s, **spec)
        story.go_to(story.now_s + wait_s)
    story.go_to(story.now_s + 24 * HOUR_S)
    return story


def starts(story: Story) -> dict[str, int]:
    """When each workload began for the first time."""
    found: dict[str, int] = {}
    for decision in story.decisions:
        if isinstance(decision, Placement):
            found.setdefault(decision.workload_id, decision.at_s)
    return found


@settings(max_examples=150)
@given(
    st.booleans(),
    st.integers(1, 3),
    st.none() | limits,
    suns,
    st.lists(asks, min_size=1, max_size=10),
)
def test_no_deadline_is_missed_that_is_kept_without_moving(
    floors: bool, per_node: int, envelope: Json | None, sun: list[int], asked: list[Any]
):
    spec: Json = {"envelope": {"site": envelope}} if envelope else {}
    pools = [{"name": "p", "accelerators_per_node": per_node}]
    world = [site("s", pools, [(0, {"p": 6})], **spec), project("a")]
    if floors:
        world.append(charter("s", FLOOR))
    moved, still = lived(world, sun, asked), lived(world, [0] * len(sun), asked)

    def refused(story: Story) -> set[str]:
        return {d.workload_id for d in story.decisions if isinstance(d, Refusal)}

    saved = {d.workload_id for d in moved.decisions if isinstance(d, Placement) and _moved(d)}
    assert not saved & refused(moved)
    for w in saved:
        assert starts(moved)[w] >= starts(still)[w]
    asleep = {
        d.workload_id
        for d in moved.decisions
        if isinstance(d, Hold) and d.reasons[0].code == "clean-power-later"
    }
    assert not asleep & (refused(moved) - refused(still)), "it slept too long"


def _moved(decision: Placement) -> bool:
    return any(reason.code == "moved-to-clean-power" for reason in decision.reasons)


@given(suns, st.lists(asks, min_size=1, max_size=8))
def test_a_floor_is_served_within_its_notice_whoever_sleeps(sun: list[int], asked: list[Any]):
    """C2: whoever asks within a floor, and does not move, does not wait for those who sleep."""
    world = [*one_pool(6, FLOOR)]
    story = lived(world, sun, asked)
    began = starts(story)
    c = story.engine.layout.class_row["s", "x"]
    assert int(story.engine.state.cls[c]["late"]) == 0
    asked_at = {e.workload_id: e.at_s for e in story.events if hasattr(e, "workload")}
    held = {d.workload_id for d in story.decisions if isinstance(d, Hold)}
    for w, at_s in asked_at.items():
        if w in began and w not in held:
            assert began[w] - at_s <= 60 + 5


@given(
    st.integers(1, 2),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 900), st.sampled_from("xy")), max_size=20),
    st.integers(1, 400),
    st.integers(0, 300),
)
def test_what_is_drawn_later_is_what_runs_and_claims_until_its_latest_end(
    per_node: int, asked: list[tuple[int, int, str]], step_s: int, wait_s: int
):
    """Against each job by itself; mind that blocks of ends are walked from the latest on."""
    pools = [{"name": "p", "accelerators_per_node": per_node}, {"name": "q"}]
    story = Story([site("s", pools, [(0, {"p": 8, "q": 4})]), charter("s", FLOOR), project("a")])
    for n, wall_s, name in asked:
        story.submit(n, wall_s, access_class=name)
    story.stop_late_s = 60
    story.go_to(wait_s)
    s, times = story.engine.state, story.now_s + step_s * np.arange(7)
    expected = np.zeros(7, np.int64)
    for w in (*story.in_state("running"), *story.in_state("claimed")):
        job = s.job[story.engine.live[w].row]
        ends_s = int(job["ends"]) + (int(job["wall"]) if story.state(w) == "claimed" else 0)
        expected += (times < ends_s) * (100 * int(job["n"]))
    assert _running_w(story.engine, "s", times, -1).tolist() == expected.tolist()
    for w in story.in_state("running"):
        row = story.engine.live[w].row
        own = (times < s.job[row]["ends"]) * (100 * int(s.job[row]["n"]))
        found = _running_w(story.engine, "s", times, row)
        assert found.tolist() == (expected - own).tolist()


def test_what_is_drawn_later_is_so_across_many_blocks_of_ends():
    story, ends = Story(one_pool(400), checked=False), []
    for i in range(400):
        ends.append(100 + 37 * i % 1000)
        story.submit(1, ends[-1])
    times = 90 * np.arange(14)
    expected = [100 * sum(at_s < end_s for end_s in ends) for at_s in times.tolist()]
    assert _running_w(story.engine, "s", times, -1).tolist() == expected


@given(st.lists(asks, min_size=2, max_size=10), st.sampled_from([0, 900, 3 * HOUR_S]))
def test_who_sleeps_is_counted_the_same_after_a_restore(asked: list[tuple[Any, ...]], wait_s: int):
    """E4: the sums are in no snapshot; the twin decides the same, of them and of who comes then."""
    pools = [{"name": "p", "accelerators_per_node": 2}, {"name": "q"}]
    envelope = {"site": {"power_w": 1_500}}
    grants = [{"accelerator_hours": 40}]
    story = Story(
        [
            site("s", pools, [(0, {"p": 8, "q": 8})], envelope=envelope),
            charter("s", [{"name": "x", "floor": 12}, {"name": "y"}]),
            project("a", grants=grants),
        ]
    )
    story.tell(forecast([0, 0, 0, 5_000, 5_000, 0, 0, 0]))
    for n, wall_s, slack_s, name, _ in asked:
        deadline = NEVER_S if slack_s is None else 3 * HOUR_S + wall_s + slack_s
        story.submit(n, wall_s, access_class=name, flexibility={"deadline": deadline})
        twin = Engine.restore(story.engine.snapshot())
        check(twin)
        assert twin.snapshot() == story.engine.snapshot()
        event = TimePassed(at_s=story.now_s + wait_s)
        assert twin.step(event) == Engine.restore(story.engine.snapshot()).step(event)


def test_a_supply_is_read_once_however_many_choose_anew(monkeypatch: pytest.MonkeyPatch):
    """It is the same until somebody starts."""
    story = sunny(40)
    for _ in range(20):
        story.submit(2, HOUR_S, **flexible(8))
    asked: list[str] = []

    def noted(engine: Engine, name: str) -> Supply | None:
        asked.append(name)
        return supply_of(engine, name)

    monkeypatch.setattr("allod.decide.moving.supply_of", noted)
    story.tell(forecast([0, 0, 0, 900, 900, 0, 0, 0]))
    assert len(story.in_state("asleep")) == 20 and asked == ["s"]


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.integers(1, 500),
    st.integers(0, 300),
    st.integers(0, 700),
)
def test_the_best_start_is_the_best_of_all_seconds(
    values: list[int], wall_s: int, first_s: int, more_s: int
):
    """What is used is straight between the times that are tried, so no other second is better."""
    step_s, start_s = 100, 50
    end_s = start_s + step_s * len(values)
    last_s = min(start_s + first_s + more_s, end_s - wall_s)
    first_s += start_s
    if last_s <= first_s:
        return
    each = np.repeat(np.array(values), step_s)
    sums = np.concatenate(([0], np.cumsum(each)))
    starts = range(first_s, last_s + 1)
    used = [int(sums[t - start_s + wall_s] - sums[t - start_s]) for t in starts]
    held = np.array(values, np.int64)
    by_step = np.concatenate(([0], np.cumsum(held * step_s)))
    found, at_first, least = best_start(held, by_step, start_s, step_s, wall_s, first_s, last_s)
    assert (at_first, least) == (used[0], min(used))
    assert used[found - first_s] == least
