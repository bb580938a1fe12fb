"""Open to: which factories and sites the users of a country may use, and by what way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allod.plan.eligible import class_paths, country_fault, for_named_alone, takes_country
from allod.plan.known import Known


@dataclass(frozen=True, slots=True)
class OpenTo:
    """What is open to the users of one country. Sectors, sizes and clocks narrow it further."""

    country: str
    hosts: tuple[str, ...]  #: AI Factories on its ground.
    takes_part: tuple[str, ...]  #: AI Factories elsewhere that it takes part in.
    antennas: tuple[tuple[str, tuple[str, ...]], ...]  #: Its Antennas, each with its factories.
    modes: tuple[str, ...]  #: Access modes that take applicants from there.
    modes_unknown: tuple[str, ...]  #: Modes of which nobody says from where they take applicants.
    by_modes: tuple[str, ...]  #: Sites that these modes open.
    classes: tuple[tuple[str, tuple[str, ...]], ...]  #: Sites with classes that take its parties.


def open_to(country: str, known: Known) -> OpenTo:
    """What is open to the users of `country`."""
    sure: list[str] = []
    unsure: list[str] = []
    opened: set[str] = set()
    for name, terms in sorted(known.modes.items()):
        faults = list(country_fault(terms.countries, country))
        if not faults:
            sure.append(name)
            programme = known.clusters.get(terms.programme or "")
            members = programme.members if programme else ()
            opened |= {site for site in members if not terms.sites or site in terms.sites}
        elif not any(certain for certain, _ in faults):
            unsure.append(name)
    return OpenTo(
        country=country,
        hosts=factories(known, country),
        takes_part=participations(known, country),
        antennas=tuple(
            (name, tuple(host.value for host in antenna.hosts if host.value))
            for name, antenna in sorted(known.antennas.items())
            if antenna.country.value == country
        ),
        modes=tuple(sure),
        modes_unknown=tuple(unsure),
        by_modes=tuple(sorted(opened & known.sites.keys())),
        classes=tuple(_classes(country, known)),
    )


def factories(known: Known, country: str | None = None) -> tuple[str, ...]:
    """The AI Factories on the ground of `country`, or all of them."""
    return tuple(
        name
        for name, site in sorted(known.sites.items())
        if site.dossier
        and site.dossier.factory
        and (country is None or site.country.value == country)
    )


def participations(known: Known, country: str) -> tuple[str, ...]:
    """The AI Factories elsewhere that `country` takes part in, as far as that is known."""
    found = []
    for name in factories(known):
        site = known.sites[name]
        factory = site.dossier.factory if site.dossier else None
        taking_part = factory.participating.value if factory else None
        if country in (taking_part or ()) and site.country.value != country:
            found.append(name)
    return tuple(found)


def _classes(country: str, known: Known) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Classes that take whoever is in `country`; those for named parties alone are left out."""
    for charter in sorted(known.charters.values(), key=lambda one: one.site):
        names = tuple(
            path[-1].name
            for path in class_paths(charter)
            if takes_country(path, country) and not for_named_alone(path)
        )
        if names:
            yield charter.site, names
