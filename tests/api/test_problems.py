from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from allod.api import ApiSettings, create_app
from tests.api.asking import Call, calling, project, workload
from tests.api.fake_node import FakeNode

JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}


def the_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem in `answer`, which must be whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:allod:problem:{code}"
    assert body["status"] == status
    assert body["title"] and body["detail"]
    assert body["instance"].startswith("/")
    assert isinstance(body["ask_again"], bool)
    return body


def test_no_such_address(call: Call) -> None:
    body = the_problem(call("GET", "/v1/nothing"), 404, "not-found")
    assert "openapi.json" in body["mend"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/workloads", "GET, POST"),
        ("POST", "/v1/sites", "GET"),
        ("PUT", "/v1/documents/Site/narvik", "DELETE, GET"),
    ],
)
def test_no_such_method(call: Call, method: str, path: str, allowed: str) -> None:
    answer = call(method, path)
    the_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


def test_an_unknown_workload_and_the_near_name(call: Call) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload())
    body = the_problem(call("GET", "/v1/workloads/w12"), 404, "not-found")
    assert "did you mean w1" in body["mend"]
    for path in ("why", "decisions", "logs"):
        the_problem(call("GET", f"/v1/workloads/w12/{path}"), 404, "not-found")


def test_a_typo_in_a_document_names_field_value_and_mend(call: Call) -> None:
    sent = workload()
    sent["spec"]["acelerators"] = 4
    body = the_problem(
        call("POST", "/v1/workloads", role="submit", json=sent), 422, "invalid-document"
    )
    assert body["field"] == "Workload/hello: spec.acelerators"
    assert body["value"] == "4"
    assert body["mend"] == "write 'accelerators'"


