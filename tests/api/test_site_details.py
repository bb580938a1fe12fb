"""/v1/sites/{name}/power and /nodes."""

from __future__ import annotations

import pytest

from tests.api.asking import Call
from tests.api.fake_node import START_S
from tests.api.test_problems import the_problem


def test_series_have_one_number_for_each_step(call: Call) -> None:
    told = call("GET", "/v1/sites/narvik/power?hours=2").json()
    assert told["starts_s"] == [START_S, START_S + 60, START_S + 600, START_S + 3600]
    assert told["ends_s"] == START_S + 7200
    site = told["nodes"][0]
    assert [node["path"] for node in told["nodes"]] == ["site", "halls.east", "pools.p"]
    assert site["envelope_w"] == [9000, 4000, 9000, 9000]
    assert site["committed_w"] == [7650, 7650, 0, 0]
    assert site["over_w"] == [0, 3650, 0, 0]
    assert told["forecast"]["clean_w"] == [9000, 9000, 9000, 8000]
    assert [one["name"] for one in told["calls"]] == ["peak"]
    measured = {"value_w": 7000, "basis": "measured", "at_s": START_S, "source": "meter 'main'"}
    says = [{"code": "by-meter", "values": {"meter": "main"}}]
    assert site["now"]["measured"] == {**measured, "says": says}
    assert told["nodes"][1]["now"]["measured"]["basis"] == "unknown"


def test_machines_are_columns_with_one_entry_for_each_node(call: Call) -> None:
    told = call("GET", "/v1/sites/narvik/nodes").json()
    (pool,) = told["pools"]
    assert (pool["nodes_total"], pool["in_use"], pool["workload"]) == (2, [4, 2], [0, 0])
    assert told["workloads"]["ids"] == ["w1"]
    assert told["kinds"] == [{"access_class": "norway", "lent": False}]
    assert told["shared"] is None
    assert call("GET", "/v1/sites/narvik/nodes?shared=true").json()["shared"] == []


@pytest.mark.parametrize("what", ["power", "nodes", "phases", "parties"])
def test_a_site_that_is_not_there(call: Call, what: str) -> None:
    the_problem(call("GET", f"/v1/sites/nowhere/{what}"), 404, "not-found")


@pytest.mark.parametrize("hours", ["0", "169", "1.5", "soon"])
def test_how_far_to_look_is_bounded(call: Call, hours: str) -> None:
    the_problem(call("GET", f"/v1/sites/narvik/power?hours={hours}"), 422, "invalid-input")


def test_phases_and_parties_are_told(call: Call) -> None:
    phases = call("GET", "/v1/sites/narvik/phases").json()
    assert [one["name"] for one in phases["phases"]] == ["one"]
    assert phases["announced"]["name"] == "narvik"
    parties = call("GET", "/v1/sites/narvik/parties").json()
    assert parties["control"]["laws"] == ["NO"]
    assert [one["name"] for one in parties["charter"]["classes"]] == ["own", "tenant"]
