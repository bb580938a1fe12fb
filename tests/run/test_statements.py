"""Statements of a node: what its documents and its log come to, and a leaf for each change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from allod.bootstrap import open_node
from allod.config import Config
from allod.domain.document import Document, from_json
from allod.errors import InvalidInput, NotFound, Unavailable
from allod.prove.sovereignty.canonical import digest, to_bytes
from allod.prove.sovereignty.facts import Stated
from allod.prove.sovereignty.grade import Grade
from allod.prove.sovereignty.statement import Statement
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.records import StatementChanged, record_of
from allod.run.recovery import rebuild_views, views_differ
from allod.run.statement_changes import StatementChanges
from allod.run.statements import Statements, Terms
from tests.run.fifo_engine import fifo_maker
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 20
ON = Date(2026, 11, 22)
ON_S = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
TERMS = Terms(on=ON)
KEY = "allod-test+0123abcd+AAAA"


def document(kind: str, name: str, **spec: Any) -> Document:
    return from_json(
        {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    )


def party(name: str = "operator", **spec: Any) -> Document:
    return document("Party", name, **{"title": name, "seat": "NO", "dispersed": True, **spec})


OURS = document("Project", "ours", country="MA")


def fact(statement: Statement, name: str) -> Stated:
    return next(item for item in statement.facts if item.fact == name)


def changes(store: MemoryStore) -> list[StatementChanged]:
    """What was recorded of statements."""
    records = [record_of(leaf) for leaf in store.leaves if leaf.kind == "admin/StatementChanged"]
    return [record for record in records if isinstance(record, StatementChanged)]


@pytest.fixture
def clock() -> HandClock:
    return HandClock(ON_S)


def sealed(node: Node, store: MemoryStore, key: str = KEY) -> Statements:
    return Statements(node._controller, store, lambda: key)


@pytest.fixture
def watched(store: MemoryStore, clock: HandClock) -> Callable[[Node], StatementChanges]:
    """Looks at the statements of a node when told, with nothing remembered."""

    def made(node: Node) -> StatementChanges:
        return StatementChanges(node._controller, store, clock, sealed(node, store))

    return made


# ---------------------------------------------------------------- what is stated


def test_a_site_is_judged_by_its_documents_as_they_are_now(node: Node) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    before = node.statements.of_site("here", TERMS)
    assert (before.subject, before.on, before.home) == ("Site/here", ON, ("NO",))
    assert fact(before, "country").grade is Grade.DECLARED
    node.apply([site(management=["US"])]).result(WAIT_S)
    after = node.statements.of_site("here", TERMS)
    assert fact(after, "management").value == ("US",)
    assert digest(before) != digest(after)


def test_home_and_seal_are_terms(node: Node) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    asked = Terms(on=ON, home=("MA",), least_seal=0)
    found = node.statements.of_site("here", asked)
    assert found.home == ("MA",) and found.claimed.csf.passed
    with pytest.raises(InvalidInput, match="SEAL-9"):
        node.statements.of_site("here", Terms(on=ON, least_seal=9))


def test_the_log_is_evidence_of_itself_only_if_it_is_sealed(node: Node, store: MemoryStore) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    found = sealed(node, store).of_site("here", TERMS)
    log = fact(found, "decision-log")
    assert (log.value, log.grade, log.source) == ("sealed", Grade.PROVED, KEY)
    assert log.origin == "log allod-test"
    bare = node.statements.of_site("here", TERMS)
    assert all(item.fact != "decision-log" for item in bare.facts)
    # It answers no criterion: those ask about every log of the service.
    assert found.claimed == bare.claimed and found.evidenced == bare.evidenced


def test_a_placement_is_proved_by_its_leaf(
    node: Node, store: MemoryStore, runner: ScriptedRunner
) -> None:
    held = document("Dataset", "held", stored_at=["there"])
    there = site("there", units=1, country="MA")
    node.apply([site(), there, party(), OURS, held]).result(WAIT_S)
    node.submit(workload(reads=["held"])).result(WAIT_S)
    until(lambda: node.workload("w1").state is State.RUNNING)
    found = sealed(node, store).of_workload("w1", TERMS)
    assert (found.subject, found.site) == ("Workload/w1", "here")
    placed = fact(found, "placement")
    (leaf,) = [leaf for leaf in store.leaves if leaf.kind == "decision/Placement"]
    assert (placed.value, placed.grade) == ("here/p", Grade.PROVED)
    assert (placed.origin, placed.note) == (f"log leaf {leaf.seq}", "run 1")
    assert fact(found, "storage").value == ("MA", "NO")
    assert fact(found, "project-seat").value == ("MA",)
    # Without a seal nobody else can check it.
    assert fact(node.statements.of_workload("w1", TERMS), "placement").grade is Grade.DECLARED


def test_work_that_waits_again_says_where_it_was(
    node: Node, clock: HandClock, runner: ScriptedRunner
) -> None:
    node.apply([site(units=1), party(), OURS]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    until(lambda: node.workload("w1").state is State.RUNNING)
    node.submit(workload(access_class="owner")).result(WAIT_S)
    clock.at_s += 3  # Its notice is over.
    until(lambda: runner.stops)
    runner.end(("w1", 1), "stopped", None)
    until(lambda: node.workload("w1").state is State.WAITING)
    note = fact(node.statements.of_workload("w1", TERMS), "placement").note
    assert note == "run 1; it waits for another placement"


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda made: made.of_site("hear", TERMS), "no Site is called 'hear'"),
        (lambda made: made.of_workload("w9", TERMS), "there is no workload 'w9'"),
        (lambda made: made.of_workload("w1", TERMS), "has been placed nowhere"),
    ],
)
def test_what_is_not_there_has_no_statement(
    node: Node, ask: Callable[[Statements], Any], says: str
) -> None:
    node.apply([site(units=1), party(), OURS]).result(WAIT_S)
    node.submit(workload(units=2)).result(WAIT_S)
    with pytest.raises(NotFound, match=says):
        ask(node.statements)


def test_work_of_a_project_without_a_document_has_no_statement(node: Node) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    node.submit(workload()).result(WAIT_S)
    with pytest.raises(NotFound, match="no Project is called 'ours'"):
        node.statements.of_workload("w1", TERMS)


# ---------------------------------------------------------------- a change is a leaf


def test_a_change_is_recorded_once_and_says_what_it_says(
    node: Node, store: MemoryStore, watched: Callable[[Node], StatementChanges]
) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    watch = watched(node)
    watch.look()
    watch.look()
    (first,) = changes(store)
    assert first.site == "here" and first.at_s == ON_S
    assert first.says.startswith("no: keys, chip, ")
    statement = sealed(node, store).of_site("here", TERMS)
    assert first.sha256 == digest(statement)
    # As anybody can find out from what `allod report` gives.
    value = json.loads(to_bytes(statement))
    del value["on"]
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert first.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_only_a_fact_that_it_rests_on_changes_it(
    node: Node, store: MemoryStore, watched: Callable[[Node], StatementChanges]
) -> None:
    other = site("there", units=1, operator="else")
    node.apply([site(), other, party(), party("else")]).result(WAIT_S)
    watch = watched(node)
    watch.look()
    assert [item.site for item in changes(store)] == ["here", "there"]
    node.apply([site(units=9), OURS]).result(WAIT_S)  # More accelerators, and a project.
    watch.look()
    assert len(changes(store)) == 2
    node.apply([party("else", seat="US")]).result(WAIT_S)
    watch.look()
    assert [item.site for item in changes(store)] == ["here", "there", "there"]
    node.remove("Party", "operator").result(WAIT_S)
    watch.look()
    assert [item.site for item in changes(store)][3:] == ["here"]


def test_an_attestation_that_runs_out_is_a_change_without_a_document(
    node: Node,
    store: MemoryStore,
    clock: HandClock,
    watched: Callable[[Node], StatementChanges],
) -> None:
    said = {"fact": "keys-held-by", "answer": "customer", "grade": "attested", "by": "An auditor"}
    node.apply([site(declarations=[{**said, "until": "2026-11-23"}]), party()]).result(WAIT_S)
    watch = watched(node)
    watch.look()
    for days, count in ((1, 1), (2, 2), (3, 2)):
        clock.at_s = ON_S + int(timedelta(days=days).total_seconds())
        watch.look()
        assert len(changes(store)) == count


def test_a_new_life_records_what_the_last_one_left_out_and_nothing_twice(
    open_node: Callable[..., Node],
    store: MemoryStore,
    watched: Callable[[Node], StatementChanges],
) -> None:
    node = open_node()
    node.apply([site(), party()]).result(WAIT_S)
    watched(node).look()
    node = open_node()
    watched(node).look()
    assert len(changes(store)) == 1
    node.apply([site(metadata=["US"])]).result(WAIT_S)
    node = open_node()  # It ended before it looked.
    watched(node).look()
    assert len(changes(store)) == 2
    rebuild_views(store)
    assert not views_differ(store)
    watched(open_node()).look()
    assert len(changes(store)) == 2


@pytest.mark.parametrize("kept", [False, True])
def test_a_leaf_whose_answer_was_lost_is_not_written_twice(
    node: Node,
    store: MemoryStore,
    watched: Callable[[Node], StatementChanges],
    kept: bool,
) -> None:
    node.apply([site(), party()]).result(WAIT_S)
    watch = watched(node)
    store.failed_is_kept, store.appends_fail = kept, 1
    with pytest.raises(Unavailable):
        watch.look()
    until(node.ready)
    watch.look()
    assert len(changes(store)) == 1


def test_a_real_node_does_it_by_itself_and_the_leaf_is_sealed(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, log_cadence_s=1)

    def said(node: Node) -> list[StatementChanged]:
        records = [
            record_of(leaf) for leaf in node._store.read() if leaf.kind == "admin/StatementChanged"
        ]
        return [record for record in records if isinstance(record, StatementChanged)]

    with open_node(tmp_path, config=config, maker=fifo_maker()) as node:
        node.apply([site(), party()]).result(WAIT_S)
        until(lambda: len(said(node)) == 1)
        node.apply([party(seat="US")]).result(WAIT_S)
        until(lambda: len(said(node)) == 2)
        first, second = said(node)
        assert "control" not in first.says and second.says.startswith("no: control, ")
        today = datetime.fromtimestamp(node.now_s(), UTC).date()
        statement = node.statements.of_site("here", Terms(on=today))
        assert digest(statement) == second.sha256
        assert fact(statement, "decision-log").source == node.evidence.key
    with open_node(tmp_path, config=config, maker=fifo_maker()) as node:
        until(lambda: node._changes._looked_at)
        assert len(said(node)) == 2
