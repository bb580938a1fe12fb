"""Lists over columns, beside the plainest list there could be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, Unavailable
from allod.run import workload_columns
from allod.run.log import WorkloadEntry
from allod.run.node_views import LIVE_STATES, Sort, State, WorkloadQuery
from allod.run.standing import tombstone, workload_view
from allod.run.workload_columns import WorkloadColumns
from allod.run.workload_lists import WorkloadLists, entry_of
from tests.adapters.postgres.rows import workload
from tests.run.memory_store import MemoryStore

entries = st.builds(
    WorkloadEntry,
    ordinal=st.integers(1, 150),
    state=st.sampled_from([state.value for state in State]),
    project=st.sampled_from(["oil", "fjord"]),
    class_name=st.sampled_from(["", "open"]),
    site=st.sampled_from(["", "narvik", "cambrai"]),
    accelerators=st.sampled_from([1, 8, 8, 72]),
    name=st.text("ab-", max_size=4),
    expected_at_s=st.none() | st.integers(0, 3),
)
queries = st.builds(
    WorkloadQuery,
    states=st.sampled_from([frozenset(State), LIVE_STATES, frozenset()])
    | st.frozensets(st.sampled_from(State)),
    project=st.sampled_from(["", "", "oil", "unknown"]),
    site=st.sampled_from(["", "", "narvik"]),
    access_class=st.sampled_from(["", "", "open"]),
    text=st.sampled_from(
        ["", "", "a", "ab", "-a", "ba-", "A", "w", "w1", "w12", "w0", "b\0a", "x"]
    ),
    sort=st.sampled_from(Sort),
)


def plainly(there: dict[int, WorkloadEntry], query: WorkloadQuery) -> list[int]:
    """The whole list, as a person would make it."""
    text = query.text.lower()
    found = [
        one
        for one in there.values()
        if State(one.state) in query.states
        and query.project in ("", one.project)
        and query.site in ("", one.site)
        and query.access_class in ("", one.class_name)
        and (text in one.name or f"w{one.ordinal}".startswith(text))
    ]
    keys = {
        Sort.SUBMITTED: lambda one: 0,
        Sort.ACCELERATORS: lambda one: -one.accelerators,
        Sort.OLDEST: lambda one: one.ordinal,
        Sort.EXPECTED: lambda one: 99 if one.expected_at_s is None else one.expected_at_s,
    }
    found.sort(key=lambda one: (keys[query.sort](one), -one.ordinal))
    return [one.ordinal for one in found]


@given(
    batches=st.lists(st.lists(entries, max_size=40), max_size=4),
    query=queries,
    skip=st.integers(0, 12),
    limit=st.integers(1, 12),
)
def test_a_part_of_a_list_is_that_of_the_plain_list(
    batches: list[list[WorkloadEntry]], query: WorkloadQuery, skip: int, limit: int
) -> None:
    columns, there, named = WorkloadColumns(), dict[int, WorkloadEntry](), dict[int, str]()
    for batch in batches:
        # A name is given once; only erasing takes it away, and for good.
        lasting = [one._replace(name=named.setdefault(one.ordinal, one.name)) for one in batch]
        columns.put(lasting)
        there.update({one.ordinal: one for one in lasting})
    whole = plainly(there, query)
    assert columns.count(query) == len(whole)
    chosen, last = columns.select(query, limit, skip=skip)
    assert chosen == whole[skip : skip + limit]
    if last is not None:
        behind, _ = columns.select(query, limit, skip=1, after=last)
        assert behind == whole[skip + limit :][1 : 1 + limit]


def test_names_that_many_share_are_found_as_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload_columns, "_HITS_FEW", 3)
    columns = WorkloadColumns()
    one = entry_of(workload(1))
    columns.put([one._replace(ordinal=at, name=f"train-{at % 3}-train") for at in range(1, 21)])
    few, many = WorkloadQuery(text="n-2-t"), WorkloadQuery(text="train")
    assert (columns.count(few), columns.count(many)) == (7, 20)
    assert columns.count(WorkloadQuery(text="traintrain")) == 0


def test_an_erased_name_is_in_no_list_and_in_no_memory() -> None:
    columns = WorkloadColumns()
    rows = [
        workload(at, workload_id=f"w{at}", spec='{"actor":"","name":"secret-a"}') for at in (1, 2)
    ]
    columns.put([entry_of(row) for row in rows])
    assert columns.count(WorkloadQuery(text="secret")) == 2
    columns.put([entry_of(tombstone("w1", 9))])
    assert columns.count(WorkloadQuery(text="secret")) == 1
    columns.put([entry_of(tombstone("w2", 10))])
    assert b"secret" not in columns._names._bytes.tobytes()
    assert columns.count(WorkloadQuery(states=frozenset({State.ERASED}))) == 2


def test_an_entry_has_the_name_and_what_the_latest_hold_expects() -> None:
    spec = '{"actor":"a\\"name\\":\\"x","name":"train-1","seq":1,"spec":{"name":"no"}}'
    hold = '{"decision":{"basis":"","expected_at_s":170,"reasons":[]},"kind":"decision/Hold"}'
    row = workload(1, spec=spec, reasons=hold)
    assert (entry_of(row).name, entry_of(row).expected_at_s) == ("train-1", 170)
    assert entry_of(replace(row, state="running")).expected_at_s is None
    assert entry_of(replace(row, reasons=hold.replace("170", "null"))).expected_at_s is None


class SlowStore(MemoryStore):
    """Reads the past only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def workload_entries(self) -> Iterator[WorkloadEntry]:
        found = list(super().workload_entries())
        assert self.may.wait(20)
        yield from found


