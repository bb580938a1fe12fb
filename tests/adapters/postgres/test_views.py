from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from allod.adapters.postgres import Reads, Store
from allod.adapters.postgres.queries import VIEWS
from allod.errors import Unavailable
from allod.run.log import (
    Act,
    ActNote,
    DocumentRow,
    KeyRow,
    TokenRow,
    ViewChange,
    WorkloadCount,
    WorkloadFilter,
    WorkloadLeaf,
)
from allod.run.workload_lists import entry_of
from tests.adapters.postgres.rows import leaves, workload

ALL = WorkloadFilter()


def put(store: Store, *rows: object, **more: object) -> None:
    store.append(leaves(store.tail(), 1), ViewChange(workloads=rows, **more))  # type: ignore[arg-type]


def test_a_workload_is_replaced_whole(store: Store) -> None:
    put(store, workload(1))
    ended = workload(
        1, project="p", class_name="c", site="narvik", pool="gb300", state="ended",
        accelerators=2**40, submitted_at_s=1, started_at_s=2, ended_at_s=3, run=4,
        exit_status=-9, spec='{"text":"\\u0000Å"}', reasons="[1]", last_seq=2**40,
    )  # fmt: skip
    put(store, workload(1, state="running"), ended)  # Twice in one batch: the last one counts.
    assert store.workload("w-1") == ended
    assert store.workload("w-2") is None


def test_entries_are_what_lists_make_of_the_rows(store: Store) -> None:
    spec = '{"actor":"a\\"name\\":\\"x","name":"train","seq":1,"spec":{"name":"no"}}'
    hold = '{"decision":{"basis":"","expected_at_s":170,"reasons":[]},"kind":"decision/Hold"}'
    rows = [
        workload(1),
        workload(2, spec=spec, reasons=hold, site="narvik", class_name="lent"),
        workload(3, spec=spec, reasons=hold, state="running"),
        workload(4, spec='{"name":"\\u0000"}', reasons=hold.replace("170", "null")),
    ]
    put(store, *rows)
    assert sorted(store.workload_entries()) == [entry_of(row) for row in rows]
    assert store.workloads_at([3, 9, 1]) == [rows[2], rows[0]]
    assert store.workloads_at([]) == []


def test_pages_follow_the_order_of_asking_both_ways(store: Store) -> None:
    put(store, *(workload(ordinal) for ordinal in (3, 1, 2, 5, 4)))
    seen, after = [], None
    while page := store.workloads(ALL, 2, after):
        seen += [row.ordinal for row in page]
        after = page[-1].ordinal
    assert seen == [1, 2, 3, 4, 5]
    newest = store.workloads(ALL, 2, newest_first=True)
    assert [row.ordinal for row in newest] == [5, 4]
    newest = store.workloads(ALL, 9, after=4, newest_first=True)
    assert [row.ordinal for row in newest] == [3, 2, 1]


@pytest.mark.parametrize(
    ("where", "ordinals"),
    [
        (ALL, [1, 2, 3]),
        (WorkloadFilter(states=("waiting",)), [1, 3]),
        (WorkloadFilter(states=("waiting", "running")), [1, 2, 3]),
        (WorkloadFilter(project="oil"), [2]),
        (WorkloadFilter(site="narvik"), [2, 3]),
        (WorkloadFilter(class_name="lent"), [3]),
        (WorkloadFilter(states=("waiting",), site="narvik"), [3]),
        (WorkloadFilter(states=("running",), class_name="lent"), []),
    ],
)
def test_filters_hold_together(store: Store, where: WorkloadFilter, ordinals: list[int]) -> None:
    put(
        store,
        workload(1),
        workload(2, state="running", project="oil", site="narvik"),
        workload(3, site="narvik", class_name="lent"),
    )
    assert [row.ordinal for row in store.workloads(where, 10)] == ordinals
    backwards = store.workloads(where, 10, newest_first=True)
    assert [row.ordinal for row in backwards] == ordinals[::-1]


