"""Recovery: the engine and the views as they were, from a snapshot and the log after it.

While the engine is told the events of the log again, every decision it makes is compared with the
one recorded, byte for byte (E4). If one differs, this is not the engine that wrote this log: the
node stops, for it could no longer say why its work runs where it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from allod.domain.event import Event
from allod.errors import AllodError, Different, InvalidInput
from allod.run import log
from allod.run.engine import Engine, EngineMaker
from allod.run.log import DocumentRow, KeyRow, Leaf, TokenRow, WorkloadFilter, WorkloadRow
from allod.run.node_views import LIVE_STATES
from allod.run.records import Record, is_decision, is_erased, is_event, leaf_of, record_of
from allod.run.standing import Standing
from allod.run.views import Views

_PAGE_ROWS = 1000
_REBUILD_LEAVES = 2000
_SHOWN_BYTES = 300


class Store(log.Log, log.Outbox, log.ViewStore, log.ViewReads, Protocol):
    """All that a node keeps, behind one door."""


@dataclass(slots=True)
class Recovered:
    """Where a node goes on from."""

    engine: Engine
    views: Views
    next_seq: int
    at_s: int  #: Time of the last leaf; the node's time never goes before it.
    events_since_snapshot: int


def recover(store: Store, maker: EngineMaker[Any]) -> Recovered:
    """Everything as it was when the log last grew.

    Raises:
        Different: The engine makes other decisions than the log holds.
        Unavailable: The log cannot be read now.
    """
    next_seq = store.tail()
    if store.views_seq() != next_seq:
        rebuild_views(store)
    engine, first_seq = _from_snapshot(store, maker, next_seq)
    events, at_s = 0, 0
    if first_seq:
        for leaf in store.read(first_seq - 1, 1):
            at_s = leaf.at_s
    for leaf in make_again(store.read(first_seq), engine):
        events += is_event(leaf)
        at_s = leaf.at_s
    return Recovered(engine, stored_views(store), next_seq, at_s, events)


def _from_snapshot(store: Store, maker: EngineMaker[Any], next_seq: int) -> tuple[Engine, int]:
    """An engine, and the first leaf that it has not been told."""
    latest = store.snapshot_latest()
    if latest is not None and latest[0] <= next_seq:
        try:
            return maker.restore(latest[1]), latest[0]
        except InvalidInput:
            pass  # Of another version. The log holds everything, it only takes longer.
    return maker.new(), 0


def make_again(leaves: Iterable[Leaf], engine: Engine) -> Iterator[Leaf]:
    """Tell `engine` the events among `leaves`, compare its decisions, and pass the leaves on."""
    expected: list[Leaf] = []
    for leaf in leaves:
        if is_erased(leaf):
            raise Different(
                f"leaf {leaf.seq} was erased: what follows from it cannot be decided again",
                mend="a node goes on from its snapshots, which an erasure leaves behind it",
            )
        if is_decision(leaf):
            _compare(leaf, expected)
        else:
            _none_left(expected, leaf.seq)
            if is_event(leaf):
                expected = [
                    leaf_of(decision, leaf.seq + place)
                    for place, decision in enumerate(_told(engine, leaf), start=1)
                ]
                expected.reverse()
        yield leaf
    if expected:
        _none_left(expected, expected[-1].seq)


def _told(engine: Engine, leaf: Leaf) -> tuple[Record, ...]:
    event = record_of(leaf)
    assert isinstance(event, Event)
    try:
        return engine.step(event)
    except AllodError as error:
        raise Different(f"leaf {leaf.seq} was accepted, and is not any more: {error}") from error


def _compare(leaf: Leaf, expected: list[Leaf]) -> None:
    made = expected.pop() if expected else None
    if made is None:
        raise Different(f"leaf {leaf.seq} is a decision that is not made again: {_shown(leaf)}")
    if (made.kind, made.body) != (leaf.kind, leaf.body):
        at = _first_other(made.body, leaf.body)
        raise Different(
            f"leaf {leaf.seq} was decided otherwise: recorded {_shown(leaf, at)}, "
            f"made again {_shown(made, at)}",
            mend="start the version of allod that wrote this log",
        )


def _none_left(expected: list[Leaf], seq: int) -> None:
    if expected:
        raise Different(
            f"before leaf {seq} a decision is made that is not recorded: {_shown(expected[-1])}"
        )


def _first_other(one: bytes, other: bytes) -> int:
    """The first byte at which they differ."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)


