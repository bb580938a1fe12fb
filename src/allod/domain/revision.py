"""Revision: what is different between two states of a document, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from allod.domain.fact import Fact, Said

_HERE = "this document"
#: Fields of a part that say what its values are of, or where they are from.
_ABOUT = frozenset({"name", "party", "role", "fact", "source", "date", "note"})


class ChangeKind(StrEnum):
    """What became of a value."""

    ADDED = "added"  #: It was not known, or not there.
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is not what it was."""

    path: str  #: Where in the document, such as 'phases.first.power_w'.
    kind: ChangeKind
    before: Said[Any] | None
    after: Said[Any] | None


def changes(before: BaseModel | None, after: BaseModel) -> tuple[Change, ...]:
    """What is different in `after`, in its order; then what is no longer there.

    Another source, date or note for the same value is no change.
    """
    old = dict(leaves(before)) if before is not None else {}
    new = dict(leaves(after))
    found = [
        Change(path, _kind(old.get(path)), old.get(path), said)
        for path, said in new.items()
        if path not in old or old[path].value != said.value
    ]
    gone = [
        Change(path, ChangeKind.REMOVED, said, None)
        for path, said in old.items()
        if path not in new
    ]
    return (*found, *gone)


def _kind(before: Said[Any] | None) -> ChangeKind:
    return ChangeKind.ADDED if before is None else ChangeKind.CHANGED


def leaves(spec: BaseModel) -> Iterator[tuple[str, Said[Any]]]:
    """Every known value of a document with its path; entries of lists go by their names.

    A plain value counts as said by the document, with the source and date of the part it is in.
    """
    yield from _leaves(spec, (), None)


def _leaves(
    value: Any, path: tuple[str, ...], inside: BaseModel | None
) -> Iterator[tuple[str, Said[Any]]]:
    if isinstance(value, Fact):
        if value.known:
            yield ".".join(path), value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            if field in value.model_fields_set and not (path and field in _ABOUT):
                yield from _leaves(getattr(value, field), (*path, field), value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)), inside)
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for name, item in zip(_names(value), value, strict=True):
            below = tuple(_leaves(item, (*path, name), item))
            yield from below or (_there((*path, name), item),)
    elif value not in (None, (), ""):
        source = getattr(inside, "source", None) or _HERE
        yield ".".join(path), Said(value=value, source=source, date=getattr(inside, "date", None))


def _there(path: tuple[str, ...], item: BaseModel) -> tuple[str, Said[Any]]:
    """An entry of which nothing is said but that it is there."""
    source, day = getattr(item, "source", None), getattr(item, "date", None)
    note = getattr(item, "note", "")
    return ".".join(path), Said(value=True, source=source or _HERE, date=day, note=note)


def _names(items: tuple[Any, ...]) -> list[str]:
    """A name for each entry of a list that stays when another is put before it."""
    names: list[str] = []
    for item in items:
        name = str(
            getattr(item, "name", None)
            or getattr(item, "party", None)
            or getattr(item, "fact", None)
            or getattr(item, "value", None)
            or len(names)
        )
        role = getattr(item, "role", None)
        name = f"{name}-{role}" if role else name
        names.append(f"{name}-{names.count(name) + 1}" if name in names else name)
    return names
