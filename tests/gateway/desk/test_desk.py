"""A desk, its worker and what becomes of calls when either is killed."""

from __future__ import annotations

import os
import signal

from tests.gateway.desk.surroundings import Desk, Engine, Node, held_call, ids_of, until


def test_a_call_becomes_one_record_in_the_database(desk: Desk, node: Node, database: str) -> None:
    answer = desk.chat()
    assert answer.status_code == 200
    until(desk.store.records, "the record is shipped")
    [record] = desk.store.records()
    assert record.id == answer.headers["x-request-id"]
    assert (record.project, record.site, record.outcome) == ("school", "narvik", "completed")
    assert (record.prompt_tokens, record.answer_tokens) == (7, 3)
    until(lambda: node.loads.loads and node.loads.loads[0].arrived == 1, "the node hears of it")


def test_a_killed_worker_is_replaced_and_its_calls_are_counted_once(
    desk: Desk, engine: Engine, database: str
) -> None:
    ids = {desk.chat().headers["x-request-id"] for _ in range(5)}
    [worker] = desk.worker_pids()
    with held_call(desk, engine):
        os.kill(worker, signal.SIGKILL)
    until(desk.answers, "another worker answers")
    assert worker not in desk.worker_pids()
    ids |= {desk.chat().headers["x-request-id"] for _ in range(5)}
    until(lambda: len(ids_of(database)) == 11, "all records are there")
    found = {record.id: record for record in desk.store.records()}
    [lost] = found.keys() - ids
    assert found[lost].outcome == "interrupted"
    assert found[lost].site == "narvik"
    assert len(engine.calls) == 11


def test_a_killed_desk_loses_nothing_and_counts_nothing_twice(
    desk: Desk, node: Node, engine: Engine, database: str
) -> None:
    ids = {desk.chat().headers["x-request-id"] for _ in range(3)}
    url = desk.url
    [worker] = desk.worker_pids()
    desk.kill()
    desk.start()
    assert desk.url == url
    assert worker not in desk.worker_pids()
    ids |= {desk.chat().headers["x-request-id"] for _ in range(3)}
    until(lambda: set(ids_of(database)) == ids, "all records are there")
    desk.end()
    assert [path.name for path in desk.place.folder.iterdir() if "spool" in path.name] == []
    assert sorted(ids_of(database)) == sorted(ids)


def test_calls_of_a_dead_worker_that_cannot_be_counted_yet_end_no_others(
    desk: Desk, database: str
) -> None:
    book = desk.place.flight_book(70)
    book.mkdir()  # As on a disk that fails: reading it is an error of the system's.
    until(lambda: "cannot be counted yet" in desk.said(), "it says so")
    assert desk.chat().status_code == 200
    book.rmdir()
    desk.end()
    assert desk.said().count("cannot be counted yet") == 1
    assert "gateway ended" in desk.said()


def test_desk_and_worker_killed_together_leave_each_call_once(
    desk: Desk, engine: Engine, database: str
) -> None:
    ids = {desk.chat().headers["x-request-id"] for _ in range(3)}
    [worker] = desk.worker_pids()
    with held_call(desk, engine):
        desk.kill()
        os.kill(worker, signal.SIGKILL)
    engine.let_go.set()
    desk.start()
    until(lambda: len(ids_of(database)) == 4, "all records are there")
    assert {record.outcome for record in desk.store.records() if record.id not in ids} == {
        "interrupted"
    }


def test_calls_are_answered_while_the_node_is_away(
    desk: Desk, node: Node, engine: Engine, database: str
) -> None:
    node.close()
    assert desk.chat().status_code == 200
    again = Node(desk.place.data, node.table)
    until(lambda: again.loads.loads, "the desk finds the node again")
    again.close()