SPEC = '{"actor":"me","name":"n","seq":0,"spec":{"wall_time_s":60}}'
REST = '{"decision":null,"kind":"","placed":{}}'


def test_what_is_written_while_the_past_is_read_counts() -> None:
    store = SlowStore()
    for at in (1, 2):
        row = workload(at, workload_id=f"w{at}", spec=SPEC, reasons=REST)
        store.rows[row.workload_id] = row
    lists = WorkloadLists(store, workload_view)
    lists.load()
    third = workload(3, workload_id="w3", spec=SPEC, reasons=REST)
    ended = replace(store.rows["w1"], state="completed")
    store.rows.update({"w1": ended, "w3": third})
    lists.written([ended, third], 7)
    store.may.set()
    found = lists.count(WorkloadQuery(states=frozenset({State.WAITING})))
    assert (found.count, found.at_seq) == (2, 7)
    page = lists.page(WorkloadQuery(), limit=2)
    assert [view.workload_id for view in page.items] == ["w3", "w2"]
    assert [view.workload_id for view in lists.page(WorkloadQuery(), after=page.after).items] == [
        "w1"
    ]


def test_a_store_that_was_away_is_read_again() -> None:
    store = MemoryStore()
    row = workload(1, workload_id="w1", spec=SPEC, reasons=REST)
    store.rows["w1"] = row
    store.down = True
    lists = WorkloadLists(store, workload_view)
    lists.load()
    with pytest.raises(Unavailable):
        lists.count(WorkloadQuery())
    store.down = False
    assert lists.count(WorkloadQuery()).count == 1


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        (Sort.SUBMITTED, "x"),
        (Sort.SUBMITTED, "3:4"),
        (Sort.SUBMITTED, "²"),
        (Sort.ACCELERATORS, "4"),
        (Sort.ACCELERATORS, "a:4"),
        (Sort.EXPECTED, "4:"),
        (Sort.EXPECTED, "--4:1"),
        (Sort.EXPECTED, "-:1"),
        (Sort.ACCELERATORS, ":1"),
        (Sort.SUBMITTED, "1" * 5_000),
    ],
)
def test_what_is_no_cursor_is_refused(sort: Sort, cursor: str) -> None:
    lists = WorkloadLists(MemoryStore(), workload_view)
    lists.load()
    with pytest.raises(InvalidInput, match="cursor"):
        lists.page(WorkloadQuery(sort=sort), after=cursor)