def _shown(leaf: Leaf, at: int = 0) -> str:
    """The leaf on a line; of a long one what lies around the byte `at`."""
    start = max(0, at - 150) if len(leaf.body) > _SHOWN_BYTES else 0
    text = leaf.body[start : start + _SHOWN_BYTES].decode(errors="replace")
    before = f"(from byte {start}) ..." if start else ""
    return f"{leaf.kind} {before}{text}{'...' if start + _SHOWN_BYTES < len(leaf.body) else ''}"


def stored_views(store: Store) -> Views:
    """What the fold must know to go on, from the rows it made."""
    views = Views()
    for document in store.documents():
        views.add_document(document)
    live = tuple(sorted(state.value for state in LIVE_STATES))
    for row in workload_rows(store, WorkloadFilter(states=live)):
        views.add_live(Standing.of_row(row))
    latest = store.workloads(WorkloadFilter(), 1, newest_first=True)
    views.ordinal = latest[0].ordinal if latest else 0
    views.tokens = {token.name: token for token in store.tokens()}
    views.keys = {key.name: key for key in store.project_keys()}
    return views


def workload_rows(store: Store, where: WorkloadFilter) -> Iterator[WorkloadRow]:
    """All rows of the view, in order of asking, page by page."""
    after: int | None = None
    while page := store.workloads(where, _PAGE_ROWS, after):
        yield from page
        after = page[-1].ordinal


def rebuild_views(store: Store) -> None:
    """Throw the views away and fold the whole log again."""
    store.views_reset()
    views, next_seq = Views(), 0
    for leaf in store.read():
        views.fold(leaf)
        next_seq = leaf.seq + 1
        if next_seq % _REBUILD_LEAVES == 0:
            store.views_put(*views.take(), next_seq)
    store.views_put(*views.take(), next_seq)


def views_differ(store: Store) -> str:
    """The first difference between the views and those folded anew, or '' if there is none.

    Holds all rows in memory: it is a check, not a part of the node's life.
    """
    views = Views()
    workloads: dict[str, WorkloadRow] = {}
    documents: dict[tuple[str, str, int], DocumentRow] = {}
    tokens: dict[str, TokenRow] = {}
    keys: dict[str, KeyRow] = {}
    for leaf in store.read():
        views.fold(leaf)
        change, _ = views.take()
        workloads.update({row.workload_id: row for row in change.workloads})
        for row in change.documents:
            before = documents.get((row.kind, row.name, row.revision - 1))
            if before is not None:
                documents[row.kind, row.name, row.revision - 1] = replace(before, current=False)
            documents[row.kind, row.name, row.revision] = row
        tokens.update({token.name: token for token in change.tokens})
        keys.update({key.name: key for key in change.keys})
    for stored in workload_rows(store, WorkloadFilter()):
        if workloads.pop(stored.workload_id, None) != stored:
            return f"workload {stored.workload_id}"
    for kind, name in sorted({key[:2] for key in documents}):
        for revision in store.document_revisions(kind, name):
            if documents.pop((kind, name, revision.revision), None) != revision:
                return f"document {kind}/{name} revision {revision.revision}"
    for token in store.tokens():
        if tokens.pop(token.name, None) != token:
            return f"token {token.name}"
    for key in store.project_keys():
        if keys.pop(key.name, None) != key:
            return f"key {key.name}"
    left = [*workloads, *(f"{one[0]}/{one[1]}" for one in documents), *tokens, *keys]
    return f"missing: {left[0]}" if left else ""
