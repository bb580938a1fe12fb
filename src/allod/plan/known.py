"""Known: everything announced as it was known at one day, by kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date as Date

from allod.domain.access_mode import AccessModeTerms
from allod.domain.antenna import Antenna
from allod.domain.areas import AREAS, expand, spelt
from allod.domain.charter import Charter
from allod.domain.cluster import Cluster
from allod.domain.country_names import COUNTRIES
from allod.domain.document import Document
from allod.domain.funding_call import FundingCall
from allod.domain.history import at
from allod.domain.party import Party
from allod.domain.site import Site
from allod.errors import NotFound


@dataclass(frozen=True, slots=True)
class Known:
    """What was known at the end of `day`."""

    day: Date
    sites: Mapping[str, Site] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    charters: Mapping[str, Charter] = field(default_factory=dict)
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    antennas: Mapping[str, Antenna] = field(default_factory=dict)
    modes: Mapping[str, AccessModeTerms] = field(default_factory=dict)
    calls: Mapping[str, FundingCall] = field(default_factory=dict)


def known_at(documents: Iterable[Document], day: Date) -> Known:
    """What was known at the end of `day`; sites announced later are not there yet."""
    found: dict[type, dict[str, object]] = {kind: {} for kind in _FIELDS}
    for document in documents:
        spec = document.spec
        first = announced_on(spec)
        if type(spec) in found and not (first and day < first):
            found[type(spec)][document.name] = at(spec, day)
    return Known(day, **{name: found[kind] for kind, name in _FIELDS.items()})  # type: ignore[arg-type]


def announced_on(spec: object) -> Date | None:
    """The day on which a site was announced; None for all else, and where it is not known."""
    return spec.dossier.announced if isinstance(spec, Site) and spec.dossier else None


_FIELDS: Mapping[type, str] = {
    Site: "sites",
    Party: "parties",
    Charter: "charters",
    Cluster: "clusters",
    Antenna: "antennas",
    AccessModeTerms: "modes",
    FundingCall: "calls",
}


@dataclass(frozen=True, slots=True)
class Region:
    """Some of the sites: those of a cluster, of a country, or of an area."""

    name: str
    title: str
    cluster: Cluster | None
    sites: Mapping[str, Site]


def region(known: Known, asked: str) -> Region:
    """The sites that `asked` stands for: a cluster by any of its names, a country, an area; all
    sites for an empty text.

    Raises:
        NotFound: There is no such region.
    """
    if not asked:
        return Region("", "all sites", None, known.sites)
    for name, cluster in known.clusters.items():
        if asked.lower() in (name, *cluster.known_as):
            members = {site: known.sites[site] for site in cluster.members if site in known.sites}
            return Region(name, cluster.title, cluster, members)
    place = spelt(asked)
    if place not in COUNTRIES and place not in AREAS:
        regions = (*sorted(known.clusters), *sorted(AREAS))
        mend = f"write a country such as NO, or one of {', '.join(regions)}"
        raise NotFound(f"there is no region '{asked}'", mend=mend, field="region", value=asked)
    countries = expand((place,))
    inside = {name: s for name, s in known.sites.items() if s.country.value in countries}
    return Region(place, AREAS[place].title if place in AREAS else place, None, inside)
