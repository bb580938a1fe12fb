"""What fails, and what the node does then: the log, the database, runners, restarts (X1-X3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from allod.domain.decision import Placement
from allod.errors import AllodError, Different, Unavailable
from allod.run.controller import Limits
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.recovery import views_differ
from tests.run.fifo_engine import FifoEngine
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 20
OpenNode = Callable[..., Node]


def state_of(node: Node, workload_id: str) -> State:
    return node.workload(workload_id).state


# ------------------------------------------------------------ the log


@pytest.mark.parametrize("kept", [False, True], ids=["not written", "written, answer lost"])
def test_a_failed_append_acknowledges_nothing_and_the_key_tells_what_became_of_it(
    node: Node, store: MemoryStore, runner: ScriptedRunner, kept: bool
) -> None:
    node.apply([site()]).result(WAIT_S)
    store.failed_is_kept, store.appends_fail = kept, 1
    with pytest.raises(Unavailable, match="connection broke"):
        node.submit(workload(), key="k").result(WAIT_S)
    until(node.ready)
    again = node.submit(workload(), key="k").result(WAIT_S)
    assert (again.workload_id, again.repeated) == ("w1", kept)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    assert runner.starts == [("w1", 1)] and len(store.rows) == 1
    assert views_differ(store) == ""


def test_one_failed_append_fails_its_whole_batch(node: Node, store: MemoryStore) -> None:
    node.apply([site()]).result(WAIT_S)
    store.gate.clear()
    futures = [node.submit(workload())]
    until(lambda: node.health().queue == 0)
    store.appends_fail = 1
    futures += [node.submit(workload()) for _ in range(3)]
    store.gate.set()
    for future in futures:
        with pytest.raises(Unavailable):
            future.result(WAIT_S)
    until(node.ready)
    assert store.rows == {}
    assert node.submit(workload()).result(WAIT_S).workload_id == "w1"


def test_a_database_that_goes_away_is_waited_for(
    node: Node, store: MemoryStore, runner: ScriptedRunner
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    store.down = True
    with pytest.raises(Unavailable, match="away"):
        node.submit(workload()).result(WAIT_S)
    assert not node.ready() and "away" in node.health().log
    with pytest.raises(Unavailable, match="ask again"):
        node.submit(workload()).result(0)  # At once: nobody waits for a node that cannot.
    runner.end(("w1", 1))
    store.down = False
    until(node.ready)
    until(lambda: state_of(node, "w1") is State.COMPLETED)
    assert node.submit(workload()).result(WAIT_S).workload_id == "w2"
    assert views_differ(store) == ""


def test_a_log_that_goes_away_is_noticed_though_nobody_writes(
    node: Node, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allod.run.controller._LOOK_EVERY_S", 0.01)
    revived: list[int] = []
    idle: list[int] = []
    node._controller.revive = lambda: revived.append(1)
    node._controller.idle = lambda: idle.append(1)
    until(lambda: idle)
    node.sites()
    assert idle == [1]  # Once, until something is written again.
    store.down = True
    until(lambda: not node.ready())
    until(lambda: revived)
    store.down = False
    until(node.ready)


def test_who_finds_another_writer_stops_and_says_so(node: Node, store: MemoryStore) -> None:
    node.apply([site()]).result(WAIT_S)
    store.leaves.append(store.leaves[-1])
    with pytest.raises(Unavailable):
        node.submit(workload()).result(WAIT_S)
    until(lambda: "the node has stopped: the log continues at" in node.health().log)
    with pytest.raises(Unavailable, match="has stopped"):
        node.submit(workload()).result(WAIT_S)


def test_a_full_queue_turns_away(open_node: OpenNode, store: MemoryStore) -> None:
    node = open_node(Limits(queue_requests=2))
    node.apply([site()]).result(WAIT_S)
    store.gate.clear()
    futures = [node.submit(workload())]
    until(lambda: node.health().queue == 0)
    futures += [node.submit(workload()) for _ in range(2)]
    with pytest.raises(Unavailable, match="2 requests are waiting"):
        node.submit(workload()).result(WAIT_S)
    store.gate.set()
    assert [future.result(WAIT_S).workload_id for future in futures] == ["w1", "w2", "w3"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_stops_the_node_and_leaves_nobody_waiting(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.apply([site()]).result(WAIT_S)

    def broken(self: FifoEngine, event: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FifoEngine, "step", broken)
    with pytest.raises(Unavailable, match="stopped"):
        node.submit(workload()).result(WAIT_S)
    until(lambda: "internal error" in node.health().log)
    with pytest.raises(Unavailable, match="internal error"):
        node.sites()


# ------------------------------------------------------------ restarts


def test_a_restart_goes_on_where_it_was(
    open_node: OpenNode, store: MemoryStore, runner: ScriptedRunner
) -> None:
    node = open_node()
    node.apply([site(units=2)]).result(WAIT_S)
    for _ in range(3):
        node.submit(workload(units=2), key=None).result(WAIT_S)
    node.submit(workload(), key="k").result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    again = open_node()
    assert store.snapshots
    repeated = again.submit(workload(), key="k").result(WAIT_S)
    assert (repeated.workload_id, repeated.repeated) == ("w4", True)
    assert again.submit(workload()).result(WAIT_S).workload_id == "w5"
    runner.end(("w1", 1))
    until(lambda: state_of(again, "w2") is State.RUNNING)
    assert runner.starts == [("w1", 1), ("w2", 1)]
    assert views_differ(store) == ""


def test_without_a_readable_snapshot_the_whole_log_is_told(
    open_node: OpenNode, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = open_node()
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    node.close()
    from allod.errors import InvalidInput
    from tests.run import conftest
    from tests.run.fifo_engine import fifo_maker

    def refuse(data: bytes) -> FifoEngine:
        raise InvalidInput("a snapshot of another version")

    monkeypatch.setattr(conftest, "fifo_maker", lambda: replace(fifo_maker(), restore=refuse))
    assert open_node().submit(workload()).result(WAIT_S).workload_id == "w2"


@pytest.mark.parametrize("change", ["other", "missing", "more"])
def test_a_log_that_is_decided_otherwise_now_stops_the_node(
    open_node: OpenNode, store: MemoryStore, change: str
) -> None:
    node = open_node()
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    node.close()
    store.snapshots.clear()
    seq = next(leaf.seq for leaf in store.leaves if leaf.kind == "decision/Placement")
    placed = store.leaves[seq]
    match change:
        case "other":
            store.leaves[seq] = replace(placed, body=placed.body.replace(b"here", b"hell"))
        case "missing":
            store.leaves[seq] = replace(store.leaves[0], seq=seq)
        case "more":
            store.leaves[seq + 1] = replace(placed, seq=seq + 1)
    with pytest.raises(Different, match=f"leaf {seq + (change == 'more')} "):
        open_node()


def test_views_that_lag_behind_are_made_again(open_node: OpenNode, store: MemoryStore) -> None:
    node = open_node()
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    node.close()
    before = store.views_dump()
    store.rows.clear()
    store.revisions.clear()
    store.made_seq = 1
    again = open_node()
    again.close()
    assert store.views_dump() == before


def test_acts_left_open_are_performed_after_a_restart(
    open_node: OpenNode, store: MemoryStore, runner: ScriptedRunner
) -> None:
    runner.away = True
    node = open_node()
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: store.acts["w1.1.start"].attempts)
    runner.away = False
    store.acts["w1.1.start"] = replace(store.acts["w1.1.start"], not_before_s=0)
    again = open_node()
    until(lambda: state_of(again, "w1") is State.RUNNING)
    assert runner.starts == [("w1", 1)]


def test_snapshots_shorten_the_way_back(open_node: OpenNode, store: MemoryStore) -> None:
    node = open_node(Limits(snapshot_events=5))
    node.apply([site()]).result(WAIT_S)
    for _ in range(12):
        node.submit(workload()).result(WAIT_S)
    until(lambda: len(store.snapshots) >= 2)
    # Each stands between two events; the last one perhaps at the end of the log.
    for seq in store.snapshots:
        assert not any(leaf.kind.startswith("decision/") for leaf in store.leaves[seq : seq + 1])


# ------------------------------------------------------------ runners


def test_a_lost_answer_is_asked_for_again_and_starts_nothing_twice(
    node: Node, store: MemoryStore, runner: ScriptedRunner, clock: HandClock
) -> None:
    runner.answers_lost = 2
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: store.acts["w1.1.start"].attempts == 1)
    assert store.acts["w1.1.start"].state == "unknown"

    def turned() -> bool:
        clock.at_s += 1
        return store.acts["w1.1.start"].state == "done"

    until(turned)
    assert runner.starts == [("w1", 1)] and runner.answers_lost == 0
    assert state_of(node, "w1") is State.RUNNING


def test_a_refusal_ends_the_run_and_is_not_asked_again(
    node: Node, store: MemoryStore, runner: ScriptedRunner
) -> None:
    runner.refuses = True
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.FAILED)
    assert "no such partition" in node.workload("w1").detail
    until(lambda: store.acts["w1.1.start"].state == "refused")


@pytest.mark.parametrize("spec", [{"command": []}, {"container": "image"}])
def test_what_the_runner_cannot_do_is_refused(
    node: Node, runner: ScriptedRunner, spec: dict[str, object]
) -> None:
    node.apply([site()]).result(WAIT_S)
    node.submit(workload(**spec)).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.FAILED)
    assert "not started" in node.workload("w1").detail and runner.starts == []


def test_out_of_reach_keeps_the_room(
    node: Node, runner: ScriptedRunner, store: MemoryStore
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    node.submit(workload()).result(WAIT_S)
    runner.away = True
    until(lambda: node.health().out_of_reach == ("here",))
    view = node.workload("w1")
    assert view.state is State.RUNNING and view.out_of_reach
    assert not node.sites()[0].in_reach and node.sites()[0].in_use == 1
    assert state_of(node, "w2") is State.WAITING and not node.workload("w2").out_of_reach
    assert node.submit(workload()).result(WAIT_S).workload_id == "w3"  # X4
    runner.away = False
    until(lambda: node.sites()[0].in_reach)
    assert state_of(node, "w1") is State.RUNNING
    assert not node.workload("w1").out_of_reach


def test_a_runner_that_answers_and_knows_nothing_has_lost_it(
    node: Node, runner: ScriptedRunner
) -> None:
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    runner.forgets = True
    until(lambda: state_of(node, "w1") is State.LOST)


def test_absent_says_nothing_while_the_start_is_unanswered(
    node: Node, runner: ScriptedRunner, store: MemoryStore
) -> None:
    runner.answers_lost, runner.forgets = 10**6, True
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: store.acts["w1.1.start"].attempts)
    for _ in range(5):
        node._watches._kept["local"][1].look(whole=True)
    assert state_of(node, "w1") is State.PLACED


def test_an_end_is_told_once_though_it_is_reported_again(
    node: Node, runner: ScriptedRunner, store: MemoryStore
) -> None:
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    runner.end(("w1", 1))
    until(lambda: runner.acknowledged)
    runner.acknowledged.clear()  # As if the node had been killed before it could say so.
    until(lambda: runner.acknowledged)
    assert [leaf.kind for leaf in store.leaves].count("event/WorkloadEnded") == 1


def test_an_act_that_could_not_be_noted_is_repeated_without_harm(
    node: Node, store: MemoryStore, runner: ScriptedRunner, clock: HandClock
) -> None:
    node.apply([site()]).result(WAIT_S)
    noted = store.acts_done

    def failing(*args: object) -> None:
        raise Unavailable("just now")

    store.acts_done = failing  # type: ignore[method-assign, assignment]
    placed = node.submit(workload()).result(WAIT_S)
    assert isinstance(placed.decision, Placement)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    store.acts_done = noted  # type: ignore[method-assign]

    def turned() -> bool:
        clock.at_s += 1
        return store.acts["w1.1.start"].state == "done"

    until(turned)
    assert runner.starts == [("w1", 1)]


def test_a_node_that_is_closed_says_so(node: Node) -> None:
    node.close()
    with pytest.raises(AllodError, match="closed"):
        node.submit(workload()).result(WAIT_S)
