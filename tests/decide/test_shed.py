"""P2: when an envelope shrinks, what has not begun waits, lent room goes, floors stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.decide.engine import Engine
from allod.domain.decision import Decision, Reclaim, ShedPlan
from allod.domain.event import CurtailmentCalled, TimePassed
from allod.errors import InvalidInput, NotFound
from tests.decide.histories import acts, class_names, play, worlds
from tests.decide.worlds import Json, Story, one_pool

FLOORS: list[Json] = [
    {"name": "x", "floor": 4, "reclaim_notice_s": 10},
    {"name": "y", "floor": 0, "priority": 1},
    {"name": "z", "floor": 0},
]


def call(power_w: int, starts_s: int = 100, ends_s: int = 400, **more: Any) -> CurtailmentCalled:
    values: Json = {
        "at_s": 0,
        "site": "s",
        "name": "grid",
        "path": "site",
        "starts_s": starts_s,
        "ends_s": ends_s,
        "power_w": power_w,
        **more,
    }
    return CurtailmentCalled(**values)


def plan_in(made: tuple[Decision, ...]) -> ShedPlan:
    return next(d for d in made if isinstance(d, ShedPlan))


def world(units: int = 10) -> Story:
    return Story(one_pool(units, FLOORS, envelope={"site": {"power_w": 1000}}))


def test_lent_room_goes_before_the_call_in_the_order_of_every_reclaim_and_floors_stay():
    story = world()
    floor = story.submit(4, 1000, access_class="x")
    story.go_to(1)
    kept = story.submit(2, 1000, access_class="y")
    story.go_to(2)
    old = story.submit(2, 1000, access_class="z")
    story.go_to(3)
    young = story.submit(2, 1000, access_class="z")
    made = story.tell(call(600, at_s=3, reason="peak"))
    plan = plan_in(made)
    assert (plan.over_w, plan.left_w, plan.starts_s, plan.ends_s) == (400, 0, 100, 400)
    assert plan.reclaimed == ((young, 200), (old, 200))
    reclaims = [d for d in made if isinstance(d, Reclaim)]
    assert [(d.workload_id, d.stop_at_s, d.for_workload_id) for d in reclaims] == [
        (young, 95, ""),
        (old, 95, ""),
    ]
    assert "peak" in plan.reasons[0].message and plan.reasons[0].code == "envelope-shrank"
    story.go_to(100)
    assert [story.state(w) for w in (floor, kept, old, young)] == ["running"] * 2 + ["waiting"] * 2
    story.go_to(400)
    assert story.state(old) == story.state(young) == "running"


def test_whoever_ends_before_the_call_stays():
    story = world()
    story.submit(4, 1000, access_class="x")
    short = story.submit(3, 90, access_class="y")
    long = story.submit(3, 500, access_class="z")
    plan = plan_in(story.tell(call(500)))
    assert plan.reclaimed == ((long, 300),)
    story.go_to(89)
    assert story.state(short) == "running"


def test_a_floor_is_kept_and_the_plan_says_what_is_left_over():
    story = world()
    floor = story.submit(4, 1000, access_class="x")
    plan = plan_in(story.tell(call(100)))
    assert (plan.reclaimed, plan.left_w) == ((), 300)
    assert [reason.code for reason in plan.reasons] == ["envelope-shrank", "floors-kept"]
    story.go_to(200)
    assert story.state(floor) == "running"


def test_what_was_about_to_start_is_delayed_first():
    story = world()
    story.submit(5, 1000, access_class="z")
    story.submit(5, 50, access_class="z")
    waits = story.submit(5, 1000, access_class="y")
    plan = plan_in(story.tell(call(500, starts_s=60)))
    assert (plan.over_w, plan.delayed, plan.reclaimed) == (0, (waits,), ())
    story.go_to(399)
    assert story.state(waits) == "waiting"
    story.go_to(400)
    assert story.state(waits) == "running"


def test_who_leaves_anyway_leaves_sooner_before_others_go():
    story = world()
    lent = story.submit(8, 1000, access_class="z")
    asked = story.submit(4, 1000, access_class="x")
    assert story.state(asked) == "claimed"
    story.go_to(1)
    made = story.tell(call(500, at_s=1, starts_s=5))
    assert plan_in(made).reclaimed == ((lent, 800),)  # Else it would go at 10, for the claim.
    assert [d.stop_at_s for d in made if isinstance(d, Reclaim)] == [1]
    story.go_to(10)
    assert story.state(asked) == "running"


def test_a_call_in_force_takes_at_once_and_one_that_is_taken_back_lets_all_in_again():
    story = world()
    runs = [story.submit(2, 1000, access_class="z") for _ in range(5)]
    made = story.tell(call(500, starts_s=0))
    assert [d.stop_at_s for d in made if isinstance(d, Reclaim)] == [1, 1, 1]
    story.go_to(10)
    assert [story.state(w) for w in runs] == ["running"] * 2 + ["waiting"] * 3
    story.tell(call(0, at_s=10, starts_s=0, ends_s=0))
    assert story.in_state("running") == runs


def test_documents_that_shrink_an_envelope_are_a_reason_too_but_others_are_not():
    story = world()
    story.submit(8, 1000, access_class="z")
    place: Json = {"envelope": {"site": {"power_w": 500}}}
    made = story.apply(one_pool(10, **place)[0])
    assert plan_in(made).over_w == 300
    assert not [d for d in story.apply(one_pool(12, **place)[0]) if isinstance(d, ShedPlan)]


def test_an_earlier_narrowing_counts_though_floors_are_further_over_later():
    for by_call in (True, False):
        story = world()
        floor = story.submit(4, 5000, access_class="x")
        story.go_to(1)
        lent = story.submit(4, 600, access_class="z")
        story.tell(call(0, 1000, 2000, name="late", at_s=1))
        if by_call:
            made = story.tell(call(500, 300, 500, name="early", at_s=1))
        else:
            window = {"starts": 300, "ends": 500, "power_w": 500, "reason": "m"}
            envelope = {"site": {"power_w": 1000, "windows": [window]}}
            made = story.apply(one_pool(10, FLOORS, envelope=envelope)[0])
        plan = plan_in(made)
        assert (plan.starts_s, plan.ends_s, plan.over_w) == (300, 500, 300)
        assert (plan.reclaimed, plan.left_w) == (((lent, 400),), 0)
        assert [d.stop_at_s for d in made if isinstance(d, Reclaim)] == [295]
        story.go_to(310)
        assert (story.state(floor), story.state(lent)) == ("running", "waiting")


def test_a_call_that_narrows_nothing_further_says_what_is_over_all_the_same():
    story = world()
    story.submit(4, 5000, access_class="x")
    story.tell(call(100, name="first"))
    plan = plan_in(story.tell(call(200, name="second")))
    assert (plan.over_w, plan.left_w, plan.reclaimed) == (300, 300, ())


def test_floors_that_are_over_elsewhere_by_as_much_are_no_news():
    story = world()
    story.submit(4, 5000, access_class="x")
    story.tell(call(0, 1000, 2000))
    window = {"starts": 300, "ends": 500, "power_w": 300, "reason": "m"}
    made = story.apply(
        one_pool(10, FLOORS, envelope={"site": {"power_w": 1000, "windows": [window]}})[0]
    )
    assert not [d for d in made if isinstance(d, ShedPlan)]


def test_a_call_that_ends_before_it_starts_is_refused_and_lifts_nothing():
    story = world()
    story.tell(call(100, 1000, 4000))
    with pytest.raises(InvalidInput, match="ends_s is 1970-01-01T00:16:40Z"):
        story.tell(call(100, 4000, 1000))
    with pytest.raises(InvalidInput, match="ends_s is 1970-01-01T00:16:40Z"):
        story.tell(call(100, 1000, 1000))
    assert story.state(story.submit(10, 3000, access_class="z")) == "waiting"
    story.go_to(2000)
    story.tell(call(100, 4000, 2000, at_s=2000))  # Over as it is told: taken back.
    assert len(story.in_state("running")) == 1


def test_a_site_has_no_more_calls_than_256_that_are_not_over():
    story = world()
    outlook = story.engine.outlook
    for i in range(256):
        outlook = outlook.with_call(call(900, name=f"n{i}"))
    story.engine.outlook = outlook
    with pytest.raises(InvalidInput, match="256 calls"):
        story.tell(call(800, name="one-more"))
    story.tell(call(800, name="n0"))
    story.tell(call(800, 0, 0, name="n1"))
    story.tell(call(800, name="one-more"))
    with pytest.raises(InvalidInput, match="256 calls"):
        story.tell(call(800, name="two-more"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("starts_s", 2**52), ("ends_s", 2**62), ("power_w", True), ("starts_s", 1.0)],
)
def test_a_call_of_no_whole_watts_or_at_no_date_is_refused(field: str, value: Any):
    with pytest.raises(InvalidInput, match=f"{field} is {value}"):
        world().tell(call(**{"power_w": 500, field: value}))


@pytest.mark.parametrize(("waiting", "said"), [(64, "; 64 start"), (65, "; at least 64 start")])
def test_a_plan_says_so_if_not_all_who_wait_were_asked(waiting: int, said: str):
    story = world(100)
    story.submit(10, 50, access_class="z")
    for _ in range(waiting):
        story.submit(10, 40, access_class="z")
    plan = plan_in(story.tell(call(0, 10, 100_000)))
    assert len(plan.delayed) == 64
    assert said in plan.reasons[0].message


@pytest.mark.parametrize("milder", ["taken back", "later", "of less"])
def test_a_reclaim_stays_ordered_when_its_call_is_taken_back_or_made_milder(milder: str):
    """Its owner has been told, and the room that it leaves may be promised to somebody else."""
    story = world()
    floor = story.submit(4, 1000, access_class="x")
    lent = story.submit(4, 1000, access_class="z")
    story.tell(call(500))
    later = {"taken back": call(0, 0, 0), "later": call(500, 300), "of less": call(900)}[milder]
    again = [d for d in story.tell(later) if isinstance(d, Reclaim)]
    standing = story.engine.standing(lent)
    assert not again and standing is not None and standing.stop_at_s == 95
    story.go_to(94)
    assert story.in_state("running") == [floor, lent]
    story.go_to(95)  # It starts anew as soon as it may.
    assert story.state(lent) == ("waiting" if milder == "later" else "running")
    assert story.engine.live[lent].row >= 0 and story.in_state("running")[0] == floor


def test_who_leaves_for_a_call_that_was_taken_back_counts_as_gone_for_the_next():
    story = world()
    told = story.submit(4, 1000, access_class="z")
    stays = story.submit(4, 1000, access_class="y")
    story.tell(call(400))
    story.tell(call(0, 0, 0))
    plan = plan_in(story.tell(call(400)))
    assert (plan.over_w, plan.reclaimed) == (0, ())
    story.go_to(100)
    assert (story.state(told), story.state(stays)) == ("waiting", "running")


def test_what_was_over_before_goes_as_soon_as_it_can():
    """A floor covered it; now it does not, and what is told makes nothing narrower."""
    story = world()
    work = [story.submit(2, 5000, access_class="x") for _ in range(2)]
    assert plan_in(story.tell(call(200, 1000, 2000))).left_w == 200
    narrow: Json = {"envelope": {"site": {"power_w": 1000}}}
    lower = [{**FLOORS[0], "floor": 2}, *FLOORS[1:]]
    made = story.apply(*one_pool(10, lower, **narrow))
    plan = plan_in(made)
    assert (plan.starts_s, plan.ends_s, plan.over_w, plan.left_w) == (1000, 2000, 200, 0)
    assert plan.reclaimed == ((work[1], 200),)
    assert [d.stop_at_s for d in made if isinstance(d, Reclaim)] == [995]
    assert not story.apply(*one_pool(10, lower, **narrow))


def test_nobody_goes_for_what_others_draw_unless_something_is_asked_for():
    story = world()
    story.submit(8, 5000, access_class="z")
    story.report(others_w=500)
    assert not story.apply(*one_pool(10, FLOORS, envelope={"site": {"power_w": 1000}}))
    assert plan_in(story.tell(call(1000))).over_w == 300


@pytest.mark.parametrize(
    ("more", "said"),
    [({"site": "t"}, "no site"), ({"path": "halls.h"}, "no node"), ({"name": ""}, "name")],
)
def test_a_call_that_cannot_be_is_refused(more: Json, said: str):
    story = world()
    with pytest.raises((InvalidInput, NotFound), match=said):
        story.tell(call(1, **more))


def test_a_call_is_remembered():
    story = world()
    story.tell(call(500))
    twin = Engine.restore(story.engine.snapshot())
    assert twin.snapshot() == story.engine.snapshot()
    assert twin.outlook == story.engine.outlook


calls = st.tuples(st.integers(0, 60), st.integers(1, 120), st.integers(0, 900), st.integers(0, 3))


def told(story: Story, drawn: tuple[int, ...], number: int) -> tuple[CurtailmentCalled, ...]:
    """The call that was drawn, at a node of an envelope; none if there is no envelope."""
    nodes = sorted(story.engine.layout.power_limit)
    if not nodes:
        return ()
    wait_s, length_s, power_w, i = drawn
    starts_s = story.now_s + wait_s
    site, path = nodes[i % len(nodes)]
    return (
        call(
            power_w,
            starts_s,
            starts_s + length_s,
            at_s=story.now_s,
            site=site,
            path=path,
            name=f"c{number}",
        ),
    )


@given(worlds(), st.lists(acts, min_size=3, max_size=15), st.lists(calls, min_size=1, max_size=3))
def test_a_call_is_kept_unless_floors_or_others_are_all_that_is_left(
    documents: list[Json], history: list[Any], drawn: list[tuple[int, ...]]
):
    story = Story(documents)
    names = class_names(documents)
    for number, one in enumerate(drawn):
        for act in history[number::3]:
            play(story, act, names)
        for event in told(story, one, number):
            floors = _floors_held(story)
            plan = plan_in(story.tell(event))
            gone = {w for w, _ in plan.reclaimed}
            assert not gone & floors, "taken from within a floor"
            if event.starts_s < story.now_s + 10:
                continue
            story.go_to(event.starts_s)
            if plan.left_w == 0 and event.ends_s > event.starts_s:
                _check_kept(story, event)


def _floors_held(story: Story) -> set[str]:
    """Work of classes that are at or under their floor, in which nobody may be taken (C4)."""
    held = set()
    for w in story.in_state("running"):
        standing = story.engine.standing(w)
        assert standing is not None
        c = story.engine.layout.class_row[standing.site, standing.access_class]
        row = story.engine.state.cls[c]
        if row["use"] <= row["floor"]:
            held.add(w)
    return held


def _check_kept(story: Story, event: CurtailmentCalled) -> None:
    """What runs under the node draws no more than the call says, others' work left out."""
    story.tell(TimePassed(at_s=story.now_s))
    layout, s = story.engine.layout, story.engine.state
    limit = layout.power_limit[event.site, event.path]
    total = others = 0
    for p in range(len(s.pool)):
        if limit in s.pool_limit[p, : s.pool[p]["limits_n"]].tolist():
            others += int(s.pool[p]["others"])
            for w in story.in_state("running"):
                standing = story.engine.standing(w)
                assert standing is not None
                if layout.pool_row[standing.site, standing.pool] == p:
                    n = story.engine.live[w].workload.accelerators
                    total += n * int(s.pool[p]["watts"])
    assert total + others <= event.power_w or others > 0
