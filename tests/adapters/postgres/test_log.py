from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import pytest

from allod.adapters.postgres import Store, writer
from allod.adapters.postgres.queries import migrations
from allod.errors import Conflict, InvalidInput, Unavailable
from allod.run.log import Act, Answer, Leaf, ViewChange
from tests.adapters.postgres.proxy import Loss, Proxy
from tests.adapters.postgres.rows import leaves, workload

NOTHING = ViewChange()


def direct(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, options="-c search_path=allod")


def end_sessions(url: str) -> None:
    """End every session with the database but this one, as an operator or a crash would."""
    with direct(url) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_log_starts_empty_at_seq_0(store: Store) -> None:
    assert store.tail() == 0
    assert list(store.read()) == []
    assert store.views_seq() == 0


def test_every_byte_value_comes_back_as_it_was(store: Store) -> None:
    given = [
        Leaf(0, 5, "event/Told", bytes(range(256))),
        Leaf(1, -1, "decision/Placement", b""),
        Leaf(2, 2**62, "event/Ortschaft-Å", b"\\x00\\" * 3000),
    ]
    store.append(given, NOTHING)
    assert list(store.read()) == given


def test_read_takes_a_start_and_a_limit_and_goes_past_one_fetch(store: Store) -> None:
    given = leaves(0, 10_000, b"0123456789")
    store.append(given[:9_000], NOTHING)
    store.append(given[9_000:], NOTHING)
    assert list(store.read()) == given
    assert [leaf.seq for leaf in store.read(9_998)] == [9_998, 9_999]
    assert [leaf.seq for leaf in store.read(10, 3)] == [10, 11, 12]
    assert list(store.read(10_000)) == []


def test_a_reader_that_stops_early_leaves_the_store_usable(store: Store) -> None:
    store.append(leaves(0, 5_000), NOTHING)
    for _ in range(30):  # More often than there are sessions.
        assert next(store.read()).seq == 0
    store.append(leaves(5_000, 1), NOTHING)
    assert store.tail() == 5_001


def test_reading_sees_one_moment_while_appends_go_on(store: Store) -> None:
    store.append(leaves(0, 3), NOTHING)
    reader = store.read()
    first = next(reader)
    store.append(leaves(3, 3), NOTHING)
    assert [first.seq, *(leaf.seq for leaf in reader)] == [0, 1, 2]


@pytest.mark.parametrize("first", [0, 2, 4, 5_000])
def test_a_batch_that_does_not_continue_the_log_is_a_conflict(store: Store, first: int) -> None:
    store.append(leaves(0, 3), NOTHING)
    with pytest.raises(Conflict, match=f"continues at seq 3, not at {first}"):
        store.append(leaves(first, 2), NOTHING)
    store.append(leaves(3, 1), NOTHING)
    assert [leaf.seq for leaf in store.read()] == [0, 1, 2, 3]


def test_a_gap_inside_a_batch_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict, match="leaf 2 stands where leaf 1 belongs"):
        store.append([leaves(0, 1)[0], leaves(2, 1)[0]], NOTHING)
    assert store.tail() == 0


def test_the_table_itself_refuses_a_seq_twice(store: Store, database: str) -> None:
    store.append(leaves(0, 2), NOTHING)
    with direct(database) as other:  # A writer that goes round the fence.
        other.execute("UPDATE meta SET tail_seq = 1")
    with pytest.raises(Conflict, match="already holds this part"):
        store.append(leaves(1, 1), NOTHING)


def test_a_failure_in_the_views_takes_the_leaves_back(store: Store) -> None:
    same_ordinal = ViewChange(workloads=[workload(1), workload(1, workload_id="w-other")])
    acts = [Act("a-1", "w-1", 1, "start", b"")]
    answers = [Answer("key", b"digest", 202, b"")]
    with pytest.raises(psycopg.errors.UniqueViolation):
        store.append(leaves(0, 2), same_ordinal, acts, answers)
    assert store.tail() == 0
    assert list(store.read()) == []
    assert store.workload("w-1") is None
    assert store.acts_due(10**9, 10) == []
    assert store.answer("key") is None
    store.append(leaves(0, 2), ViewChange(workloads=[workload(1)]), acts, answers)
    assert store.tail() == 2


