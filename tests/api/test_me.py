"""/v1/me: a page learns from it what to show, so it must say what the other addresses allow."""

from __future__ import annotations

import pytest

from allod.api import ApiSettings, create_app
from allod.run.node_views import Role
from tests.api.asking import Call, calling, workload
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("admin", ["admin", "operator", "submit", "read"]),
        ("operator", ["operator", "submit", "read"]),
        ("submit", ["submit", "read"]),
        ("read", ["read"]),
        ("programme", ["read"]),
        ("auditor", ["read"]),
    ],
)
def test_each_role_may_what_it_says(call: Call, role: str, may: list[str]) -> None:
    answer = call("GET", "/v1/me", role=role)
    assert answer.json() == {"name": role, "role": role, "may": may}
    sent = call("POST", "/v1/workloads", role=role, json=workload())
    assert sent.status_code == (201 if "submit" in may else 403)
    assert call("GET", "/v1/tokens", role=role).status_code == (200 if "admin" in may else 403)


def test_without_a_token_nobody_reads(call: Call) -> None:
    assert call("GET", "/v1/me").json() == {"name": None, "role": None, "may": ["read"]}
    wrong = call("GET", "/v1/me", headers={"Authorization": "Bearer wrong"})
    the_problem(wrong, 401, "unauthorized")


def test_where_reading_needs_a_token_so_does_this(node: FakeNode) -> None:
    closed = calling(create_app(node, settings=ApiSettings(loopback=False)))
    the_problem(closed("GET", "/v1/me"), 401, "unauthorized")
    assert closed("GET", "/v1/me", role="auditor").json()["role"] == Role.AUDITOR


def test_to_read_is_the_least_right_of_all() -> None:
    assert all(role.may(Role.READ) for role in Role)
    assert [role for role in Role if role.may(Role.SUBMIT)] == [
        Role.ADMIN,
        Role.OPERATOR,
        Role.SUBMIT,
    ]
    assert Role.READ.may(Role.AUDITOR) and not Role.READ.may(Role.SUBMIT)
