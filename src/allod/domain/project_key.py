"""Project key: what its holder may ask of the services behind the gateway."""

from __future__ import annotations

from pydantic import Field

from allod.domain.base import Name, Part
from allod.domain.residency import Residency
from allod.domain.units import InstantS


class KeyTerms(Part):
    """What a key may do and which rule its calls are under; what is not given is not restricted."""

    requests_per_min: int | None = Field(default=None, ge=1, le=10**9)
    """Calls that it may begin in a minute. [1/min]"""
    tokens_per_min: int | None = Field(default=None, ge=1, le=10**12)
    """Of prompts and answers together. [1/min]"""
    in_flight_max: int | None = Field(default=None, ge=1, le=10**6)
    """Calls that it may have open at once. [1]"""
    expires: InstantS | None = None
    """From then on it opens nothing."""
    residency: Residency | None = None
    """Binds its calls beside the rule of their project; the stricter counts."""
    access_class: Name | None = None
    """The class that its calls go under; none named: the best one that the project may use."""
    services: tuple[Name, ...] = ()
    """Services that it may call; none named: all."""
