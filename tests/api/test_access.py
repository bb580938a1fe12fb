from __future__ import annotations

import anyio
import pytest

from allod.api import ApiSettings, create_app
from allod.run.node_views import Role
from tests.api.asking import Call, calling, client_of, project, workload
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

WRITES = [
    ("POST", "/v1/workloads", Role.SUBMIT),
    ("POST", "/v1/workloads/w1/cancel", Role.SUBMIT),
    ("POST", "/v1/documents", Role.OPERATOR),
    ("DELETE", "/v1/documents/Project/fjord", Role.OPERATOR),
    ("POST", "/v1/sites/narvik/check", Role.OPERATOR),
]
READS = [
    "/v1/workloads",
    "/v1/workloads/count",
    "/v1/workloads/w1",
    "/v1/workloads/w1/why",
    "/v1/workloads/w1/decisions",
    "/v1/workloads/w1/logs",
    "/v1/workloads/w1/receipt",
    "/v1/documents",
    "/v1/documents/Project/fjord",
    "/v1/projects",
    "/v1/projects/fjord",
    "/v1/datasets",
    "/v1/sites",
    "/v1/sites/narvik",
    "/v1/decisions",
    "/metrics",
]


def fill(call: Call) -> None:
    assert call("POST", "/v1/documents", role="admin", json=project()).status_code == 200
    assert call("POST", "/v1/workloads", role="admin", json=workload()).status_code == 201


@pytest.mark.parametrize(("method", "path", "role"), WRITES)
def test_no_token_no_write(call: Call, node: FakeNode, method: str, path: str, role: Role) -> None:
    fill(call)
    before = len(node.leaves)
    answer = call(method, path, json=workload("again"))
    the_problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="allod"'
    assert len(node.leaves) == before


@pytest.mark.parametrize("header", ["Bearer wrong", "bearer x y", "Bearer é"])
def test_a_token_that_nobody_holds(call: Call, header: str) -> None:
    answer = call(
        "POST",
        "/v1/workloads",
        json=workload(),
        headers={"Authorization": header.encode()},
    )
    the_problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "secret-of-admin"])
def test_what_is_no_bearer_token(call: Call, header: str) -> None:
    answer = call("POST", "/v1/workloads", json=workload(), headers={"Authorization": header})
    the_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize(("method", "path", "needed"), WRITES)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_it_may_and_no_more(
    call: Call, method: str, path: str, needed: Role, role: Role
) -> None:
    fill(call)
    body = project() if path == "/v1/documents" else workload()
    answer = call(method, path, role=role, json=body)
    if not role.may(needed):
        the_problem(answer, 403, "forbidden")
    elif path.endswith("cancel") and role is Role.SUBMIT:
        the_problem(answer, 403, "forbidden")  # It was submitted by another.
    else:
        assert answer.status_code in (200, 201, 204)


@pytest.mark.parametrize("path", READS)
def test_reading_on_loopback_needs_no_token(call: Call, path: str) -> None:
    fill(call)
    assert call("GET", path).status_code == 200


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "settings", [ApiSettings(read_needs_token=True), ApiSettings(loopback=False)]
)
def test_reading_needs_a_token_where_it_is_set_so(
    call: Call, node: FakeNode, path: str, settings: ApiSettings
) -> None:
    fill(call)
    closed = calling(create_app(node, settings=settings))
    the_problem(closed("GET", path), 401, "unauthorized")
    assert closed("GET", path, role="read").status_code == 200


def test_following_the_log_needs_it_too(node: FakeNode) -> None:
    closed = calling(create_app(node, settings=ApiSettings(read_needs_token=True)))
    the_problem(closed("GET", "/v1/events"), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/schemas", "/v1/schemas/Site"])
def test_what_says_nothing_about_the_world_is_open(node: FakeNode, path: str) -> None:
    closed = calling(create_app(node, settings=ApiSettings(loopback=False)))
    assert closed("GET", path).status_code == 200


def test_a_token_is_looked_up_once_in_a_while_and_a_wrong_one_each_time(node: FakeNode) -> None:
    app = create_app(node)

    async def ask() -> None:
        async with client_of(app) as client:
            for secret in ("secret-of-submit", "wrong"):
                for _ in range(3):
                    headers = {"Authorization": f"Bearer {secret}"}
                    await client.post("/v1/workloads", json=workload(), headers=headers)

    anyio.run(ask)
    assert node.checks == 1 + 3


def test_a_removed_token_soon_opens_nothing(node: FakeNode) -> None:
    ask = calling(create_app(node, settings=ApiSettings(token_kept_s=0)))
    assert ask("POST", "/v1/workloads", role="submit", json=workload()).status_code == 201
    node.secrets.clear()
    assert ask("POST", "/v1/workloads", role="submit", json=workload()).status_code == 401
