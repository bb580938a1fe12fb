"""Replays of a real node: its database, its processes, its data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from jsonschema_rs import validator_for

from allod.adapters.replay_process import ReplayProcess
from allod.api import create_app
from allod.api.openapi import openapi_of
from allod.bootstrap import open_node
from allod.domain.document import read_documents
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.replays.desk import Desk
from allod.run.replays.question import Question
from allod.run.replays.views import ReplayState, TraceState
from tests.api.asking import calling
from tests.run.fifo_engine import fifo_maker
from tests.run.world import workload

#: The compiled loop may have to be made first, behind all else that the machine does. [s]
_WAIT_S = 280
_CSV = b"job_id,submit_s,run_s,accelerators\n1,0,600,8\n2,60,3600,16\n3,90,60,4\n"
_WORLD = """\
apiVersion: allod/v1
kind: Site
metadata: {name: fjord}
spec:
  title: Fjord
  country: NO
  operator: aker
  management: [NO]
  metadata: [NO]
  pools: [{name: gb300, accelerator: gb300}]
  phases: [{name: one, state: live, starts: 2020-01-01, accelerators: {gb300: 16}}]
---
apiVersion: allod/v1
kind: Project
metadata: {name: hello}
spec: {title: Hello, country: NO}
"""


def until(found: Callable[[], Any]) -> Any:
    end_s = monotonic() + _WAIT_S
    while not (value := found()):
        assert monotonic() < end_s, "it did not come true in time"
        sleep(0.05)
    return value


def desk_of(node: Node) -> Desk:
    assert node.replays is not None
    return node.replays


def settled(desk: Desk, id: str) -> Any:
    """The replay, once it has ended."""
    view = until(lambda: (view := desk.get(id)).ended_at_s is not None and view)
    assert view.state is ReplayState.DONE, view.fault
    return view


def told(node: Node) -> list[str]:
    """What the log says, without what the node itself says of a site when there is time for it."""
    return [leaf.kind for leaf in node._store.read() if leaf.kind != "admin/StatementChanged"]


def value(outcome: Any, name: str) -> Any:
    return next(one["value"] for one in outcome["figures"] if one["name"] == name)


def test_a_trace_and_the_node_s_own_work_are_replayed_and_the_log_does_not_grow(
    tmp_path: Path,
) -> None:
    with open_node(tmp_path, maker=fifo_maker()) as node:
        desk = desk_of(node)
        node.apply(read_documents(_WORLD)).result(60)
        asked = workload(project="hello", command=["true"], wall_time_s=600)
        node.submit(asked).result(60)
        until(lambda: node.workload("w1").state is State.COMPLETED)
        arriving = desk.traces.receive("mine.csv", actor="ada")
        arriving.write(_CSV)
        trace = arriving.keep()
        before = told(node)
        of_trace = desk.ask(Question(trace=trace.id, pool=16)).replay
        of_log = desk.ask(Question(trace="log")).replay
        settled(desk, of_trace.id)
        assert value(desk.outcome(of_trace.id), "placed") == 3
        assert value(desk.outcome(of_trace.id), "wait_max_s") == 4_110
        facts = desk.traces.get(trace.id).facts
        assert facts is not None and facts.jobs == 3
        view = settled(desk, of_log.id)
        outcome = desk.outcome(of_log.id)
        assert value(outcome, "jobs") == value(outcome, "placed") == 1
        assert "Site/fjord" in view.inputs.documents
        assert told(node) == before
        _answers_keep_to_the_contract(node, trace.id, of_trace.id, of_log.id)
    left = [path for path in (tmp_path / "replays").rglob("*") if path.is_file()]
    assert not [path for path in left if path.name.startswith("work") or path.suffix == ".part"]


def _answers_keep_to_the_contract(node: Node, trace: str, a: str, b: str) -> None:
    app = create_app(node)
    document, call = openapi_of(app), calling(app)
    for template, path in (
        ("/v1/traces", "/v1/traces"),
        ("/v1/traces/{id}", f"/v1/traces/{trace}"),
        ("/v1/replays", "/v1/replays"),
        ("/v1/replays/{id}", f"/v1/replays/{a}"),
        ("/v1/replays/{id}/outcome", f"/v1/replays/{a}/outcome"),
        ("/v1/replays/{id}/outcome", f"/v1/replays/{b}/outcome"),
        ("/v1/replays/compare", f"/v1/replays/compare?a={a}&b={b}"),
    ):
        answer = document["paths"][template]["get"]["responses"]["200"]
        shape = answer["content"]["application/json"]["schema"]
        check = validator_for({**shape, "components": document["components"]})
        found = call("GET", path)
        assert found.status_code == 200
        check.validate(found.json())
        known = _fields_of(shape, document["components"]["schemas"])
        assert set(found.json()) <= known


def _fields_of(shape: Any, schemas: Any) -> set[str]:
    return set(schemas[shape["$ref"].rsplit("/", 1)[-1]]["properties"])


def test_a_node_that_stops_ends_its_replay(tmp_path: Path) -> None:
    with open_node(tmp_path, maker=fifo_maker()) as node:
        desk = desk_of(node)
        arriving = desk.traces.receive("many.csv")
        arriving.write(b"job_id,submit_s,run_s,accelerators\n")
        for first in range(0, 400_000, 10_000):
            lines = (f"{i},{i},600,1" for i in range(first, first + 10_000))
            arriving.write("\n".join(lines).encode() + b"\n")
        trace = arriving.keep()
        until(lambda: desk.traces.get(trace.id).state is TraceState.READY)
        ids = [desk.ask(Question(trace=trace.id, pool=4)).replay.id for _ in range(2)]
        until(lambda: desk.get(ids[0]).state is ReplayState.RUNNING and desk._lane._worker)
        worker = desk._lane._worker
        assert isinstance(worker, ReplayProcess)
    assert worker._process.poll() is not None
    with open_node(tmp_path, maker=fifo_maker()) as node:
        desk = desk_of(node)
        assert desk.get(ids[0]).state is ReplayState.INTERRUPTED
        assert desk.get(ids[1]).state in (ReplayState.QUEUED, ReplayState.RUNNING)
        desk.cancel(ids[1])
