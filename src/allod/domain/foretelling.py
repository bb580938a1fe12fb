"""How a scenario tells its sites of the time to come: forecasts on a cadence, calls with notice."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from allod.domain.base import Name, Part
from allod.domain.event import CurtailmentCalled
from allod.domain.foresight import Call, TempMilliC
from allod.domain.units import DurationS, PowerW


class Foretelling(Part):
    """When forecasts come in a replay, how far they reach and how wrong they are."""

    every_s: DurationS = Field(default=21_600, ge=900, le=604_800)
    """So often a forecast comes; weather models run every six hours. [s]"""
    ahead_s: DurationS = Field(default=172_800, ge=3_600, le=1_209_600)
    """How far a forecast reaches. [s]"""
    error_milli_c: int = Field(default=0, ge=0, le=30_000, strict=True)
    """Each step is off by up to so much, by chance with the seed. [thousandths of °C]"""
    margin_milli_c: int = Field(default=0, ge=0, le=30_000, strict=True)
    """So much hotter than forecast the site reckons with. [thousandths of °C]"""
    margin_w: PowerW = 0
    """So much of the envelope stays free. [W]"""
    design_temp_milli_c: TempMilliC | None = None
    """Worst case beyond a forecast; left out: the hottest of the weather. [thousandths of °C]"""
    design_wet_bulb_milli_c: TempMilliC | None = None
    """Worst case of the wet bulb; left out: the highest of the weather. [thousandths of °C]"""

    @model_validator(mode="after")
    def _reaches_the_next(self) -> Self:
        if self.ahead_s < self.every_s:
            raise ValueError("forecasts end before the next one comes; let ahead_s be every_s")
        return self


class NoticedCall(Call):
    """A call for less power with the time at which the site hears of it."""

    site: Name
    notice_s: DurationS = 0
    """So long before it starts it is told. [s]"""

    @property
    def told_s(self) -> int:
        """When the site hears of it. [epoch s]"""
        return max(0, self.starts - self.notice_s)

    def told(self) -> CurtailmentCalled:
        """This as an event."""
        return CurtailmentCalled(
            at_s=self.told_s,
            site=self.site,
            name=self.name,
            path=self.path,
            starts_s=self.starts,
            ends_s=self.ends,
            power_w=self.power_w,
            reason=self.reason,
        )
