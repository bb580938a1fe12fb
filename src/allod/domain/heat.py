"""HeatOfftake: a contract by which heat of a site is handed over to somebody who needs it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from allod.domain.base import Name, Part
from allod.domain.cooling import ShareMilli, TempC
from allod.domain.fact import Fact, Standing
from allod.domain.units import NEVER_S, Count, InstantS, PowerW

#: January is 1.
Month = Annotated[int, Field(ge=1, le=12, strict=True)]
#: Hours of a day, UTC; 24 is its end.
HourOfDay = Annotated[int, Field(ge=0, le=24, strict=True)]


class HeatOfftake(Part):
    """Heat that a taker takes at the site's boundary, when, how warm and how much."""

    name: Name
    taker: Name | None = None
    """The party that takes it."""
    power_w: Fact[PowerW]
    """The most that is taken, measured at the boundary; no simulation while unknown. [W]"""
    temp_c: Fact[TempC]
    """What the taker needs; where the loop is not that warm a heat pump lifts it; no simulation
    while unknown. [°C]"""
    months: tuple[Month, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    """Months in which heat is taken."""
    from_hour: HourOfDay = 0
    """First hour of the day in which heat is taken, UTC. [h]"""
    to_hour: HourOfDay = 24
    """Hour of the day at which it ends, UTC; earlier than `from_hour`: over midnight. [h]"""
    starts: InstantS = 0
    ends: InstantS = NEVER_S
    heat_pump: Literal["site", "taker"] = "site"
    """Who lifts the heat: a pump of the taker stands behind the boundary and counts as his."""
    exergy_milli: Fact[ShareMilli] = Fact(standing=Standing.UNKNOWN)
    """What the heat pump reaches of the ideal one, in thousandths; default: 450."""
    distance_m: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Length of the pipe from the boundary to the taker; its loss is not handed over twice. [m]"""
    carbon_g_per_kwh_max: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Heat with more carbon is not low-carbon under this contract. [g/kWh of heat]"""

    @model_validator(mode="after")
    def _forward(self) -> HeatOfftake:
        if self.ends <= self.starts:
            raise ValueError("ends before it starts")
        if self.from_hour == self.to_hour:
            raise ValueError("from_hour and to_hour are the same; for all day write 0 and 24")
        if not self.months or len(set(self.months)) != len(self.months):
            raise ValueError("months must name each month once, and at least one")
        return self
