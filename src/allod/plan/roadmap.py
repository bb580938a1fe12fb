"""Roadmap: power and accelerators over time, announced against granted against live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date

from allod.domain.dossier import Maturity
from allod.domain.period import last_day
from allod.domain.site import GridState, Phase, PhaseState, Site

#: How far power or accelerators have come, the furthest last.
STAGES = ("announced", "granted", "live")
_STAGE = {
    PhaseState.ANNOUNCED: "announced",
    PhaseState.RESERVED: "announced",
    PhaseState.GRANTED: "granted",
    PhaseState.BUILT: "granted",
    PhaseState.LIVE: "live",
}


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """One phase, or what of a site no phase holds."""

    site: str  #: Name.
    country: str  #: ISO 3166-1, '?' if it is not known.
    phase: str  #: Name; empty: the rest of what was announced of the whole site.
    stage: str  #: 'announced', 'granted' or 'live'.
    due: Date | None  #: The last day of the period in which it is promised, or was live.
    power_w: int | None  #: What the phase adds; null: not known. [W]
    power_is: str  #: Of what that is the power: 'it', 'facility' or 'unknown'.
    accelerators: int | None  #: Promised. [1]
    delivered: int | None  #: To the site. [1]
    accepted: int | None  #: By who ordered them. [1]
    live: int | None  #: In service. [1]


@dataclass(frozen=True, slots=True)
class Year:
    """What is to be there by the end of a year, all years before it included."""

    year: int  #: At its end.
    power_w: Mapping[str, int]  #: By stage. [W]
    accelerators: Mapping[str, int]  #: By stage. [1]


@dataclass(frozen=True, slots=True)
class Roadmap:
    """All steps, and their sums over time."""

    steps: tuple[PhaseStep, ...]
    years: tuple[Year, ...]
    undated_w: Mapping[str, int]  #: By stage: promised for no year.
    undated_accelerators: Mapping[str, int]
    by_maturity_w: Mapping[str, int]  #: Announced power of whole sites, the cancelled too.
    by_maturity_sites: Mapping[str, int]
    without_power: tuple[str, ...]  #: Sites of which no power is known.
    cancelled: tuple[str, ...]


def roadmap(sites: Mapping[str, Site]) -> Roadmap:
    """The roadmap of `sites`, as they were known at a day."""
    standing = {name: site for name, site in sites.items() if not _cancelled(site)}
    steps = tuple(step for name, site in sorted(standing.items()) for step in _steps(name, site))
    dated = [step for step in steps if step.due]
    years = [step.due.year for step in dated if step.due]
    span = range(min(years), max(years) + 1) if years else range(0)
    undated = [step for step in steps if not step.due]
    power = {name: announced_w(site) for name, site in sites.items()}
    maturity = {name: maturity_of(site) for name, site in sites.items()}
    return Roadmap(
        steps=steps,
        years=tuple(_year(year, dated) for year in span),
        undated_w=_power(undated),
        undated_accelerators=_accelerators(undated),
        by_maturity_w=_summed((maturity[name], power[name]) for name in sorted(sites)),
        by_maturity_sites=_summed((maturity[name], 1) for name in sorted(sites)),
        without_power=tuple(name for name in sorted(standing) if power[name] is None),
        cancelled=tuple(sorted(set(sites) - set(standing))),
    )


def announced_w(site: Site) -> int | None:
    """Power of the whole site as announced: its own figure, else what its phases add; None: not
    known. [W]"""
    whole = site.dossier.capacity_w.value if site.dossier else None
    phases = [phase.power_w.value for phase in site.phases if not phase.withdrawn]
    known = [power for power in phases if power is not None]
    return whole if whole is not None else sum(known) if known else None


def maturity_of(site: Site) -> str:
    """How far the site as a whole has come, or 'unknown'."""
    maturity = site.dossier.maturity.value if site.dossier else None
    return maturity.value if maturity else "unknown"


def stage_of(phase: Phase) -> str:
    """The stage of a phase; a connection to the grid that is granted makes it granted."""
    stage = _STAGE.get(phase.state.value or PhaseState.ANNOUNCED, "announced")
    granted = phase.grid.value is GridState.GRANTED
    return "granted" if stage == "announced" and granted else stage


def _cancelled(site: Site) -> bool:
    return bool(site.dossier and site.dossier.maturity.value is Maturity.CANCELLED)


def _steps(name: str, site: Site) -> Iterable[PhaseStep]:
    country = site.country.value or "?"
    total_w = 0
    for phase in site.phases:
        if phase.withdrawn or phase.state.value is PhaseState.CANCELLED:
            continue
        total_w += phase.power_w.value or 0
        yield PhaseStep(
            site=name,
            country=country,
            phase=phase.name,
            stage=stage_of(phase),
            due=last_day(phase.due.value) if phase.due.value else None,
            power_w=phase.power_w.value,
            power_is=phase.power_is,
            accelerators=_sum(fact.value for fact in phase.accelerators.values()),
            delivered=_sum(item.delivered.value for item in phase.delivery.values()),
            accepted=_sum(item.accepted.value for item in phase.delivery.values()),
            live=_sum(item.live.value for item in phase.delivery.values()),
        )
    whole = site.dossier.capacity_w.value if site.dossier else None
    if whole is not None and whole > total_w and site.dossier:
        rest = (name, country, "", "announced", None, whole - total_w, site.dossier.capacity_is)
        yield PhaseStep(*rest, None, None, None, None)


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _year(year: int, dated: Iterable[PhaseStep]) -> Year:
    by_then = [step for step in dated if step.due and step.due.year <= year]
    return Year(year, _power(by_then), _accelerators(by_then))


def _power(steps: Iterable[PhaseStep]) -> dict[str, int]:
    return {stage: 0 for stage in STAGES} | _summed((step.stage, step.power_w) for step in steps)


def _accelerators(steps: Iterable[PhaseStep]) -> dict[str, int]:
    return {stage: 0 for stage in STAGES} | _summed(
        (step.stage, step.accelerators) for step in steps
    )


def _summed(pairs: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, value in pairs:
        sums[name] = sums.get(name, 0) + (value or 0)
    return sums
