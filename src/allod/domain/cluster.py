"""Cluster: sites that are planned or run together: a region's, or the network of a programme."""

from __future__ import annotations

from pydantic import Field

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.money import Money
from allod.domain.units import Count, PowerW


class Cluster(Part):
    """A set of sites of several owners under one target."""

    title: Text
    known_as: tuple[Name, ...] = ()
    """Other names by which people look for it."""
    countries: tuple[AreaOrCountry, ...] = Field(min_length=1)
    members: tuple[Name, ...] = ()
    """Sites."""
    antennas: tuple[Name, ...] = ()
    target_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """Electrical power that is aimed at: a target, not the sum of its sites. [W]"""
    counts: dict[Name, Fact[Count]] = {}
    """What its makers count, such as 'ready-sites' or 'factories', by subject. [1]"""
    money: tuple[Money, ...] = ()
    told: dict[Name, Fact[Text]] = {}
    """What sources say in their own words where no field of its own asks for it, by subject."""
