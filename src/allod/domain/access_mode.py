"""Access mode: the terms under which a programme gives out time, with its clock and cut-offs."""

from __future__ import annotations

from datetime import date as Date

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.units import Count


class Closure(Part):
    """A site at which a mode is closed for a time."""

    site: Name
    starts: Fact[Date]
    ends: Fact[Date] = Fact(standing=Standing.UNKNOWN)


class AccessModeTerms(Part):
    """Terms of an access mode, such as EuroHPC's Playground."""

    title: Text
    track: Text = ""
    programme: Name | None = None
    """The cluster (network) whose sites it opens."""
    sites: tuple[Name, ...] = ()
    """Those of its sites that it opens; none: all."""
    sectors: tuple[Name, ...] = ()
    """Sectors of projects that may ask; none: all."""
    countries: Fact[tuple[AreaOrCountry, ...]] = Fact(standing=Standing.UNKNOWN)
    """Where an applicant must be established."""
    for_whom: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    accelerator_hours_min: Fact[Count] = Fact(value=0)
    """Least that is asked for. [accelerator-hours]"""
    accelerator_hours_max: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Most that is given. [accelerator-hours]"""
    months: Fact[tuple[Count, ...]] = Fact(standing=Standing.UNKNOWN)
    """Durations that can be chosen. [months]"""
    selection: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    answer_working_days: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Working days from the application, or from the cut-off, to access. [d]"""
    answer_days: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Calendar days from the cut-off to access, where that is how the clock is told. [d]"""
    always_open: bool = False
    """True if it may be asked for on any day; else by `cutoffs`."""
    cutoffs: Fact[tuple[Date, ...]] = Fact(standing=Standing.UNKNOWN)
    """Days by which applications of a round must be in."""
    inference_max_bp: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Most of the allocation that may go to inference. [basis points]"""
    civilian_only: Fact[bool] = Fact(standing=Standing.UNKNOWN)
    price: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    closures: tuple[Closure, ...] = ()
    told: dict[Name, Fact[Text]] = {}
    """What sources say in their own words where no field of its own asks for it, by subject."""
