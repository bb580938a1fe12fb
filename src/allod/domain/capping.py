"""Capping: how the power limit of a pool's accelerators is set, and how low."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from allod.domain.base import Part
from allod.domain.units import DurationS, PowerW

#: A word of a command; no shell reads it.
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00\n]+$", max_length=1000)]


class Capping(Part):
    """The operator's own command that sets the power limit of accelerators, and its bounds.

    Watts are of one accelerator as its driver counts them (`nvidia-smi -q -d POWER`). What host and
    network draw beside it is not capped.
    """

    command: tuple[Word, ...] = Field(min_length=1)
    """Run with three words more: the allocation, its nodes (with commas), and the power limit of
    each accelerator in whole watts. It sets that limit for all accelerators of these nodes, may be
    run again at any time, and ends with 0 only if all of them have it."""
    limit_w: PowerW = Field(ge=1)
    """The limit that they have as a rule, and get back. [W]"""
    floor_w: PowerW = Field(ge=1)
    """The lowest limit that they may be given. [W]"""
    lead_s: DurationS = Field(default=120, ge=1)
    """How long before it must hold a cap is ordered: time to ask again, and to do without. [s]"""

    @model_validator(mode="after")
    def _leaves_something(self) -> Capping:
        if self.floor_w >= self.limit_w:
            raise ValueError("floor_w is not below limit_w, so nothing could be capped")
        return self
