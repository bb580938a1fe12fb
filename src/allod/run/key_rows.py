"""Keys of projects as the log tells of them: the row that follows from a record, and what it shows.

The secret is in neither; it is told once, to whoever had the key made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import orjson

from allod.domain.project_key import KeyTerms
from allod.prove.encoding import canonical
from allod.run.log import KeyRow
from allod.run.records import KeyContentLogged, KeyMade, KeyRevoked


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A key of a project, without its secret."""

    name: str
    project: str
    made_at_s: int
    terms: KeyTerms
    content: bool  #: True while the content of its calls is logged for its project.
    revoked_at_s: int | None  #: None: it holds.


def key_row(before: KeyRow | None, record: KeyMade | KeyRevoked | KeyContentLogged) -> KeyRow:
    """The row of a key after `record`; only its making has none `before`."""
    if isinstance(record, KeyMade):
        return KeyRow(
            name=record.name,
            sha256=bytes.fromhex(record.sha256),
            project=record.project,
            terms=canonical(record.terms).decode(),
            content=False,
            created_at_s=record.at_s,
            revoked_at_s=None,
        )
    assert before is not None, "a key is made before anything else is recorded of it"
    if isinstance(record, KeyRevoked):
        return replace(before, revoked_at_s=record.at_s)
    return replace(before, content=record.on)


@lru_cache(maxsize=4096)  # Most keys have been given the same few.
def terms_of(terms: str) -> KeyTerms:
    """What a row says in `terms`."""
    return KeyTerms.model_validate(orjson.loads(terms))


def key_view(row: KeyRow) -> KeyView:
    """The key as people see it."""
    return KeyView(
        name=row.name,
        project=row.project,
        made_at_s=row.created_at_s,
        terms=terms_of(row.terms),
        content=row.content,
        revoked_at_s=row.revoked_at_s,
    )
