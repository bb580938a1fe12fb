"""Money: what a site or a programme costs, who pays it, and how far that has come."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing

#: Three letters of ISO 4217.
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
#: Whole units of the currency.
Amount = Annotated[int, Field(ge=0, le=10**13, strict=True)]


class MoneyState(StrEnum):
    """How far a sum has come."""

    ANNOUNCED = "announced"
    COMMITTED = "committed"
    SPENT = "spent"
    UNKNOWN = "unknown"


class Money(Part):
    """One sum, and who pays it; it adds to the others of its list unless it is `part_of` one."""

    name: Name
    amount: Fact[Amount]
    """How much. [whole units of `currency`]"""
    currency: Currency
    payer: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Who pays: a party's name, a country, or a title such as 'EuroHPC JU'."""
    purpose: Text = ""
    state: MoneyState = MoneyState.ANNOUNCED
    part_of: Name | None = None
    """The sum of the same list that this one is a part of."""
