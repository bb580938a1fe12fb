"""Requests that change documents: what is to hold, what no longer, and how far a service goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from allod.domain.document import KINDS, Document, from_json
from allod.domain.event import DocumentRemoved, DocumentsApplied
from allod.domain.nearest import nearest
from allod.domain.service import PLACEHOLDERS, Service, unknown_placeholder
from allod.errors import InvalidDocument, NotFound
from allod.prove.encoding import canonical
from allod.run.node_views import Change, Scaled
from allod.run.requests import Turn, encodable
from allod.run.views import Views, document_of


@dataclass(frozen=True, slots=True)
class Apply:
    """Documents are to hold, all or none."""

    documents: tuple[Document, ...]
    actor: str

    def decide(self, turn: Turn) -> Callable[[], tuple[Change, ...]]:
        """See `Request.decide`."""
        changes, bodies = changes_of(self.documents, turn.views)
        if bodies:
            turn.revisions_known([(body["kind"], body["metadata"]["name"]) for body in bodies])
            turn.tell(DocumentsApplied(at_s=turn.at_s, documents=bodies, actor=self.actor))
        return lambda: changes


def changes_of(
    documents: Sequence[Document], views: Views
) -> tuple[tuple[Change, ...], tuple[dict[str, Any], ...]]:
    """What applying `documents` changes, and the bodies of those that are new or other.

    Raises:
        InvalidDocument: One of them cannot be applied, or is there twice.
    """
    order = list(KINDS)
    changes, bodies, seen = [], [], set[str]()
    for document in sorted(documents, key=lambda item: (order.index(item.kind), item.name)):
        if document.kind == "Workload":
            raise InvalidDocument(
                "a Workload cannot be applied", file=document.file, mend="submit it"
            )
        if document.key in seen:
            raise InvalidDocument(
                f"{document.key} is there twice", file=document.file, mend="remove one of them"
            )
        seen.add(document.key)
        body = document.to_json()
        encodable(body, document)
        before = views.current(document.kind, document.name)
        if before is None:
            what = "created"
        elif canonical(document_of(before)["document"]) == canonical(body):
            what = "unchanged"
        else:
            what = "changed"
        changes.append(Change(document.kind, document.name, what))
        if what != "unchanged":
            _check_placeholders(document)
            bodies.append(body)
    return tuple(changes), tuple(bodies)


def _check_placeholders(document: Document) -> None:
    """Only of what is new or other: a document that holds already goes on to hold."""
    found = unknown_placeholder(document.spec) if isinstance(document.spec, Service) else None
    if found is not None:
        path, word = found
        near = nearest(word, PLACEHOLDERS)
        raise InvalidDocument(
            "nothing is filled in for this",
            path=f"{document.key}: {path}",
            value=word,
            mend=(f"did you mean {near}? " if near else "")
            + f"{', '.join(PLACEHOLDERS)} are filled in",
        )


@dataclass(frozen=True, slots=True)
class Scale:
    """A service may have so many replicas at each site; None: as many as before.

    Its document is read and changed in one turn, so nobody undoes what another has just changed.
    """

    name: str
    least: int | None
    most: int | None
    actor: str

    def decide(self, turn: Turn) -> Callable[[], Scaled]:
        """See `Request.decide`."""
        row = turn.views.current("Service", self.name)
        if row is None:
            raise no_document(turn.views, "Service", self.name)
        document = rescaled(document_of(row)["document"], self.least, self.most)
        changes = Apply((document,), self.actor).decide(turn)
        return lambda: scaled_to(document, *changes())


def rescaled(body: dict[str, Any], least: int | None, most: int | None) -> Document:
    """The Service `body` with other limits of its replicas, and nothing else changed.

    Raises:
        InvalidDocument: It cannot have these.
    """
    given = {word: count for word, count in (("min", least), ("max", most)) if count is not None}
    replicas = {**body["spec"].get("replicas", {}), **given}
    return from_json({**body, "spec": {**body["spec"], "replicas": replicas}}, file="")


def scaled_to(document: Document, change: Change) -> Scaled:
    """What is answered to who scaled a service."""
    assert isinstance(document.spec, Service)
    replicas = document.spec.replicas
    return Scaled(change.kind, change.name, change.what, replicas.min, replicas.max)


@dataclass(frozen=True, slots=True)
class Remove:
    """A document is no longer to hold."""

    kind: str
    name: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        if turn.views.current(self.kind, self.name) is None:
            raise no_document(turn.views, self.kind, self.name)
        turn.tell(DocumentRemoved(at_s=turn.at_s, kind=self.kind, name=self.name, actor=self.actor))
        return lambda: None


def no_document(views: Views, kind: str, name: str) -> NotFound:
    """The error for a document that does not hold, with names that are near."""
    known = sorted(row.name for row in views.documents.values() if row.kind == kind and row.current)
    near = get_close_matches(name, known, 3, 0.5)
    if near:
        mend = f"did you mean {' or '.join(near)}?"
    else:
        mend = f"known: {', '.join(known[:20])}" if known else f"there is no {kind} yet"
    return NotFound(f"no {kind} is called '{name}'", mend=mend)
