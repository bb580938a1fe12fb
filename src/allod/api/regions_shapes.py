"""What the answer about regions looks like, for the OpenAPI document alone; see `shapes.py`."""

from __future__ import annotations

from datetime import date as Date

from allod.api.shapes import Shape
from allod.plan.regions import Capacity


class StateCapacity(Shape):
    """A state or an area with what was announced there."""

    name: str
    """ISO 3166-1, or an area."""
    people: int | None
    """Null: not known. [1]"""
    people_unknown: list[str]
    """States of an area that no number is known of."""
    capacity: Capacity
    """What was announced there."""
    hosts: list[str]
    """AI Factories on its ground."""
    takes_part: list[str]
    """AI Factories elsewhere that it takes part in."""
    antennas: list[str]
    """Its Antennas."""
    power_per_head_w: float | None
    """At all stages together; null: not known. [W]"""
    accelerators_per_million: float | None
    """At all stages together, per million people; null: not known."""


class RegionCapacity(Shape):
    """A region of a state with what was announced there."""

    state: str
    """ISO 3166-1."""
    region: str | None
    """Null: where in the state is not known."""
    capacity: Capacity
    """What was announced there."""


class SharedMeasure(Shape):
    """How much of one thing the supported states have, and all others of the EU."""

    name: str
    """Of what."""
    supported: int | None
    """Null: nothing of it is known."""
    others: int | None
    """Null: nothing of it is known."""
    people_share: float
    """Of the supported states. [1]"""
    unknown: list[int]
    """Sites of which it is not known, in each group. [1]"""
    sites: list[int]
    """Of how many. [1]"""
    share: float | None
    """The supported states' share of what is known; null: not known. [1]"""
    quotient: float | None
    """That share over their share of people; 1 is proportional; null: not known."""


class CohesionStates(Shape):
    """The states that the Cohesion Fund supports against the others of the EU."""

    measures: list[SharedMeasure]
    """What each group has."""
    neither: list[str]
    """States with no factory and no Antenna."""


class OpenToCountry(Shape):
    """What is open to the users of one country; sectors, sizes and clocks narrow it further."""

    country: str
    """ISO 3166-1."""
    hosts: list[str]
    """AI Factories on its ground."""
    takes_part: list[str]
    """AI Factories elsewhere that it takes part in."""
    antennas: dict[str, list[str]]
    """Its Antennas, each with its factories."""
    modes: list[str]
    """Access modes that take applicants from there."""
    modes_unknown: list[str]
    """Modes of which nobody says from where they take applicants."""
    by_modes: list[str]
    """Sites that these modes open."""
    classes: dict[str, list[str]]
    """Sites with classes that take its parties."""


class RegionsAnswer(Shape):
    """Capacity per head and per region, and who may use what."""

    at: Date
    """As known at the end of that day."""
    region: str
    """The region that was asked for; empty: all sites."""
    people_source: str
    """Of the numbers of people."""
    states: list[StateCapacity]
    """Those with any part in the sites."""
    areas: list[StateCapacity]
    """The one that was asked for, or all that hold some of the sites."""
    regions: list[RegionCapacity]
    """Regions of states."""
    cohesion: CohesionStates | None
    """Null where not all of the EU is asked about."""
    access: list[OpenToCountry]
    """By country."""
