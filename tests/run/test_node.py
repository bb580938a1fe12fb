"""A node from outside: submit, hold, run, end, cancel, reclaim, and what it shows of it."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from allod.domain.decision import Decision, Hold, Placement, Reclaim, Refusal
from allod.domain.document import from_json
from allod.domain.event import Outcome
from allod.errors import Conflict, InvalidDocument, InvalidInput, NotFound
from allod.run import controller
from allod.run.node import Node
from allod.run.node_views import LIVE_STATES, Role, State, Submitted, WorkloadQuery
from allod.run.ports import RunReport, StartOrder
from allod.run.recovery import views_differ
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 20


def state_of(node: Node, workload_id: str) -> State:
    return node.workload(workload_id).state


def test_a_workload_is_placed_started_and_ends(node: Node, runner: ScriptedRunner) -> None:
    node.apply([site()], actor="op").result(WAIT_S)
    submitted = node.submit(workload("train", 2), actor="me").result(WAIT_S)
    assert submitted.workload_id == "w1" and not submitted.repeated
    assert isinstance(submitted.decision, Placement)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    view = node.workload("w1")
    assert (view.name, view.site, view.run, view.accelerators) == ("train", "here", 1, 2)
    assert view.actor == "me" and view.nodes == ((0, 2),)
    runner.end(("w1", 1), "exited", 3)
    until(lambda: state_of(node, "w1") is State.FAILED)
    assert node.workload("w1").exit_status == 3
    until(lambda: runner.acknowledged == [("w1", 1)])


def test_a_run_that_ends_before_its_start_is_answered_has_begun_too(
    node: Node, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = runner.start

    def over_at_once(order: StartOrder) -> RunReport:
        key = (order.workload_id, order.run)
        began = start(order)
        runner.end(key)
        # The watch sees the end before the node hears that it has begun.
        until(lambda: key in runner.acknowledged)
        return began

    monkeypatch.setattr(runner, "start", over_at_once)
    node.apply([site()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.COMPLETED)
    assert node.workload("w1").started_at_s is not None


def test_order_of_start_says_what_the_document_says(node: Node, runner: ScriptedRunner) -> None:
    node.apply([site(stop_time_s=7)]).result(WAIT_S)
    asked = workload(command=["sh", "-c", "x"], environment={"B": "2", "A": "1"}, wall_time_s=90)
    node.submit(asked).result(WAIT_S)
    order = until(lambda: runner.orders.get(("w1", 1)))
    assert order.command == ("sh", "-c", "x")
    assert order.environment == (("A", "1"), ("B", "2"))
    assert (order.wall_time_s, order.grace_s, order.site, order.pool) == (90, 7, "here", "p")


def test_held_work_is_placed_when_room_is_free(node: Node, runner: ScriptedRunner) -> None:
    node.apply([site(units=2)]).result(WAIT_S)
    node.submit(workload(units=2)).result(WAIT_S)
    held = node.submit(workload(units=1)).result(WAIT_S)
    assert isinstance(held.decision, Hold)
    assert node.workload("w2").reasons[0].code == "no-room"
    until(lambda: state_of(node, "w1") is State.RUNNING)
    runner.end(("w1", 1))
    until(lambda: state_of(node, "w2") is State.RUNNING)
    assert state_of(node, "w1") is State.COMPLETED


def test_refused_work_stays_refused(node: Node, runner: ScriptedRunner) -> None:
    node.apply([site(units=2)]).result(WAIT_S)
    refused = node.submit(workload(units=3)).result(WAIT_S)
    assert isinstance(refused.decision, Refusal)
    assert state_of(node, "w1") is State.REFUSED
    assert isinstance(node.why("w1"), Refusal)
    assert runner.starts == []


def test_what_cannot_be_accepted_leaves_nothing(node: Node, store: MemoryStore) -> None:
    node.apply([site()]).result(WAIT_S)
    before = len(store.leaves)
    with pytest.raises(InvalidInput, match="barred"):
        node.submit(workload(project="barred"), key="k").result(WAIT_S)
    with pytest.raises(InvalidDocument, match="cannot be submitted"):
        node.submit(site()).result(WAIT_S)
    with pytest.raises(InvalidDocument, match="cannot be applied"):
        node.apply([workload()]).result(WAIT_S)
    assert len(store.leaves) == before
    assert node.submit(workload(), key="k").result(WAIT_S).workload_id == "w1"


def test_text_that_is_no_text_is_refused_and_harms_nobody(node: Node) -> None:
    node.apply([site()]).result(WAIT_S)
    with pytest.raises(InvalidDocument, match="Workload/job holds what cannot be written"):
        node.submit(workload(command=["\ud800"])).result(WAIT_S)
    scenario = from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Scenario",
            "metadata": {"name": "s"},
            "spec": {
                "title": "s",
                "assumptions": [{"document": "Site/here", "path": "title", "value": ["\ud800"]}],
            },
        }
    )
    with pytest.raises(InvalidDocument, match="Scenario/s holds what cannot be written"):
        node.apply([scenario]).result(WAIT_S)
    with pytest.raises(InvalidInput, match="name of a token"):
        node.token_make("a\nb", Role.READ)
    assert node.submit(workload(command=["é"])).result(WAIT_S).workload_id == "w1"


def test_the_same_key_gives_the_same_answer(node: Node, store: MemoryStore) -> None:
    node.apply([site()]).result(WAIT_S)
    first = node.submit(workload(), actor="me", key="k").result(WAIT_S)
    again = node.submit(workload(), actor="me", key="k").result(WAIT_S)
    assert again.repeated and (again.workload_id, again.decision) == ("w1", first.decision)
    with pytest.raises(Conflict, match="key stands for another request"):
        node.submit(workload(units=2), actor="me", key="k").result(WAIT_S)
    other = node.submit(workload(), actor="you", key="k").result(WAIT_S)
    assert other.workload_id == "w2"
    assert len(store.rows) == 2


def test_the_same_key_twice_in_one_batch_is_one_workload(node: Node, store: MemoryStore) -> None:
    node.apply([site()]).result(WAIT_S)
    store.gate.clear()
    first = node.submit(workload("first"))
    until(lambda: node.health().queue == 0)
    pair = [node.submit(workload(), key="k") for _ in range(2)]
    store.gate.set()
    answers = [future.result(WAIT_S) for future in pair]
    assert first.result(WAIT_S).workload_id == "w1"
    assert [answer.workload_id for answer in answers] == ["w2", "w2"]
    assert [answer.repeated for answer in answers] == [False, True]


def test_nothing_is_answered_or_started_before_it_is_durable(
    node: Node, store: MemoryStore, runner: ScriptedRunner
) -> None:
    node.apply([site()]).result(WAIT_S)
    store.gate.clear()
    futures = [node.submit(workload()) for _ in range(3)]
    until(lambda: node.health().queue < 3)
    assert not any(future.done() for future in futures)
    assert runner.starts == [] and store.rows == {}
    appends = store.appends
    store.gate.set()
    assert {future.result(WAIT_S).workload_id for future in futures} == {"w1", "w2", "w3"}
    until(lambda: len(runner.starts) == 3)
    assert store.appends - appends <= 2 + 3  # Two batches at most, and one Begun each.


def test_what_comes_while_a_crowd_gathers_shares_its_append(
    node: Node, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    store.gate.clear()
    first = node.submit(workload(units=2))
    until(lambda: node.health().queue == 0)
    crowd = [first, *(node.submit(workload(units=2)) for _ in range(5))]
    late: list[Future[Submitted]] = []

    def one_more_comes(seconds: float) -> None:
        if len(late) < 3:
            late.append(node.submit(workload(units=2)))

    monkeypatch.setattr(controller, "time", SimpleNamespace(sleep=one_more_comes))
    store.gate.set()
    assert len({future.result(WAIT_S).workload_id for future in crowd}) == 6
    appends = store.appends
    assert node.submit(workload(units=2)).result(WAIT_S).workload_id == "w7"
    assert [future.result(WAIT_S).workload_id for future in late] == ["w8", "w9", "w10"]
    assert store.appends - appends == 1


def test_waiting_work_is_cancelled_at_once_and_running_work_when_it_has_ended(
    node: Node, runner: ScriptedRunner
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    view = node.cancel("w2", actor="me").result(WAIT_S)
    assert (view.state, view.cancelled_by) == (State.CANCELLED, "me")
    until(lambda: state_of(node, "w1") is State.RUNNING)
    assert node.cancel("w1").result(WAIT_S).state is State.STOPPING
    until(lambda: state_of(node, "w1") is State.CANCELLED)
    assert runner.stops == [(("w1", 1), 30, "cancelled")]
    assert node.cancel("w1").result(WAIT_S).state is State.CANCELLED
    with pytest.raises(NotFound, match="w9"):
        node.cancel("w9").result(WAIT_S)


def test_lent_room_is_reclaimed_at_its_time_and_the_work_comes_again(
    node: Node, runner: ScriptedRunner, clock: HandClock
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload("guest")).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    held = node.submit(workload("owner", access_class="owner")).result(WAIT_S)
    assert isinstance(held.decision, Hold)
    view = node.workload("w1")
    assert (view.state, view.stop_at_s) == (State.STOPPING, clock.at_s + 2)
    assert runner.stops == []
    clock.at_s += 2
    until(lambda: state_of(node, "w2") is State.RUNNING)
    assert runner.stops == [(("w1", 1), 30, "reclaimed")]
    waiting = node.workload("w1")
    assert waiting.state is State.WAITING and waiting.outcome is Outcome.RECLAIMED
    story = [type(item.record) for item in node.decisions("w1").items]
    assert story == [Reclaim, Placement]
    runner.end(("w2", 1))
    until(lambda: state_of(node, "w1") is State.RUNNING)
    assert node.workload("w1").run == 2 and ("w1", 2) in runner.starts


def test_who_cancels_while_it_is_reclaimed_gets_it_cancelled(
    node: Node, runner: ScriptedRunner
) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload("guest")).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    node.submit(workload("owner", access_class="owner")).result(WAIT_S)
    node.cancel("w1").result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.CANCELLED)
    until(lambda: state_of(node, "w2") is State.RUNNING)
    assert [run for run in runner.starts if run[0] == "w1"] == [("w1", 1)]


def test_a_site_without_runner_ends_its_work_at_its_wall_time(
    node: Node, runner: ScriptedRunner, clock: HandClock
) -> None:
    node.apply([site(runner="none")]).result(WAIT_S)
    node.submit(workload(wall_time_s=60)).result(WAIT_S)
    node.submit(workload(wall_time_s=600)).result(WAIT_S)
    clock.at_s += 60
    until(lambda: state_of(node, "w1") is State.COMPLETED)
    node.cancel("w2").result(WAIT_S)
    clock.at_s += 1
    until(lambda: state_of(node, "w2") is State.CANCELLED)
    assert runner.starts == []


def test_time_alone_places_work_when_its_hour_has_come(node: Node, clock: HandClock) -> None:
    node.apply([site()]).result(WAIT_S)
    flexibility = {"not_before": clock.at_s + 1}
    held = node.submit(workload(flexibility=flexibility)).result(WAIT_S)
    assert isinstance(held.decision, Hold)
    clock.at_s += 1
    until(lambda: state_of(node, "w1") is State.RUNNING)


def test_the_time_of_the_log_never_goes_back(
    node: Node, store: MemoryStore, clock: HandClock
) -> None:
    node.apply([site()]).result(WAIT_S)
    clock.at_s -= 500
    node.submit(workload()).result(WAIT_S)
    times = [leaf.at_s for leaf in store.leaves]
    assert times == sorted(times)


def test_documents_come_change_stay_and_go(node: Node, store: MemoryStore) -> None:
    def whats(units: int, *, dry_run: bool = False) -> list[str]:
        changes = node.apply([site(units=units)], dry_run=dry_run).result(WAIT_S)
        return [change.what for change in changes]

    assert whats(1, dry_run=True) == ["created"]
    assert node.documents() == []
    assert [whats(1), whats(1), whats(2, dry_run=True), whats(2)] == [
        ["created"],
        ["unchanged"],
        ["changed"],
        ["changed"],
    ]
    leaves = len(store.leaves)
    whats(2)
    assert len(store.leaves) == leaves
    node.remove("Site", "here").result(WAIT_S)
    assert node.documents("Site") == []
    with pytest.raises(NotFound, match="there is no Site yet"):
        node.remove("Site", "here").result(WAIT_S)
    assert whats(3) == ["created"]
    assert [row.revision for row in store.document_revisions("Site", "here")] == [1, 2, 3, 4]
    with pytest.raises(NotFound, match="did you mean here"):
        node.document("Site", "heer")
    assert views_differ(store) == ""


def test_a_dry_run_fails_as_the_real_one_would(node: Node, store: MemoryStore) -> None:
    charter = from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Charter",
            "metadata": {"name": "c"},
            "spec": {"site": "here", "classes": [{"name": "a"}]},
        }
    )
    before = len(store.leaves)
    for dry_run in (True, False):
        with pytest.raises(InvalidInput, match="no charters"):
            node.apply([site(), charter], dry_run=dry_run).result(WAIT_S)
    assert len(store.leaves) == before and node.documents() == []


def test_sites_show_what_is_free(node: Node) -> None:
    node.apply([site(units=4)]).result(WAIT_S)
    node.submit(workload(units=3)).result(WAIT_S)
    node.submit(workload(units=2)).result(WAIT_S)
    (view,) = node.sites()
    assert (view.live, view.in_use, view.free, view.running, view.waiting) == (4, 3, 1, 1, 1)
    assert view.country.value == "NO" and view.in_reach
    assert view.power_committed_w == 3000
    with pytest.raises(NotFound, match="here"):
        node.site("her")


def test_lists_go_page_by_page(node: Node) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    for _ in range(5):
        node.submit(workload()).result(WAIT_S)
    first = node.workloads(limit=2)
    second = node.workloads(limit=2, after=first.after)
    third = node.workloads(limit=2, after=second.after)
    ids = [view.workload_id for page in (first, second, third) for view in page.items]
    assert ids == ["w5", "w4", "w3", "w2", "w1"] and third.after is None
    waiting = WorkloadQuery(states=frozenset({State.WAITING}))
    assert len(node.workloads(waiting).items) == node.workloads_count(waiting).count == 4
    assert [view.workload_id for view in node.workloads(skip=3).items] == ["w2", "w1"]
    # The node goes on: it tells of starts, and of the site when there is time for it.
    least = node.health().seq
    assert least <= node.workloads_count().at_seq <= node.health().seq
    page = node.decisions(limit=3)
    rest = node.decisions(limit=100, after=page.after)
    seqs = [item.seq for item in (*page.items, *rest.items)]
    assert len(seqs) == 5 and seqs == sorted(seqs, reverse=True)
    with pytest.raises(InvalidInput, match="cursor"):
        node.workloads(after="x")
    with pytest.raises(InvalidInput, match="limit 0"):
        node.workloads(limit=0)


def test_why_explains_what_lives(node: Node) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    explained = node.why("w2")
    assert not isinstance(explained, Decision) and explained.state == "waiting"
    with pytest.raises(NotFound, match="w9"):
        node.why("w9")


def test_output_is_found_by_run(node: Node) -> None:
    node.apply([site(units=1)]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    assert node.logs("w1", offset=5).data == b"stdout"
    with pytest.raises(NotFound, match="no run yet"):
        node.logs("w2")
    with pytest.raises(NotFound, match="runs 1 to 1"):
        node.logs("w1", run=2)


def test_tokens_open_until_they_are_removed(node: Node, store: MemoryStore) -> None:
    secret = node.token_make("ci", Role.SUBMIT)
    token = node.token_check(secret)
    assert token is not None and (token.name, token.role) == ("ci", Role.SUBMIT)
    assert node.token_check(secret + "x") is None
    assert all(secret.encode() not in leaf.body for leaf in store.leaves)
    with pytest.raises(Conflict, match="ci"):
        node.token_make("ci", Role.READ)
    node.token_remove("ci")
    assert node.token_check(secret) is None and node.tokens() == []
    with pytest.raises(NotFound, match="ci"):
        node.token_remove("ci")
    assert node.token_check(node.token_make("ci", Role.READ)) is not None
    auditor = node.token_check(node.token_make("court", Role.AUDITOR))
    assert auditor is not None and auditor.role is Role.AUDITOR
    assert views_differ(store) == ""


def test_followers_see_every_leaf_once_and_no_administrative_one(node: Node) -> None:
    woken: list[int] = []
    follower = node.follow(-1, wake=lambda: woken.append(1))
    node.apply([site(units=1)]).result(WAIT_S)
    node.token_make("ci", Role.READ)
    node.submit(workload()).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: state_of(node, "w1") is State.RUNNING)
    seen = []
    while leaves := follower.take(limit=2):
        seen += leaves
    kinds = [leaf.kind for leaf in seen]
    assert kinds[:3] == ["event/NodeStarted", "event/DocumentsApplied", "event/WorkloadSubmitted"]
    assert not any(kind.startswith("admin/") for kind in kinds)
    assert len({leaf.seq for leaf in seen}) == len(seen)
    late = node.follow(seen[1].seq)
    assert late.take(limit=100)[0].seq == seen[2].seq
    woke = len(woken)
    follower.close()
    node.cancel("w2").result(WAIT_S)
    assert woke > 0 and len(woken) == woke


def test_views_equal_those_folded_anew(
    node: Node, store: MemoryStore, runner: ScriptedRunner, clock: HandClock
) -> None:
    node.apply([site(units=2), site("planned", 3, "none")]).result(WAIT_S)
    for number in range(8):
        access_class = "owner" if number == 5 else "guest"
        node.submit(workload(units=1 + number % 4, access_class=access_class)).result(WAIT_S)
    node.cancel("w3").result(WAIT_S)
    clock.at_s += 100
    until(lambda: ("w1", 1) in runner.starts)
    runner.end(("w1", 1))
    # Its notice is over as well: if the stop came first, it was reclaimed and runs again.
    until(lambda: state_of(node, "w1") not in LIVE_STATES or node.workload("w1").run == 2)
    assert views_differ(store) == ""
    row = store.rows["w1"]
    store.rows["w1"] = type(row)(
        **{name: getattr(row, name) for name in row.__slots__} | {"run": 9}
    )
    assert views_differ(store) == "workload w1"
