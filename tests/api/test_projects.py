"""/v1/projects: documents with what is used of their grants."""

from __future__ import annotations

from tests.api.asking import Call, project
from tests.api.test_problems import the_problem


def test_projects_are_listed_and_shown_with_their_grants(call: Call) -> None:
    grants = [{"accelerator_hours": 5, "mode": "fast-lane"}]
    sent = [project("a", grants=grants, residency={"processing": ["NO"]}), project("b")]
    assert call("POST", "/v1/documents", role="operator", json=sent).status_code == 200
    body = call("GET", "/v1/projects", role="programme").json()
    assert [item["name"] for item in body["items"]] == ["a", "b"] and body["next"] is None
    shown = call("GET", "/v1/projects/a").json()
    assert shown == body["items"][0]
    (grant,) = shown["grants"]
    assert (grant["mode"], grant["state"], grant["given_standing"]) == (
        "fast-lane",
        "open",
        "declared",
    )
    assert grant["given_accelerator_s"] == shown["account"]["given_accelerator_s"] == 18_000
    assert shown["rule"] == ["processed in NO"]
    document = call("GET", "/v1/documents/Project/a").json()
    assert {name: shown[name] for name in document} == document
    assert body["items"][1]["account"] is None and body["items"][1]["bound"] is False
    the_problem(call("GET", "/v1/projects/c"), 404, "not-found")
