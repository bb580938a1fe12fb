"""/v1/sites/{name}/forecast and /curtailment: what is told of the time to come."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.event import CurtailmentCalled, ForecastGiven
from tests.api.asking import Call
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

FORECAST = "/v1/sites/narvik/forecast"
CURTAILMENT = "/v1/sites/narvik/curtailment"
TOLD: dict[str, Any] = {
    "starts": "2026-11-22T00:00Z",
    "step_s": 3600,
    "temp_milli_c": [-4000, 2500],
    "design_temp_milli_c": 28_000,
    "clean_w": ["30 MW", 40_000_000],
    "source": "the weather office",
}
CALL: dict[str, Any] = {
    "name": "peak",
    "power_w": "30 MW",
    "starts": "2026-11-22T17:00Z",
    "ends": "2026-11-22T19:00Z",
}


def test_a_forecast_is_told_in_the_units_of_documents(call: Call, node: FakeNode) -> None:
    answer = call("POST", FORECAST, role="operator", json=TOLD)
    assert (answer.status_code, answer.json()) == (200, {"dry_run": False, "decisions": []})
    told = node.leaves[-1].record
    assert isinstance(told, ForecastGiven)
    assert (told.site, told.start_s, told.actor) == ("narvik", 1_795_305_600, "operator")
    assert told.temp_milli_c == (-4000, 2500) and told.clean_w == (30_000_000, 40_000_000)


def test_a_call_is_answered_with_its_plan_and_a_dry_run_leaves_no_record(
    call: Call, node: FakeNode
) -> None:
    tried = call("POST", f"{CURTAILMENT}?dry_run=true", role="operator", json=CALL)
    assert not node.leaves and tried.json()["dry_run"] is True
    answer = call("POST", CURTAILMENT, role="operator", json=CALL)
    assert answer.json()["decisions"] == tried.json()["decisions"]
    plan = answer.json()["decisions"][0]
    assert (plan["kind"], plan["reclaimed"], plan["left_w"]) == ("shedplan", [["w1", 800]], 200)
    told = node.leaves[-1].record
    assert isinstance(told, CurtailmentCalled)
    assert (told.power_w, told.path, told.ends_s - told.starts_s) == (30_000_000, "site", 7200)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (FORECAST, {**TOLD, "temp_milli_c": [99_000]}, "temp_milli_c"),
        (FORECAST, {**TOLD, "temp_milli_c": [1.5]}, "temp_milli_c"),
        (FORECAST, {**TOLD, "wind": 3}, "wind"),
        (CURTAILMENT, {**CALL, "power_w": "much"}, "power_w"),
        (CURTAILMENT, {**CALL, "path": "roof"}, "path"),
    ],
)
def test_what_cannot_be_told_names_its_field(
    call: Call, node: FakeNode, path: str, body: dict[str, Any], field: str
) -> None:
    answer = call("POST", path, role="operator", json=body)
    assert answer.status_code == 422 and field in answer.text
    assert not node.leaves


def test_who_may_not_and_where_it_is_not(call: Call) -> None:
    the_problem(call("POST", CURTAILMENT, role="submit", json=CALL), 403, "forbidden")
    nowhere = call("POST", "/v1/sites/nowhere/forecast", role="operator", json=TOLD)
    the_problem(nowhere, 404, "not-found")