def test_a_value_that_the_database_cannot_hold_is_bad_input(store: Store) -> None:
    with pytest.raises(InvalidInput, match="cannot hold a value"):
        store.append(leaves(0, 1), ViewChange(workloads=[workload(1, project="a\0b")]))
    assert store.tail() == 0


def test_a_second_writer_is_told_who_has_the_log(store: Store, database: str) -> None:
    with pytest.raises(Conflict, match="in use by 'allod writer, pid"):
        Store.open(database)


def test_a_standby_takes_over_when_the_writer_is_gone(database: str) -> None:
    told = threading.Event()
    taken: list[int] = []

    def stand_by() -> None:
        with Store.open(database, wait=True, on_wait=lambda holder: told.set()) as second:
            taken.append(second.tail())

    with Store.open(database) as first:
        first.append(leaves(0, 7), NOTHING)
        standby = threading.Thread(target=stand_by)
        standby.start()
        assert told.wait(timeout=30)
        assert taken == []
    standby.join(timeout=30)
    assert taken == [7]


def test_a_writer_that_lost_its_session_to_another_node_is_fenced_off(database: str) -> None:
    with Store.open(database) as first:
        first.append(leaves(0, 1), NOTHING)
        end_sessions(database)
        with Store.open(database) as second:
            second.append(leaves(1, 1), NOTHING)
            with pytest.raises((Unavailable, Conflict)):
                first.append(leaves(1, 1), NOTHING)
            with pytest.raises(Conflict, match="in use by"):
                first.append(leaves(1, 1), NOTHING)
            assert second.tail() == 2


def test_a_lost_session_is_unavailable_once_and_then_works(store: Store, database: str) -> None:
    store.append(leaves(0, 1), NOTHING)
    end_sessions(database)
    with pytest.raises(Unavailable):
        store.append(leaves(1, 1), NOTHING)
    assert store.tail() == 1
    store.append(leaves(1, 1), NOTHING)
    assert [leaf.seq for leaf in store.read()] == [0, 1]


def test_a_read_only_database_is_unavailable(store: Store, database: str) -> None:
    with direct(database) as other:
        other.execute(
            f'ALTER DATABASE "{other.info.dbname}" SET default_transaction_read_only = on'
        )
    store.append(leaves(0, 1), NOTHING)
    end_sessions(database)
    with pytest.raises(Unavailable):
        store.append(leaves(1, 1), NOTHING)
    with pytest.raises(Unavailable, match="read-only"):
        store.append(leaves(1, 1), NOTHING)
    assert [leaf.seq for leaf in store.read()] == [0]


@pytest.mark.parametrize("with_views", [False, True])
@pytest.mark.parametrize(("lost", "tail"), [("question", 3), ("answer", 5)])
def test_after_a_lost_exchange_the_tail_tells_what_happened(
    database: str, tmp_path: Path, lost: Loss, tail: int, with_views: bool
) -> None:
    proxy = Proxy(database, tmp_path)
    try:
        with Store.open(proxy.url) as store:
            store.append(leaves(0, 3), NOTHING)
            views = ViewChange(workloads=[workload(1)]) if with_views else NOTHING
            proxy.lose = lost
            with pytest.raises(Unavailable):
                store.append(leaves(3, 2), views)
            assert store.tail() == tail
            assert (store.workload("w-1") is not None) == (with_views and tail == 5)
            store.append(leaves(tail, 1), NOTHING)
            assert [leaf.seq for leaf in store.read()] == list(range(tail + 1))
    finally:
        proxy.close()


def test_a_database_that_stays_away_is_asked_less_and_less(database: str, tmp_path: Path) -> None:
    proxy = Proxy(database, tmp_path)
    store = Store.open(proxy.url)
    proxy.close()
    end_sessions(database)
    with pytest.raises(Unavailable):
        store.tail()
    with pytest.raises(Unavailable, match="cannot be used now"):
        store.tail()
    with pytest.raises(Unavailable, match="did not answer; asked again in"):
        store.tail()
    (tmp_path / ".s.PGSQL.5432").unlink()
    back = Proxy(database, tmp_path)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                assert store.tail() == 0
                break
            except Unavailable:
                assert time.monotonic() < until
                time.sleep(0.02)
    finally:
        store.close()
        back.close()


