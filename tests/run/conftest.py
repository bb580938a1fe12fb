"""Nodes over a store in memory, with a scripted runner and a clock to turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from allod.run.controller import Limits
from allod.run.node import Node
from allod.run.pace import Pace
from tests.run.fifo_engine import fifo_maker
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def open_node(
    store: MemoryStore, clock: HandClock, runner: ScriptedRunner
) -> Iterator[Callable[..., Node]]:
    """Opens a node on the store; one opened before is closed first, as by an end."""
    nodes: list[Node] = []

    def opened(limits: Limits | None = None) -> Node:
        for node in nodes:
            node.close()
        node = Node(
            store,
            fifo_maker(),
            {"local": runner},
            clock,
            limits=limits,
            pace=Pace(runner_threads=2, poll_s=0.01, observe_s=0.02),
        )
        node.start()
        nodes[:] = [node]
        return node

    yield opened
    for node in nodes:
        node.close()


@pytest.fixture
def node(open_node: Callable[..., Node]) -> Node:
    return open_node()
