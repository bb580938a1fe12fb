"""The canonical encoding: one record, one sequence of bytes, on every machine (rule 'same bytes').

JSON with sorted keys, no spaces, UTF-8, whole numbers only: for the values that occur here this is
RFC 8785 (JCS), because no float ever enters a record.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from allod.domain.decision import DECISIONS, Decision, Footprint, Reason, Step
from allod.domain.event import EVENTS, CapState, Event, Outcome
from allod.errors import InvalidInput
from allod.prove.canonical import canonical

__all__ = ["Record", "canonical", "decode", "encode", "is_left_out", "kind_of"]

Record = Event | Decision

#: Fields that a record leaves out if they are None, False or an empty list: it is as it was before
#: there were any.
LEFT_OUT = frozenset(("footprint", "energy_j", "energy_shared", "capped"))
_SERIES = ("temp_milli_c", "wet_bulb_milli_c", "base_load_w", "clean_w", "carbon_g_per_kwh")
_TUPLES = frozenset(("documents", "node_names", "why", "delayed", *_SERIES))


def kind_of(record: Record) -> str:
    """'event/WorkloadSubmitted' or 'decision/Placement'."""
    name = type(record).__name__
    return f"event/{name}" if name in EVENTS else f"decision/{name}"


def encode(record: Record) -> bytes:
    """The canonical bytes of `record`, without its kind."""
    return canonical(_plain(record))


def decode(kind: str, body: bytes) -> Record:
    """The record that `encode` made `body` of.

    Raises:
        InvalidInput: The kind or a field is not known to this version.
    """
    side, _, name = kind.partition("/")
    sides: dict[str, dict[str, type[Any]]] = {"event": {**EVENTS}, "decision": {**DECISIONS}}
    types = sides.get(side, {})
    if name not in types:
        raise InvalidInput(f"unknown kind of record '{kind}'", mend="use a newer version of allod")
    values = json.loads(body)
    try:
        record: Record = types[name](**{key: _revived(key, value) for key, value in values.items()})
    except TypeError as error:
        raise InvalidInput(f"{kind}: {error}", mend="use a newer version of allod") from error
    return record


def is_left_out(name: str, value: Any) -> bool:
    """True if a record does not say `value` of its field `name`."""
    return name in LEFT_OUT and (value is None or value is False or value in ((), []))


def _plain(value: Any) -> Any:
    """`value` as plain JSON values; a float is a mistake of ours."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {name: item for name, item in found.items() if not is_left_out(name, item)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    assert not isinstance(value, float), "no float may be decided on or signed"
    return value


def _revived(key: str, value: Any) -> Any:
    if key == "reasons":
        return tuple(Reason(**{**item, "step": Step(item["step"])}) for item in value)
    if key in ("nodes", "out"):
        return tuple((int(node), int(count)) for node, count in value)
    if key == "footprint":
        return Footprint(**value)
    if key in ("reclaimed", "capped"):
        return tuple((str(workload_id), int(watts)) for workload_id, watts in value)
    if key in _TUPLES:
        return tuple(value)
    if key == "outcome":
        return Outcome(value)
    if key == "state":
        return CapState(value)
    return value
