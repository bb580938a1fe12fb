"""What people tell of the time to come: a forecast for a site, a call for less power."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from allod.domain.base import Name, Part
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.units import DurationS, InstantS, PowerW


def _number_or_unit(value: Any) -> Any:
    """`value`, unless it is true, false, 1.0 or '5': a slip, where a watt or a second is meant."""
    if isinstance(value, bool | float) or (isinstance(value, str) and value.strip().isdigit()):
        raise ValueError("is no whole number; write it without quotes and point, or with its unit")
    return value


_Strict = BeforeValidator(_number_or_unit)
_Instant = Annotated[InstantS, _Strict]
_Watts = Annotated[PowerW, _Strict]
#: Free text for people on one line: it goes into messages and tables as it is.
_Line = Annotated[
    str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]
#: Temperature in thousandths of a degree Celsius.
TempMilliC = Annotated[int, Field(ge=-90_000, le=70_000, strict=True)]
_STEPS_MAX = 4_096
_Path = Annotated[str, StringConstraints(pattern=r"^(site|(halls|pools)\.[a-z0-9][a-z0-9.-]*)$")]


class Forecast(Part):
    """What the weather and the supply of a site will be, step by step from a start on."""

    starts: _Instant
    """When the first step begins."""
    step_s: Annotated[DurationS, _Strict] = Field(ge=300, le=86_400)
    """Length of a step. [s]"""
    temp_milli_c: tuple[TempMilliC, ...] = Field(min_length=1, max_length=_STEPS_MAX)
    """Outdoor air, dry bulb, for each step. [thousandths of °C]"""
    design_temp_milli_c: TempMilliC
    """Worst case, which holds wherever the forecast does not reach. [thousandths of °C]"""
    wet_bulb_milli_c: tuple[TempMilliC, ...] = ()
    """Wet bulb; cooling that evaporates water asks for it. [thousandths of °C]"""
    design_wet_bulb_milli_c: TempMilliC | None = None
    """Worst case of that. [thousandths of °C]"""
    margin_milli_c: int = Field(default=0, ge=0, le=30_000, strict=True)
    """So much hotter it may be than forecast. [thousandths of °C]"""
    margin_w: _Watts = 0
    """So much of the envelope stays free. [W]"""
    base_load_w: tuple[_Watts, ...] = ()
    """Load of the site without any work; left out: that of its document. [W]"""
    clean_w: tuple[_Watts, ...] = ()
    """Own clean power that is there for the site; left out: not forecast. [W]"""
    carbon_g_per_kwh: tuple[Annotated[int, Field(ge=0, le=10_000, strict=True)], ...] = ()
    """Carbon of what comes from the grid; left out: not forecast. [g/kWh]"""
    source: _Line = ""
    """Who says so."""

    def event(self, site: str, actor: str) -> ForecastGiven:
        """This for `site`, at a time that is still to be filled in."""
        values = {name: value for name, value in self if name != "starts"}
        return ForecastGiven(at_s=0, site=site, start_s=self.starts, actor=actor, **values)


class Call(Part):
    """A call for a site, hall or pool to draw less for a time."""

    name: Name
    """What it goes by; a later call of that name replaces it."""
    power_w: _Watts
    """What may be drawn at the meter. [W]"""
    starts: _Instant
    ends: _Instant
    """One that ends no later than it is told takes back the call of its name; any other ends after
    it starts."""
    path: _Path = "site"
    """Node of the envelope: 'site', 'halls.NAME' or 'pools.NAME'."""
    reason: _Line = ""

    def event(self, site: str, actor: str) -> CurtailmentCalled:
        """This for `site`, at a time that is still to be filled in."""
        return CurtailmentCalled(
            at_s=0,
            site=site,
            name=self.name,
            path=self.path,
            starts_s=self.starts,
            ends_s=self.ends,
            power_w=self.power_w,
            reason=self.reason,
            actor=actor,
        )
