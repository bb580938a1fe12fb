"""What floors owe; asking moves nothing."""

from __future__ import annotations

from allod.decide.floors import FloorAccount, floor_accounts
from allod.domain.event import TimePassed
from tests.decide.worlds import Json, Story, one_pool

STOP_S = 5
NOTICE_S = 10
CLASSES: list[Json] = [
    {"name": "own", "floor": 4, "priority": 1, "reclaim_notice_s": NOTICE_S,
     "eligible": {"projects": ["a"]}},
    {"name": "rest"},
]  # fmt: skip


def of(story: Story, name: str = "own") -> FloorAccount:
    before = story.engine.snapshot()
    found = floor_accounts(story.engine)["s", name]
    assert story.engine.snapshot() == before  # Asking changes no decision.
    return found


def at(story: Story, at_s: int) -> None:
    story.tell(TimePassed(at_s=at_s))


def test_a_claim_is_owed_until_it_is_met_and_broken_when_that_takes_too_long():
    story = Story(one_pool(4, CLASSES))
    story.submit(4, 1000, project="b")
    story.submit(3, 100)
    assert of(story) == FloorAccount(claimed=3, owed=3)
    at(story, NOTICE_S + STOP_S)
    assert of(story).broken == 0  # It is still in time.
    at(story, NOTICE_S + STOP_S + 1)
    late = of(story)
    assert (late.owed, late.broken, late.broken_since_s) == (3, 3, NOTICE_S + STOP_S)
    story.end("w1")
    met = of(story)
    assert (met.claimed, met.owed, met.broken) == (0, 0, 0)
    assert (met.met, met.late, met.wait_s_max) == (1, 1, NOTICE_S + STOP_S + 1)


def test_work_beyond_the_floor_is_owed_nothing():
    story = Story(one_pool(4, CLASSES))
    story.submit(4, 1000, project="b")
    story.submit(5, 100, project="c")  # It never fits; and the class without a floor.
    story.submit(1, 100, project="b")
    assert of(story) == FloorAccount()
    assert of(story, "rest") == FloorAccount()


def test_work_within_a_floor_that_nobody_makes_room_for_is_owed_all_the_same():
    """Power is in the way: what runs is within its own floor, so nobody can be taken (C4)."""
    classes = [
        {"name": "own", "floor": 2, "priority": 1, "reclaim_notice_s": NOTICE_S,
         "eligible": {"projects": ["a"]}},
        {"name": "rest", "floor": 2},
    ]  # fmt: skip
    story = Story(one_pool(4, classes, envelope={"site": {"power_w": 300}}))
    story.submit(2, 1000, project="b")
    story.submit(1, 1000)
    story.submit(1, 1000)
    assert of(story) == FloorAccount(owed=1)
    at(story, NOTICE_S + STOP_S + 1)
    assert (of(story).broken, of(story).broken_since_s) == (1, NOTICE_S + STOP_S)


def test_floors_are_promised_under_the_charter_alone():
    story = Story(one_pool(4, CLASSES), policy="easy")
    story.submit(4, 1000, project="b")
    story.submit(3, 100)
    assert floor_accounts(story.engine) == {}
