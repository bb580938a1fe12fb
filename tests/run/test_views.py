"""The fold: the same rows however the log is cut, and whatever was restored between the cuts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.decision import Decision, Footprint, Placement, Reason, Step
from allod.domain.event import (
    DocumentsApplied,
    Event,
    Outcome,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadStarted,
    WorkloadSubmitted,
)
from allod.run.log import Leaf
from allod.run.node_views import State, WorkloadView
from allod.run.records import leaf_of
from allod.run.recovery import stored_views
from allod.run.standing import workload_view
from allod.run.views import Views
from tests.run.fifo_engine import FifoEngine
from tests.run.memory_store import MemoryStore
from tests.run.world import site, workload

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(1, 5), st.booleans(), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("started"), st.integers(0, 5)),
        st.tuples(st.just("ended"), st.integers(0, 5), st.sampled_from(Outcome)),
    ),
    max_size=25,
)


PLACED = Placement(
    at_s=1,
    workload_id="w1",
    run=1,
    site="a",
    pool="p",
    access_class="",
    accelerators=1,
    nodes=((0, 1),),
    power_w=1,
    ends_at_s=61,
    lent=False,
    notice_s=0,
    reasons=(Reason(site="a", step=Step.LAW, code="law-permits", message="yes"),),
)


def history(operations: list[Any]) -> list[Leaf]:
    """The log of an engine that lived through `operations`; some are about work that has ended."""
    engine, leaves, ids = FifoEngine(), list[Leaf](), list[str]()
    runs: dict[str, int] = {}

    def tell(event: Event) -> None:
        records: list[Event | Decision] = [event, *engine.step(event)]
        for record in records:
            runs[getattr(record, "workload_id", "")] = getattr(record, "run", 1)
            leaves.append(leaf_of(record, len(leaves)))

    sites = (site("a", 2), site("b", 3, "none"))
    tell(DocumentsApplied(at_s=0, documents=tuple(item.to_json() for item in sites)))
    for at_s, operation in enumerate(operations, start=1):
        if operation[0] == "submit":
            _, units, owner, requeue = operation
            spec = workload(
                units=units,
                access_class="owner" if owner else "guest",
                on_reclaim="requeue" if requeue else "cancel",
            ).spec.model_dump(mode="json", exclude_defaults=True)
            ids.append(f"w{len(ids) + 1}")
            tell(WorkloadSubmitted(at_s=at_s, workload_id=ids[-1], name="job", workload=spec))
        elif ids:
            workload_id = ids[operation[1] % len(ids)]
            run = runs.get(workload_id, 1)
            match operation[0]:
                case "cancel":
                    tell(WorkloadCancelled(at_s=at_s, workload_id=workload_id, actor="me"))
                case "started":
                    tell(WorkloadStarted(at_s=at_s, workload_id=workload_id, run=run))
                case "ended":
                    outcome = operation[2]
                    tell(
                        WorkloadEnded(at_s=at_s, workload_id=workload_id, run=run, outcome=outcome)
                    )
    return leaves


def stored(leaves: list[Leaf], cuts: set[int]) -> MemoryStore:
    """A store written in batches that end at `cuts`; after each the fold begins anew from rows."""
    store, views, batch = MemoryStore(), Views(), list[Leaf]()
    for leaf in leaves:
        views.fold(leaf)
        batch.append(leaf)
        if leaf.seq in cuts or leaf is leaves[-1]:
            store.append(batch, *views.take())
            batch, views = [], stored_views(store)
    return store


@given(OPERATIONS, st.sets(st.integers(0, 80)))
def test_rows_and_acts_do_not_depend_on_where_the_log_is_cut(
    operations: list[Any], cuts: set[int]
) -> None:
    leaves = history(operations)
    whole, cut = stored(leaves, set()), stored(leaves, cuts)
    assert cut.rows == whole.rows
    assert cut.acts == whole.acts
    assert cut.marks == whole.marks and cut.revisions == whole.revisions


@given(OPERATIONS)
def test_the_counts_are_those_of_the_rows(operations: list[Any]) -> None:
    leaves = history(operations)
    views = Views()
    for leaf in leaves:
        views.fold(leaf)
    store = stored(leaves, set())
    states = [row.state for row in store.rows.values()]
    assert views.waiting == states.count("waiting")
    assert views.holding == sum(states.count(state) for state in ("placed", "running", "stopping"))
    assert views.ordinal == len(store.rows)


@pytest.mark.parametrize(
    ("spec", "cancelled", "state"),
    [
        ({}, False, State.WAITING),
        ({"on_node_failure": "fail"}, False, State.NODE_FAILED),
        ({"on_reclaim": "cancel"}, False, State.WAITING),
        ({}, True, State.NODE_FAILED),
    ],
)
def test_after_its_node_has_failed_it_waits_again_unless_it_asked_not_to(
    spec: dict[str, str], cancelled: bool, state: State
) -> None:
    asked = workload(**spec).spec.model_dump(mode="json", exclude_defaults=True)
    records: list[Event | Decision] = [
        DocumentsApplied(at_s=0, documents=(site("a", 2).to_json(),)),
        WorkloadSubmitted(at_s=1, workload_id="w1", name="job", workload=asked),
        PLACED,
    ]
    if cancelled:
        records.append(WorkloadCancelled(at_s=2, workload_id="w1", actor="me"))
    records.append(
        WorkloadEnded(at_s=3, workload_id="w1", run=1, outcome=Outcome.NODE_FAILED, detail="n3")
    )
    views = Views()
    for seq, record in enumerate(records):
        views.fold(leaf_of(record, seq))
    (row,) = views.take()[0].workloads
    view = workload_view(row)
    assert (view.state, view.outcome, view.detail) == (state, Outcome.NODE_FAILED, "n3")
    if state is State.WAITING:
        assert view.reasons == () and view.site == "" and view.ended_at_s is None
    else:
        assert view.ended_at_s == 3 and view.site == "a"


def ended_after(**end: Any) -> tuple[WorkloadView, WorkloadView]:
    """A workload that draws 5 kW, while it runs and once it has run for 1,001 s of 9,000 s."""
    asked = workload().spec.model_dump(mode="json", exclude_defaults=True)
    expected = Footprint(carbon_g=900, energy_wh=11_000, water_l=18)
    placed = replace(PLACED, power_w=5_000, ends_at_s=PLACED.at_s + 9_000, footprint=expected)
    records: list[Event | Decision] = [
        DocumentsApplied(at_s=0, documents=(site("a", 2).to_json(),)),
        WorkloadSubmitted(at_s=1, workload_id="w1", name="job", workload=asked),
        placed,
        WorkloadStarted(at_s=101, workload_id="w1", run=1),
    ]
    ended = WorkloadEnded(at_s=1_102, workload_id="w1", run=1, outcome=Outcome.COMPLETED, **end)
    found = []
    for told in (records, [*records, ended]):
        views = Views()
        for seq, record in enumerate(told):
            views.fold(leaf_of(record, seq))
        (row,) = views.take()[0].workloads
        found.append(workload_view(row))
    return found[0], found[1]


def test_a_run_that_has_ended_tells_what_it_may_have_used() -> None:
    running, ended = ended_after()
    assert running.modelled_wh is running.modelled_carbon_g is running.modelled_water_l is None
    assert running.expected == Footprint(carbon_g=900, energy_wh=11_000, water_l=18)
    assert ended.modelled_wh == 1_391  # 5 kW x 1,001 s = 1,390.3 Wh, rounded up.
    assert (ended.modelled_carbon_g, ended.modelled_water_l) == (101, 3)  # 100.1 and 2.002.
    assert (ended.measured_j, ended.measured_shared) == (None, False)


def test_a_run_that_was_counted_tells_what_it_drew() -> None:
    _, ended = ended_after(energy_j=4_000_000, energy_shared=True)
    assert (ended.measured_j, ended.measured_shared) == (4_000_000, True)
    assert ended.modelled_wh == 1_391


@given(OPERATIONS)
def test_every_run_at_a_site_with_a_runner_is_started_once_and_never_elsewhere(
    operations: list[Any],
) -> None:
    store = stored(history(operations), set())
    placed = {
        (row["workload_id"], row["run"])
        for leaf in store.leaves
        if leaf.kind == "decision/Placement"
        for row in [_body(leaf)]
        if row["site"] == "a"
    }
    starts = [(act.workload_id, act.run) for act in store.acts.values() if act.verb == "start"]
    assert len(starts) == len(set(starts)) and set(starts) == placed
    for act in store.acts.values():
        if act.verb == "stop":
            assert (act.workload_id, act.run) in placed


def _body(leaf: Leaf) -> dict[str, Any]:
    import orjson

    body: dict[str, Any] = orjson.loads(leaf.body)
    return body
