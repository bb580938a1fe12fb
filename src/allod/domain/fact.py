"""Facts: values from the outside world with source, date and standing."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import model_validator

from allod.domain.base import Part, Text

T = TypeVar("T")


class Standing(StrEnum):
    """How well a fact stands: the first is the strongest."""

    PROVED = "proved"  #: Anyone can check it (a receipt, a signed measurement).
    ATTESTED = "attested"  #: A named third party vouches for it.
    DECLARED = "declared"  #: Its owner says so.
    ASSUMED = "assumed"  #: A scenario fills it in; whatever is computed from it says so.
    UNKNOWN = "unknown"  #: Not known; counts as a no wherever law asks (L4).


class Said(Part, Generic[T]):
    """A value as somebody said it: one source, one day."""

    value: T | None = None
    """The value, or nothing if it is unknown."""
    standing: Standing = Standing.DECLARED
    """proved, attested, declared, assumed or unknown."""
    source: Text = "this document"
    """Where it was read: a title or address."""
    date: Date | None = None
    """When the source said so."""
    note: Text = ""
    """Anything a reader must know, such as sources that disagree."""

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, data: Any) -> Any:
        if isinstance(data, Said):
            return data
        if isinstance(data, dict):
            if data.get("value") is None and "standing" not in data:
                return {**data, "standing": Standing.UNKNOWN}
            return data
        if data is None or data == "unknown":
            return {"standing": Standing.UNKNOWN}
        return {"value": data}

    @model_validator(mode="after")
    def _unknown_has_no_value(self) -> Said[T]:
        if (self.value is None) != (self.standing is Standing.UNKNOWN):
            raise ValueError("a fact has no value exactly when its standing is 'unknown'")
        return self

    @property
    def known(self) -> bool:
        """True if there is a value."""
        return self.value is not None


class Fact(Said[T], Generic[T]):
    """A dated, sourced value. A bare value in YAML is 'declared by this document'."""

    earlier: tuple[Said[T], ...] = ()
    """What was said before, oldest first: history is kept, never overwritten."""
    others: tuple[Said[T], ...] = ()
    """What other sources say of the same, where they disagree with this one."""

    @model_validator(mode="after")
    def _history_is_in_order(self) -> Fact[T]:
        if self.earlier:
            dates = [said.date for said in (*self.earlier, self)]
            if None in dates:
                raise ValueError("with earlier values each needs a date; add the day it was said")
            if dates != sorted(dates, key=str):
                raise ValueError("earlier values are not in order; write the oldest first")
        return self

    def at(self, day: Date) -> Fact[T]:
        """The fact as it was known at the end of `day`; unknown if nothing was said by then."""
        if not (self.earlier or self.others) and (not self.date or self.date <= day):
            return self
        then = [said for said in (*self.earlier, self) if not said.date or said.date <= day]
        others = tuple(said for said in self.others if not said.date or said.date <= day)
        if not then:
            return Fact(standing=Standing.UNKNOWN, note="not said by then", others=others)
        fields = {name: getattr(then[-1], name) for name in Said.model_fields}
        return self.model_copy(update={**fields, "earlier": tuple(then[:-1]), "others": others})
