"""Server-sent events, over a real socket: an in-memory client cannot leave a stream half way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from allod.api import ApiSettings, create_app
from tests.api.asking import Call, calling, workload
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving
from tests.api.test_problems import the_problem


@pytest.fixture
def served(app: FastAPI) -> Iterator[Served]:
    with serving(app) as served:
        yield served


def events(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    """The next `count` events of a stream, each with the id that stands before it."""
    found: list[dict[str, Any]] = []
    seq = None
    for line in lines:
        if line.startswith("id: "):
            seq = int(line[4:])
        elif line.startswith("data: "):
            data = json.loads(line[6:])
            assert data["seq"] == seq
            found.append(data)
            if len(found) == count:
                break
    return found


def test_what_happens_is_told_as_it_happens(served: Served, call: Call) -> None:
    with served.stream("/v1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        # The stream is open once it says that all is quiet.
        assert ": all is quiet" in (next(lines) for _ in range(4))
        call("POST", "/v1/workloads", role="submit", json=workload())
        asked, placed = events(lines, 2)
    assert asked["kind"] == "event/WorkloadSubmitted"
    assert asked["record"]["name"] == "hello"
    assert placed["kind"] == "decision/Placement"
    assert "kind" not in placed["record"]


def test_a_reader_that_was_cut_off_misses_nothing(served: Served, call: Call) -> None:
    for _ in range(3):
        call("POST", "/v1/workloads", role="submit", json=workload(accelerators=1))
    with served.stream("/v1/events", params={"after": -1}) as answer:
        first = events(answer.iter_lines(), 2)
    headers = {"Last-Event-ID": str(first[-1]["seq"])}
    with served.stream("/v1/events?after=-1", headers=headers) as answer:
        rest = events(answer.iter_lines(), 4)
    assert [item["seq"] for item in first + rest] == [0, 1, 2, 3, 4, 5]


def test_filters_leave_out_and_the_place_is_kept_all_the_same(served: Served, call: Call) -> None:
    for accelerators in (1, 100):
        call("POST", "/v1/workloads", role="submit", json=workload(accelerators=accelerators))
    for query, seqs in [
        ("kind=decision", [1, 3]),
        ("kind=decision/Refusal", [3]),
        ("kind=decision/Refusal&kind=event/WorkloadSubmitted", [0, 2, 3]),
        ("workload_id=w2", [2, 3]),
        ("site=morocco", [3]),
    ]:
        with served.stream(f"/v1/events?after=-1&{query}") as answer:
            assert [item["seq"] for item in events(answer.iter_lines(), len(seqs))] == seqs
    with served.stream("/v1/events?after=-1&workload_id=w9") as answer:
        lines = answer.iter_lines()
        assert "id: 3" in (next(lines) for _ in range(4))


def test_a_leaf_of_another_log_means_the_end_of_this_one(served: Served, call: Call) -> None:
    with served.stream("/v1/events", headers={"Last-Event-ID": "999"}) as answer:
        lines = answer.iter_lines()
        assert ": all is quiet" in (next(lines) for _ in range(4))
        call("POST", "/v1/workloads", role="submit", json=workload())
        assert [item["seq"] for item in events(lines, 2)] == [0, 1]


def test_readers_that_left_are_forgotten(served: Served, node: FakeNode, call: Call) -> None:
    with served.stream("/v1/events") as answer:
        next(answer.iter_lines())
    served.wait_for(lambda: not node.followers)
    assert call("POST", "/v1/workloads", role="submit", json=workload()).status_code == 201


def test_a_stopping_server_ends_its_streams(node: FakeNode) -> None:
    app = create_app(node, settings=ApiSettings(heartbeat_s=60))
    with serving(app) as served, served.stream("/v1/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        served.stop()
        assert list(lines)[-1:] in ([], [""])


def test_too_many_streams(node: FakeNode) -> None:
    app = create_app(node, settings=ApiSettings(streams_max=1))
    with serving(app) as served, served.stream("/v1/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        refused = httpx.get(f"{served.url}/v1/events", trust_env=False)
        body = the_problem(refused, 503, "unavailable")
        assert body["ask_again"] is True


@pytest.mark.parametrize("leaf", ["x", "-1", "1.5", "99999999999999999999"])
def test_what_is_no_leaf(node: FakeNode, leaf: str) -> None:
    answer = calling(create_app(node))("GET", "/v1/events", headers={"Last-Event-ID": leaf})
    assert the_problem(answer, 422, "invalid-input")["field"] == "Last-Event-ID"


def test_a_followed_output_goes_on_until_the_end(
    served: Served, node: FakeNode, call: Call
) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload())
    node.output["w1"] = b"one\n"
    with served.stream("/v1/workloads/w1/logs?follow=true") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"one\n"
        node.output["w1"] += b"two\n"
        node.end("w1")
        assert b"".join(parts) == b"two\n"