def test_a_url_that_cannot_be_read_is_bad_input_and_hides_its_password() -> None:
    with pytest.raises(InvalidInput, match="the database URL cannot be read"):
        Store.open("nonsense nonsense")
    with pytest.raises(Unavailable) as caught:
        Store.open("postgresql://me:geheim@127.0.0.1:1/log")
    assert "geheim" not in str(caught.value)
    assert "database 'log' at 127.0.0.1" in str(caught.value)


def test_a_database_of_a_newer_allod_is_left_alone(database: str) -> None:
    Store.open(database).close()
    with direct(database) as other:
        other.execute("UPDATE meta SET schema_version = 999")
    with pytest.raises(Conflict, match="has schema 999"):
        Store.open(database)


def test_a_database_of_the_first_schema_is_brought_up_to_date(database: str) -> None:
    first = migrations()[0]
    with direct(database) as other:
        other.execute("CREATE SCHEMA allod")
        other.execute(first[2])
        other.execute("INSERT INTO leaf VALUES (0, 5, 'event/Told', 'before')")
        other.execute("UPDATE meta SET tail_seq = 1, views_seq = 1")
    with Store.open(database) as store:
        after = [Leaf(1, 6, "event/Told", b"after")]
        store.append(after, ViewChange(workloads=[workload(1)]))
        assert list(store.read()) == [Leaf(0, 5, "event/Told", b"before"), *after]
        assert store.workload("w-1") == workload(1)
    with direct(database) as other:
        row = other.execute("SELECT schema_version FROM meta").fetchone()
        assert row == (migrations()[-1][0],)


def test_a_schema_is_brought_up_to_date_whole_or_not_at_all(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = migrations()
    broken = (steps[-1][0] + 1, "broken.sql", "this is no SQL")
    monkeypatch.setattr(writer, "migrations", lambda: (*steps, broken))
    with pytest.raises(psycopg.errors.SyntaxError):
        Store.open(database)
    with direct(database) as other:
        # Who reads while a node brings it up to date sees what was before.
        assert other.execute("SELECT to_regclass('allod.leaf')").fetchone() == (None,)


def test_the_node_id_stays(database: str) -> None:
    with Store.open(database) as store:
        node_id = store.node_id()
    with Store.open(database) as store:
        assert store.node_id() == node_id
    assert len(node_id) == 36


def test_a_commit_is_durable_even_where_the_server_says_otherwise(database: str) -> None:
    with direct(database) as other:
        other.execute(f'ALTER DATABASE "{other.info.dbname}" SET synchronous_commit = off')
    with Store.open(database) as store, store._writer.session() as session:
        row = session.execute("SHOW synchronous_commit").fetchone()
    assert row == ("on",)


def test_snapshots_come_back_and_only_two_are_kept(store: Store, database: str) -> None:
    assert store.snapshot_latest() is None
    store.append(leaves(0, 30), NOTHING)
    large = bytes(range(256)) * (80 * 1024)  # 20 MiB, more than two parts.
    for seq, body in ((5, b"five"), (10, b""), (20, large)):
        store.snapshot_put(seq, body)
        assert store.snapshot_latest() == (seq, body)
    store.snapshot_put(20, b"again")
    assert store.snapshot_latest() == (20, b"again")
    with direct(database) as other:
        kept = other.execute("SELECT DISTINCT seq FROM snapshot ORDER BY seq").fetchall()
    assert kept == [(10,), (20,)]


def test_a_snapshot_of_leaves_that_are_not_there_is_a_conflict(store: Store) -> None:
    store.append(leaves(0, 3), NOTHING)
    with pytest.raises(Conflict, match="the log ends at 3"):
        store.snapshot_put(4, b"")
    assert store.snapshot_latest() is None


def test_a_snapshot_is_packed_and_one_of_before_is_read_as_it_is(
    store: Store, database: str
) -> None:
    store.append(leaves(0, 2), NOTHING)
    body = b"allod-snapshot" + bytes(1_000_000)
    store.snapshot_put(1, body)
    assert store.snapshot_latest() == (1, body)
    with direct(database) as other:
        row = other.execute("SELECT sum(length(body)) FROM snapshot").fetchone()
        assert row is not None and row[0] < 100_000
        other.execute("INSERT INTO snapshot VALUES (2, 0, %s)", [b"allod-snapshot of before"])
    assert store.snapshot_latest() == (2, b"allod-snapshot of before")
