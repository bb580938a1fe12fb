"""Capacity per head and per region, the EU's cohesion states, and who may use what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date as Date
from typing import Any

from allod.catalogue.countries import Atlas, atlas
from allod.domain.areas import AREAS, expand
from allod.domain.country_names import COUNTRIES
from allod.plan.cohesion import SUPPORTED, UNION, Cohesion, cohesion
from allod.plan.known import Known, Region, region
from allod.plan.open_to import OpenTo, open_to
from allod.plan.regions import Capacity, Part, part, regions_of_states, states

#: Areas of the ground; those of law are asked for by name.
_AREAS = (UNION, SUPPORTED, "eea", "nordics", "europe", "middle-east", "africa", "emea")


@dataclass(frozen=True, slots=True)
class Regions:
    """States, areas and regions of states with what is there, as known at the end of `day`."""

    day: Date
    region: Region
    sources: str  #: Of the numbers of people.
    states: tuple[Part, ...]
    areas: tuple[Part, ...]
    regions: Mapping[tuple[str, str], Capacity]
    cohesion: Cohesion | None  #: Where all of the EU is asked about.
    access: tuple[OpenTo, ...]

    def to_json(self) -> dict[str, Any]:
        """What programs get: names end in their units, sums stand beside what they leave out."""
        return {
            "at": self.day.isoformat(),
            "region": self.region.name,
            "people_source": self.sources,
            "states": [_part(one) for one in self.states],
            "areas": [_part(one) for one in self.areas],
            "regions": [
                {"state": state, "region": name or None, "capacity": asdict(some)}
                for (state, name), some in self.regions.items()
            ],
            "cohesion": _cohesion(self.cohesion) if self.cohesion else None,
            "access": [
                {
                    **asdict(one),
                    "antennas": {name: list(hosts) for name, hosts in one.antennas},
                    "classes": {site: list(names) for site, names in one.classes},
                }
                for one in self.access
            ],
        }


def regions_of(known: Known, name: str) -> Regions:
    """The answer for the region `name`; of a cluster, its sites alone are counted.

    Raises:
        NotFound: There is no such region.
        Unavailable: The numbers of people cannot be read.
    """
    asked, world = region(known, name), atlas()
    people = {code: one.people for code, one in world.countries.items() if one.people}
    scope = replace(known, sites=asked.sites) if asked.cluster else known
    inside = _countries(scope, asked, people)
    whole_union = AREAS[UNION].countries <= set(inside)
    areas = _areas(asked, inside)
    return Regions(
        day=known.day,
        region=asked,
        sources=_sources(world, inside, areas),
        states=tuple(part(one, (one,), scope, people) for one in inside),
        areas=tuple(part(name, AREAS[name].countries, scope, people) for name in areas),
        regions=regions_of_states(asked.sites),
        cohesion=cohesion(scope, people) if whole_union else None,
        access=tuple(open_to(one, known) for one in inside),
    )


def _areas(asked: Region, inside: Sequence[str]) -> tuple[str, ...]:
    """The areas that have rows: the one that was asked for, or all that hold some of the sites."""
    if asked.name in AREAS:
        return (asked.name,)
    ground = {site.country.value for site in asked.sites.values()}
    return tuple(name for name in _AREAS if len(inside) > 1 and ground & AREAS[name].countries)


def _sources(world: Atlas, states: Iterable[str], areas: Iterable[str]) -> str:
    """What to cite for people; wide areas have states with numbers of other years."""
    told, wide = world.source(states), world.source(expand(tuple(areas)))
    return told if not tuple(areas) or told == wide else f"{told} ({wide.split(', ')[1]} in areas)"


def _countries(known: Known, asked: Region, people: Mapping[str, int]) -> tuple[str, ...]:
    """The countries that have rows: those that were asked for, as far as they have any part."""
    if asked.name in COUNTRIES:
        return (asked.name,)
    having = states(known, people)
    if asked.cluster:
        return tuple(one for one in having if one in expand(asked.cluster.countries))
    within = AREAS[asked.name].countries if asked.name in AREAS else frozenset(having)
    return tuple(one for one in having if one in within)


def _part(one: Part) -> dict[str, Any]:
    return {
        **asdict(one),
        "power_per_head_w": one.power_per_head_w,
        "accelerators_per_million": one.accelerators_per_million,
    }


def _cohesion(made: Cohesion) -> dict[str, Any]:
    return {
        "measures": [
            {**asdict(one), "share": one.share, "quotient": one.quotient} for one in made.measures
        ],
        "neither": [one.name for one in made.neither],
    }