def test_json_that_is_broken_says_where(call: Call) -> None:
    answer = call("POST", "/v1/keys", role="operator", content=b'{"project":', headers=JSON)
    body = the_problem(answer, 422, "invalid-input")
    assert body["detail"].startswith("body: not valid JSON: ")
    assert body["detail"].endswith(", character 12")
    assert (body["field"], body["mend"]) == ("body", "mend the JSON syntax")


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "invalid-body"),
        (b"", JSON, 400, "invalid-body"),
        (b"\xff", JSON, 400, "invalid-body"),
        (b'"\\ud800"', JSON, 400, "invalid-body"),
        (b"NaN", JSON, 400, "invalid-body"),
        (b"[" * 5000, JSON, 400, "invalid-body"),
        (b'["a\\u0000b"]', JSON, 400, "invalid-body"),
        (b"[]", JSON, 422, "invalid-document"),
        (b"null", JSON, 422, "invalid-document"),
        (b"1", JSON, 422, "invalid-document"),
        (b"a: [", YAML, 400, "invalid-body"),
        (b"\xff", YAML, 400, "invalid-body"),
        (b'a: "\\0"', YAML, 400, "invalid-body"),
        (b"", YAML, 422, "invalid-document"),
        (b"a: 1\na: 2", YAML, 422, "invalid-document"),
        (b"a: 2024-13-45", YAML, 422, "invalid-document"),
        (b"a: &x [1]\nb: *x", YAML, 400, "invalid-body"),
        (b"{}", {"Content-Type": "text/html"}, 415, "unsupported-media-type"),
        (b"{}", {}, 415, "unsupported-media-type"),
        (b"{}", JSON | {"Content-Encoding": "gzip"}, 415, "unsupported-media-type"),
    ],
)
def test_bodies_that_cannot_be_read(
    call: Call, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    for path in ("/v1/workloads", "/v1/documents"):
        answer = call("POST", path, role="admin", content=content, headers=headers)
        body = the_problem(answer, status, code)
        assert body["mend"]


def test_yaml_so_deep_that_it_would_end_the_process(call: Call, node: FakeNode) -> None:
    answer = call("POST", "/v1/documents", role="admin", content=b"[" * 100_000, headers=YAML)
    assert "levels deep" in the_problem(answer, 400, "invalid-body")["detail"]


def test_a_body_over_the_limit(call: Call) -> None:
    sent = json.dumps(workload(command=["x" * (1 << 20)])).encode()
    the_problem(
        call("POST", "/v1/workloads", role="submit", content=sent, headers=JSON), 413, "too-large"
    )


def test_a_body_over_the_limit_that_does_not_say_so(call: Call, node: FakeNode) -> None:
    async def parts() -> Any:
        for _ in range(40):
            yield b" " * 32_768

    answer = call("POST", "/v1/workloads", role="submit", content=parts(), headers=JSON)
    the_problem(answer, 413, "too-large")
    assert not node.held


@pytest.mark.parametrize(
    ("path", "field", "mend"),
    [
        ("/v1/workloads?state=waitin", "state", "waiting"),
        ("/v1/workloads?limit=0", "limit", ""),
        ("/v1/workloads?limit=many", "limit", ""),
        ("/v1/workloads?stat=waiting", "stat", "write 'state'"),
        ("/v1/sites?x=1", "x", "remove it"),
        ("/v1/events?kind=decision/Hld", "kind", "decision/Hold"),
        ("/v1/decisions?limit=5000", "limit", ""),
    ],
)
def test_wrong_parameters(call: Call, path: str, field: str, mend: str) -> None:
    body = the_problem(call("GET", path), 422, "invalid-input")
    assert body["field"] == field
    assert mend in body.get("mend", "")


def test_a_wrong_parameter_is_told_with_its_value_and_the_mend(call: Call) -> None:
    body = the_problem(call("GET", "/v1/workloads?limit=many"), 422, "invalid-input")
    assert body["detail"] == "limit: is not a whole number (got 'many')"
    assert body["mend"] == "write a whole number"
    body = the_problem(call("GET", "/v1/workloads?state=waitin"), 422, "invalid-input")
    assert body["detail"] == "state: is not one of the choices (got 'waitin')"
    body = the_problem(call("POST", "/v1/keys", role="operator"), 422, "invalid-input")
    assert (body["detail"], body["mend"]) == ("body: is missing", "give body")


def test_a_rule_of_the_node_that_is_broken(call: Call) -> None:
    sent = workload(project="nobody")
    body = the_problem(
        call("POST", "/v1/workloads", role="submit", json=sent), 422, "invalid-input"
    )
    assert body["mend"] == "apply the project first"


def test_while_the_log_is_out_of_reach(call: Call, node: FakeNode) -> None:
    node.down = True
    answer = call("POST", "/v1/workloads", role="submit", json=workload())
    body = the_problem(answer, 503, "unavailable")
    assert body["ask_again"] is True
    assert answer.headers["retry-after"] == "1"
    answer = call("GET", "/readyz")
    the_problem(answer, 503, "unavailable")
    alive = call("GET", "/healthz")
    assert (alive.status_code, alive.json()["status"]) == (200, "degraded")
    assert "10.0.0.7" not in alive.text + answer.text


def test_a_mistake_of_our_own_tells_nothing(
    call: Call, node: FakeNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def sites() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(node, "sites", sites)
    with caplog.at_level(logging.CRITICAL):
        answer = call("GET", "/v1/sites")
    the_problem(answer, 500, "error")
    assert "secret detail" not in answer.text


@pytest.mark.parametrize(
    "host", ["allod.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "10.0.0.1"]
)
def test_another_host_name_on_loopback(call: Call, host: str) -> None:
    answer = call("GET", "/v1/sites", headers={"Host": host})
    the_problem(answer, 421, "wrong-host")


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1", "[::1]:80", "127.8.8.8", "LOCALHOST"]
)
def test_the_names_of_this_machine(call: Call, host: str) -> None:
    assert call("GET", "/v1/sites", headers={"Host": host}).status_code == 200


def test_beyond_loopback_the_named_hosts_are_answered(node: FakeNode) -> None:
    named = create_app(node, settings=ApiSettings(loopback=False, hosts=("allod.example",)))
    assert calling(named)("GET", "/healthz", headers={"Host": "allod.example"}).status_code == 200
    the_problem(calling(named)("GET", "/healthz", headers={"Host": "x"}), 421, "wrong-host")
    unnamed = create_app(node, settings=ApiSettings(loopback=False))
    assert calling(unnamed)("GET", "/healthz", headers={"Host": "x"}).status_code == 200


def test_no_page_of_another_origin_may_read(call: Call) -> None:
    answer = call("GET", "/v1/sites", headers={"Origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_documents_of_the_wrong_kind_are_refused_as_a_whole(call: Call, node: FakeNode) -> None:
    answer = call("POST", "/v1/documents", role="operator", json=[project(), workload()])
    body = the_problem(answer, 422, "invalid-document")
    assert "/v1/workloads" in body["mend"]
    assert not node.known


def test_every_problem_has_a_title_of_its_own(app: FastAPI) -> None:
    from allod.api import problems
    from allod.errors import AllodError

    def kinds(of: type[AllodError]) -> set[type[AllodError]]:
        return {of}.union(*(kinds(kind) for kind in of.__subclasses__()))

    # Those of the command line never come out of the API.
    own = {kind for kind in kinds(AllodError) if not kind.__module__.startswith("allod.cli")}
    assert {kind.code for kind in own} <= problems.TITLES.keys()
