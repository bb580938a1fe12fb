"""A charter in words says every number that its document has."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.charter import AccessClass, Charter, Eligibility
from allod.domain.said import said
from allod.plan.charter_words import (
    charter_says,
    charter_words,
    class_says,
    class_words,
    eligible_words,
)


def words(**spec: Any) -> str:
    return class_words(AccessClass.model_validate({"name": "own", **spec}), 30)


def test_a_class_with_floor_and_ceiling():
    assert words(
        eligible={"countries": ["NO", "SE"], "sectors": ["research"]},
        floor=8,
        ceiling=12,
        priority=20,
        reclaim_notice_s=300,
        run_time_min_s=60,
    ) == (
        "For projects seated in NO or SE, and sector research. "
        "8 accelerators are its own whenever it asks; at most 12 at once. "
        "Lent room of its floor is back within 300 s of notice and 30 s to stop. "
        "Its own work runs for 60 s before it is taken, while other work can be. Priority 20."
    )


def test_a_class_without_floor_promises_no_room_back():
    assert words(priority=-10) == ("For everybody. No floor; no ceiling of its own. Priority -10.")


def test_an_anchor_contract_says_its_ramp_its_take_and_its_end():
    ramp = [
        {"starts": "2030-01-01", "floor": 8, "ceiling": 8},
        {"starts": "2026-01-01", "floor": 1},
    ]
    anchor = {"party": "openai", "ramp": ramp, "take_min_bp": 8050, "ends": "2036-01-01"}
    assert (
        "Contract with openai: from 2026-01-01 a floor of 1 accelerator, from 2030-01-01 a floor "
        "of 8 accelerators and at most 8; 80.50 % of the floor are paid for whether used or not; "
        "it ends on 2036-01-01."
    ) in words(anchor=anchor)


def test_the_same_by_code():
    item = AccessClass.model_validate(
        {
            "name": "own",
            "title": "Research",
            "eligible": {"countries": ["NO", "SE"], "sectors": ["research"]},
            "floor": 8,
            "ceiling": 12,
            "reclaim_notice_s": 300,
            "run_time_min_s": 60,
        }
    )
    assert class_says(item, 30) == (
        said("for-seats", countries="NO, SE"),
        said("for-sectors", sectors="research"),
        said("own-floor", floor=8),
        said("own-ceiling", ceiling=12),
        said("room-back", notice="300 s", stop="30 s"),
        said("own-run-time", span="60 s"),
        said("priority", priority=0),
    )
    rest = AccessClass.model_validate({"name": "rest"})
    charter = Charter(site="s", classes=(item, rest))
    assert charter_says(charter) == (
        said("floors-for", classes="Research"),
        said("idle-for", classes="rest"),
    )


def test_an_anchor_by_code():
    ramp = [
        {"starts": "2030-01-01", "floor": 8, "ceiling": 8},
        {"starts": "2026-01-01", "floor": 1},
    ]
    anchor = {"party": "openai", "ramp": ramp, "take_min_bp": 8050, "ends": "2036-01-01"}
    item = AccessClass.model_validate({"name": "own", "anchor": anchor})
    assert class_says(item, 30)[:6] == (
        said("for-everybody"),
        said("anchor", party="openai"),
        said("anchor-step", begins="2026-01-01", floor=1),
        said("anchor-step-to", begins="2030-01-01", floor=8, ceiling=8),
        said("anchor-paid", bp=8050),
        said("anchor-ends", ends="2036-01-01"),
    )


@pytest.mark.parametrize(
    ("eligible", "who"),
    [
        ({"parties": ["a", "b", "c"]}, "projects of a, b or c"),
        ({"projects": ["x"]}, "project x"),
        ({}, "everybody"),
    ],
)
def test_who_may_use_it(eligible: dict[str, Any], who: str):
    assert eligible_words(Eligibility.model_validate(eligible)) == who


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (
            [
                {"name": "a", "title": "Norway", "floor": 4},
                {"name": "b", "floor": 1},
                {"name": "c"},
            ],
            "Floors are kept for Norway and b; what they leave idle is lent to c.",
        ),
        ([{"name": "a", "floor": 4}], "Floors are kept for a."),
        ([{"name": "c"}, {"name": "d"}], "Room goes to c and d."),
    ],
)
def test_the_whole_in_a_sentence(classes: list[dict[str, Any]], said: str):
    assert charter_words(Charter.model_validate({"site": "s", "classes": classes})) == said
