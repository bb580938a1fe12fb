"""Project and grant: who asks, and the budget given to them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from allod.domain.areas import Country
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.request import Request
from allod.domain.residency import Residency
from allod.domain.units import NEVER_S, InstantS


class AccessMode(StrEnum):
    """How a grant was given (EuroHPC AI Factory modes, or the site's own)."""

    PLAYGROUND = "playground"
    FAST_LANE = "fast-lane"
    LARGE_SCALE = "large-scale"
    OWN = "own"


class Grant(Part):
    """A budget of accelerator-hours with dates."""

    accelerator_hours: int = Field(ge=0, le=10**10)
    starts: InstantS = 0
    ends: InstantS = NEVER_S
    mode: AccessMode = AccessMode.OWN

    @model_validator(mode="after")
    def _forward(self) -> Grant:
        if self.ends <= self.starts:
            raise ValueError("ends before it starts")
        return self


class Project(Part):
    """Who asks for work."""

    title: Text = ""
    party: Name | None = None
    """The legal person behind it, if it is a party of the register."""
    country: Fact[Country] = Fact(standing=Standing.UNKNOWN)
    """Its seat, where no party is named."""
    sector: Name | None = None
    residency: Residency | None = None
    """Holds for all work of the project (L3)."""
    grants: tuple[Grant, ...] = ()
    """None: the use of the project is not bound by a budget."""
    asks: Request | None = None
    """What it needs; `allod report find` says where it may turn with that."""
    share: int = Field(default=1, ge=1, le=10_000)
    """Weight in fair share; twice the share may use twice as much."""
