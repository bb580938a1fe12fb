"""Changing documents: who changes one part of one undoes nothing that others changed."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.document import Document, from_json
from allod.errors import InvalidDocument, NotFound
from allod.run.node import Node
from allod.run.node_views import Scaled

WAIT_S = 20


def service(**spec: Any) -> Document:
    body = {
        "apiVersion": "allod/v1",
        "kind": "Service",
        "metadata": {"name": "tiny"},
        "spec": {
            "title": "Tiny",
            "project": "fjord",
            "model": "tiny-chat",
            "engine": "openai",
            "command": ["serve"],
            "sites": ["here"],
            **spec,
        },
    }
    return from_json(body, file="")


def replicas(node: Node) -> dict[str, int]:
    found: dict[str, int] = node.document("Service", "tiny").document["spec"]["replicas"]
    return found


def test_limits_changed_at_once_do_not_undo_each_other(node: Node) -> None:
    asked = [
        node.apply([service(replicas={"min": 1, "max": 1})]),
        node.scale("tiny", 0, 2, actor="a"),
        node.scale("tiny", None, 3, actor="b"),
        node.apply([service(title="Small", replicas={"min": 0, "max": 3, "in_flight": 4})]),
        node.scale("tiny", 2, None, actor="c"),
    ]
    answers: list[Any] = [future.result(WAIT_S) for future in asked]
    assert answers[2] == Scaled("Service", "tiny", "changed", 0, 3)
    assert answers[4] == Scaled("Service", "tiny", "changed", 2, 3)
    now = node.document("Service", "tiny")
    assert now.document["spec"]["title"] == "Small" and now.actor == "c"
    assert replicas(node) == {"min": 2, "max": 3, "in_flight": 4}


def test_the_same_limits_again_leave_no_record(node: Node) -> None:
    node.apply([service(replicas={"min": 1, "max": 2})]).result(WAIT_S)
    before = node.health().seq
    same = node.scale("tiny", 1, None, actor="a").result(WAIT_S)
    assert (same.what, node.health().seq) == ("unchanged", before)


def test_limits_that_cannot_be_change_nothing(node: Node) -> None:
    node.apply([service(replicas={"min": 1, "max": 2})]).result(WAIT_S)
    with pytest.raises(InvalidDocument, match="min 3 is over max 2"):
        node.scale("tiny", 3, None, actor="a").result(WAIT_S)
    with pytest.raises(NotFound, match="no Service is called 'tinny'"):
        node.scale("tinny", 1, None, actor="a").result(WAIT_S)
    assert replicas(node) == {"min": 1, "max": 2}
