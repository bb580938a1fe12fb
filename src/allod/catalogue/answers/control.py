"""Who owns and controls the parties of a site, seen from one home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date as Date
from typing import Any

from allod.catalogue.answers.days import site_then
from allod.domain.areas import check_area, expand, spelt
from allod.domain.site import Site
from allod.errors import InvalidInput
from allod.plan.chain import Controlled, controlled
from allod.plan.known import Known, region


@dataclass(frozen=True, slots=True)
class SiteControl:
    """The chains of owners of a site's parties, as known at the end of `day`."""

    day: Date
    name: str
    site: Site
    home: frozenset[str]  #: Countries that are not foreign.
    parties: tuple[Controlled, ...]

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        return {
            "site": self.name,
            "at": self.day.isoformat(),
            "home": sorted(self.home),
            "operator": self.site.operator.value,
            "parties": [party_json(one) for one in self.parties],
        }


def control_of(known: Known, asked: str, home: Sequence[str]) -> SiteControl:
    """Who controls the site `asked`; without `home`, its own country is home.

    Raises:
        NotFound: There is no such site.
        InvalidInput: It was not announced by then, or what is home is no country or area.
    """
    name, site = site_then(asked, known)
    places = _home(home, site)
    return SiteControl(known.day, name, site, places, controlled(site, known.parties, places))


@dataclass(frozen=True, slots=True)
class NetworkControl:
    """The same of every site of a region."""

    day: Date
    title: str
    home: tuple[str, ...]  #: As asked for; empty: each site's own country.
    sites: tuple[SiteControl, ...]  #: By name.

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        return {
            "at": self.day.isoformat(),
            "region": self.title,
            "sites": [site.to_json() for site in self.sites],
        }


def network_control(known: Known, asked: str, home: Sequence[str]) -> NetworkControl:
    """Who controls each site of the region `asked`.

    Raises:
        NotFound: There is no such region.
        InvalidInput: What is home is no country or area.
    """
    part = region(known, asked)
    sites = []
    for name, site in sorted(part.sites.items()):
        places = _home(home, site)
        found = controlled(site, known.parties, places)
        sites.append(SiteControl(known.day, name, site, places, found))
    return NetworkControl(known.day, part.title, tuple(home), tuple(sites))


def _home(asked: Sequence[str], site: Site) -> frozenset[str]:
    """The countries that are home.

    Raises:
        InvalidInput: One is no country or area.
    """
    if not asked:
        return expand((site.country.value,) if site.country.value else ())
    places = []
    for place in asked:
        try:
            places.append(check_area(spelt(place)))
        except ValueError as error:
            wrong, _, mend = str(error).partition("; ")
            raise InvalidInput(
                f"home '{place}': {wrong}", mend=mend, field="home", value=place
            ) from error
    return expand(tuple(places))


def party_json(one: Controlled) -> dict[str, Any]:
    """What programs get of one party."""
    return {
        "party": one.party,
        "title": one.title,
        "seat": one.seat,
        "roles": list(one.roles),
        "controllers": [
            {
                "party": item.party,
                "seat": item.seat.value,
                "standing": item.standing,
                "chain": list(item.chain),
            }
            for item in one.control.controllers
        ],
        "laws": list(one.laws),
        "foreign_bp": {"known": one.foreign.known_bp, "possible": one.foreign.possible_bp},
        "owners": [
            {
                "of": item.party,
                "owner": item.owner or None,
                "share_bp": item.share_bp,
                "standing": item.standing,
                "source": item.source,
            }
            for item in one.held
        ],
        "unknown": [asdict(gap) for gap in one.control.unknown],
    }
