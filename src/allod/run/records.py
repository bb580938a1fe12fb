"""All that a leaf may hold: events, decisions, and what an administrator did to the node itself.

The engine is told events and makes decisions. Administrative records (kind 'admin/...') are in the
same log, because E1 asks for them too, but no decision depends on them; who re-makes decisions
passes them over.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from allod.domain.decision import DECISIONS, Decision, PowerCap, PowerUncap, Reason, ShedPlan
from allod.domain.event import (
    EVENTS,
    CurtailmentCalled,
    DocumentRemoved,
    DocumentsApplied,
    Event,
    ForecastGiven,
    NodeStarted,
    PoolReported,
    TimePassed,
    WorkloadSubmitted,
)
from allod.errors import InvalidInput
from allod.prove.encoding import LEFT_OUT, canonical, decode, encode, is_left_out
from allod.run.log import Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMade:
    """Someone may use the node from now on; only the digest of the secret is kept."""

    at_s: int
    name: str
    role: str
    sha256: str  #: Of the secret, in hex.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked:
    """A token opens nothing any more."""

    at_s: int
    name: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """A project may call services from now on; only the digest of the secret is kept."""

    at_s: int
    name: str
    project: str
    sha256: str  #: Of the secret, in hex.
    terms: dict[str, Any]  #: A `domain.project_key.KeyTerms`, defaults left out.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked:
    """A project's key opens nothing any more."""

    at_s: int
    name: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyContentLogged:
    """From here on the content of a key's calls is logged for its project, or no longer is."""

    at_s: int
    name: str
    on: bool
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltsErased:
    """What made the leaves of a workload readable is destroyed from here on (E2)."""

    at_s: int
    subject: str  #: The workload; its own leaves no longer name it.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementChanged:
    """The sovereignty statement of a site says something else from here on, or the first thing."""

    at_s: int
    site: str
    sha256: str  #: Of the statement without its day, in hex; see `prove.sovereignty.digest`.
    says: str  #: In a few words, such as 'no: control, keys'.


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExported:
    """The sealed log, as it was at a checkpoint, is handed out for others to publish."""

    at_s: int
    size: int  #: Entries of that checkpoint.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyRotated:
    """From the next checkpoint on another key signs the log; that one both have signed."""

    at_s: int
    before: str  #: The key that signed until now (vkey).
    after: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionDisclosed:
    """The log is told in the open, up to a checkpoint, to someone who is to check it."""

    at_s: int
    size: int  #: Entries of that checkpoint.
    actor: str = ""


#: With this begins the kind of a leaf whose content was destroyed; its body is '{}'.
ERASED = "erased/"

Admin = (
    TokenMade
    | TokenRevoked
    | KeyMade
    | KeyRevoked
    | KeyContentLogged
    | SaltsErased
    | LogExported
    | LogKeyRotated
    | SectionDisclosed
    | StatementChanged
)
Record = Event | Decision | Admin

_ADMIN_TYPES = (
    TokenMade,
    TokenRevoked,
    KeyMade,
    KeyRevoked,
    KeyContentLogged,
    SaltsErased,
    LogExported,
    LogKeyRotated,
    SectionDisclosed,
    StatementChanged,
)
_ADMIN: dict[str, type[Admin]] = {cls.__name__: cls for cls in _ADMIN_TYPES}


def leaf_of(record: Record, seq: int) -> Leaf:
    """`record` as the leaf `seq`."""
    if isinstance(record, _ADMIN_TYPES):
        return Leaf(seq, record.at_s, f"admin/{type(record).__name__}", canonical(asdict(record)))
    kind = _KINDS[type(record)]
    if isinstance(record, DocumentsApplied):
        return Leaf(seq, record.at_s, kind, encode(record))
    return Leaf(seq, record.at_s, kind, _encoded_fast(record))


def _encoded_fast(record: Event | Decision) -> bytes:
    """The very bytes of `prove.encoding.encode`, in a tenth of its time.

    It is called for every record that is written. Events and decisions are flat but for their
    reasons, and what a workload asks for holds no floats, which is what `encode` also checks.
    """
    values = {name: getattr(record, name) for name in _NAMES[type(record)]}
    for name in LEFT_OUT:
        if name in values and is_left_out(name, values[name]):
            del values[name]
    if reasons := values.get("reasons"):
        values["reasons"] = [
            {name: getattr(reason, name) for name in _REASON_NAMES} for reason in reasons
        ]
    return canonical_fast(values)


def canonical_fast(value: Any) -> bytes:
    """The very bytes of `prove.encoding.canonical`, of plain values whose numbers are 64 bits."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


_NAMES: dict[type, tuple[str, ...]] = {
    cls: tuple(sorted(field.name for field in fields(cls)))
    for cls in (*EVENTS.values(), *DECISIONS.values(), Reason)
}
_REASON_NAMES = _NAMES[Reason]
_KINDS: dict[type, str] = {
    **{cls: f"event/{name}" for name, cls in EVENTS.items()},
    **{cls: f"decision/{name}" for name, cls in DECISIONS.items()},
}
#: Records that are about no workload; those that `workloads_of` knows are asked first.
_ABOUT_NONE = (
    NodeStarted,
    DocumentsApplied,
    DocumentRemoved,
    PoolReported,
    ForecastGiven,
    CurtailmentCalled,
    TimePassed,
    *_ADMIN_TYPES,
)


def record_of(leaf: Leaf) -> Record:
    """The record that `leaf` holds.

    Raises:
        InvalidInput: This version does not know its kind or one of its fields.
    """
    side, _, name = leaf.kind.partition("/")
    if side != "admin":
        return decode(leaf.kind, leaf.body)
    if name not in _ADMIN:
        raise InvalidInput(
            f"unknown kind of record '{leaf.kind}'", mend="use a newer version of allod"
        )
    return _ADMIN[name](**json.loads(leaf.body))


def is_event(leaf: Leaf) -> bool:
    """True if the engine was told it."""
    return leaf.kind.startswith("event/")


def is_decision(leaf: Leaf) -> bool:
    """True if the engine made it."""
    return leaf.kind.startswith("decision/")


def settles(decision: Decision) -> bool:
    """True if it says whether, where or until when one workload runs; a power cap does not."""
    return not isinstance(decision, ShedPlan | PowerCap | PowerUncap)


def is_erased(leaf: Leaf) -> bool:
    """True if nobody can tell any more what it said."""
    return leaf.kind.startswith(ERASED)


def erased(leaf: Leaf) -> Leaf:
    """`leaf` without what it said; that it was a submission is still told, for they are counted."""
    name = leaf.kind.rpartition("/")[2]
    return Leaf(leaf.seq, leaf.at_s, f"{ERASED}{name}", b"{}")


def was_submission(leaf: Leaf) -> bool:
    """True if `leaf` was a submission and was erased."""
    return leaf.kind == f"{ERASED}{WorkloadSubmitted.__name__}"


def workloads_of(record: Record) -> tuple[str, ...]:
    """Ids of the workloads that `record` is about: none, one, or both sides of a reclaim.

    A statement is about its site, as 'Site/NAME': by the same view its last change is found again.
    """
    if isinstance(record, SaltsErased):
        return (record.subject,)
    if isinstance(record, StatementChanged):
        return (f"Site/{record.site}",)
    if isinstance(record, _ABOUT_NONE):
        return ()
    if isinstance(record, ShedPlan):
        given = (*record.capped, *record.reclaimed)
        return tuple(dict.fromkeys((*record.delayed, *(name for name, _ in given))))
    other = getattr(record, "for_workload_id", "")
    return (record.workload_id, other) if other else (record.workload_id,)
