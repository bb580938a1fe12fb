"""A submission that is only tried: the same decision as the real one, and no trace of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from allod.bootstrap import real_engine
from allod.domain.decision import Hold, Placement, Refusal
from allod.domain.document import from_json
from allod.errors import InvalidInput, Unavailable
from allod.run import dry_run
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.pace import Pace
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 60
OURS = {"apiVersion": "allod/v1", "kind": "Project", "metadata": {"name": "ours"}, "spec": {}}


@pytest.fixture
def node(store: MemoryStore, clock: HandClock, runner: ScriptedRunner) -> Iterator[Node]:
    """A node that decides for real."""
    pace = Pace(runner_threads=2, poll_s=0.01, observe_s=0.02)
    with Node(store, real_engine(), {"local": runner}, clock, pace=pace) as opened:
        opened.start()
        opened.apply([site(units=4), from_json(OURS)], actor="op").result(WAIT_S)
        yield opened


def test_what_is_tried_is_what_is_decided_then(
    node: Node, store: MemoryStore, runner: ScriptedRunner
) -> None:
    for units, kind in ((3, Placement), (2, Hold), (9, Refusal)):
        before, orders = store.tail(), dict(runner.orders)
        tried = node.trials.submission(workload("try", units), actor="me")
        assert isinstance(tried.decision, kind) and tried.others == ()
        assert (store.tail(), runner.orders) == (before, orders)
        made = node.submit(workload("try", units), actor="me").result(WAIT_S)
        assert made.decision.reasons == tried.decision.reasons
        if kind is Placement:
            until(lambda: node.workload("w1").state is State.RUNNING)
        if kind is Refusal:
            assert tried.explanation is tried.decision
            continue
        why = node.why(made.workload_id)
        assert not isinstance(why, Hold | Refusal | Placement)
        assert not isinstance(tried.explanation, Hold | Refusal | Placement)
        assert tried.explanation.sites == why.sites
        assert (tried.explanation.expected_at_s, tried.explanation.basis) == (
            why.expected_at_s,
            why.basis,
        )


def test_what_could_not_be_submitted_cannot_be_tried(node: Node, store: MemoryStore) -> None:
    before = store.tail()
    with pytest.raises(InvalidInput, match="nobody"):
        node.trials.submission(workload("try", project="nobody"))
    assert store.tail() == before


def test_those_who_try_take_no_more_threads_than_their_share(
    store: MemoryStore,
    clock: HandClock,
    runner: ScriptedRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dry_run, "AT_ONCE_MAX", 1)
    begun, may_end, maker = Event(), Event(), real_engine()

    def slowly(engine: Any, workload_id: str) -> Any:
        begun.set()
        may_end.wait(WAIT_S)
        return maker.explain(engine, workload_id)

    slow = replace(maker, explain=slowly)
    with (
        Node(store, slow, {"local": runner}, clock) as node,
        ThreadPoolExecutor(1) as pool,
    ):
        node.start()
        node.apply([site(units=4), from_json(OURS)], actor="op").result(WAIT_S)
        first = pool.submit(node.trials.submission, workload("try"))
        try:
            assert begun.wait(WAIT_S)
            with pytest.raises(Unavailable, match="are being tried"):
                node.trials.submission(workload("try"))
        finally:
            may_end.set()
        assert first.result(WAIT_S).decision
        assert node.trials.submission(workload("try")).decision
