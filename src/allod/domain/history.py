"""History: a document as it was known at the end of a day, from what each of its parts is dated."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import date as Date
from typing import Any, TypeVar

from allod.domain.base import Part
from allod.domain.claim import Claim
from allod.domain.fact import Fact
from allod.domain.site import PartyRole
from allod.domain.units import NEVER_S

P = TypeVar("P", bound=Part)

#: Fields that date an entry of a list, in this order; an entry of a later day was not there yet.
_DATED_BY = ("announced", "date")
#: The fact that an entry without a date of its own is about: a sum, a number of jobs, a duty.
_IS_ABOUT = ("amount", "count", "what", "about")


def at(part: P, day: Date) -> P:
    """`part` as it was known at the end of `day`.

    Facts have the value that they had then; entries first said later are left out. What was given
    up, replaced or ended later stands as if it went on. What has no date counts as always said.
    """
    then: P = _at(part, day)
    return then


def _at(value: Any, day: Date) -> Any:
    if isinstance(value, Fact):
        return value.at(day)
    if isinstance(value, Part):
        fields = {name: getattr(value, name) for name in value.model_fields_set}
        then = {name: _field_at(was, day) for name, was in fields.items()}
        changed = {name: new for name, new in then.items() if new is not fields[name]}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        return _entries_at(value, day)
    if isinstance(value, dict):
        return {key: _at(item, day) for key, item in value.items()}
    return value


def _field_at(value: Any, day: Date) -> Any:
    """A field; what is no fact and was first said later (a withdrawal) is not there yet."""
    if isinstance(value, Part) and not isinstance(value, Fact) and not _said_by(value, day):
        return None
    return _at(value, day)


def _entries_at(entries: tuple[Any, ...], day: Date) -> tuple[Any, ...]:
    there = [item for item in entries if _said_by(item, day)]
    names = {getattr(item, "name", None) for item in there}
    then = []
    for item in there:
        was = _at(item, day)
        if isinstance(was, Claim) and was.replaced_by not in names:
            was = was.model_copy(update={"replaced_by": None})
        if isinstance(was, PartyRole) and was.ends != NEVER_S and _day_of(was.ends) > day:
            was = was.model_copy(update={"ends": NEVER_S})
        then.append(was)
    return tuple(then)


def _said_by(item: Any, day: Date) -> bool:
    if isinstance(item, PartyRole):
        return _day_of(item.starts) <= day
    said = next((getattr(item, name) for name in _DATED_BY if hasattr(item, name)), None)
    if said is None:
        about = next((getattr(item, name) for name in _IS_ABOUT if hasattr(item, name)), None)
        said = _first_said(about) if isinstance(about, Fact) else None
    return said is None or bool(said <= day)


def _first_said(fact: Fact[Any]) -> Date | None:
    """The day on which anything of `fact` was first said; nothing if it has no date."""
    return next((said.date for said in (*fact.earlier, fact) if said.date), None)


def _day_of(at_s: int) -> Date:
    return datetime.fromtimestamp(at_s, UTC).date()
