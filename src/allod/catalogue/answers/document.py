"""One document: as it was known at a day, and what changed between two days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from allod import catalogue
from allod.catalogue.answers.days import checked, not_announced
from allod.domain.assume import facts_of
from allod.domain.base import Part
from allod.domain.document import Document
from allod.domain.fact import Said
from allod.domain.history import at
from allod.domain.revision import Change, changes
from allod.errors import InvalidInput
from allod.plan.known import announced_on

_SAID = frozenset({"value", "standing", "source", "date", "note"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A document as it was known at the end of `day`."""

    document: Document
    day: Date
    spec: Part

    @property
    def unknown(self) -> list[str]:
        """Paths of what is not known."""
        return [path for path, _, fact in facts_of(self.spec) if not fact.known]

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        return {
            "at": self.day.isoformat(),
            "kind": self.document.kind,
            "name": self.document.name,
            "spec": self.spec.model_dump(mode="json", exclude_defaults=True),
            "unknown": self.unknown,
        }


def shown(asked: str, day: Date, kind: str = "") -> Shown:
    """The document that people call `asked`, of one kind if that is told.

    Raises:
        NotFound: There is none.
        InvalidInput: It was not announced by then.
    """
    document = catalogue.find(asked, kind)
    return Shown(document, day, _then(document, checked(day), "at"))


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed in a document from the end of one day to the end of another."""

    document: Document
    begin: Date
    end: Date
    is_new: bool  #: It was not announced by `begin`.
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        return {
            "kind": self.document.kind,
            "name": self.document.name,
            "from": self.begin.isoformat(),
            "to": self.end.isoformat(),
            "changes": [
                {
                    "path": change.path,
                    "kind": change.kind,
                    "before": _said(change.before),
                    "after": _said(change.after),
                }
                for change in self.changes
            ],
        }


def changed(asked: str, begin: Date, end: Date, kind: str = "") -> Changed:
    """What changed in the document that people call `asked`.

    Raises:
        NotFound: There is none.
        InvalidInput: The days are not in order, or it was not announced by the later one.
    """
    document = catalogue.find(asked, kind)
    if checked(end, "to") < checked(begin, "from"):
        raise InvalidInput(
            f"the later day {end} is before the earlier day {begin}",
            mend="exchange from and to",
            field="to",
            value=str(end),
        )
    last = _then(document, end, "to")
    first = announced_on(document.spec)
    before = None if first and begin < first else at(document.spec, begin)
    return Changed(document, begin, end, before is None, changes(before, last))


def _then(document: Document, day: Date, field: str) -> Part:
    """The spec as it was known at `day`."""
    first = announced_on(document.spec)
    if first and day < first:
        raise not_announced(document.name, first, day, field)
    return at(document.spec, day)


def _said(said: Said[Any] | None) -> dict[str, Any] | None:
    return said.model_dump(mode="json", include=set(_SAID)) if said else None
