"""Claim: what was announced of a site, so that it can be tested."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing

#: A number in thousandths: 1100 is a PUE of 1.1, 900 is 90 %.
ClaimMilli = Annotated[int, Field(ge=0, le=10**15, strict=True)]


class ClaimSubject(StrEnum):
    """What a claim is about: an indicator by its name, or an amount."""

    PUE = "pue"
    WUE = "wue"
    ERF = "erf"
    REF = "ref"
    CUE = "cue"
    CFE = "cfe"  #: Contracted energy alone.
    CFE_SCORE = "cfe-score"  #: With the grid's own share.
    ANNUAL_MATCH = "annual-match"
    HOURLY_MATCH = "hourly-match"
    QUARTER_HOURLY_MATCH = "quarter-hourly-match"
    LOW_CARBON_HEAT = "low-carbon-heat"
    WATER_M3 = "water-m3"
    HEAT_REUSED_MWH = "heat-reused-mwh"
    ACCELERATORS = "accelerators"  #: Live accelerators of the site.
    POWER_MW = "power-mw"  #: Power of its live phases.
    JOBS = "jobs"  #: Permanent jobs that were counted.


class Claim(Part):
    """An announced claim: who made it, when, against what, and what it comes to in numbers."""

    name: Name
    says: Text
    """The claim in its maker's words."""
    maker: Text
    """Who made it."""
    date: Date
    """When it was made."""
    source: Text
    """Where it can be read: a title or address."""
    subject: ClaimSubject | None = None
    """What measures it; without one it cannot be tested."""
    is_met: Literal["at-most", "at-least"] = "at-least"
    """On which side of its number the claim is kept."""
    value_milli: ClaimMilli | None = None
    """The number that is claimed, in thousandths; without one it cannot be tested."""
    reduces: bool = False
    """True if the number is a reduction against `baseline_milli`: 900 is 90 % less."""
    baseline_milli: Fact[ClaimMilli] = Fact(standing=Standing.UNKNOWN)
    """What a reduction is measured against, in thousandths; an unknown one cannot be tested."""
    due: Date | None = None
    """From when on it is to hold; default: the day on which it was made."""
    replaced_by: Name | None = None
    """A later claim that took its place."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.reduces and self.value_milli is not None and self.value_milli > 1000:
            raise ValueError("nothing can be reduced by more than all of it (1000); write less")
        if self.replaced_by == self.name:
            raise ValueError("a claim cannot replace itself; name the later one")
        return self


def _different(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    names = [claim.name for claim in claims]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"two claims are called '{twice}'; rename one of them")
    for claim in claims:
        if claim.replaced_by and claim.replaced_by not in names:
            raise ValueError(
                f"claim '{claim.name}' is replaced by '{claim.replaced_by}', which is not there"
            )
    return claims


#: The claims made of a site, each under a name of its own.
Claims = Annotated[tuple[Claim, ...], AfterValidator(_different)]
