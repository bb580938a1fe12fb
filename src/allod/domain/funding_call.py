"""Funding call: by it a programme chooses sites and pays for them, such as AI Gigafactories."""

from __future__ import annotations

from datetime import date as Date

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.money import Money
from allod.domain.units import Count


class FundingCall(Part):
    """A call for proposals, its dates, its money and what came of it."""

    title: Text
    reference: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    countries: tuple[AreaOrCountry, ...] = ()
    """Where proposers must be established."""
    opened: Fact[Date] = Fact(standing=Standing.UNKNOWN)
    deadline: Fact[Date] = Fact(standing=Standing.UNKNOWN)
    places_max: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """How many are chosen at most. [1]"""
    accelerators_min: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Size that a proposal needs. [accelerators]"""
    union_share_max_bp: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Most of the investment that the programme pays. [basis points]"""
    money: tuple[Money, ...] = ()
    interests: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Expressions of interest received. [1]"""
    selected: Fact[tuple[Name, ...]] = Fact(standing=Standing.UNKNOWN)
    """Sites that were chosen."""
    told: dict[Name, Fact[Text]] = {}
    """What sources say in their own words where no field of its own asks for it, by subject."""
