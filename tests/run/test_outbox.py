"""The outbox by itself: what becomes of acts whose answers are lost, late or no."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import orjson
import pytest

from allod.errors import AllodError, RunnerRefused, RunnerUnknown
from allod.run.log import Act
from allod.run.metrics import Metrics
from allod.run.outbox import Outbox
from allod.run.ports import RunReport, StartOrder
from allod.run.reports import Ended
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock

BODY = {"runner": "r", "site": "s", "pool": "p", "accelerators": 1, "command": ["true"]}
BODY |= {"container": None, "environment": {}, "wall_time_s": 60, "grace_s": 1, "cause": "test"}


def act(verb: Any, not_before_s: int = 0) -> Act:
    return Act(f"w.1.{verb}", "w", 1, verb, orjson.dumps(BODY), not_before_s)


class Runner:
    """Answers as it is told, one answer after the other; the last one stays."""

    def __init__(self) -> None:
        self.starts: list[RunReport | AllodError] = [RunReport("w", 1, "queued")]
        self.stops: list[RunReport | AllodError] = [RunReport("w", 1, "queued")]
        self.asked: list[str] = []
        self.again: list[bool] = []

    def start(self, order: StartOrder) -> RunReport:
        self.again.append(order.again)
        return self._answer("start", self.starts)

    def stop(self, workload_id: str, run: int, grace_s: int, cause: str) -> RunReport:
        return self._answer("stop", self.stops)

    def _answer(self, verb: str, answers: list[RunReport | AllodError]) -> RunReport:
        self.asked.append(verb)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, AllodError):
            raise answer
        return answer


class Bench:
    """An outbox with a runner, a store, and what the controller was told."""

    def __init__(self) -> None:
        self.runner, self.store, self.clock = Runner(), MemoryStore(), HandClock()
        self.told: list[Any] = []
        self.outbox = Outbox(self.store, {"r": self.runner}, self.tell, self.clock, Metrics())  # type: ignore[dict-item]
        self.outbox.start()

    def tell(self, request: Any) -> Future[Any]:
        self.told.append(request)
        done: Future[Any] = Future()
        done.set_result(None)
        return done

    def give(self, *acts: Act) -> None:
        self.store.acts |= {one.act_id: one for one in acts}
        self.outbox.give(acts)

    def until(self, met: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not met():
            assert time.monotonic() < deadline, (self.runner.asked, self.store.acts)
            time.sleep(0.01)

    def state(self, verb: str) -> str:
        return self.store.acts[f"w.1.{verb}"].state


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.outbox.close()


def test_a_start_that_a_stop_has_overtaken_is_never_tried_again(bench: Bench) -> None:
    bench.runner.starts = [RunnerUnknown("no answer"), RunReport("w", 1, "queued")]
    bench.give(act("start"))
    bench.until(lambda: bench.state("start") == "unknown")
    bench.give(act("stop"))
    bench.until(lambda: bench.state("stop") == "done")
    assert bench.state("start") == "refused"
    bench.clock.at_s += 1000
    time.sleep(0.7)
    assert bench.runner.asked == ["start", "stop"]


def test_a_stop_that_is_refused_is_asked_for_again(bench: Bench) -> None:
    bench.runner.stops = [RunnerRefused("not yours"), RunReport("w", 1, "ended")]
    bench.give(act("stop"))
    bench.until(lambda: bench.state("stop") == "unknown")

    def turned() -> bool:
        bench.clock.at_s += 100
        return bench.state("stop") == "done"

    bench.until(turned)
    assert bench.runner.asked == ["stop", "stop"]


def test_a_run_that_was_stopped_before_it_was_asked_for_has_ended(bench: Bench) -> None:
    bench.runner.stops = [RunReport("w", 1, "absent")]
    bench.give(act("stop"))
    bench.until(lambda: bench.state("stop") == "done")
    assert [(one.workload_id, one.run) for one in bench.told if isinstance(one, Ended)] == [
        ("w", 1)
    ]


def test_what_a_life_before_may_have_asked_for_is_looked_for_first(bench: Bench) -> None:
    open_start = replace(act("start"), attempts=0)
    bench.store.acts[open_start.act_id] = open_start
    bench.outbox.load()
    bench.until(lambda: bench.state("start") == "done")
    bench.give(replace(act("start"), act_id="x.1.start", workload_id="x"))
    bench.until(lambda: len(bench.runner.again) == 2)
    assert bench.runner.again == [True, False]
