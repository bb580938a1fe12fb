"""Party: a legal person with seat, owners and shares."""

from __future__ import annotations

from pydantic import model_validator

from allod.domain.areas import Country
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.units import Count


class Holding(Part):
    """A share that one party holds of another."""

    party: Name
    share_bp: Fact[Count]
    """Share of capital and votes in basis points; 5000 is one half."""


class Party(Part):
    """A legal person."""

    title: Text
    seat: Fact[Country]
    owners: tuple[Holding, ...] = ()
    dispersed: Fact[bool] = Fact(standing=Standing.UNKNOWN)
    """True if what `owners` leaves is in so many hands that none of them controls."""
    sector: Name | None = None

    @model_validator(mode="after")
    def _shares_fit(self) -> Party:
        names = [holding.party for holding in self.owners]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"owners names '{twice}' twice; write what it holds as one share")
        known = [holding.share_bp.value for holding in self.owners]
        total = sum(share for share in known if share is not None)
        if any(share is not None and not 0 <= share <= 10_000 for share in known) or total > 10_000:
            raise ValueError(f"shares add up to {total} basis points; at most 10000 are there")
        return self
