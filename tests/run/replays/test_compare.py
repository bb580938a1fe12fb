"""Two replays side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from allod.run.replays.compare import compared
from allod.run.replays.question import Question, inputs_of
from allod.run.replays.views import ReplayInputs
from tests.run.replays.asking import OUTCOME, document

WORLD = [
    document("Site", "fjord", pools=[{"name": "a", "nodes": 2}, {"name": "b", "nodes": 3}]),
    document("Charter", "fjord", classes=[{"name": "all", "floor": 4}]),
    document("Scenario", "asked"),
]


def figure(name: str, value: float | None, scope: str = "all", of: str = "") -> dict[str, Any]:
    head = {"name": name, "scope": scope, "site": "", "of": of}
    return {**head, "value": value, "unit": "1", "basis": "b"}


def told(world: list[Any], *figures: dict[str, Any], **inputs: Any) -> Any:
    known: ReplayInputs = inputs_of(Question(trace="log"), None, world)
    outcome = {"id": "replay-1", "name": "", **OUTCOME, "figures": list(figures)}
    return replace(known, **inputs), world, outcome


def test_the_same_inputs_are_said_to_be_the_same() -> None:
    found = compared(told(WORLD, figure("jobs", 3)), told(WORLD, figure("jobs", 3)))
    assert found["same_inputs"] and not found["inputs"] and not found["documents"]
    assert found["figures"][0]["difference"] == 0


def test_a_trace_that_was_sent_twice_is_the_same_and_a_log_that_grew_is_not() -> None:
    a = told(WORLD, trace="trace-1", trace_sha256="x")
    assert compared(a, told(WORLD, trace="trace-2", trace_sha256="x"))["same_inputs"]
    assert not compared(a, told(WORLD, trace="trace-1", trace_sha256="y"))["same_inputs"]


def test_each_place_that_differs_is_named_by_the_names_of_entries() -> None:
    other = [
        document("Site", "fjord", pools=[{"name": "b", "nodes": 5}, {"name": "c", "nodes": 1}]),
        document("Charter", "fjord", classes=[{"name": "all", "floor": 4}]),
        document("Project", "media"),
        document("Scenario", "asked"),
    ]
    found = compared(told(WORLD), told(other, policy="easy"))
    assert not found["same_inputs"]
    assert found["inputs"] == [{"input": "policy", "a": "charter", "b": "easy"}]
    assert found["documents"] == [
        {"document": "Project/media", "path": "", "a": None, "b": "there"},
        {
            "document": "Site/fjord",
            "path": "pools.a",
            "a": {"name": "a", "nodes": 2},
            "b": None,
        },
        {"document": "Site/fjord", "path": "pools.b.nodes", "a": 3, "b": 5},
        {
            "document": "Site/fjord",
            "path": "pools.c",
            "a": None,
            "b": {"name": "c", "nodes": 1},
        },
    ]


def test_figures_stand_side_by_side_also_where_only_one_has_them() -> None:
    a = told(WORLD, figure("jobs", 3), figure("placed", 2, "class", "old"), figure("e", None))
    b = told(WORLD, figure("jobs", 5), figure("placed", 4, "class", "new"), figure("e", 1))
    rows = [
        (one["name"], one["of"], one["a"], one["b"], one["difference"])
        for one in compared(a, b)["figures"]
    ]
    assert rows == [
        ("jobs", "", 3, 5, 2),
        ("placed", "old", 2, None, None),
        ("e", "", None, 1, None),
        ("placed", "new", None, 4, None),
    ]


def test_the_nodes_own_work_has_a_code_and_a_trace_its_name() -> None:
    found = compared(told(WORLD, trace="log"), told(WORLD, trace="trace-1"))
    assert found["a"]["trace_says"] == {"code": "recorded-work", "values": {}}
    assert found["b"]["trace_says"] is None
