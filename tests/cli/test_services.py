"""service list and deploy: what keeps a service from having replicas is said where one looks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Allod
from tests.cli.played import Answer, PlayedNode

DOCUMENT = """\
apiVersion: allod/v1
kind: Service
metadata: {name: chat}
spec: {project: lab, model: chat-1, engine: vllm, command: [serve], sites: [narvik]}
"""


def service(**site: Any) -> dict[str, Any]:
    here = {"site": "narvik", "ready": 0, "starting": 0, "held": 0, "wanted": 1, "why": []}
    here |= {"in_flight": 0, "waiting": 0, "failed_at_s": None}
    here |= {"last_failure": "", "failed_replica": "", "failed_words": ""} | site
    limits = {"replicas_min": 1, "replicas_max": 2}
    return {"name": "chat", "model": "chat-1", "engine": "vllm", "sites": [here]} | limits


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ({"held": 1, "why": ["no room", "no power"]}, "no room"),
        (
            {"last_failure": "w9 ended as failed", "failed_words": "no such model\n"},
            "w9 ended as failed: no such model",
        ),
        ({"ready": 1, "last_failure": "w9 ended as failed"}, "-"),
        ({"wanted": 0}, "-"),
    ],
)
def test_the_list_says_why_a_site_has_too_few(
    allod: Allod, node: PlayedNode, site: dict[str, Any], said: str
) -> None:
    node.on("GET", "/v1/services", {"items": [service(**site)], "next": None})
    title, row = allod("service", "list").out.splitlines()
    assert row[title.index("why not more") :] == said


def test_who_waits_for_a_replica_without_room_hears_what_it_waits_for_once(
    allod: Allod, node: PlayedNode, tmp_path: Any
) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(DOCUMENT)
    node.on("POST", "/v1/documents", {"changes": [], "dry_run": False})
    held = Answer(service(held=1, why=["no room"]))
    node.on("GET", "/v1/services/chat", held, held, Answer(service(ready=1)))
    result = allod("service", "deploy", str(file), "--wait")
    assert (result.status, result.out) == (0, "service chat: ready, 1 at narvik\n")
    assert result.err.count("narvik: no room") == 1


def test_who_waits_for_a_replica_that_fails_hears_how_and_that_it_is_tried_again(
    allod: Allod, node: PlayedNode, tmp_path: Any
) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(DOCUMENT)
    node.on("POST", "/v1/documents", {"changes": [], "dry_run": False})
    failed = {"last_failure": "w9 ended as failed", "failed_at_s": 1 << 40}
    node.on("GET", "/v1/services/chat", service(**failed))
    result = allod("service", "deploy", str(file), "--wait")
    assert result.status == 1
    assert "a replica failed at narvik\nw9 ended as failed\n" in result.err
    assert "tries again; `allod service show chat`" in result.err


TRACE = (
    "Traceback (most recent call last):\n"
    '  File "serve.py", line 1, in <module>\nRuntimeError: no such model: a.gguf\n'
    "resource_tracker.py:301: UserWarning: 1 leaked object\n"
)
FAILED = {
    "last_failure": "w9 ended as failed with exit status 1",
    "failed_replica": "w9",
    "failed_words": TRACE,
}
SHORT = "w9 ended as failed with exit status 1: RuntimeError: no such model: a.gguf"
REST = "`allod service logs chat --replica w9` prints all that it wrote"


def test_of_a_trace_the_line_that_names_the_error_is_told_and_where_the_rest_is(
    allod: Allod, node: PlayedNode, tmp_path: Any
) -> None:
    failed = service(**FAILED, failed_at_s=1 << 36, again_at_s=None, replicas=[])
    failed |= {"title": "", "operations": ["chat"], "project": "lab", "gateways": 1}
    failed["sites"][0]["draining"] = 0
    node.on("GET", "/v1/services/chat", failed)
    shown = allod("service", "show", "chat").out
    assert f"  {SHORT}\n  {REST}\n" in shown
    assert "Traceback" not in shown
    (tmp_path / "chat.yaml").write_text(DOCUMENT)
    node.on("POST", "/v1/documents", {"changes": [], "dry_run": False})
    told = allod("service", "deploy", "chat.yaml", "--wait").err
    assert f"{SHORT}\n{REST}\n" in told
    assert "Traceback" not in told


def test_logs_of_a_service_without_a_replica_are_those_of_the_one_that_failed_last(
    allod: Allod, node: PlayedNode
) -> None:
    view = service(**FAILED, failed_at_s=7, replicas=[])
    node.on("GET", "/v1/services/chat", view)
    node.on("GET", "/v1/workloads/w9/logs", Answer(TRACE.encode()), Answer(b""))
    result = allod("service", "logs", "chat")
    assert "what w9 wrote, which failed last" in result.err
    assert result.out == TRACE
