"""Traces and replays over HTTP, on a desk whose processes a test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from allod.api import ApiSettings, create_app, traces
from allod.run.replays.desk import Desk
from tests.api.asking import Call, calling
from tests.api.fake_node import FakeNode
from tests.run.replays import asking
from tests.run.replays.asking import Stage, desk_in, document, until

SITE = document(
    "Site", "fjord", title="Larger", country="NO", operator="a", management=["NO"], metadata=["NO"]
)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.replays_wait = False
    return stage


@pytest.fixture
def desk(node: FakeNode, stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    node.replays = desk_in(tmp_path, stage, replays_queued=3)
    yield node.replays
    node.replays.close()


@pytest.fixture
def app(node: FakeNode, desk: Desk) -> FastAPI:
    return create_app(node, settings=ApiSettings(trace_bytes_max=3 << 20))


def send(call: Call, content: Any = b"jobs", role: str = "submit", **more: Any) -> Any:
    params = {"name": "mine.csv", **more.pop("params", {})}
    return call("POST", "/v1/traces", role=role, params=params, content=content, **more)


def asked(call: Call, role: str = "submit", **body: Any) -> Any:
    return call("POST", "/v1/replays", role=role, json=body)


def done(call: Call, id: str) -> Any:
    return until(
        lambda: (view := call("GET", f"/v1/replays/{id}").json())["state"] == "done" and view
    )


def test_lines_of_a_trace_are_for_its_sender_and_for_operators(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"line": 7, "text": "somebody, 3 jobs", "wrong": "no number"}
    monkeypatch.setitem(asking.FACTS, "broken_first", [line])
    trace = {**asking.OUTCOME["trace"], "broken_first": [line]}
    monkeypatch.setitem(asking.OUTCOME, "trace", trace)
    at = send(call).headers["location"]
    until(lambda: call("GET", at).json()["state"] == "ready")
    id = asked(call, trace=at.rpartition("/")[2]).json()["id"]
    done(call, id)
    for role, lines in ((None, []), ("read", []), ("submit", [line]), ("operator", [line])):
        assert call("GET", at, role=role).json()["facts"]["broken_first"] == lines, role
        listed = call("GET", "/v1/traces", role=role).json()["items"]
        assert listed[0]["facts"]["broken_first"] == lines
        came_to = call("GET", f"/v1/replays/{id}/outcome", role=role).json()
        assert came_to["trace"]["broken_first"] == lines


def test_a_trace_is_sent_and_replayed_and_the_outcome_read(call: Call, stage: Stage) -> None:
    sent = send(call, b"x" * (2 << 20))  # More than any other body may have.
    assert sent.status_code == 201
    trace = sent.json()
    assert (trace["name"], trace["bytes"], trace["actor"]) == ("mine.csv", 2 << 20, "submit")
    assert sent.headers["location"] == f"/v1/traces/{trace['id']}"
    until(lambda: call("GET", sent.headers["location"]).json()["state"] == "ready")
    assert call("GET", sent.headers["location"]).json()["facts"]["jobs"] == 3
    made = asked(call, trace=trace["id"], documents=[SITE], to="2d")
    assert made.status_code == 201
    view = done(call, made.json()["id"])
    assert made.headers["location"] == f"/v1/replays/{view['id']}"
    assert view["inputs"]["changed"] == ["Site/fjord"]
    assert view["inputs"]["to_s"] == 2 * 86_400
    outcome = call("GET", f"/v1/replays/{view['id']}/outcome")
    assert outcome.status_code == 200 and outcome.json()["id"] == view["id"]
    given = stage.replay().task["documents"]
    assert next(one for one in given if one["kind"] == "Site")["spec"]["title"] == "Larger"


def test_two_are_compared(call: Call, stage: Stage) -> None:
    trace = send(call).json()["id"]
    ids = []
    for policy in ("charter", "easy"):
        ids.append(asked(call, trace=trace, policy=policy).json()["id"])
        done(call, ids[-1])
    found = call("GET", "/v1/replays/compare", params={"a": ids[0], "b": ids[1]})
    assert found.status_code == 200
    assert found.json()["inputs"] == [{"input": "policy", "a": "charter", "b": "easy"}]
    listed = call("GET", "/v1/replays", params={"limit": 1}).json()
    assert [one["id"] for one in listed["items"]] == [ids[1]]
    rest = call("GET", "/v1/replays", params={"after": listed["next"]}).json()
    assert [one["id"] for one in rest["items"]] == [ids[0]] and rest["next"] is None


def test_documents_may_be_yaml(call: Call, stage: Stage) -> None:
    text = "apiVersion: allod/v1\nkind: Project\nmetadata: {name: health}\nspec: {country: NO}\n"
    mapping = {"portions": [{"project": "health"}]}
    made = asked(call, trace=send(call).json()["id"], documents=text, mapping=mapping)
    assert done(call, made.json()["id"])["inputs"]["changed"] == ["Project/health"]


def test_whoever_may_read_reads_and_only_who_may_submit_asks(call: Call) -> None:
    trace = send(call).json()["id"]
    for role, status in (("", 401), ("read", 403)):
        assert send(call, role=role).status_code == status
        assert asked(call, role=role, trace=trace).status_code == status
        assert call("DELETE", f"/v1/traces/{trace}", role=role).status_code == status
    id = asked(call, trace=trace).json()["id"]
    done(call, id)
    for path in ("/v1/traces", "/v1/replays", f"/v1/replays/{id}", f"/v1/replays/{id}/outcome"):
        assert call("GET", path, role="read").status_code == 200


def test_nothing_of_a_trace_is_kept_that_a_stranger_sends(call: Call, tmp_path: Path) -> None:
    assert send(call, role="read").status_code == 403
    assert not list((tmp_path / "traces").iterdir())


def test_what_is_another_s_needs_an_operator(call: Call, stage: Stage) -> None:
    stage.replays_wait = True
    trace = send(call, role="operator").json()["id"]
    id = asked(call, role="operator", trace=trace).json()["id"]
    refused = call("POST", f"/v1/replays/{id}/cancel", role="submit")
    assert refused.status_code == 403 and "is of 'operator'" in refused.json()["detail"]
    assert call("DELETE", f"/v1/traces/{trace}", role="submit").status_code == 403
    assert call("DELETE", f"/v1/traces/{trace}", role="admin").status_code == 409
    assert call("DELETE", f"/v1/replays/{id}", role="admin").status_code == 409
    cancelled = call("POST", f"/v1/replays/{id}/cancel", role="admin")
    assert cancelled.json()["state"] == "cancelled"
    assert call("GET", f"/v1/replays/{id}/outcome").status_code == 409
    assert call("DELETE", f"/v1/replays/{id}", role="submit").status_code == 403
    assert call("DELETE", f"/v1/replays/{id}", role="admin").status_code == 204
    assert call("DELETE", f"/v1/traces/{trace}", role="admin").status_code == 204
    assert call("GET", f"/v1/replays/{id}").status_code == 404


async def _without_end() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * (1 << 20)


def test_a_trace_over_the_limit_is_refused_while_it_comes(call: Call, tmp_path: Path) -> None:
    stated = send(call, b"x" * ((3 << 20) + 1))
    assert stated.status_code == 413
    streamed = send(call, _without_end())
    assert streamed.status_code == 413 and streamed.json()["mend"] == "send less at once"
    assert not list((tmp_path / "traces").iterdir())


async def _standing_still() -> AsyncIterator[bytes]:
    yield b"x"
    await anyio.sleep(30)


def test_a_trace_that_stands_still_keeps_no_place(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "_SILENT_S", 0.05)
    given_up = send(call, _standing_still())
    assert given_up.status_code == 422
    assert "nothing more of the body came" in given_up.json()["detail"]
    assert not list((tmp_path / "traces").iterdir())
    assert send(call).status_code == 201


async def _creeping() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await anyio.sleep(0.01)


def test_a_trace_that_creeps_keeps_no_place(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "_SILENT_S", 0.5)
    given_up = send(call, _creeping())
    assert given_up.status_code == 422
    assert "slower than 4096 bytes/s" in given_up.json()["detail"]
    assert not list((tmp_path / "traces").iterdir())


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"content": b""}, 422, "body"),
        ({"params": {"name": ""}}, 422, "name"),
        ({"params": {"name": "a\x1b[2Jb"}}, 422, "name"),
        ({"params": {"format": "xls"}}, 422, "format"),
        ({"headers": {"content-type": "multipart/form-data; boundary=x"}}, 415, ""),
        ({"headers": {"content-encoding": "gzip"}}, 415, ""),
    ],
)
def test_what_is_no_trace_is_refused(
    call: Call, tmp_path: Path, more: dict[str, Any], status: int, field: str
) -> None:
    answer = send(call, **more)
    assert (answer.status_code, answer.json().get("field", "")) == (status, field)
    assert not list((tmp_path / "traces").iterdir())


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"trace": "trace-nothing"}, 422, "trace"),
        ({}, 422, "trace"),
        ({"trace": "log", "polcy": "easy"}, 422, "polcy"),
        ({"trace": "log", "policy": "best"}, 422, "policy"),
        ({"trace": "log", "from": "soon"}, 422, "from"),
        ({"trace": "log", "from": "2d", "to": "1d"}, 422, "from"),
        ({"trace": "log", "pool": 4}, 422, "trace"),
        ({"trace": "log", "without": ["Site/nowhere"]}, 422, "without"),
        ({"trace": "log", "documents": "a: ["}, 400, ""),
        ({"trace": "log", "documents": "&a [*a]"}, 400, ""),
        ({"trace": "log", "documents": [{"kind": "Site"}]}, 422, ""),
        ({"trace": "log", "mapping": {"by": "name"}}, 422, "mapping.by"),
    ],
)
def test_what_is_no_question_is_refused_by_its_field(
    call: Call, body: dict[str, Any], status: int, field: str
) -> None:
    answer = asked(call, **body)
    assert (answer.status_code, answer.json().get("field", "")) == (status, field)
    assert call("GET", "/v1/replays").json()["items"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("documents", '[{"kind": 1000000000000000000000000000000}]'),
        ("documents", '[{"kind": "\\ud800"}]'),
        ("documents", "[" * 900 + "{}" + "]" * 900),
        ("documents", '[{"spec": ' + "[" * 900 + "]" * 900 + "}]"),
        ("without", '["\\ud800"]'),
        ("name", '"\\ud800"'),
    ],
)
def test_what_no_json_of_ours_can_hold_is_refused(call: Call, field: str, value: str) -> None:
    body = f'{{"trace": "log", "{field}": {value}}}'
    refused = call(
        "POST",
        "/v1/replays",
        role="submit",
        content=body.encode(),
        headers={"content-type": "application/json"},
    )
    assert refused.status_code in (400, 422), refused.text
    assert field in refused.json()["detail"]


def test_too_many_are_told_to_ask_again(call: Call, stage: Stage) -> None:
    stage.replays_wait = True
    trace = send(call).json()["id"]
    ids = [asked(call, trace=trace).json()["id"]]
    until(lambda: call("GET", f"/v1/replays/{ids[0]}").json()["state"] == "running")
    ids += [asked(call, trace=trace).json()["id"] for _ in range(3)]
    full = asked(call, trace=trace)
    assert full.status_code == 503 and full.json()["ask_again"] and full.headers["retry-after"]
    assert call("GET", f"/v1/replays/{ids[-1]}").json()["waits_behind"] == 3


def test_the_same_key_makes_one_replay(call: Call) -> None:
    body = {"trace": send(call).json()["id"]}
    first, again = (
        call("POST", "/v1/replays", role="submit", json=body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = call(
        "POST",
        "/v1/replays",
        role="submit",
        json={**body, "seed": 4},
        headers={"Idempotency-Key": "k"},
    )
    assert other.status_code == 409


def test_nothing_of_it_is_in_the_log(call: Call, node: FakeNode) -> None:
    id = asked(call, trace=send(call).json()["id"]).json()["id"]
    done(call, id)
    assert node.leaves == []


def test_a_node_without_a_desk_says_so(call: Call, node: FakeNode) -> None:
    node.replays, desk = None, node.replays
    answers = [call("GET", "/v1/replays"), send(call), asked(call, trace="log")]
    assert [answer.status_code for answer in answers] == [404] * 3
    node.replays = desk


def test_the_limit_of_other_bodies_stands(node: FakeNode, desk: Desk) -> None:
    call = calling(create_app(node, settings=ApiSettings(body_max_bytes=1000)))
    assert asked(call, trace="log", name="x" * 2000).status_code == 413
