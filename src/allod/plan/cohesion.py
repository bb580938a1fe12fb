"""Cohesion: what poorer states of the EU have of its AI Factories against their share of people.

The measure is the location quotient: a group's share of something over its share of the people;
1 is in proportion, under 1 is less than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allod.domain.areas import AREAS
from allod.plan.known import Known
from allod.plan.regions import Part, People, part

UNION, SUPPORTED = "eu", "eu-cohesion"


@dataclass(frozen=True, slots=True)
class Measure:
    """How much of one thing the supported states have, and all others of the EU."""

    name: str
    supported: int | None  #: None: nothing of it is known.
    others: int | None
    people_share: float  #: Of the supported states.
    unknown: tuple[int, int] = (0, 0)  #: Sites of which it is not known, in each group.
    sites: tuple[int, int] = (0, 0)  #: Of how many.

    @property
    def share(self) -> float | None:
        """The supported states' share of what is known; None: there is none of it, or one group's
        is not known."""
        if self.supported is None or self.others is None:
            return None
        whole = self.supported + self.others
        return self.supported / whole if whole else None

    @property
    def quotient(self) -> float | None:
        """The location quotient of the supported states."""
        return None if self.share is None else self.share / self.people_share


@dataclass(frozen=True, slots=True)
class Cohesion:
    """The states of the EU in two groups, and what each has."""

    supported: Part
    others: Part
    measures: tuple[Measure, ...]
    neither: tuple[Part, ...]  #: States with no factory and no Antenna.


def cohesion(known: Known, people: People) -> Cohesion:
    """What the states that the Cohesion Fund supports have of all that is known, and the others."""
    union, poorer = AREAS[UNION].countries, AREAS[SUPPORTED].countries
    supported = part(SUPPORTED, poorer, known, people)
    others = part("the other states", union - poorer, known, people)
    heads, rest = supported.people or 0, others.people or 0
    share = heads / (heads + rest)
    each = {state: part(state, (state,), known, people) for state in sorted(union)}
    return Cohesion(
        supported=supported,
        others=others,
        measures=(
            Measure("people", heads, rest, share),
            Measure("states", len(poorer), len(union - poorer), share),
            *_network(supported, others, each, share),
            *_capacity(supported, others, share),
        ),
        neither=tuple(one for one in each.values() if not one.hosts and not one.antennas),
    )


def _network(
    supported: Part, others: Part, each: Mapping[str, Part], share: float
) -> tuple[Measure, ...]:
    poorer = AREAS[SUPPORTED].countries

    def places(name: str, *, own: bool) -> Measure:
        """States that take part in each factory, counted for each factory."""
        counts = [0, 0]
        for state, one in each.items():
            counts[state not in poorer] += len(one.takes_part) + (len(one.hosts) if own else 0)
        return Measure(name, counts[0], counts[1], share)

    return (
        Measure("AI Factories hosted", len(supported.hosts), len(others.hosts), share),
        places("part in a factory, own ones included", own=True),
        places("part in a factory of another state", own=False),
        Measure("Antennas", len(supported.antennas), len(others.antennas), share),
    )


def _capacity(supported: Part, others: Part, share: float) -> tuple[Measure, ...]:
    one, two = supported.capacity, others.capacity

    def measure(
        name: str, amounts: tuple[int, int], unknown: tuple[tuple[str, ...], tuple[str, ...]]
    ) -> Measure:
        counts = [len(names) for names in unknown]
        sites = [len(one.sites), len(two.sites)]
        known = [
            None if many and many == without else amount
            for amount, without, many in zip(amounts, counts, sites, strict=True)
        ]
        return Measure(
            name, known[0], known[1], share, (counts[0], counts[1]), (sites[0], sites[1])
        )

    return (
        measure(
            "accelerators announced, live ones included",
            (sum(one.accelerators.values()), sum(two.accelerators.values())),
            (one.accelerators_unknown, two.accelerators_unknown),
        ),
        measure(
            "accelerators live",
            (one.accelerators["live"], two.accelerators["live"]),
            (one.live_accelerators_unknown, two.live_accelerators_unknown),
        ),
        measure(
            "accelerators of interim systems",
            (one.interim_accelerators, two.interim_accelerators),
            (one.interim_unknown, two.interim_unknown),
        ),
        measure(
            "power announced [MW]",
            (sum(one.power_w.values()) // 10**6, sum(two.power_w.values()) // 10**6),
            (one.power_unknown, two.power_unknown),
        ),
    )
