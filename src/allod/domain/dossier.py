"""Dossier: what was announced of a site in public, apart from what is there to place work on."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Literal

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Name, Part, Text
from allod.domain.community import Jobs, Objection, Obligation
from allod.domain.fact import Fact, Standing
from allod.domain.factory import Factory
from allod.domain.money import Money
from allod.domain.place import Place
from allod.domain.units import PowerW


class Maturity(StrEnum):
    """How far a site as a whole has come."""

    ANNOUNCED = "announced"
    SECURED = "secured"  #: Ground, grid or money are contracted.
    BUILDING = "building"
    LIVE = "live"
    CANCELLED = "cancelled"  #: Its makers gave it up; the record stays.


class Dossier(Part):
    """What is publicly known of a site, each value dated and sourced; the rest is unknown."""

    known_as: tuple[Name, ...] = ()
    """Other names by which people look for it, such as 'stargate-norway'."""
    announced: Date | None = None
    """The first day on which it was public; before that there is nothing to show."""
    maturity: Fact[Maturity] = Fact(standing=Standing.UNKNOWN)
    capacity_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """Power of the whole site as announced, all phases; `capacity_is` says of what. [W]"""
    capacity_is: Literal["facility", "it", "unknown"] = "unknown"
    place: Place = Place()
    serves: Fact[tuple[AreaOrCountry, ...]] = Fact(standing=Standing.UNKNOWN)
    """Countries and areas that it says it serves."""
    factory: Factory | None = None
    """Its part in the network of AI Factories, if it is one."""
    money: tuple[Money, ...] = ()
    jobs: tuple[Jobs, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    objections: tuple[Objection, ...] = ()
    told: dict[Name, Fact[Text]] = {}
    """What sources say in their own words where no field of its own asks for it, by subject."""
