"""P2: lent work is slowed before lent room goes, and an envelope counts on no cap unconfirmed."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.decide import plants
from allod.decide.engine import Engine
from allod.domain.decision import Decision, PowerCap, PowerUncap, Reclaim, ShedPlan
from allod.domain.document import from_json
from allod.domain.event import CapState, ForecastGiven, PowerLimitReported, TimePassed
from allod.energy.outdoor_air import OutdoorAir
from allod.errors import Conflict, InvalidDocument
from allod.prove.encoding import encode
from tests.decide.capped import CAPPING, FLOOR_W, LEAD_S, SET, USUAL_W, Fate, Machine, call, world
from tests.decide.plants import Chiller
from tests.decide.worlds import Json, Story, charter

STOP_S = 5
T = TypeVar("T", bound=Decision)


def of(kind: type[T], made: tuple[Decision, ...] | list[Decision]) -> list[T]:
    return [d for d in made if isinstance(d, kind)]


def busy() -> tuple[Story, list[str]]:
    """A floor of 4 accelerators in use, and lent work of 2 in each of the three nodes left."""
    story = Story(world())
    runs = [story.submit(4, 1000, access_class="x")]
    for name in "yzz":
        story.go_to(story.now_s + 1)
        runs.append(story.submit(2, 1000, access_class=name))
    return story, runs


def test_lent_work_is_capped_in_the_order_of_every_reclaim_no_lower_than_it_takes():
    story, (_, _, old, young) = busy()
    made = story.tell(call(900, at_s=3, reason="peak"))
    plan, caps = of(ShedPlan, made)[0], of(PowerCap, made)
    assert (plan.over_w, plan.capped, plan.reclaimed) == (100, ((young, 80), (old, 20)), ())
    assert plan.left_w == 0 and "2 are capped, which saves 100 W" in plan.reasons[0].message
    deep, light = caps
    assert (deep.limit_w, light.limit_w) == (FLOOR_W, USUAL_W - 10)
    assert (deep.order_at_s, deep.confirm_by_s) == (100 - STOP_S - LEAD_S, 75)
    assert (deep.starts_s, deep.ends_s, deep.saved_w) == (100, 400, 80)
    # 100 W busy and 22 idle: a cap leaves 38 of 78, and 68 of 78, to the power of 0.75.
    assert (deep.speed_milli, light.speed_milli) == (583, 902)
    assert not of(Reclaim, made)
    assert set(story.engine.capped) == {young, old}


def test_a_cap_counts_when_it_is_confirmed_and_is_taken_off_when_the_call_is_over():
    story, runs = busy()
    story.tell(call(900, at_s=3))
    machine, limit = Machine(story), story.engine.layout.power_limit["s", "site"]
    machine.go_to(55)
    windows = story.engine.state.window
    first = int(story.engine.state.limit[limit]["w0"])
    assert windows["used"][first : first + 3].tolist() == [1000, 1000, 1000]
    machine.go_to(56)
    assert windows["used"][first : first + 3].tolist() == [900, 900, 1000]
    assert machine.draw_w == 900
    machine.go_to(399)
    assert (story.in_state("running"), machine.draw_w) == (runs, 900)
    machine.go_to(400)
    off = of(PowerUncap, story.decisions)
    assert {d.workload_id for d in off} == {runs[2], runs[3]}
    assert {(d.at_s, d.limit_w) for d in off} == {(400, USUAL_W)}
    machine.go_to(401)
    assert (story.in_state("running"), machine.draw_w, machine.limit_w) == (runs, 1000, {})
    assert story.engine.standing(runs[3]).ends_s == 1003  # Its wall time is not made longer.


@pytest.mark.parametrize(
    ("fate", "at_s"),
    [
        ((CapState.REFUSED, 0), 55),
        ((CapState.REFUSED, 1), 56),
        ((CapState.FAILED, 1), 56),
        ((CapState.SET, None), 75),
        ((CapState.SET, 25), 75),
    ],
)
def test_whose_cap_is_not_confirmed_is_reclaimed_before_the_call(fate: Fate, at_s: int):
    story, (floor, kept, old, young) = busy()
    story.tell(call(900, at_s=3))
    machine = Machine(story, lambda cap: fate if cap.workload_id == young else SET)
    machine.go_to(99)
    gone = of(Reclaim, story.decisions)
    assert [(d.workload_id, d.at_s, d.stop_at_s) for d in gone] == [(young, at_s, 95)]
    assert f"cap of {young}" in gone[0].reasons[0].message
    assert of(ShedPlan, story.decisions)[-1].reclaimed == ((young, 200),)
    assert story.in_state("running") == [floor, kept, old] and machine.draw_w <= 900
    machine.go_to(500)
    assert story.in_state("running") == [floor, kept, old, young] and machine.limit_w == {}


def test_what_caps_cannot_give_is_reclaimed_and_who_goes_is_not_slowed_for_nothing():
    story, (floor, kept, old, young) = busy()
    made = story.tell(call(700, at_s=3))
    plan = of(ShedPlan, made)[0]
    assert [w for w, _ in plan.reclaimed] == [young]
    assert plan.capped == ((old, 80), (kept, 80)) and plan.left_w == 0
    Machine(story).go_to(100)
    assert story.in_state("running") == [floor, kept, old]


def test_beside_who_goes_no_more_are_slowed_than_it_takes():
    story, (_, _, old, young) = busy()
    plan = of(ShedPlan, story.tell(call(740, at_s=3)))[0]
    assert [w for w, _ in plan.reclaimed] == [young]
    assert (plan.capped, plan.left_w) == (((old, 80),), 0)


@pytest.mark.parametrize("starts_s", [0, 10, 3 + STOP_S + LEAD_S - 1])
def test_a_call_that_leaves_no_time_to_do_without_a_cap_reclaims(starts_s: int):
    story, runs = busy()
    made = story.tell(call(900, at_s=3, starts_s=starts_s))
    assert not of(PowerCap, made)
    assert [d.workload_id for d in of(Reclaim, made)] == [runs[3]]


def test_floors_and_who_would_rather_go_are_not_slowed():
    story = Story(world())
    floor = story.submit(4, 1000, access_class="x")
    lent = story.submit(2, 1000, access_class="z", flexibility={"cappable": False})
    made = story.tell(call(500))
    assert not of(PowerCap, made) and of(ShedPlan, made)[0].reclaimed == ((lent, 200),)
    made = story.tell(call(300, name="more"))
    assert not of(PowerCap, made) and of(ShedPlan, made)[0].left_w == 100
    assert story.state(floor) == "running"


def test_who_is_within_the_floor_around_its_class_is_not_slowed_either():
    documents = world()
    inside = {"name": "start-ups", "floor": 0}
    tree: list[Json] = [{"name": "nation", "floor": 4, "classes": [inside]}, {"name": "z"}]
    documents[1] = charter("s", tree)
    story = Story(documents)
    covered = story.submit(4, 1000, access_class="start-ups")
    lent = story.submit(2, 1000, access_class="z")
    made = story.tell(call(300))
    assert [d.workload_id for d in of(Reclaim, made)] == [lent] and not of(PowerCap, made)
    assert of(ShedPlan, made)[0].left_w == 100 and story.state(covered) == "running"


def test_hours_that_come_too_soon_are_met_by_reclaims_and_later_ones_by_caps():
    story, runs = busy()
    story.tell(call(800, at_s=3, starts_s=20, ends_s=100, name="soon"))
    assert [d.workload_id for d in of(Reclaim, story.decisions)] == [runs[3]]
    made = story.tell(call(720, at_s=3, starts_s=100, ends_s=200, name="later"))
    assert [(d.workload_id, d.starts_s) for d in of(PowerCap, made)] == [(runs[2], 100)]
    assert not of(Reclaim, made)


def test_work_that_shares_a_node_is_not_slowed():
    story = Story(world())
    story.submit(3, 1000, access_class="y")
    story.submit(1, 1000, access_class="z")
    made = story.tell(call(350))
    assert not of(PowerCap, made) and len(of(Reclaim, made)) == 1


@pytest.mark.parametrize("more", [{"runner": "none"}, {"capping": None}])
def test_where_nobody_can_cap_nobody_is_capped(more: Json):
    documents = world()
    spec = documents[0]["spec"]
    spec["runner"] = more.get("runner", "local")
    if "capping" in more:
        del spec["pools"][0]["capping"]
    story = Story(documents)
    story.submit(4, 1000, access_class="z")
    assert not of(PowerCap, story.tell(call(300)))


def test_a_call_taken_back_takes_its_caps_off_at_once_and_a_longer_one_keeps_them():
    story, runs = busy()
    story.tell(call(900, at_s=3))
    machine = Machine(story)
    machine.go_to(200)
    longer = of(PowerCap, story.tell(call(900, at_s=200, ends_s=600)))
    assert {d.workload_id: d.ends_s for d in longer} == {runs[2]: 600, runs[3]: 600}
    assert not of(Reclaim, story.decisions)
    machine.go_to(450)
    assert (machine.draw_w, story.in_state("running")) == (900, runs)
    made = story.tell(call(900, at_s=450, starts_s=0, ends_s=0))
    assert {d.workload_id for d in of(PowerUncap, made)} == {runs[2], runs[3]}
    machine.go_to(451)
    assert (machine.draw_w, story.engine.capped) == (1000, {})


def test_caps_that_a_milder_call_does_not_need_come_off_best_class_and_oldest_first():
    story = Story(world())
    best = story.submit(2, 1000, access_class="y")
    story.go_to(1)
    old = story.submit(2, 1000, access_class="z")
    story.go_to(2)
    young = story.submit(2, 1000, access_class="z")
    story.tell(call(360, at_s=2))
    assert set(story.engine.capped) == {best, old, young}
    assert [d.workload_id for d in of(PowerUncap, story.tell(call(440, at_s=2)))] == [best]
    assert [d.workload_id for d in of(PowerUncap, story.tell(call(520, at_s=2)))] == [old]


def test_a_call_that_comes_before_a_cap_is_ordered_does_not_count_on_it():
    story, runs = busy()
    story.tell(call(920, at_s=3, starts_s=300, ends_s=400))
    made = story.tell(call(920, at_s=3, name="sooner", starts_s=100, ends_s=200))
    assert [(d.workload_id, d.starts_s, d.ends_s) for d in of(PowerCap, made)] == [
        (runs[3], 100, 400)
    ]
    machine = Machine(story)
    for at_s in (100, 199, 300, 399):
        machine.go_to(at_s)
        assert machine.draw_w <= 920


def test_the_end_of_capped_work_gives_its_nodes_their_limit_back():
    story, runs = busy()
    story.tell(call(900, at_s=3))
    machine = Machine(story)
    machine.go_to(150)
    made = story.end(runs[3])
    assert [(d.workload_id, d.run, d.limit_w) for d in of(PowerUncap, made)] == [
        (runs[3], 1, USUAL_W)
    ]
    machine.go_to(151)
    assert list(story.engine.capped) == [runs[2]] and len(machine.limit_w) == 1


def test_a_floor_gets_its_room_from_slowed_work_which_gives_back_what_it_draws():
    story = Story(world())
    for _ in range(5):
        story.submit(2, 1000, access_class="z")
    story.tell(call(840))
    machine = Machine(story)
    machine.go_to(200)
    assert machine.draw_w == 840
    asked = story.submit(2, 500, access_class="x")
    # Two who draw 120 W make room for 200 W; one of them would not.
    assert len([d for d in of(Reclaim, story.decisions) if d.for_workload_id == asked]) == 2
    machine.go_to(200 + 10 + STOP_S)
    assert story.state(asked) == "running" and machine.draw_w <= 840


def test_slowed_work_that_outlives_its_wall_time_counts_as_it_draws_in_every_window():
    limits = {"site": {"power_w": 1000}, "pools": {"p": {"power_w": 1000}}}
    story = Story(world(envelope=limits))
    story.submit(8, 1000, access_class="x")
    late = story.submit(2, 300, access_class="z")
    story.tell(call(930, 100, 600))
    for i, (starts_s, ends_s, power_w) in enumerate([(100, 400, 960), (400, 600, 950)]):
        story.tell(call(power_w, starts_s, ends_s, name=f"n{i}", path="pools.p"))
    machine = Machine(story)
    machine.go_to(290)
    cap = story.engine.live[late].cap
    assert cap is not None and (cap.confirmed, cap.ends_s) == (True, 600)
    limit = story.engine.layout.power_limit["s", "pools.p"]
    story.tell(TimePassed(at_s=450))  # The runner says nothing of its end.
    row = story.engine.state.limit[limit]
    assert int(story.engine.state.window["used"][int(row["now"])]) == 1000 - 70
    story.end(late)
    assert int(story.engine.state.window["used"][int(row["now"])]) == 800


def test_answers_that_come_twice_late_or_about_something_else_change_nothing():
    story, runs = busy()
    story.tell(call(900, at_s=3))
    machine, before = Machine(story), story.engine.snapshot()
    for limit_w, run in ((FLOOR_W, 2), (USUAL_W, 1), (FLOOR_W + 1, 1)):
        for state in CapState:
            told = PowerLimitReported(
                at_s=3, workload_id=runs[3], run=run, number=1, limit_w=limit_w, state=state
            )
            assert story.tell(told) == () and story.engine.snapshot() == before
    machine.go_to(60)
    before = story.engine.snapshot()
    for limit_w, run, state in (
        (FLOOR_W, 1, CapState.SET),
        (FLOOR_W, 1, CapState.FAILED),
        (FLOOR_W, 2, CapState.FAILED),
        (USUAL_W, 1, CapState.SET),
    ):
        told = PowerLimitReported(
            at_s=60, workload_id=runs[3], run=run, number=1, limit_w=limit_w, state=state
        )
        assert story.tell(told) == ()
    nobody = PowerLimitReported(
        at_s=60, workload_id="w9", run=1, number=1, limit_w=1, state=CapState.SET
    )
    assert story.tell(nobody) == () and story.engine.snapshot() == before


def test_an_answer_about_a_cap_that_came_off_does_not_confirm_the_next_one_of_the_same_watts():
    story, runs = busy()
    fate = iter([(CapState.SET, 15)] * 2 + [(CapState.REFUSED, 0)] * 2)
    machine = Machine(story, lambda cap: next(fate))
    story.tell(call(900, at_s=3))
    machine.go_to(60)  # The runner has been told, and has not answered.
    story.tell(call(900, at_s=60, starts_s=0, ends_s=0))
    again = of(PowerCap, story.tell(call(900, at_s=60, starts_s=130)))
    assert [(d.workload_id, d.number) for d in again] == [(runs[3], 2), (runs[2], 2)]
    machine.go_to(80)
    assert [story.engine.live[run].cap.confirmed for run in runs[2:]] == [False, False]
    machine.go_to(130)
    assert machine.draw_w <= 900 and len(story.in_state("running")) < len(runs)


def test_slowed_work_that_a_floor_covers_by_now_gets_what_comes_free_before_who_waits():
    story = Story(world())
    first = story.submit(4, 1000, access_class="x")
    story.go_to(1)
    second = story.submit(4, 1000, access_class="x")  # Beyond the floor of 4: lent.
    assert [d.workload_id for d in of(PowerCap, story.tell(call(700, at_s=1)))] == [second]
    machine = Machine(story)
    machine.go_to(120)
    waits = [story.submit(2, 500, access_class="z") for _ in range(3)]
    off = of(PowerUncap, story.end(first))
    assert [(d.workload_id, d.reasons[0].code) for d in off] == [(second, "floor-covers")]
    machine.go_to(130)
    assert story.in_state("running") == [second, waits[0]]
    assert (machine.draw_w, machine.limit_w) == (600, {})


def test_a_cap_stays_while_others_draw_what_it_spares_before_its_call():
    story = Story(world(units=14, envelope={"site": {"power_w": 1000}}))
    for n, name in ((4, "x"), (4, "z"), (2, "z")):
        story.submit(n, 1000, access_class=name)
    story.tell(call(980, 98, 99, name="small"))  # So that now is a window of its own.
    story.tell(call(900))
    machine = Machine(story)
    machine.go_to(57)
    short = story.submit(1, 30, access_class="z")
    assert (story.state(short), machine.draw_w) == ("running", 1000)
    story.tell(call(0, 0, 0, at_s=58))
    machine.go_to(59)
    assert (story.state(short), machine.draw_w) == ("running", 1000)


def test_caps_that_are_not_needed_beside_who_leaves_come_off():
    story = Story(world())
    old, young = (story.submit(2, 300, access_class=name) for name in "yz")
    story.tell(call(300, 50, 350))
    Machine(story).go_to(10)
    story.tell(call(200, 20, 170, at_s=10, name="sooner"))
    assert [d.workload_id for d in of(Reclaim, story.decisions)] == [young]
    story.tell(call(900, 20, 170, at_s=10, name="none"))
    assert old not in story.engine.capped and story.state(old) == "running"


def test_documents_may_not_take_away_what_a_cap_is_set_with():
    story, _ = busy()
    story.tell(call(900, at_s=3))
    documents = world()
    del documents[0]["spec"]["pools"][0]["capping"]
    with pytest.raises(Conflict, match="runs under a power cap"):
        story.apply(*documents)
    story.tell(call(900, at_s=3, starts_s=0, ends_s=0))
    story.apply(*documents)


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ({"accelerators_per_node": 1, "capping": CAPPING}, "models no nodes"),
        ({"capping": {**CAPPING, "floor_w": USUAL_W}}, "floor_w is not below limit_w"),
        ({"capping": {**CAPPING, "command": []}}, "command"),
        ({"capping": {**CAPPING, "lead_s": 0}}, "lead_s"),
    ],
)
def test_a_capping_that_caps_nothing_or_nobody_knows_whom_is_refused(pool: Json, said: str):
    document = world()[0]
    document["spec"]["pools"][0].update(pool)
    with pytest.raises(InvalidDocument, match=said):
        from_json(document)


def test_a_cluster_without_a_place_for_commands_has_no_capping():
    document = world()[0]
    slurm: Json = {"rest": "http://10.0.0.5:6820", "others": {"user": "ada"}, "folder": "/s"}
    slurm["pools"] = {"p": {"partition": "main", "nodes": "n[1-5]"}}
    document["spec"] |= {"runner": "slurm", "slurm": slurm}
    with pytest.raises(InvalidDocument, match=r"give slurm\.command"):
        from_json(document)
    slurm["command"] = {"ssh": "allod@login"}
    from_json(document)


def test_watts_at_the_meter_are_saved_behind_the_cooling():
    story = Story(world(pue_milli=1300, envelope={"site": {"power_w": 1300}}))
    lent = story.submit(2, 1000, access_class="z")
    cap = of(PowerCap, story.tell(call(225)))[0]
    # 2 x 130 W at the meter; 225 are left, so each may take 112: 86 W of IT, 14 less.
    assert (cap.workload_id, cap.limit_w, cap.saved_w) == (lent, USUAL_W - 14, 2 * (130 - 112))


def test_a_hot_hour_slows_work_and_caps_of_before_count_on_as_it_power(
    monkeypatch: pytest.MonkeyPatch,
):
    plant = Chiller()
    monkeypatch.setattr(plants, "plant_of", lambda _site: plant)
    story = Story(world(pue_milli=1100, envelope={"site": {"power_w": 1100}}))
    runs = [story.submit(4, 5000, access_class="x")]
    runs += [story.submit(2, 5000, access_class="z") for _ in range(3)]
    story.tell(call(1050))
    machine = Machine(story)
    machine.go_to(200)
    assert len(machine.limit_w) == 1
    celsius = (20, 20, 35, 20)

    def look() -> None:
        air = np.array([celsius[min(story.now_s // 300, 3)]], float)
        draw_w = float(plant.facility_w(machine.draw_w, OutdoorAir(air, air))[0])
        assert draw_w <= (1050 if story.now_s < 400 else 1100), story.now_s

    machine.look = look
    made = story.tell(
        ForecastGiven(
            at_s=200,
            site="s",
            start_s=0,
            step_s=300,
            temp_milli_c=tuple(1000 * one for one in celsius),
            design_temp_milli_c=20_000,
        )
    )
    # 1060 W hold 851 W of IT at 35 degrees, and a floor of 4 leaves three to be slowed.
    plan = of(ShedPlan, made)[0]
    assert (plan.starts_s, plan.ends_s, plan.left_w, plan.reclaimed) == (600, 900, 0, ())
    assert sum(d.saved_w for d in of(PowerCap, made)) >= 1000 - 851
    machine.go_to(700)
    assert story.in_state("running") == runs and machine.draw_w <= 851
    machine.go_to(1500)
    assert (story.in_state("running"), machine.limit_w) == (runs, {})


fates = st.one_of(
    st.just(SET),
    st.tuples(
        st.sampled_from([CapState.SET, CapState.SET, CapState.REFUSED, CapState.FAILED]),
        st.one_of(st.none(), st.integers(0, LEAD_S + 5)),
    ),
)
happenings = st.one_of(
    st.tuples(st.just("submit"), st.integers(1, 5), st.sampled_from([60, 300, 900])),
    st.tuples(st.just("submit"), st.sampled_from([2, 4]), st.sampled_from([300, 900])),
    st.tuples(
        st.just("call"),
        st.integers(0, 10),
        st.sampled_from([0, 10, 50, 90, 200]),
        st.sampled_from([40, 150]),
        st.sampled_from(["site", "site", "pools.p"]),
    ),
    st.tuples(st.just("back"), st.sampled_from(["site", "pools.p"])),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 45, 100])),
    st.tuples(st.just("end"), st.integers(0, 9)),
    st.tuples(st.just("others"), st.sampled_from([0, 60])),
)


def _allowed_w(story: Story, path: str) -> int:
    """What the calls for the node at `path` leave now. [W]"""
    calls = [c for c in story.engine.outlook.calls.values() if c.path == path]
    now = [c.power_w for c in calls if c.starts_s <= story.now_s < c.ends_s]
    return min([1000, *now])


@given(
    st.lists(happenings, min_size=4, max_size=25),
    st.lists(fates, min_size=1, max_size=6),
    st.sampled_from([0, 0, 7]),
)
def test_no_envelope_is_broken_by_the_true_draw_and_every_cap_comes_off(
    history: list[Any], fates_drawn: list[Fate], slow_s: int
):
    limits = {"site": {"power_w": 1000}, "pools": {"p": {"power_w": 1000}}}
    story = Story(world(envelope=limits))
    asked = iter(range(10**6))
    machine = Machine(story, lambda cap: fates_drawn[next(asked) % len(fates_drawn)])
    machine.slow_s = slow_s
    excused: list[str] = []

    def look() -> None:
        # What floors take and what others draw is not ours to cut.
        if any(d.left_w for d in of(ShedPlan, story.decisions)):
            excused.append("floors")
        if story.engine.state.pool["others"].any():
            excused.append("others")
        for path in ("site", "pools.p") if not excused else ():
            assert machine.draw_w <= _allowed_w(story, path), (path, story.now_s)

    machine.look = look
    for act in history:
        match act:
            case ("submit", n, wall_s):
                classes = "xyz"
                story.submit(n, wall_s, access_class=classes[n % 3])
            case ("call", tenths, starts_s, length_s, path):
                now_s = story.now_s
                story.tell(
                    call(
                        100 * tenths,
                        now_s + starts_s,
                        now_s + starts_s + length_s,
                        at_s=now_s,
                        name=path,
                        path=path,
                    )
                )
            case ("back", path):
                now_s = story.now_s
                story.tell(call(0, 0, 0, at_s=now_s, name=path, path=path))
            case ("pass", seconds):
                machine.go_to(story.now_s + seconds)
            case ("end", i) if running := story.in_state("running"):
                story.end(running[i % len(running)])
            case ("others", watts):
                story.report(others_w=watts)
        machine.go_to(story.now_s)
    again = Engine(policy="charter")
    made = [encode(d) for event in story.events for d in again.step(event)]
    assert made == [encode(d) for d in story.decisions]
    assert again.snapshot() == story.engine.snapshot()
    copy = Engine.restore(again.snapshot())
    assert copy.snapshot() == again.snapshot()
    machine.go_to(story.now_s + 3000)
    assert (story.engine.capped, machine.limit_w) == ({}, {})
