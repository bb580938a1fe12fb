"""What the controller needs from a durable log: the values that go in and the ports.

The log is the only truth (E1, E4). Everything else that a store keeps is either *made from it*
(the views, rebuilt at any time by folding the leaves again) or *goes with it* in the same
transaction (acts for the runners, answers for repeated requests). A snapshot only shortens the
fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Verb = Literal["start", "notify", "stop", "cap", "uncap"]
ActState = Literal["pending", "done", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event or one decision, as the log keeps it."""

    seq: int  #: Dense from 0 in the whole log.
    at_s: int
    kind: str  #: 'event/WorkloadSubmitted', 'decision/Placement', ...
    body: bytes  #: Canonical JSON; the store gives back these very bytes.


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A workload as it stands after `last_seq`: one row of the view, written whole each time."""

    workload_id: str
    ordinal: int  #: Order of asking; unique, the cursor of every list.
    project: str
    class_name: str
    site: str  #: Empty until it is placed.
    pool: str
    state: str
    accelerators: int
    submitted_at_s: int
    started_at_s: int | None
    ended_at_s: int | None
    run: int  #: Which start of the workload this is; 0 before the first.
    exit_status: int | None
    spec: str  #: Canonical JSON text.
    reasons: str  #: Canonical JSON text.
    last_seq: int


class WorkloadEntry(NamedTuple):
    """What lists are filtered and sorted by."""

    ordinal: int
    state: str
    project: str
    class_name: str
    site: str
    accelerators: int
    name: str  #: Empty once it is erased.
    expected_at_s: int | None  #: Of one that waits: its start as the latest hold expects it.


@dataclass(frozen=True, slots=True)
class WorkloadLeaf:
    """Says that the leaf `seq` is about the workload, so that its story can be read back."""

    workload_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One revision of a document. A newer revision of the same name makes older ones not current.

    A withdrawn document is a last revision with `current=False`.
    """

    kind: str
    name: str
    revision: int
    seq: int
    body: str  #: Canonical JSON text.
    current: bool = True


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A bearer token's digest and role; the token itself is kept nowhere."""

    name: str
    sha256: bytes
    role: str
    created_at_s: int
    revoked_at_s: int | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A project's key: its digest and terms; the secret itself is kept nowhere."""

    name: str
    sha256: bytes
    project: str
    terms: str  #: Canonical JSON text of a `domain.project_key.KeyTerms`, defaults left out.
    content: bool  #: True while the content of its calls is logged for its project.
    created_at_s: int
    revoked_at_s: int | None


@dataclass(frozen=True, slots=True)
class ViewChange:
    """Rows to write to the views with a batch of leaves; a row replaces the one with its key.

    Only what follows from the leaves belongs here, or the views could not be rebuilt.
    """

    workloads: Sequence[WorkloadRow] = ()
    workload_leaves: Sequence[WorkloadLeaf] = ()
    documents: Sequence[DocumentRow] = ()
    tokens: Sequence[TokenRow] = ()
    keys: Sequence[KeyRow] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a runner is to do, kept with the decision that asked for it.

    `act_id` is what makes it safe to ask twice: the same id written again changes nothing.
    """

    act_id: str
    workload_id: str
    run: int
    verb: Verb
    body: bytes
    not_before_s: int = 0
    state: ActState = "pending"
    attempts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ActNote:
    """How an attempt at an act went."""

    act_id: str
    state: ActState
    detail: str = ""
    not_before_s: int = 0  #: When it is to be tried again, if it is neither done nor refused.


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an Idempotency-Key; the first answer stands."""

    key: str
    request_digest: bytes  #: To tell a repeated request from another one under the same key.
    status: int
    body: bytes
    at_s: int = 0  #: When, so that old answers can be dropped.


@dataclass(frozen=True, slots=True)
class WorkloadFilter:
    """Which workloads a list is to hold; what is empty does not filter."""

    states: tuple[str, ...] = ()
    project: str = ""
    site: str = ""
    class_name: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadCount:
    """How many workloads, and accelerators of theirs, share a state, class and site."""

    state: str
    class_name: str
    site: str
    workloads: int
    accelerators: int


