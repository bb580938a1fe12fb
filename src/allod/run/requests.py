"""Requests: what the controller is asked, each deciding on its own inside a turn.

A request may tell the engine at most one event, and only as the last thing that can fail, so that
one that is refused leaves nothing behind. What it returns is called for the answer once the turn's
leaves are durable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from allod.domain.decision import Decision
from allod.domain.document import Document
from allod.domain.event import (
    Event,
    WorkloadCancelled,
    WorkloadSubmitted,
)
from allod.domain.workload import Workload
from allod.errors import Conflict, InvalidDocument, NotFound
from allod.prove.encoding import decode
from allod.run.log import Answer, Leaf, WorkloadRow
from allod.run.node_views import Submitted, WorkloadView
from allod.run.records import Admin
from allod.run.standing import id_of, workload_view
from allod.run.views import Views

ACCEPTED = 201  #: Status of an answer kept for a repeated request; the API's for a new workload.


#: Accelerators out by node, watts of others, and why.
PoolTold = tuple[tuple[tuple[int, int], ...], int, tuple[str, ...]]


class Turn(Protocol):
    """What a request may see and do while it is decided."""

    at_s: int
    views: Views
    leaves: list[Leaf]  #: What was told, noted and decided so far.

    def tell(self, event: Event) -> tuple[Decision, ...]:
        """Tell the engine, and keep event and decisions for the log."""
        ...

    def note(self, record: Admin) -> None:
        """Keep an administrative record for the log."""
        ...

    def answer(self, key: str) -> Answer | None:
        """What was answered to a request of before, this turn's included."""
        ...

    def answer_put(self, answer: Answer) -> None:
        """Keep an answer with the turn's leaves."""
        ...

    def pool_told(self, site: str, pool: str) -> PoolTold:
        """What was last told of a pool that others share; empty if nothing was."""
        ...

    def workload(self, workload_id: str) -> WorkloadRow | None:
        """The durable row of a workload that may have ended long ago."""
        ...

    def revisions_known(self, keys: Sequence[tuple[str, str]]) -> None:
        """Make sure that the views know the past of these documents, removed ones too."""
        ...


class Request(Protocol):
    """Something asked of the controller."""

    def decide(self, turn: Turn) -> Callable[[], Any]:
        """Decide; the value returned gives the answer once all is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Submit:
    """A workload is to run."""

    name: str
    spec: dict[str, Any]
    actor: str
    key: str
    digest: bytes  #: Of what is asked for, to know the same request again.

    @classmethod
    def of(cls, document: Document, actor: str, key: str | None) -> Submit:
        """The request for `document`, of a person.

        Raises:
            InvalidDocument: It is no Workload, or says that it is a replica.
        """
        if isinstance(document.spec, Workload) and document.spec.replica_of is not None:
            raise InvalidDocument(
                "only the node itself starts replicas of a service",
                file=document.file,
                path=f"{document.key}: spec.replica_of",
                value=document.spec.replica_of.service,
                mend="leave it out, or change the replicas of the service: 'allod service scale'",
            )
        return cls.own(document, actor, key)

    @classmethod
    def own(cls, document: Document, actor: str, key: str | None) -> Submit:
        """The request for `document`, which may be a replica: of the node itself.

        Raises:
            InvalidDocument: It is no Workload.
        """
        if document.kind != "Workload":
            raise InvalidDocument(
                f"a {document.kind} cannot be submitted",
                file=document.file,
                mend="apply it, and submit documents of kind Workload",
            )
        spec = document.spec.model_dump(mode="json", exclude_defaults=True)
        encoded = encodable({"name": document.name, "spec": spec}, document)
        # One caller's keys mean nothing to another, and what stands in one is kept nowhere.
        scoped = hashlib.sha256(f"{actor}\n{key}".encode()).hexdigest() if key else ""
        return cls(document.name, spec, actor, scoped, hashlib.sha256(encoded).digest())

    def decide(self, turn: Turn) -> Callable[[], Submitted]:
        """See `Request.decide`."""
        prior = turn.answer(self.key) if self.key else None
        if prior is not None:
            return self._repeated(prior)
        workload_id = id_of(turn.views.ordinal + 1)
        decisions = turn.tell(
            WorkloadSubmitted(
                at_s=turn.at_s,
                workload_id=workload_id,
                name=self.name,
                workload=self.spec,
                actor=self.actor,
            )
        )
        place, decision = next(
            (place, item) for place, item in enumerate(decisions) if item.workload_id == workload_id
        )
        if self.key:
            leaf = turn.leaves[place - len(decisions)]
            body = (
                f'{{"decision":{leaf.body.decode()},"kind":"{leaf.kind}",'
                f'"workload_id":"{workload_id}"}}'
            )
            turn.answer_put(Answer(self.key, self.digest, ACCEPTED, body.encode(), turn.at_s))
        submitted = Submitted(workload_id, decision, False)
        return lambda: submitted

    def _repeated(self, prior: Answer) -> Callable[[], Submitted]:
        if not prior.body:
            raise Conflict(
                "this key stood for a request that was erased since",
                mend="use a new key for a new request",
            )
        if prior.request_digest != self.digest:
            raise Conflict(
                "this key stands for another request", mend="use a new key for a new request"
            )
        kept = orjson.loads(prior.body)
        decision = decode(kept["kind"], orjson.dumps(kept["decision"]))
        assert isinstance(decision, Decision)
        submitted = Submitted(kept["workload_id"], decision, True)
        return lambda: submitted


def encodable(content: dict[str, Any], document: Document) -> bytes:
    """`content` as JSON.

    Raises:
        InvalidDocument: Some text in it is no Unicode text, so no log could hold it.
    """
    try:
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidDocument(
            f"{document.key} holds what cannot be written as JSON: {error}",
            file=document.file,
            mend="use Unicode text and whole numbers",
        ) from error


@dataclass(frozen=True, slots=True)
class Cancel:
    """A workload is no longer wanted; one that has ended stays as it is."""

    workload_id: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], WorkloadView]:
        """See `Request.decide`."""
        standing = turn.views.live.get(self.workload_id)
        if standing is None:
            row = turn.workload(self.workload_id)
            if row is None:
                raise NotFound(f"there is no workload '{self.workload_id}'")
        else:
            if standing.placed.cancelled_by is None:
                turn.tell(
                    WorkloadCancelled(
                        at_s=turn.at_s, workload_id=self.workload_id, actor=self.actor
                    )
                )
            row = standing.row()
        view = workload_view(row)
        return lambda: view
