"""Power caps through a node: ordered, lost, repeated, failed, taken off, and found again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from allod.adapters.local import LocalRunner
from allod.bootstrap import real_engine
from allod.domain.decision import PowerCap, PowerUncap, Reclaim
from allod.domain.document import Document, from_json
from allod.domain.event import CapState, CurtailmentCalled, PowerLimitReported
from allod.errors import AllodError, RunnerRefused, RunnerUnknown
from allod.run import power
from allod.run.log import Act
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.pace import Pace
from allod.run.ports import LimitAnswer, PowerLimitOrder, Runner
from allod.run.records import record_of
from allod.run.recovery import views_differ
from tests.run.memory_store import MemoryStore
from tests.run.test_outbox import Bench
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 120
CAPPING = {"limit_w": 700, "floor_w": 300, "lead_s": 60}


class Limiter(ScriptedRunner):
    """Sets power limits as it is told; then each answer of `answers`, the last one again."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[PowerLimitOrder] = []
        self.answers: list[LimitAnswer | AllodError] = [LimitAnswer(done=True)]

    def set_power_limit(self, order: PowerLimitOrder) -> LimitAnswer:
        with self.lock:
            self._near()
            self.limits.append(order)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, AllodError):
            raise answer
        return answer


def world(command: Sequence[str] = ("/sbin/cap", "-v")) -> list[Document]:
    capping = {**CAPPING, "command": list(command)}
    pool = {"name": "p", "accelerator": "h100", "accelerators_per_node": 2, "capping": capping}
    ours = {"apiVersion": "allod/v1", "kind": "Project", "metadata": {"name": "ours"}, "spec": {}}
    power_w = {"site": {"power_w": 2 * 1275}}
    return [site(pools=[pool], envelope=power_w, stop_time_s=30), from_json(ours)]


@pytest.fixture
def runner() -> Limiter:
    return Limiter()


@pytest.fixture
def node(store: MemoryStore, clock: HandClock, runner: Limiter) -> Iterator[Node]:
    with opened(store, clock, runner) as node:
        node.apply(world(), actor="op").result(WAIT_S)
        node.submit(workload(units=2, wall_time_s=5000)).result(WAIT_S)
        until(lambda: node.workload("w1").state is State.RUNNING)
        yield node


def opened(store: MemoryStore, clock: HandClock, runner: Runner) -> Node:
    pace = Pace(runner_threads=2, poll_s=0.01, observe_s=0.02)
    node = Node(store, real_engine(), {"local": runner}, clock, pace=pace)
    node.start()
    return node


def called(node: Node, clock: HandClock) -> list[Any]:
    call = CurtailmentCalled(
        at_s=0,
        site="here",
        name="peak",
        path="site",
        starts_s=clock.at_s + 200,
        ends_s=clock.at_s + 800,
        power_w=2 * 1100,
    )
    return list(node.foresight.tell(call).result(WAIT_S))


def go_on(node: Node, clock: HandClock, seconds: int) -> None:
    """Turn the clock, and have the node notice."""
    clock.at_s += seconds
    node.sites()
    node._outbox.give(())


def told(store: MemoryStore, kind: type) -> list[Any]:
    found = (record_of(leaf) for leaf in store.read())
    return [record for record in found if isinstance(record, kind)]


def test_a_cap_is_ordered_ahead_confirmed_shown_and_taken_off(
    node: Node, store: MemoryStore, clock: HandClock, runner: Limiter
) -> None:
    cap = next(d for d in called(node, clock) if isinstance(d, PowerCap))
    assert (cap.limit_w, cap.saved_w, cap.order_at_s) == (525, 350, clock.at_s + 110)
    assert node.sites()[0].capped[0].limit_set is False
    assert node.sites()[0].power_committed_w == 2550
    time.sleep(0.6)
    assert runner.limits == []  # Nobody is slowed before it must be.
    go_on(node, clock, 110)
    until(lambda: told(store, PowerLimitReported))
    (order,) = runner.limits
    assert (order.workload_id, order.run, order.nodes, order.limit_w) == ("w1", 1, (0,), 525)
    assert order.command == ("/sbin/cap", "-v")
    view, shown = node.workload("w1"), node.sites()[0]
    assert (view.state, view.limit_w, view.limit_set) == (State.RUNNING, 525, True)
    assert view.limit_ends_at_s == cap.ends_s
    assert (shown.capped[0].workload_id, shown.capped[0].limit_set) == ("w1", True)
    assert shown.power_committed_w == 2550 - 350
    go_on(node, clock, 690)
    until(lambda: len(runner.limits) == 2)
    assert runner.limits[1].limit_w == 700
    until(lambda: len(told(store, PowerLimitReported)) == 2)
    assert (node.workload("w1").limit_w, node.sites()[0].capped) == (None, ())
    kinds = [type(view.record).__name__ for view in node.decisions("w1").items]
    assert kinds[:3] == ["PowerUncap", "PowerCap", "ShedPlan"]
    node.close()
    assert not views_differ(store)


