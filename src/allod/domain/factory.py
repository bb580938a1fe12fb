"""Factory: a site's part in the network of EuroHPC AI Factories."""

from __future__ import annotations

from datetime import date as Date

from allod.domain.areas import Country
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.period import Period
from allod.domain.units import Count


class Interim(Part):
    """Another system that serves until the factory's own is there."""

    name: Name
    system: Fact[Text]
    accelerator: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    accelerators: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """How many. [1]"""


class Factory(Part):
    """An AI Factory: who was selected when, with whom, for what system."""

    selected: Fact[Date]
    host: Fact[Text]
    """Hosting entity, with its partners, as the source names them."""
    participating: Fact[tuple[Country, ...]] = Fact(standing=Standing.UNKNOWN)
    """States that take part, the host's included."""
    shares_bp: dict[Country, Fact[Count]] = {}
    """Share of the access of each state, where it is published. [basis points]"""
    system: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    operational: Fact[Period] = Fact(standing=Standing.UNKNOWN)
    """When users are to be on the factory's own system."""
    interim: tuple[Interim, ...] = ()
