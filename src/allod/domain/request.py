"""Request: what a project asks of a programme, so that it can be told where it may turn."""

from __future__ import annotations

from datetime import date as Date

from pydantic import Field

from allod.domain.base import Part
from allod.domain.units import Count


class Request(Part):
    """How much a project needs, for how long and for what."""

    accelerator_hours: Count | None = None
    """[accelerator-hours]"""
    months: int | None = Field(default=None, ge=1, le=120)
    starts: Date | None = None
    """The day from which it is needed."""
    civilian: bool | None = None
    """True if the purpose is civilian alone; programmes ask for that."""
    inference_bp: int | None = Field(default=None, ge=0, le=10_000)
    """Share of it that is inference. [basis points]"""
