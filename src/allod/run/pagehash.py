"""The leaf hashes of a page: what costs time in sealing, and needs nothing but its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from allod.prove.leaf import KIND, padding_entry, sealed_hash
from allod.prove.merkle import leaf_hash

_KIND_FIELD = "document_kind"  #: Under this name a record's own field 'kind' is sealed.

#: Subjects of secrets that are no workload's.
OF_NODE, OF_PADDING = "", "*"

#: The secret of its subject, its kind, its body: what the hash of a leaf is made of.
Item = tuple[bytes, str, bytes]


def page_hashes(first: int, items: Sequence[Item], padding_secret: bytes, padding: int) -> bytes:
    """The leaf hashes of a page that begins at entry `first`: `items`, then so much padding."""
    found = [
        sealed_hash(secret, first + place, kind, written(fields_in(body)))
        for place, (secret, kind, body) in enumerate(items)
    ]
    start = first + len(items)
    found += [leaf_hash(padding_entry(padding_secret, start + place)) for place in range(padding)]
    return b"".join(found)


def fields_in(body: bytes) -> dict[str, Any]:
    """What a leaf says, by the names under which it is sealed.

    An entry has the record's own kind under `KIND`, so a record that has a field of this name,
    the kind of the document that it is about, has it under another.
    """
    fields: dict[str, Any] = orjson.loads(body)
    if KIND in fields:
        fields[_KIND_FIELD] = fields.pop(KIND)
    return fields


def written(fields: dict[str, Any]) -> list[tuple[str, bytes]]:
    """The fields of a record in their order, each with its canonical JSON."""
    return [
        (name, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
        for name, value in sorted(fields.items())
    ]


def subject_of(body: dict[str, object]) -> str:
    """Whose secret blinds a record: its workload's, or the node's."""
    found = body.get("workload_id", OF_NODE)
    return found if isinstance(found, str) else OF_NODE
