"""Replicas of services, kept by a node whose engines answer from this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from allod.domain.document import Document
from allod.errors import InvalidDocument
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.serving import spot
from allod.run.serving.parts import PartMaker, Rates
from allod.run.serving.picture import Picture
from allod.run.serving.service_views import ServiceSiteView
from allod.run.serving.tables import Parts
from tests.run.memory_store import MemoryStore
from tests.run.serving.engines import EngineRunner
from tests.run.serving.world import Gateway, load, service
from tests.run.world import HandClock, site, until, workload

WAIT_S = 20


def apply(node: Node, *documents: Document) -> None:
    node.apply(documents, actor="op").result(WAIT_S)


def here(node: Node) -> ServiceSiteView:
    """The one service at its one site."""
    [view] = node.services()
    [found] = view.sites
    return found


def ids(gateway: Gateway, state: str = "ready") -> list[str]:
    return [one.id for one in gateway.replicas(state=state)]


def test_a_replica_is_started_with_its_key_and_no_log_has_it(
    serving: Node, gateway: Gateway, runner: EngineRunner, store: MemoryStore
) -> None:
    asked = service(
        command=["serve", "--at={host}:{port}", "--key", "{engine_key}", '{"name": "{model}"}'],
        environment={"K": "{engine_key}"},
    )
    apply(serving, site(), asked)
    [replica] = until(gateway.replicas)
    order = runner.orders["w1", 1]
    address = f"--at=127.0.0.1:{replica.port}"
    assert order.command == ("serve", address, "--key", replica.key, '{"name": "chat-model"}')
    given = dict(order.environment)
    assert given == {
        "K": replica.key,
        "ALLOD_SERVICE": "chat",
        "ALLOD_PORT": str(replica.port),
        "ALLOD_ENGINE_KEY": replica.key,
    }
    assert len(replica.key) == 64
    held = [leaf.body for leaf in store.leaves]
    held += [act.body for act in store.acts.values()]
    held += [row.spec.encode() for row in store.rows.values()]
    assert not any(replica.key.encode() in body for body in held)
    view = serving.workload("w1")
    assert (view.kind, view.actor, view.project) == ("service", "services", "ours")


def test_calls_bring_replicas_and_quiet_takes_them(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    apply(serving, site(), service(replicas={"min": 0, "max": 2, "in_flight": 2, "idle_s": 1}))
    until(serving.services)
    assert here(serving).wanted == 0
    gateway.load(load(waiting=1, arrived=1))
    until(lambda: ids(gateway) == ["w1"])
    gateway.load(load(in_flight=2, waiting=1, arrived=3))
    until(lambda: ids(gateway) == ["w1", "w2"])
    # Of two that are no longer needed, each goes when it has no call.
    gateway.load(load(in_flight=0, arrived=3, w1=1))

    until(lambda: ids(gateway, "draining") == ["w1"] and not ids(gateway))
    until(lambda: serving.workload("w2").state is State.CANCELLED)
    assert serving.workload("w1").state is State.RUNNING
    gateway.load(load(arrived=3))
    until(lambda: serving.workload("w1").state is State.CANCELLED)
    until(lambda: here(serving).replicas == ())
    gateway.load(load(waiting=1, arrived=4))
    until(lambda: ids(gateway) == ["w3"])


def test_one_that_fails_is_out_and_replaced_and_it_is_said_why(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    apply(serving, site(), service())
    until(lambda: ids(gateway) == ["w1"])
    port = gateway.replicas()[0].port
    runner.end(("w1", 1), "exited", 3)
    until(lambda: ids(gateway) == ["w2"])
    assert gateway.replicas()[0].port != port
    failed = until(lambda: here(serving) if here(serving).failed_words else None)
    assert failed.last_failure == "w1 ended as failed with exit status 3"
    assert failed.failed_replica == "w1"
    assert failed.failed_words.splitlines() == ["loading", "w1 ran out of memory"]


def test_a_crash_loop_slows_down(serving: Node, gateway: Gateway, runner: EngineRunner) -> None:
    runner.sick = True
    apply(serving, site(), service())
    # It may be over before anybody has seen it run.
    for number in (1, 2):
        until(lambda number=number: (f"w{number}", 1) in runner.runs)
        runner.end((f"w{number}", 1), "exited", 1)
    found = until(lambda: here(serving) if here(serving).failed_replica == "w2" else None)
    assert found.again_at_s == (found.failed_at_s or 0) + 2


def test_one_that_hangs_is_out_at_once_and_replaced_later(
    serving: Node, gateway: Gateway, runner: EngineRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spot, "SILENT_S", 1.0)
    apply(serving, site(), service())
    until(lambda: ids(gateway) == ["w1"])
    runner.engines["w1"].asleep.set()
    until(lambda: not ids(gateway))
    assert serving.workload("w1").state is State.RUNNING
    until(lambda: ids(gateway) == ["w2"])
    assert "w1 does not answer any more: no answer within" in here(serving).last_failure


def test_one_that_is_not_ready_in_time_is_replaced(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    runner.sick = True
    apply(serving, site(), service(readiness={"path": "/up", "within_s": 1}))
    until(lambda: ids(gateway, "starting") == ["w1"])
    until(lambda: runner.stops)
    runner.sick = False
    until(lambda: ids(gateway) == ["w2"])
    assert "w1 not ready within 1 s: it answered 'HTTP/1.0 503" in here(serving).last_failure


def test_a_gateway_that_got_no_answer_is_believed_at_once(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    apply(serving, site(), service())
    until(lambda: ids(gateway) == ["w1"])
    before = runner.engines["w1"].asked
    gateway.failed("w1")
    until(lambda: ids(gateway, "starting") == ["w1"])
    until(lambda: ids(gateway) == ["w1"])
    # Not at the first answer: it may well answer probes and no calls.
    assert runner.engines["w1"].asked >= before + 3
    assert len(runner.starts) == 1


def test_a_changed_document_brings_new_replicas_first(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    apply(serving, site(), service())
    until(lambda: ids(gateway) == ["w1"])
    seen = len(gateway.tables)
    apply(serving, service(command=["serve", "better"]))
    until(lambda: ids(gateway) == ["w2"])
    assert runner.orders["w2", 1].command == ("serve", "better")
    # At every table from then on somebody took calls.
    for table in gateway.tables[seen:]:
        assert any(one.state == "ready" for one in table.services[0].replicas)
    until(lambda: serving.workload("w1").state is State.CANCELLED)
    # A change of how many there are is no change of what they are.
    limits = {"min": 1, "max": 3, "in_flight": 5}
    apply(serving, service(command=["serve", "better"], replicas=limits))
    until(lambda: gateway.table.services[0].in_flight == 5)
    assert ids(gateway) == ["w2"]


def test_all_end_with_their_service_and_where_it_is_no_more(
    serving: Node, gateway: Gateway, runner: EngineRunner
) -> None:
    apply(serving, site(), site("there"), service())
    until(lambda: ids(gateway) == ["w1"])
    apply(serving, service(sites=["there"]))
    until(lambda: serving.workload("w1").state is State.CANCELLED)
    until(lambda: len(ids(gateway)) == 1)
    serving.remove("Service", "chat").result(WAIT_S)
    until(lambda: not gateway.table.services)
    until(lambda: serving.workload("w2").state is State.CANCELLED)
    assert serving.services() == ()


def test_a_reclaimed_one_drains_from_its_notice_on_and_the_next_says_what_it_waits_for(
    serving: Node, gateway: Gateway, clock: HandClock
) -> None:
    apply(serving, site(units=1), service())
    until(lambda: ids(gateway) == ["w1"])
    serving.submit(workload(access_class="owner")).result(WAIT_S)
    until(lambda: ids(gateway, "draining") == ["w1"])
    assert serving.workload("w1").state is State.STOPPING
    clock.at_s += 3
    until(lambda: serving.workload("w1").state is State.RECLAIMED)
    view = until(lambda: here(serving) if here(serving).held else None)
    assert view.why == ("no room",)
    assert view.last_failure == ""


def test_one_near_its_wall_time_has_a_successor_before_it_goes(
    serving: Node, gateway: Gateway, clock: HandClock
) -> None:
    limits = {"min": 1, "max": 1, "in_flight": 2}
    apply(serving, site(), service(wall_time_s=1000, replicas=limits))
    until(lambda: ids(gateway) == ["w1"])
    seen = len(gateway.tables)
    clock.at_s += 600
    until(lambda: ids(gateway) == ["w2"])
    assert all(
        any(one.state == "ready" for one in table.services[0].replicas)
        for table in gateway.tables[seen:]
    )
    until(lambda: serving.workload("w1").state is State.CANCELLED)


def test_what_can_never_run_is_not_asked_for_again_and_again(
    serving: Node, gateway: Gateway, clock: HandClock
) -> None:
    apply(serving, site(units=1), service(accelerators=2))
    view = until(
        lambda: here(serving) if serving.services() and here(serving).failed_at_s else None
    )
    assert view.last_failure == "no replica can run here: 1 accelerators there"
    assert view.again_at_s == clock.at_s + 600
    apply(serving, site(units=2))
    until(lambda: len(ids(gateway)) == 1)


@pytest.mark.parametrize("parts_s", [0.0, 0.3])
def test_a_node_that_comes_again_finds_its_replicas(
    open_serving: Callable[[], Node],
    runner: EngineRunner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts_s: float,
) -> None:
    node = open_serving()
    apply(node, site(), service(replicas={"min": 2, "max": 2}))
    first = Gateway(tmp_path)
    until(lambda: ids(first) == ["w1", "w2"])
    before = {one.id: one for one in first.replicas()}
    revision = first.table.revision
    first.close()
    made = PartMaker.made

    def later(self: PartMaker, picture: Picture, rates: Rates) -> Parts:
        time.sleep(parts_s)  # Probes answer first.
        return made(self, picture, rates)

    monkeypatch.setattr(PartMaker, "made", later)
    node = open_serving()
    gateway = Gateway(tmp_path)
    until(lambda: ids(gateway) == ["w1", "w2"])
    assert {one.id: one for one in gateway.replicas()} == before
    # No table before said that there is nobody: calls and limits go on by the last one.
    for said in gateway.tables:
        assert [one.state for entry in said.services for one in entry.replicas] == ["ready"] * 2
    assert gateway.table.revision != revision
    assert len(runner.starts) == 2
    gateway.close()


@pytest.mark.parametrize("kept", [True, False])
def test_a_lost_answer_starts_none_twice(
    kept: bool, serving: Node, gateway: Gateway, runner: EngineRunner, store: MemoryStore
) -> None:
    apply(serving, site(), service(replicas={"min": 0, "max": 3, "in_flight": 1}))
    until(lambda: gateway.table.services)
    store.failed_is_kept = kept
    store.appends_fail = 1
    gateway.load(load(waiting=2, arrived=2))
    until(lambda: len(ids(gateway)) == 2)
    assert len(runner.starts) == len(store.rows) == 2


def test_a_site_out_of_reach_keeps_what_answers(
    serving: Node,
    gateway: Gateway,
    runner: EngineRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spot, "SILENT_S", 0.2)
    apply(serving, site(), service(replicas={"min": 2, "max": 2}))
    until(lambda: ids(gateway) == ["w1", "w2"])
    runner.away = True
    until(lambda: serving.health().out_of_reach)
    runner.engines["w1"].asleep.set()
    until(lambda: ids(gateway) == ["w2"])
    # Not replaced, for nobody knows what is wrong there; in reach it would be by now.
    time.sleep(1.0)
    assert serving.workload("w1").state is State.RUNNING
    runner.engines["w1"].asleep.clear()
    until(lambda: ids(gateway) == ["w1", "w2"])
    runner.away = False


def test_only_the_node_itself_starts_replicas(serving: Node, store: MemoryStore) -> None:
    apply(serving, site())
    before = len(store.leaves)
    with pytest.raises(InvalidDocument, match="replica_of: only the node itself starts"):
        serving.submit(workload(replica_of={"service": "chat", "port": 21000})).result(WAIT_S)
    assert len(store.leaves) == before
