"""Antenna: a national desk with remote access to the AI Factories that host its users."""

from __future__ import annotations

from datetime import date as Date

from pydantic import Field

from allod.domain.areas import Country
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.money import Money


class Antenna(Part):
    """An AI Factory Antenna: it takes in applicants at home; the linked factories run the work."""

    title: Text
    country: Fact[Country]
    hosts: tuple[Fact[Name], ...] = Field(min_length=1)
    """Sites of the AI Factories that it is bound to; work there is under their law."""
    lead: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    selected: Fact[Date] = Fact(standing=Standing.UNKNOWN)
    money: tuple[Money, ...] = ()
    told: dict[Name, Fact[Text]] = {}
    """What sources say in their own words where no field of its own asks for it, by subject."""
