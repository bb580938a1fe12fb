"""Pages of lists: where one begins and how long it may be, and rows as they are shown."""

from __future__ import annotations

from allod.domain.decision import Decision
from allod.errors import InvalidInput
from allod.run.log import DocumentRow, Leaf
from allod.run.node_views import DecisionView, DocumentView
from allod.run.records import record_of
from allod.run.views import document_of

_PAGE_MAX = 1000


def cursor_of(after: str | None) -> int | None:
    """Where a page goes on; None: at the begin."""
    if after is None:
        return None
    if not after.isdigit():
        raise InvalidInput(f"'{after}' is no cursor", mend="give the 'after' of the page before")
    return int(after)


def checked_limit(limit: int) -> int:
    """`limit`, if a page may have so many items."""
    if not 1 <= limit <= _PAGE_MAX:
        raise InvalidInput(f"limit {limit} cannot be", mend=f"between 1 and {_PAGE_MAX}")
    return limit


def decision_view(leaf: Leaf) -> DecisionView:
    """The decision that `leaf` holds."""
    record = record_of(leaf)
    assert isinstance(record, Decision)
    return DecisionView(leaf.seq, leaf.kind, record)


def document_view(row: DocumentRow) -> DocumentView:
    """The document that `row` holds."""
    held = document_of(row)
    return DocumentView(
        kind=row.kind,
        name=row.name,
        document=held["document"],
        seq=row.seq,
        changed_at_s=held["at_s"],
        actor=held["actor"],
    )