def test_an_order_whose_answer_is_lost_is_given_again(
    node: Node, store: MemoryStore, clock: HandClock, runner: Limiter
) -> None:
    runner.answers = [RunnerUnknown("lost"), RunnerUnknown("lost"), LimitAnswer(done=True)]
    called(node, clock)
    go_on(node, clock, 110)
    for seconds in (2, 3):
        until(lambda: runner.limits)
        time.sleep(0.05)
        go_on(node, clock, seconds)
    until(lambda: told(store, PowerLimitReported))
    assert [order.limit_w for order in runner.limits] == [525] * 3
    assert not told(store, Reclaim) and node.workload("w1").limit_set


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (LimitAnswer(done=False, detail="node 0: no such device"), CapState.FAILED),
        (RunnerRefused("no such command"), CapState.REFUSED),
    ],
)
def test_whose_cap_fails_is_reclaimed_and_what_was_set_is_taken_off(
    node: Node,
    store: MemoryStore,
    clock: HandClock,
    runner: Limiter,
    answer: LimitAnswer | AllodError,
    state: CapState,
) -> None:
    runner.answers = [answer, LimitAnswer(done=True)]
    called(node, clock)
    go_on(node, clock, 110)
    until(lambda: [order.limit_w for order in runner.limits] == [525, 700])
    (reclaim,) = told(store, Reclaim)
    assert told(store, PowerLimitReported)[0].state is state
    assert (reclaim.workload_id, reclaim.stop_at_s) == ("w1", clock.at_s + 60)
    assert len(told(store, PowerUncap)) == 1


def test_a_cap_that_cannot_be_taken_off_is_asked_for_till_it_is_also_after_a_restart(
    node: Node, store: MemoryStore, clock: HandClock, runner: Limiter
) -> None:
    called(node, clock)
    go_on(node, clock, 110)
    until(lambda: told(store, PowerLimitReported))
    runner.answers = [LimitAnswer(done=False, detail="busy")]
    runner.end(("w1", 1))
    until(lambda: len(runner.limits) > 1)
    until(lambda: [act.state for act in store.acts.values() if act.verb == "uncap"] == ["unknown"])
    node.close()
    runner.answers = [LimitAnswer(done=True)]
    clock.at_s += 100
    with opened(store, clock, runner):
        until(lambda: told(store, PowerLimitReported)[-1].limit_w == 700)
    assert {order.limit_w for order in runner.limits[1:]} == {700}
    assert not views_differ(store)


def test_a_runner_that_cannot_cap_says_no(store: MemoryStore, clock: HandClock) -> None:
    with opened(store, clock, ScriptedRunner()) as node:
        node.apply(world(), actor="op").result(WAIT_S)
        node.submit(workload(units=2, wall_time_s=5000)).result(WAIT_S)
        called(node, clock)
        go_on(node, clock, 110)
        until(lambda: told(store, Reclaim))
        assert told(store, PowerLimitReported)[0].state is CapState.REFUSED


SCRIPT = """#!/bin/sh
for node in $(echo "$3" | tr , ' '); do echo "$4" > "$1/$node"; done
echo "$2" >> "$1/told"
"""


def test_the_local_runner_really_runs_the_command_and_the_work_goes_on(
    store: MemoryStore, clock: HandClock, tmp_path: Path
) -> None:
    command = tmp_path / "set-limit"
    command.write_text(SCRIPT)
    command.chmod(0o755)
    documents = world([str(command), str(tmp_path)])
    clock.at_s = int(time.time())  # The runner's processes know no other.
    local = LocalRunner(tmp_path / "runs")
    with opened(store, clock, local) as node:
        node.apply(documents, actor="op").result(WAIT_S)
        work = workload(units=2, wall_time_s=5000, command=["sleep", "600"])
        node.submit(work).result(WAIT_S)
        until(lambda: node.workload("w1").state is State.RUNNING)
        called(node, clock)
        go_on(node, clock, 110)
        until(lambda: node.workload("w1").limit_set)
        assert (tmp_path / "0").read_text() == "525\n"
        go_on(node, clock, 690)
        until(lambda: (tmp_path / "0").read_text() == "700\n")
        assert node.workload("w1").state is State.RUNNING
        assert (tmp_path / "told").read_text().split() == ["w1.1", "w1.1"]
        node.cancel("w1").result(WAIT_S)
        until(lambda: node.workload("w1").state is State.CANCELLED)
    assert not views_differ(store)


def act(name: str, verb: Any, *nodes: int, not_before_s: int = 0) -> Act:
    place = {"runner": "r", "site": "s", "pool": "p", "nodes": nodes}
    body = {**place, "number": 1, "limit_w": 1, "command": ["c"]}
    return Act(f"{name}.1.{verb}", name, 1, verb, orjson.dumps(body), not_before_s)


def test_of_limits_on_one_node_the_later_waits_and_of_one_run_it_overtakes() -> None:
    first, other = act("a", "cap", 1, 2), act("b", "cap", 2, 3)
    apart, off = act("c", "cap", 4), act("a", "uncap", 1, 2)
    assert power.in_the_way(apart, [first, other], ()) == ([], False)
    assert power.in_the_way(other, [first], ()) == ([], True)
    assert power.in_the_way(off, [first, apart], ()) == ([first], False)
    assert power.in_the_way(off, [first], {("a", 1)}) == ([], True)


def test_a_cap_waits_until_the_one_before_it_on_its_node_is_off() -> None:
    bench = Bench()
    limits: list[str] = []
    stuck = True

    def set_power_limit(order: PowerLimitOrder) -> LimitAnswer:
        limits.append(order.workload_id)
        return LimitAnswer(done=not (stuck and order.workload_id == "a"))

    bench.runner.set_power_limit = set_power_limit  # type: ignore[attr-defined]
    bench.give(act("a", "uncap", 1), act("b", "cap", 1), act("c", "cap", 2))
    bench.until(lambda: set(limits) >= {"a", "c"})
    time.sleep(0.1)
    assert "b" not in limits
    stuck = False
    bench.clock.at_s += 100
    bench.outbox.give(())
    bench.until(lambda: "b" in limits)
    assert limits.index("b") > len(limits) - 2
    bench.outbox.close()
