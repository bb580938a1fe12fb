"""Regions: what was announced per state, area and region of a state, and per head of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from allod.domain.areas import AREAS
from allod.domain.dossier import Maturity
from allod.domain.site import Phase, PhaseState, Site
from allod.plan.known import Known
from allod.plan.open_to import factories, participations
from allod.plan.roadmap import STAGES, PhaseStep, roadmap

#: People by ISO 3166-1 code.
People = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was announced of some sites; what is not known is in no sum, and counted."""

    sites: tuple[str, ...]  #: Cancelled ones apart.
    cancelled: tuple[str, ...]  #: Sites that were given up.
    power_w: Mapping[str, int]  #: By how far it has come; each watt once. [W]
    accelerators: Mapping[str, int]  #: The same. [1]
    interim_accelerators: int  #: Of older systems that serve until a factory's own is there.
    interim_unknown: tuple[str, ...]  #: Sites with such a system of which the number is unknown.
    power_unknown: tuple[str, ...]  #: Sites of which no power is known.
    accelerators_unknown: tuple[str, ...]  #: Sites of which no number is known.
    live_power_unknown: tuple[str, ...]  #: Sites of which it is not known how much is live.
    live_accelerators_unknown: tuple[str, ...]  #: The same.

    @property
    def promised_w(self) -> int | None:
        """Power at all stages together; None: nothing of it is known. [W]"""
        return _known(self.power_w, self.power_unknown, self.sites)

    @property
    def promised_accelerators(self) -> int | None:
        """Accelerators at all stages together; None: nothing of them is known."""
        return _known(self.accelerators, self.accelerators_unknown, self.sites)


@dataclass(frozen=True, slots=True)
class Part:
    """A state, an area, or a region of a state."""

    name: str
    people: int | None  #: None: not known.
    people_unknown: tuple[str, ...]  #: States of an area that no number is known of.
    capacity: Capacity
    hosts: tuple[str, ...]  #: AI Factories on its ground.
    takes_part: tuple[str, ...]  #: AI Factories elsewhere that it takes part in.
    antennas: tuple[str, ...]

    @property
    def power_per_head_w(self) -> float | None:
        """Power at all stages together, per head. [W]"""
        return _per(self.capacity.promised_w, self.people)

    @property
    def accelerators_per_million(self) -> float | None:
        """Accelerators at all stages together, per million people."""
        per_head = _per(self.capacity.promised_accelerators, self.people)
        return None if per_head is None else per_head * 1e6


def states(known: Known, people: People) -> tuple[str, ...]:
    """The states that have a part in the known sites: their ground, an Antenna that is bound to
    one, a part in a factory; and all of the EU where any of it has."""
    ground = {site.country.value for site in known.sites.values() if site.country.value}
    desks = {state for state in people if antennas(known, (state,))}
    taking_part = {state for state in people if participations(known, state)}
    found = ground | desks | taking_part
    union = AREAS["eu"].countries
    return tuple(sorted(found | union if found & union else found))


def antennas(known: Known, countries: Iterable[str]) -> tuple[str, ...]:
    """The Antennas in `countries` that are bound to a known site."""
    inside = frozenset(countries)
    return tuple(
        name
        for name, antenna in sorted(known.antennas.items())
        if antenna.country.value in inside and any(h.value in known.sites for h in antenna.hosts)
    )


def part(name: str, countries: Iterable[str], known: Known, people: People) -> Part:
    """The part of `countries` in the known sites."""
    inside = frozenset(countries)
    told = [people[country] for country in sorted(inside) if country in people]
    hosts = {site for one in inside for site in factories(known, one)}
    elsewhere = {site for one in inside for site in participations(known, one)}
    ground = {site: spec for site, spec in known.sites.items() if spec.country.value in inside}
    return Part(
        name=name,
        people=sum(told) if told else None,
        people_unknown=tuple(sorted(inside - people.keys())),
        capacity=capacity(ground),
        hosts=tuple(sorted(hosts)),
        takes_part=tuple(sorted(elsewhere - hosts)),
        antennas=antennas(known, inside),
    )


def regions_of_states(sites: Mapping[str, Site]) -> dict[tuple[str, str], Capacity]:
    """Capacity by state and region of the state; '' where the region is not known."""
    found: dict[tuple[str, str], dict[str, Site]] = {}
    for name, site in sites.items():
        place = site.dossier.place.region.value if site.dossier else None
        found.setdefault((site.country.value or "?", place or ""), {})[name] = site
    return {key: capacity(inside) for key, inside in sorted(found.items())}


def capacity(sites: Mapping[str, Site]) -> Capacity:
    """What was announced of `sites` and how far it has come, as the roadmap counts it."""
    made = roadmap(sites)
    standing = tuple(name for name in sorted(sites) if name not in made.cancelled)
    return Capacity(
        sites=standing,
        cancelled=made.cancelled,
        power_w=_by_stage((step.stage, step.power_w) for step in made.steps),
        accelerators=_by_stage((step.stage, step.accelerators) for step in made.steps),
        interim_accelerators=sum(
            count or 0 for name in standing for count in _interim(sites[name])
        ),
        interim_unknown=tuple(name for name in standing if None in _interim(sites[name])),
        power_unknown=made.without_power,
        accelerators_unknown=_without_accelerators(standing, made.steps),
        live_power_unknown=tuple(
            name
            for name in standing
            if _live_unknown(sites[name], lambda phase: phase.power_w.known)
        ),
        live_accelerators_unknown=tuple(
            name
            for name in standing
            if _live_unknown(
                sites[name], lambda phase: any(fact.known for fact in phase.accelerators.values())
            )
        ),
    )


def _live_unknown(site: Site, told: Callable[[Phase], bool]) -> bool:
    """True if a phase may be live and nobody says how much; what is not built yet is nothing."""
    if not site.phases:
        maturity = site.dossier.maturity.value if site.dossier else None
        return maturity not in (Maturity.ANNOUNCED, Maturity.SECURED)
    maybe = (None, PhaseState.LIVE)
    return any(
        phase.state.value in maybe and not phase.withdrawn and not told(phase)
        for phase in site.phases
    )


def _without_accelerators(names: Iterable[str], steps: Iterable[PhaseStep]) -> tuple[str, ...]:
    known = {step.site for step in steps if step.accelerators is not None}
    return tuple(name for name in names if name not in known)


def _interim(site: Site) -> tuple[int | None, ...]:
    """Accelerators of each older system that serves in a factory's place."""
    factory = site.dossier.factory if site.dossier else None
    return tuple(item.accelerators.value for item in factory.interim) if factory else ()


def _by_stage(pairs: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    sums = dict.fromkeys(STAGES, 0)
    for stage, value in pairs:
        sums[stage] += value or 0
    return sums


def _known(sums: Mapping[str, int], unknown: tuple[str, ...], sites: tuple[str, ...]) -> int | None:
    return None if sites and len(unknown) == len(sites) else sum(sums.values())


def _per(amount: int | None, people: int | None) -> float | None:
    return None if amount is None or not people else amount / people
