"""/v1/keys: an operator makes and revokes them; only its project or an admin has content logged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asking import Call
from tests.api.fake_node import START_S, FakeNode

BODY = {"project": "clinic", "requests_per_min": 60, "residency": {"processing": ["MA"]}}


def test_a_key_is_made_and_its_secret_shown_once(call: Call, node: FakeNode) -> None:
    made = call("POST", "/v1/keys", role="operator", json=BODY | {"name": "ward"})
    assert (made.status_code, made.json()) == (
        201,
        {"name": "ward", "project": "clinic", "secret": "sk-allod-ward"},
    )
    assert node.keys.acts == [("make", "ward", "operator")]
    listed = call("GET", "/v1/keys", role="operator")
    assert "sk-allod" not in listed.text
    assert listed.json()["items"] == [
        {
            "name": "ward",
            "project": "clinic",
            "made_at_s": START_S,
            "revoked_at_s": None,
            "content": False,
            "expires_at_s": None,
            "residency": {"processing": ["MA"]},
            "requests_per_min": 60,
            "tokens_per_min": None,
            "in_flight_max": None,
            "access_class": None,
            "services": [],
        }
    ]


def test_lists_are_of_a_project_and_leave_out_what_was_revoked(call: Call) -> None:
    for project in ("clinic", "lab"):
        call("POST", "/v1/keys", role="operator", json={"project": project})
    assert call("DELETE", "/v1/keys/lab-2", role="operator").status_code == 204

    def names(query: str) -> list[str]:
        found = call("GET", f"/v1/keys{query}", role="operator").json()["items"]
        return [item["name"] for item in found]

    assert names("") == ["clinic-1"]
    assert names("?revoked=true") == ["clinic-1", "lab-2"]
    assert names("?project=lab") == []
    assert call("DELETE", "/v1/keys/none", role="operator").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("", 401), ("read", 403), ("submit", 403)])
def test_whoever_is_no_operator_sees_and_changes_nothing(
    call: Call, node: FakeNode, role: str, status: int
) -> None:
    assert call("POST", "/v1/keys", role=role, json=BODY).status_code == status
    assert call("GET", "/v1/keys", role=role).status_code == status
    assert call("DELETE", "/v1/keys/clinic-1", role=role).status_code == status
    assert node.keys.acts == []


def test_what_is_said_is_logged_for_the_project_that_asks_or_by_an_admin(
    call: Call, node: FakeNode
) -> None:
    for project in ("clinic", "lab"):
        call("POST", "/v1/keys", role="operator", json={"project": project})
    node.keys.acts.clear()

    def asked(body: Any, **who: Any) -> int:
        return call("POST", "/v1/keys/clinic-1/content", json=body, **who).status_code

    def bearer(secret: str) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {secret}"}}

    assert asked({"on": True}, role="operator") == 403
    assert asked({"on": True}, **bearer("sk-allod-lab-2")) == 403
    assert asked({"on": True}, **bearer("sk-allod-lab-3")) == 401
    assert asked({"on": True}) == 401
    assert node.keys.acts == []
    assert asked({"on": True}, **bearer("sk-allod-clinic-1")) == 204
    assert node.keys.rows["clinic-1"].content
    assert asked({"on": False}, role="admin") == 204
    assert not node.keys.rows["clinic-1"].content
    assert node.keys.acts == [
        ("content", "clinic-1", "key/clinic-1"),
        ("content", "clinic-1", "admin"),
    ]
    assert asked({"on": "maybe"}, role="admin") == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "project"),
        ({"project": "clinic", "requests_per_min": 0}, "requests_per_min"),
        ({"project": "clinic", "residency": {"processing": ["Atlantis"]}}, "residency"),
        ({"project": "clinic", "residency": {"procesing": ["MA"]}}, "residency.procesing"),
        ({"project": "clinic", "until": 3}, "until"),
        ({"project": "clinic", "name": "The Ward"}, "name"),
    ],
)
def test_what_is_wrong_with_a_key_is_named(
    call: Call, node: FakeNode, body: dict[str, Any], field: str
) -> None:
    answer = call("POST", "/v1/keys", role="operator", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)
    assert node.keys.acts == []


def test_the_key_of_a_project_is_told_what_it_is_for(call: Call) -> None:
    call("POST", "/v1/keys", role="operator", json={"project": "clinic"})
    answer = call("GET", "/v1/services", headers={"Authorization": "Bearer sk-allod-clinic-1"})
    assert answer.status_code == 403
    assert "is for calls through the gateway" in answer.json()["detail"]


def test_a_slip_of_the_pen_is_told_in_words_and_with_a_mend(call: Call) -> None:
    wanted = {"project": "clinic", "residency": {"procesing": ["MA"]}}
    told = call("POST", "/v1/keys", role="operator", json=wanted).json()
    assert told["detail"] == "residency.procesing: unknown key (got ['MA'])"
    assert told["mend"] == "write 'processing'"
    wanted["residency"] = {"storage": ["Morocco"]}
    told = call("POST", "/v1/keys", role="operator", json=wanted).json()
    assert told["detail"] == "residency.storage.0: unknown country or area (got 'Morocco')"
    assert told["mend"].startswith("did you mean 'MA'? ")
    told = call("POST", "/v1/keys", role="operator", json=BODY | {"expires": "soon"}).json()
    assert told["detail"] == "expires: is not a date (got 'soon')"
    assert told["mend"].startswith("write e.g. ")
