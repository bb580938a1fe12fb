"""/v1/tokens: only an admin makes, sees and revokes them; a secret is shown once."""

from __future__ import annotations

import pytest

from allod.run.node_views import Role
from tests.api.asking import Call, workload
from tests.api.fake_node import FakeNode


def test_a_token_that_was_made_opens_what_its_role_may(call: Call, node: FakeNode) -> None:
    made = call("POST", "/v1/tokens", role="admin", json={"name": "ada", "role": "submit"})
    assert made.status_code == 201
    assert made.json() == {"name": "ada", "role": "submit", "secret": "secret-of-ada"}
    assert call("POST", "/v1/workloads", role="ada", json=workload()).status_code == 201
    assert call("GET", "/v1/tokens", role="ada").status_code == 403


def test_no_list_holds_a_secret(call: Call) -> None:
    listed = call("GET", "/v1/tokens", role="admin")
    assert [item["name"] for item in listed.json()["items"]] == [role.value for role in Role]
    assert set(listed.json()["items"][0]) == {"name", "role", "made_at_s"}
    assert "secret" not in listed.text


@pytest.mark.parametrize("role", ["", "read", "submit", "operator", "programme", "auditor"])
def test_only_an_admin_may(call: Call, node: FakeNode, role: str) -> None:
    wanted = {"name": "x", "role": "admin"}
    expected = 403 if role else 401
    assert call("POST", "/v1/tokens", role=role, json=wanted).status_code == expected
    assert call("GET", "/v1/tokens", role=role).status_code == expected
    assert call("DELETE", "/v1/tokens/read", role=role).status_code == expected
    assert len(node.tokens()) == len(Role)


def test_a_revoked_token_is_gone(call: Call, node: FakeNode) -> None:
    assert call("DELETE", "/v1/tokens/read", role="admin").status_code == 204
    assert node.token_check("secret-of-read") is None
    gone = call("DELETE", "/v1/tokens/read", role="admin")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:allod:problem:not-found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "ada"}, "role"),
        ({"name": "ada", "role": "king"}, "role"),
        ({"name": "Ada Lovelace", "role": "read"}, "name"),
        ({"name": "ada", "role": "read", "until": 3}, "until"),
    ],
)
def test_what_is_wrong_is_named(call: Call, body: dict[str, str], field: str) -> None:
    answer = call("POST", "/v1/tokens", role="admin", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_a_name_stands_for_one_token(call: Call) -> None:
    answer = call("POST", "/v1/tokens", role="admin", json={"name": "read", "role": "read"})
    assert answer.status_code == 409
