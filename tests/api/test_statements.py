"""/v1/.../sovereignty: terms as they are asked for, JSON as it is hashed, text for people."""

from __future__ import annotations

import json

import pytest

from allod.prove.encoding import canonical
from tests.api.asking import Call, workload
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

PATH = "/v1/sites/narvik/sovereignty"


def test_a_statement_is_an_answer_whatever_it_says(call: Call) -> None:
    answer = call("GET", PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert (found["subject"], found["on"], found["home"]) == ("Site/narvik", "2026-11-21", ["NO"])
    assert found["says"].startswith("No. ")
    # The bytes are the canonical ones: whoever has them can find the hash of the leaf.
    assert answer.content == canonical(json.loads(answer.content))


def test_terms_are_taken(call: Call) -> None:
    asked = call("GET", f"{PATH}?on=2027-01-31&home=FR&home=MA&least_seal=0").json()
    assert (asked["on"], asked["home"]) == ("2027-01-31", ["FR", "MA"])
    assert asked["claimed"]["eu_csf"]["passed"]
    assert not call("GET", PATH).json()["claimed"]["eu_csf"]["passed"]


@pytest.mark.parametrize(
    ("query", "accept", "text"),
    [
        ("", "text/plain", True),
        ("", "text/plain; charset=utf-8, application/json", True),
        ("", "text/html, text/plain", False),
        ("?as=text", "application/json", True),
        ("?as=json", "text/plain", False),
    ],
)
def test_text_by_accept_or_by_asking(call: Call, query: str, accept: str, text: bool) -> None:
    answer = call("GET", PATH + query, headers={"Accept": accept})
    assert answer.text.startswith("Sovereignty statement: Site/narvik") is text
    assert answer.headers["content-type"].startswith("text/plain" if text else "application/json")


def test_a_workload_that_was_placed_has_one(call: Call, node: FakeNode) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload())
    assert call("GET", "/v1/workloads/w1/sovereignty").json()["site"] == "narvik"
    call("POST", "/v1/workloads", role="submit", json=workload(accelerators=100))
    the_problem(call("GET", "/v1/workloads/w2/sovereignty"), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/sites/nowhere/sovereignty", 404, "not-found"),
        ("/v1/workloads/w9/sovereignty", 404, "not-found"),
        (f"{PATH}?home=XX", 422, "invalid-input"),
        (f"{PATH}?on=soon", 422, "invalid-input"),
        (f"{PATH}?least_seal=5", 422, "invalid-input"),
        (f"{PATH}?least_seel=2", 422, "invalid-input"),
    ],
)
def test_what_cannot_be_answered(call: Call, path: str, status: int, code: str) -> None:
    the_problem(call("GET", path), status, code)
