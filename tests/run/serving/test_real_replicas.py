"""Services on a real node with real processes, with whatever is killed killed by SIGKILL."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.run.serving.world import Gateway, ask, load, service
from tests.run.world import site
from tests.sim.kill import Client, Running, document

DEADLINE_S = 60.0


def until(true: Any) -> Any:
    """Wait for `true` to hold; what it returned."""
    end_s = time.monotonic() + DEADLINE_S
    while not (found := true()):
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.02)
    return found


class Real:
    """A node in a process of its own, and who speaks with it."""

    gateway: Gateway

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self.running = Running(self.data, "fifo")
        self.client = Client(self.running)

    def start(self) -> Gateway:
        self.running.spawn()
        assert self.running.await_address()
        self.gateway = Gateway(self.data)
        return self.gateway

    def kill(self) -> None:
        self.running.kill()
        self.client.close()
        self.gateway.close()

    def apply(self, *documents: dict[str, Any]) -> None:
        status, answer = self.client.ask("POST", "/v1/documents", list(documents))
        assert status == 200, answer

    def workloads(self, *states: str) -> list[str]:
        """Ids of all workloads in these states."""
        status, answer = self.client.ask("GET", "/v1/workloads")
        assert status == 200
        return sorted(item["id"] for item in answer["items"] if item["state"] in states)

    def end(self) -> None:
        self.client.ask("DELETE", "/v1/documents/Service/chat")
        until(lambda: not self.workloads("placed", "running", "stopping"))
        self.client.close()
        self.gateway.close()
        self.running.end()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    real = Real(tmp_path)
    yield real
    real.end()


def test_replicas_outlive_their_node_and_follow_the_calls(real: Real) -> None:
    gateway = real.start()
    operator = document("Party", "operator", {"title": "Operator", "seat": "NO"})
    project = document("Project", "ours", {})
    limits = {"min": 0, "max": 2, "in_flight": 2, "idle_s": 2}
    real.apply(operator, project, site().to_json(), service(replicas=limits).to_json())

    # From none to one at the first call, and to two when its slots run short.
    until(lambda: gateway.tables and gateway.table.services)
    gateway.load(load(waiting=1, arrived=1))
    [first] = until(gateway.replicas)
    gateway.load(load(in_flight=2, waiting=1, arrived=3))
    until(lambda: len(gateway.replicas()) == 2)

    # One is killed: it is out, and another takes its place.
    os.kill(int(ask(first)), signal.SIGKILL)
    until(lambda: first.id not in [one.id for one in gateway.replicas()])
    until(lambda: len(gateway.replicas()) == 2)
    pids = {one.id: int(ask(one)) for one in gateway.replicas()}

    # The node is killed: they go on, and the next one finds them where they were.
    real.kill()
    before = gateway.replicas()
    assert {one.id: int(ask(one)) for one in before} == pids
    gateway = real.start()
    gateway.load(load(in_flight=3, arrived=3))
    until(lambda: gateway.replicas() == before)
    assert real.workloads("placed", "running", "stopping") == sorted(pids)

    # Nobody calls: all end. Somebody calls: one is there again.
    gateway.load(load(arrived=3))
    until(lambda: not real.workloads("placed", "running", "stopping"))
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    gateway.load(load(waiting=1, arrived=4))
    until(lambda: len(gateway.replicas()) == 1)
