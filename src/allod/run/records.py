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

from allod.domain.decision import DECISIONS, Decision, Reason
from allod.domain.event import (
    EVENTS,
    DocumentRemoved,
    DocumentsApplied,
    Event,
    NodeStarted,
    PoolReported,
    TimePassed,
)
from allod.errors import InvalidInput
from allod.prove.encoding import canonical, decode, encode
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


Admin = TokenMade | TokenRevoked
Record = Event | Decision | Admin

_ADMIN_TYPES = (TokenMade, TokenRevoked)
_ADMIN: dict[str, type[TokenMade] | type[TokenRevoked]] = {
    cls.__name__: cls for cls in _ADMIN_TYPES
}


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
#: Records that are about no workload.
_ABOUT_NONE = (
    NodeStarted,
    DocumentsApplied,
    DocumentRemoved,
    PoolReported,
    TimePassed,
    TokenMade,
    TokenRevoked,
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


def workloads_of(record: Record) -> tuple[str, ...]:
    """Ids of the workloads that `record` is about: none, one, or both sides of a reclaim."""
    if isinstance(record, _ABOUT_NONE):
        return ()
    other = getattr(record, "for_workload_id", "")
    return (record.workload_id, other) if other else (record.workload_id,)
