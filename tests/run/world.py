"""What the tests of a node share: a clock to turn, a runner to script, documents to submit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from allod.domain.document import Document, from_json
from allod.errors import NotFound, RunnerRefused, RunnerUnknown
from allod.run.ports import EndCause, OutputPart, RunKey, RunReport, StartOrder, StreamName

DEADLINE_S = 20.0


def until(true: Callable[[], Any]) -> Any:
    """Wait for `true` to hold; what it returned."""
    end_s = time.monotonic() + DEADLINE_S
    while not (found := true()):
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.005)
    return found


class HandClock:
    """A clock that stands still until somebody turns it; the monotonic one goes."""

    def __init__(self, at_s: int = 1_000_000) -> None:
        self.at_s = at_s

    def now_s(self) -> int:
        return self.at_s

    def monotonic_s(self) -> float:
        return time.monotonic()


class ScriptedRunner:
    """Runs nothing, but remembers, answers and fails as a real one would."""

    def __init__(self) -> None:
        self.runs: dict[RunKey, RunReport] = {}
        self.starts: list[RunKey] = []  #: Every run that really began.
        self.orders: dict[RunKey, StartOrder] = {}
        self.stops: list[tuple[RunKey, int, str]] = []
        self.acknowledged: list[RunKey] = []
        self.away = False
        self.refuses = False
        self.answers_lost = 0  #: So many starts happen without an answer.
        self.forgets = False  #: It has lost its memory.
        self.lock = threading.RLock()

    def _near(self) -> None:
        if self.away:
            raise RunnerUnknown("no answer")

    def start(self, order: StartOrder) -> RunReport:
        with self.lock:
            self._near()
            key = (order.workload_id, order.run)
            if self.refuses:
                raise RunnerRefused("no such partition")
            if key not in self.runs:
                self.starts.append(key)
                self.orders[key] = order
                self.runs[key] = RunReport(*key, "running", 1)
            if self.answers_lost:
                self.answers_lost -= 1
                raise RunnerUnknown("the answer was lost")
            return self.runs[key]

    def stop(self, workload_id: str, run: int, grace_s: int, cause: str) -> RunReport:
        with self.lock:
            self._near()
            self.stops.append(((workload_id, run), grace_s, cause))
            key = (workload_id, run)
            if key not in self.runs or self.runs[key].state != "ended":
                self.end(key, "stopped", None)
            return self.runs[key]

    def end(self, key: RunKey, cause: EndCause = "exited", exit_status: int | None = 0) -> None:
        with self.lock:
            before = self.runs.get(key, RunReport(*key, "starting"))
            self.runs[key] = replace(
                before, state="ended", ended_at_s=2, exit_status=exit_status, cause=cause
            )

    def observe(self, keys: Iterable[RunKey]) -> dict[RunKey, RunReport]:
        with self.lock:
            self._near()
            known = {} if self.forgets else self.runs
            return {key: known.get(key, RunReport(*key, "absent")) for key in keys}

    def ended(self) -> tuple[RunKey, ...]:
        with self.lock:
            self._near()
            return tuple(
                sorted(
                    key
                    for key, report in self.runs.items()
                    if report.state == "ended" and key not in self.acknowledged
                )
            )

    def acknowledge(self, workload_id: str, run: int) -> None:
        with self.lock:
            self._near()
            self.acknowledged.append((workload_id, run))

    def logs(
        self, workload_id: str, run: int, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        with self.lock:
            if (workload_id, run) not in self.runs:
                raise NotFound("no such run")
            return OutputPart(offset, f"{workload_id}.{run} {stream}"[offset:][:limit].encode())


def site(name: str = "here", units: int = 4, runner: str = "local", **spec: Any) -> Document:
    """A site of `units` equal accelerators."""
    return from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Site",
            "metadata": {"name": name},
            "spec": {
                "title": name,
                "country": "NO",
                "operator": "operator",
                "management": ["NO"],
                "metadata": ["NO"],
                "pools": [{"name": "p", "accelerator": "h100"}],
                "phases": [{"name": "one", "state": "live", "accelerators": {"p": units}}],
                "runner": runner,
                **spec,
            },
        }
    )


def workload(name: str = "job", units: int = 1, **spec: Any) -> Document:
    """A workload of `units` accelerators."""
    return from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Workload",
            "metadata": {"name": name},
            "spec": {
                "project": "ours",
                "accelerators": units,
                "wall_time_s": 60,
                "command": ["true"],
                **spec,
            },
        }
    )
