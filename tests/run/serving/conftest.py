"""Nodes that keep services: a store in memory, engines in this process, a clock to turn."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from allod.run.node import Node
from allod.run.pace import Pace
from allod.run.serving.serving import Means
from tests.run.fifo_engine import fifo_maker
from tests.run.memory_store import MemoryStore
from tests.run.serving.engines import EngineRunner
from tests.run.serving.world import Gateway
from tests.run.world import HandClock, until

#: Each test has ports of its own, and so has each process that runs tests.
_PORTS = itertools.count(22_000 + os.getpid() % 1000 * 40, 40)


@pytest.fixture
def runner() -> Iterator[EngineRunner]:
    runner = EngineRunner()
    yield runner
    for workload_id, run in list(runner.runs):
        runner.end((workload_id, run))


@pytest.fixture
def open_serving(
    tmp_path: Path, store: MemoryStore, clock: HandClock, runner: EngineRunner
) -> Iterator[Callable[[], Node]]:
    """Opens a node that keeps services; one opened before is closed first."""
    nodes: list[Node] = []
    first = next(_PORTS)

    def opened() -> Node:
        for node in nodes:
            node.close()
        pace = Pace(runner_threads=2, poll_s=0.01, observe_s=0.02)
        node = Node(store, fifo_maker(), {"local": runner}, clock, pace=pace)
        node.serve(Means(tmp_path, b"secret", first, first + 39))
        node.start()
        nodes[:] = [node]
        return node

    yield opened
    for node in nodes:
        node.close()


@pytest.fixture
def serving(open_serving: Callable[[], Node]) -> Node:
    return open_serving()


@pytest.fixture
def gateway(serving: Node, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that is connected and has its first table."""
    gateway = Gateway(tmp_path)
    until(lambda: gateway.tables)
    yield gateway
    gateway.close()