def test_the_story_of_a_workload_is_its_leaves(store: Store) -> None:
    given = leaves(0, 5)
    marks = [WorkloadLeaf("w-1", 0), WorkloadLeaf("w-2", 1), WorkloadLeaf("w-1", 3)]
    store.append(given, ViewChange(workload_leaves=[*marks, marks[0]]))
    assert store.workload_leaves("w-1", 10) == [given[0], given[3]]
    assert store.workload_leaves("w-1", 1) == [given[0]]
    assert store.workload_leaves("w-1", 10, after_seq=0) == [given[3]]
    assert store.workload_leaves("w-3", 10) == []


def test_counts_add_up_by_state_class_and_site(store: Store) -> None:
    put(
        store,
        workload(1),
        workload(2, accelerators=2),
        workload(3, state="running", site="narvik"),
    )
    assert store.workload_counts() == [
        WorkloadCount("running", "national", "narvik", 1, 8),
        WorkloadCount("waiting", "national", "", 2, 10),
    ]


def document(revision: int, name: str = "narvik", current: bool = True) -> DocumentRow:
    return DocumentRow("Site", name, revision, revision, f'{{"r":{revision}}}', current)


def test_only_the_last_revision_of_a_document_is_current(store: Store) -> None:
    put(store, documents=[document(1), document(1, "cambrai")])
    put(store, documents=[document(2), document(3)])
    assert store.document("Site", "narvik") == document(3)
    assert store.documents() == [document(1, "cambrai"), document(3)]
    assert store.documents("Site") == store.documents()
    assert store.documents("Dataset") == []
    assert store.document_revisions("Site", "narvik") == [
        document(1, current=False),
        document(2, current=False),
        document(3),
    ]


def test_a_withdrawn_document_is_not_current_but_keeps_its_history(store: Store) -> None:
    put(store, documents=[document(1)])
    put(store, documents=[document(2, current=False)])
    assert store.document("Site", "narvik") is None
    assert len(store.document_revisions("Site", "narvik")) == 2


def test_tokens_are_found_by_digest_also_when_revoked(store: Store) -> None:
    token = TokenRow("laptop", b"\x00" * 31 + b"\xff", "writer", 5, None)
    put(store, tokens=[token])
    assert store.token(token.sha256) == token
    assert store.token(b"") is None
    revoked = replace(token, revoked_at_s=9)
    put(store, tokens=[revoked])
    assert store.token(token.sha256) == revoked
    assert store.tokens() == [revoked]


def test_keys_of_projects_keep_their_terms_when_revoked(store: Store) -> None:
    terms = '{"requests_per_min":60}'
    key = KeyRow("clinic-1", b"\x00" * 31 + b"\xff", "clinic", terms, False, 5, None)
    put(store, keys=[key, replace(key, name="a", sha256=b"a")])
    put(store, keys=[replace(key, content=True)])
    revoked = replace(key, content=True, revoked_at_s=9)
    put(store, keys=[revoked])
    assert store.project_keys() == [replace(key, name="a", sha256=b"a"), revoked]


def a_history(store: Store) -> None:
    views = ViewChange(
        workloads=[workload(2), workload(1)],
        workload_leaves=[WorkloadLeaf("w-2", 1), WorkloadLeaf("w-1", 0)],
        documents=[document(1)],
        tokens=[TokenRow("t", b"\x01", "reader", 1, None)],
        keys=[KeyRow("k", b"\x02", "p", "{}", False, 1, None)],
    )
    store.append(leaves(0, 2), views, [Act("a-1", "w-1", 1, "start", b"\xff")])
    put(store, workload(1, state="running"), documents=[document(2)])


