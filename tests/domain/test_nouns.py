"""What the nouns refuse in themselves: shares, floors, names, windows, budgets."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.charter import AccessClass, Charter
from allod.domain.document import KINDS
from allod.domain.fact import Fact, Standing
from allod.domain.party import Party
from allod.domain.project import Grant
from allod.domain.site import Site, Window
from allod.domain.workload import Workload


def test_floors_of_children_fit_into_their_parent() -> None:
    for parent, one, two in product(range(4), repeat=3):
        fits = one + two <= parent
        item = {
            "name": "p",
            "floor": parent,
            "classes": [{"name": "a", "floor": one}, {"name": "b", "floor": two}],
        }
        if fits:
            assert [c.name for c in AccessClass.model_validate(item).walk()] == ["p", "a", "b"]
        else:
            with pytest.raises(ValidationError, match=f"add up to {one + two}"):
                AccessClass.model_validate(item)


def test_a_floor_is_within_its_ceiling() -> None:
    for floor, ceiling in product(range(4), (None, 0, 1, 2, 3)):
        item = {"name": "c", "floor": floor, "ceiling": ceiling}
        if ceiling is None or floor <= ceiling:
            assert AccessClass.model_validate(item).floor == floor
        else:
            with pytest.raises(ValidationError, match="over ceiling"):
                AccessClass.model_validate(item)


def test_classes_have_names_of_their_own_at_any_depth() -> None:
    inner = {"name": "a", "classes": [{"name": "b"}]}
    assert Charter.model_validate({"site": "s", "classes": [inner, {"name": "c"}]}).site == "s"
    with pytest.raises(ValidationError, match="same name"):
        Charter.model_validate({"site": "s", "classes": [inner, {"name": "b"}]})


@pytest.mark.parametrize(
    ("shares", "fits"),
    [
        ([], True),
        ([10_000], True),
        ([5000, 5000], True),
        ([5000, 5001], False),
        ([-1], False),
        ([None, 10_000], True),
        ([None, 10_001], False),
    ],
)
def test_shares_are_of_one_whole(shares: list[int | None], fits: bool) -> None:
    owners = [{"party": f"p{n}", "share_bp": share} for n, share in enumerate(shares)]
    item = {"title": "T", "seat": "NO", "owners": owners}
    if fits:
        assert len(Party.model_validate(item).owners) == len(shares)
    else:
        with pytest.raises(ValidationError, match=r"basis points|share_bp"):
            Party.model_validate(item)


def site(**changes: Any) -> dict[str, Any]:
    return {
        "title": "S",
        "country": "NO",
        "operator": "o",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "p", "accelerator": "h100", "hall": "h"}],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pools": [{"name": "p", "accelerator": "x"}] * 2}, "same name"),
        ({"phases": [{"name": "f", "state": "live", "accelerators": {"q": 1}}]}, "pool 'q'"),
        ({"envelope": {"site": {"power_w": 1}, "halls": {"x": {"power_w": 1}}}}, "hall 'x'"),
        ({"envelope": {"site": {"power_w": 1}, "pools": {"x": {"power_w": 1}}}}, "pool 'x'"),
        ({"phases": [{"name": "f", "state": "announced", "needs": ["g"]}]}, "needs 'g'"),
    ],
)
def test_a_site_names_only_what_it_has(changes: dict[str, Any], words: str) -> None:
    fine = {
        "envelope": {
            "site": {"power_w": "1 MW"},
            "halls": {"h": {"power_w": 1}},
            "pools": {"p": {"power_w": 1}},
        }
    }
    assert Site.model_validate(site(**fine)).envelope
    with pytest.raises(ValidationError, match=words):
        Site.model_validate(site(**changes))


def test_windows_and_grants_run_forward() -> None:
    for model, rest in ((Window, {"power_w": 1}), (Grant, {"accelerator_hours": 1})):
        assert model.model_validate({"starts": 1, "ends": 2, **rest})
        for ends in (0, 1):
            with pytest.raises(ValidationError, match="ends before it starts"):
                model.model_validate({"starts": 1, "ends": ends, **rest})


def test_flexibility_leaves_the_wall_time() -> None:
    for not_before, deadline, wall in product(range(4), range(4), range(1, 4)):
        item = {
            "project": "p",
            "accelerators": 1,
            "wall_time_s": wall,
            "flexibility": {"not_before": not_before, "deadline": deadline},
        }
        if not_before + wall <= deadline:
            assert Workload.model_validate(item).wall_time_s == wall
        else:
            with pytest.raises(ValidationError, match="less time"):
                Workload.model_validate(item)


def test_a_fact_is_unknown_exactly_when_it_has_no_value() -> None:
    for value, standing in product((None, 7), Standing):
        item = {"value": value, "standing": standing}
        if (value is None) == (standing is Standing.UNKNOWN):
            assert Fact[int].model_validate(item).known == (value is not None)
        else:
            with pytest.raises(ValidationError, match="no value exactly"):
                Fact[int].model_validate(item)


def test_a_bare_value_is_declared_by_the_document() -> None:
    fact = Fact[int].model_validate(7)
    assert (fact.value, fact.standing, fact.source) == (7, Standing.DECLARED, "this document")
    for nothing in (None, "unknown", {"value": None}):
        assert Fact[int].model_validate(nothing).standing is Standing.UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_frozen(kind: str) -> None:
    assert KINDS[kind].model_config["frozen"] is True
    assert KINDS[kind].model_config["extra"] == "forbid"
