"""Classes as they are shown: within the floor, borrowed, lent out, free, and owed."""

from __future__ import annotations

from itertools import product
from typing import Any

from allod.decide.floors import FloorAccount
from allod.domain.charter import AccessClass, Charter
from allod.run.class_views import ClassUse, class_views
from allod.run.node_views import ClassView

UNITS = 10


def shown(
    classes: list[dict[str, Any]],
    in_use: dict[str, int],
    floors: dict[tuple[str, str], FloorAccount] | None = None,
    at_s: int = 0,
) -> dict[str, ClassView]:
    """The classes of site 'here' with ten accelerators, none of them out."""
    charter = Charter(site="here", classes=tuple(AccessClass(**item) for item in classes))
    free = UNITS - sum(in_use.values())
    found = class_views(charter, ClassUse("here", at_s, free, in_use, {}, floors or {}))
    return {view.name: view for view in found}


def test_every_accelerator_in_use_is_within_a_floor_or_borrowed():
    """All uses of two classes with floors 4 and 3, and of one without."""
    classes = [{"name": "a", "floor": 4}, {"name": "b", "floor": 3}, {"name": "c"}]
    for a, b, c in product(range(7), repeat=3):
        if a + b + c > UNITS:
            continue
        views = shown(classes, {"a": a, "b": b, "c": c})
        free = UNITS - a - b - c
        for name, use, floor in (("a", a, 4), ("b", b, 3), ("c", c, 0)):
            view = views[name]
            assert view.within_floor + view.borrowed == view.in_use == use
            assert view.within_floor + view.idle_floor == floor
            assert view.lent_out == max(0, view.idle_floor - free)
            assert view.free == free


def test_free_is_under_the_ceilings_of_a_class_and_of_those_around_it():
    inner = {"name": "inner", "ceiling": 5}
    classes = [{"name": "outer", "ceiling": 6, "classes": [inner, {"name": "beside"}]}]
    views = shown(classes, {"inner": 2, "beside": 1})
    assert (views["outer"].in_use, views["outer"].free) == (3, 3)
    assert (views["inner"].free, views["beside"].free) == (3, 3)
    assert shown(classes, {"inner": 4, "beside": 0})["inner"].free == 1


def test_an_anchor_has_the_floor_of_its_step():
    ramp = ({"starts": 100, "floor": 2}, {"starts": 200, "floor": 4})
    classes = [{"name": "anchor", "anchor": {"party": "openai", "ramp": ramp, "ends": 300}}]
    idle = [shown(classes, {}, at_s=at_s)["anchor"].idle_floor for at_s in (99, 100, 200, 300)]
    assert idle == [0, 2, 4, 0]


def test_what_is_owed_inside_a_class_counts_for_it_and_one_that_is_broken_is_said():
    classes = [{"name": "outer", "floor": 8, "classes": [{"name": "inner", "floor": 4}]}]
    floors = {
        ("here", "outer"): FloorAccount(claimed=1, owed=1, met=5, late=1),
        ("here", "inner"): FloorAccount(claimed=2, owed=4, broken=2, broken_since_s=70, met=3),
        ("there", "inner"): FloorAccount(owed=9),
    }
    views = shown(classes, {}, floors)
    outer, inner = views["outer"], views["inner"]
    assert (outer.claimed, outer.owed, outer.broken, outer.broken_since_s) == (3, 5, 2, 70)
    assert (outer.claims_met, outer.claims_late, outer.floor_kept) == (8, 1, False)
    assert (inner.claimed, inner.owed, inner.floor_kept) == (2, 4, False)
    assert (inner.claims_met, inner.claims_late) == (3, 0)


def test_where_nobody_keeps_account_nothing_is_said_of_it():
    view = shown([{"name": "a", "floor": 4}], {})["a"]
    assert (view.claimed, view.owed, view.broken, view.floor_kept) == (None, None, None, None)