def test_a_rebuilt_view_dumps_to_the_same_bytes(store: Store) -> None:
    a_history(store)
    live = store.views_dump()
    assert store.views_seq() == store.tail() == 3
    store.views_reset()
    assert store.views_seq() == 0
    assert store.workloads(ALL, 10) == []
    assert store.views_dump() != live
    rows = ViewChange(
        workloads=[workload(1, state="running"), workload(2)],
        workload_leaves=[WorkloadLeaf("w-1", 0), WorkloadLeaf("w-2", 1)],
        documents=[document(1), document(2)],
        tokens=[TokenRow("t", b"\x01", "reader", 1, None)],
        keys=[KeyRow("k", b"\x02", "p", "{}", False, 1, None)],
    )
    store.views_put(rows, [Act("a-1", "w-1", 1, "start", b"\xff")], next_seq=3)
    assert store.views_seq() == 3
    assert store.views_dump() == live


@pytest.mark.parametrize(
    "wrong",
    [
        ViewChange(workloads=[workload(1, state="ended")]),
        ViewChange(workload_leaves=[WorkloadLeaf("w-1", 2)]),
        ViewChange(documents=[document(2, current=False)]),
        ViewChange(tokens=[TokenRow("t", b"\x01", "writer", 1, None)]),
        ViewChange(keys=[KeyRow("k", b"\x02", "p", "{}", True, 1, None)]),
    ],
)
def test_a_dump_shows_every_difference(store: Store, wrong: ViewChange) -> None:
    a_history(store)
    live = store.views_dump()
    store.views_put(wrong, (), next_seq=3)
    assert store.views_dump() != live


def test_a_dump_leaves_out_how_acts_went(store: Store) -> None:
    a_history(store)
    live = store.views_dump()
    store.acts_done([ActNote("a-1", "unknown", "no answer", 99)])
    assert store.views_dump() == live
    store.views_put(ViewChange(), [Act("a-2", "w-1", 1, "stop", b"")], next_seq=3)
    assert store.views_dump() != live


def test_an_append_does_not_finish_an_unfinished_rebuild(store: Store) -> None:
    a_history(store)
    store.views_reset()
    store.views_put(ViewChange(workloads=[workload(1)]), (), next_seq=1)
    store.append(leaves(3, 4), ViewChange())
    assert (store.views_seq(), store.tail()) == (1, 7)


def test_readers_cannot_write_and_need_no_lock(store: Store, database: str) -> None:
    put(store, workload(1))
    reads = Reads(database)
    try:
        assert reads.workload("w-1") == workload(1)
        with pytest.raises(Unavailable, match="read-only"), reads.reading() as session:
            session.execute("DELETE FROM workload")
        assert reads.workload("w-1") == workload(1)
    finally:
        reads.close()


def test_a_database_without_a_log_says_so(database: str) -> None:
    reads = Reads(database)
    with pytest.raises(Unavailable, match="holds no log"):
        reads.workload("w-1")
    reads.close()


def test_many_threads_read_at_once(store: Store) -> None:
    put(store, *(workload(ordinal) for ordinal in range(50)))
    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(lambda number: store.workload(f"w-{number % 50}"), range(400)))
    assert [row.ordinal for row in found if row is not None] == [n % 50 for n in range(400)]


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "workload_ordinal_key"),
        ({"states": ["waiting"]}, "workload_by_state"),
        ({"project": "rare"}, "workload_by_project"),
        ({"site": "rare"}, "workload_by_site"),
        ({"site": "nowhere"}, "workload_by_site"),
        ({"class_name": "rare"}, "workload_by_class"),
    ],
)
def test_a_list_does_not_walk_by_the_past_of_others(
    store: Store, filters: dict[str, object], index: str
) -> None:
    past = [
        workload(number, state="completed", project="p", site="s", class_name="c")
        for number in range(1, 5001)
    ]
    rare = workload(5001, state="waiting", project="rare", site="rare", class_name="rare")
    put(store, *past, rare)
    params = {"all_states": "states" not in filters, "states": [], "project": "", "site": ""}
    params |= {"class_name": "", "after": None, "limit": 100, **filters}
    with store._writer.session() as session:
        session.execute("ANALYZE workload")
        plan = session.execute(b"EXPLAIN " + VIEWS["workloads_newest_first"], params).fetchall()
    assert index in str(plan)
    assert "Seq Scan" not in str(plan)
