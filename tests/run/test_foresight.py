"""Calls for less power through a node: tried, told, acted on, and found again in the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from allod.bootstrap import real_engine
from allod.decide.engine import Engine
from allod.decide.outlook import NO_OUTLOOK
from allod.domain.decision import Reclaim, ShedPlan
from allod.domain.document import Document, from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.errors import NotFound
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.pace import Pace
from allod.run.recovery import views_differ
from allod.run.runners import Runners
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 60


def world() -> list[Document]:
    power = {"envelope": {"site": {"power_w": 4000}}, "pue_milli": 1000}
    ours = {"apiVersion": "allod/v1", "kind": "Project", "metadata": {"name": "ours"}, "spec": {}}
    return [site(**power), from_json(ours)]


@pytest.fixture
def node(store: MemoryStore, clock: HandClock, runner: ScriptedRunner) -> Iterator[Node]:
    """A node that decides for real."""
    pace = Pace(runner_threads=2, poll_s=0.01, observe_s=0.02)
    with Node(store, real_engine(), {"local": runner}, clock, pace=pace) as opened:
        opened.start()
        opened.apply(world(), actor="op").result(WAIT_S)
        yield opened


def called(at_s: int, site_name: str = "here") -> CurtailmentCalled:
    return CurtailmentCalled(
        at_s=0,
        site=site_name,
        name="peak",
        path="site",
        starts_s=at_s,
        ends_s=at_s + 3600,
        power_w=0,
        actor="op",
    )


def test_a_call_is_tried_without_a_trace_and_told_with_its_acts(
    node: Node, store: MemoryStore, clock: HandClock, runner: ScriptedRunner
) -> None:
    node.submit(workload(units=2)).result(WAIT_S)
    until(lambda: node.workload("w1").state is State.RUNNING)
    before = store.tail()
    tried = node.foresight.tell(called(clock.at_s), dry_run=True).result(WAIT_S)
    assert store.tail() == before
    made = node.foresight.tell(called(clock.at_s)).result(WAIT_S)
    assert made == tried
    plan, reclaim = made[:2]
    assert isinstance(plan, ShedPlan) and isinstance(reclaim, Reclaim)
    assert [workload_id for workload_id, _ in plan.reclaimed] == ["w1"] == [reclaim.workload_id]
    until(lambda: runner.stops)
    assert runner.stops[0][2] == "reclaimed"
    shown = [view.record for view in node.decisions("w1").items]
    assert plan in shown and reclaim in shown
    assert plan in [view.record for view in node.decisions().items]


def test_what_was_told_is_there_after_a_restart(
    node: Node, store: MemoryStore, clock: HandClock, runner: ScriptedRunner
) -> None:
    forecast = ForecastGiven(
        at_s=0,
        site="here",
        start_s=clock.at_s - clock.at_s % 3600,
        step_s=3600,
        temp_milli_c=(1000, 2000),
        design_temp_milli_c=30_000,
        clean_w=(500, 500),
    )
    node.foresight.tell(forecast).result(WAIT_S)
    node.foresight.tell(called(clock.at_s + 100)).result(WAIT_S)
    node.close()
    assert not views_differ(store)
    again = Node(store, real_engine(), {"local": runner}, clock)
    again.start()  # It makes all decisions again, and finds them the same.
    with again._controller.at_rest() as resting:
        engine = resting.engine
        assert isinstance(engine, Engine)
        assert engine.outlook.forecasts["here"].clean_w == (500, 500)
        assert list(engine.outlook.calls) == [("here", "peak")]
    again.close()


def test_what_cannot_be_told_leaves_no_trace(node: Node, store: MemoryStore) -> None:
    before = store.tail()
    for dry_run in (False, True):
        with pytest.raises(NotFound, match="no site 'there'"):
            node.foresight.tell(called(0, "there"), dry_run=dry_run).result(WAIT_S)
    assert store.tail() == before


class Keeping(ScriptedRunner):
    """A cluster that keeps the envelope itself."""

    def __init__(self) -> None:
        super().__init__()
        self.caps: list[tuple[tuple[int, int], ...]] = []

    def curb(self, caps: Sequence[tuple[int, int]]) -> None:
        self.caps.append(tuple(caps))


def test_a_cluster_that_keeps_the_envelope_itself_is_told_of_calls_and_forecasts(
    store: MemoryStore, clock: HandClock
) -> None:
    keeping = Keeping()
    slurm = {
        "runner": "slurm",
        "slurm": {
            "command": {},
            "folder": "/tmp/allod",
            "power_licence": {"name": "kw", "unit_w": 1000},
            "pools": {"p": {"partition": "p", "gres": "gpu", "nodes": "n1"}},
            "others": {"user": "allod"},
        },
        "envelope": {"site": {"power_w": 4000, "base_load_w": 100}},
        "pue_milli": 1000,
    }
    runners = Runners({}, lambda name, found, before: keeping)
    documents = {"here": site(**slurm).spec}
    runners.follow(documents)  # type: ignore[arg-type]
    call = replace(called(clock.at_s), power_w=1500)
    runners.follow(documents, NO_OUTLOOK.with_call(call))  # type: ignore[arg-type]
    at_s = clock.at_s
    assert keeping.caps == [((0, 3900),), ((0, 3900), (at_s, 1400), (at_s + 3600, 3900))]


def test_the_limit_that_a_node_shows_follows_a_call(node: Node, clock: HandClock) -> None:
    assert node.site("here").power_limit_w == 4000
    node.foresight.tell(called(clock.at_s)).result(WAIT_S)
    assert node.site("here").power_limit_w == 0
