"""Conditions: what a point of a framework asks of the facts, and the nouns of such a framework.

They are values without any code, so that a framework reads as a table; `evaluate` judges them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Yes:
    """The fact is known and true."""

    fact: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The fact is known and this number or more."""

    fact: str
    least: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """The fact is known and one of these words."""

    fact: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """Every country of the fact lies within these countries and areas."""

    fact: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Touches:
    """At least one country of the fact lies within these countries and areas."""

    fact: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlWithin:
    """Everyone in control of the operator, itself included, has its seat within these."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnedWithin:
    """Owners seated outside `places` hold at most so much of the operator. [basis points]"""

    places: tuple[str, ...]
    each_max_bp: int  #: Any one hand, with all that it controls.
    together_max_bp: int


@dataclass(frozen=True, slots=True)
class MajorityWithin:
    """Owners seated within `places` hold more than half of the operator."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Each of the parts holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotEncoded:
    """Nobody can tell: the text was not at hand, so the point is unknown, which is a no."""

    why: str


Condition = (
    Yes
    | AtLeast
    | OneOf
    | Within
    | Touches
    | ControlWithin
    | OwnedWithin
    | MajorityWithin
    | All
    | AnyOf
    | NotEncoded
)


@dataclass(frozen=True, slots=True)
class Point:
    """One requirement of a framework."""

    id: str  #: As the framework numbers it.
    asks: str  #: In short words of our own.
    condition: Condition


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a framework; it asks its points and those of all levels below."""

    level: int  #: 1 is the lowest; 0 is none.
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """Requirements in levels, with where they were read."""

    id: str
    title: str
    version: str
    status: str  #: 'in force', 'proposal' and the like.
    source: str
    levels: tuple[Level, ...]
    covers: str = ""  #: What of the framework is here, if not all.