class Log(Protocol):
    """The durable log with its snapshots. One writer at a time; a second one is fenced off.

    Every method raises `Unavailable` when the database cannot be reached or cannot take it, and
    goes on working by itself once it can.
    """

    def append(
        self,
        leaves: Sequence[Leaf],
        views: ViewChange,
        acts: Sequence[Act] = (),
        answers: Sequence[Answer] = (),
    ) -> None:
        """Add leaves and all that goes with them: durable on return, and all of it or nothing.

        Raises `Conflict` when the first seq is not `tail()`: someone else writes this log.
        Raises `Unavailable` when it was not done *or cannot be known*: read `tail()` to find
        out, and rebuild from the log before going on.
        """
        ...

    def read(self, from_seq: int = 0, limit: int | None = None) -> Iterator[Leaf]:
        """Yield leaves in order from `from_seq`, streaming, from one consistent view."""
        ...

    def tail(self) -> int:
        """Return the seq that the next leaf takes. No append of before is still under way."""
        ...

    def snapshot_put(self, seq: int, body: bytes) -> None:
        """Keep the engine's state as it is before leaf `seq`; the last two are kept."""
        ...

    def snapshot_latest(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot as (seq of the first leaf it does not hold, bytes)."""
        ...


class Outbox(Protocol):
    """What the runners still have to do, and what was answered to repeated requests."""

    def acts_due(self, now_s: int, limit: int) -> list[Act]:
        """Return acts that are pending or unknown and due, oldest first."""
        ...

    def acts_done(self, notes: Sequence[ActNote]) -> Sequence[str]:
        """Note how attempts went; pending or unknown acts come back from `not_before_s` on.

        Done and refused are final: acts that are noted otherwise stay so and are returned.
        """
        ...

    def answer(self, key: str) -> Answer | None:
        """Return what was answered under this key, or None."""
        ...

    def answers(self, keys: Sequence[str]) -> list[Answer]:
        """Return what was answered under those of `keys` that are known, in one question."""
        ...

    def answers_drop(self, before_s: int) -> int:
        """Forget answers older than `before_s`; return how many."""
        ...


class ViewStore(Protocol):
    """Keeps the views in step with the log, and lets them be thrown away and made again."""

    def views_seq(self) -> int:
        """Return the seq up to which the views are made; below `tail()` they must be rebuilt."""
        ...

    def views_reset(self) -> None:
        """Empty every view; acts and answers stay, for they hold more than the log says."""
        ...

    def views_put(self, views: ViewChange, acts: Sequence[Act], next_seq: int) -> None:
        """Write rows of a rebuild; the views then stand before leaf `next_seq`."""
        ...

    def views_dump(self) -> bytes:
        """Return every row of every view in a canonical order, to compare two databases."""
        ...


class ViewReads(Protocol):
    """The questions that the faces ask the views; safe from several threads at once."""

    def workloads(
        self,
        where: WorkloadFilter,
        limit: int,
        after: int | None = None,
        newest_first: bool = False,
    ) -> list[WorkloadRow]:
        """Return a page in order of asking; `after` is the ordinal of the last row before it."""
        ...

    def workload_entries(self) -> Iterator[WorkloadEntry]:
        """Yield an entry for every workload, in any order, streaming."""
        ...

    def workloads_at(self, ordinals: Sequence[int]) -> list[WorkloadRow]:
        """Return the workloads with these ordinals, in this order; unknown ones are left out."""
        ...

    def workload(self, workload_id: str) -> WorkloadRow | None:
        """Return one workload, or None."""
        ...

    def workload_leaves(
        self, workload_id: str, limit: int, after_seq: int | None = None
    ) -> list[Leaf]:
        """Return the leaves about one workload, oldest first."""
        ...

    def workload_counts(self) -> list[WorkloadCount]:
        """Return the number of workloads by state, class and site."""
        ...

    def documents(self, kind: str = "") -> list[DocumentRow]:
        """Return the current documents, of one kind or of all, by kind and name."""
        ...

    def document(self, kind: str, name: str) -> DocumentRow | None:
        """Return the current revision of a document, or None."""
        ...

    def document_revisions(self, kind: str, name: str) -> list[DocumentRow]:
        """Return every revision of a document, oldest first."""
        ...

    def token(self, sha256: bytes) -> TokenRow | None:
        """Return the token with this digest, revoked or not, or None."""
        ...

    def tokens(self) -> list[TokenRow]:
        """Return all tokens by name."""
        ...

    def project_keys(self) -> list[KeyRow]:
        """Return all keys of projects by name, revoked ones too."""
        ...
