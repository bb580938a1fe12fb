"""Charter: a site's promise, as nested access classes with floors, ceilings and priorities."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Name, Part, Text
from allod.domain.units import NEVER_S, DurationS, InstantS


class Eligibility(Part):
    """Who may use a class; every list that is given must hold, each by any of its entries."""

    countries: tuple[AreaOrCountry, ...] = ()
    """Seat of the project's party."""
    sectors: tuple[Name, ...] = ()
    parties: tuple[Name, ...] = ()
    projects: tuple[Name, ...] = ()


class Step(Part):
    """From `starts` on, the floor and the ceiling are these."""

    starts: InstantS
    floor: int = Field(ge=0)
    ceiling: int | None = Field(default=None, ge=0)


class Anchor(Part):
    """An anchor contract: a ramp over time, a minimum take and an end (C8)."""

    party: Name
    ramp: tuple[Step, ...] = Field(min_length=1)
    take_min_bp: int = Field(default=0, ge=0, le=10_000)
    """Share of the floor that is paid for whether used or not. [basis points]"""
    ends: InstantS = NEVER_S
    """After this floor and ceiling are nothing."""


class AccessClass(Part):
    """A class of access at a site; classes nest, and a child lives inside its parent's limits."""

    name: Name
    title: Text = ""
    eligible: Eligibility = Eligibility()
    floor: int = Field(default=0, ge=0)
    """Accelerators that are this class's whenever it asks. [1]"""
    ceiling: int | None = Field(default=None, ge=0)
    """Most accelerators it may hold at once; default: no limit of its own. [1]"""
    priority: int = Field(default=0, ge=-1000, le=1000)
    reclaim_notice_s: DurationS = 300
    """How soon this class has its floor back: the notice that a borrower of it gets. [s]"""
    run_time_min_s: DurationS = 0
    """How long work of this class runs before it is taken, while other work could be taken. [s]"""
    anchor: Anchor | None = None
    classes: tuple[AccessClass, ...] = ()

    @model_validator(mode="after")
    def _children_fit(self) -> AccessClass:
        floors = sum(child.floor for child in self.classes)
        if floors > self.floor:
            raise ValueError(
                f"floors inside class '{self.name}' add up to {floors}, over its own {self.floor}"
            )
        if self.ceiling is not None and self.floor > self.ceiling:
            raise ValueError(
                f"class '{self.name}': floor {self.floor} is over ceiling {self.ceiling}"
            )
        return self

    def walk(self) -> Iterator[AccessClass]:
        """This class and all inside it, parents first."""
        yield self
        for child in self.classes:
            yield from child.walk()


class Charter(Part):
    """What a site promises to whom."""

    site: Name
    title: Text = ""
    classes: tuple[AccessClass, ...] = Field(min_length=1)
    use_half_life_s: DurationS = 604_800
    """After this time past use counts half in fair share (C6). [s]"""

    @model_validator(mode="after")
    def _names_differ(self) -> Charter:
        names = [item.name for top in self.classes for item in top.walk()]
        if len(set(names)) != len(names):
            raise ValueError("two classes have the same name")
        return self
