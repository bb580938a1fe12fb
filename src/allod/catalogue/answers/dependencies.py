"""On whom a site or many depend, layer by layer, and what the loss of one would take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date as Date
from typing import Any

from allod.catalogue.answers.days import site_then
from allod.domain.country_names import COUNTRIES
from allod.domain.site import Site
from allod.errors import InvalidInput, NotFound
from allod.plan.concentration import Layer, Loss, Supply, layers, loss
from allod.plan.known import Known, region

#: Who supplies each layer of the site of that name. The sovereignty statement says it, which only
#: those who show it may read; so whoever asks brings it.
Supplies = Callable[[str, Site, Known], Iterable[Supply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of what the dependencies are asked."""

    site: str = ""  #: Empty: all of `region`.
    region: str = ""  #: Empty: all sites.
    without: str = ""  #: A party or country whose loss is asked about.


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Suppliers by layer, as known at the end of `day`."""

    day: Date
    title: str
    sites: Mapping[str, Site]
    layers: tuple[Layer, ...]
    loss: Loss | None

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        return {
            "at": self.day.isoformat(),
            "sites": sorted(self.sites),
            "layers": [asdict(layer) for layer in self.layers],
            "without": asdict(self.loss) if self.loss else None,
        }


def dependencies_of(known: Known, asked: Question, supplies: Supplies) -> Dependencies:
    """On whom the sites that are asked about depend.

    Raises:
        NotFound: There is no such site or region, or nobody of the name whose loss is asked about.
        InvalidInput: The site was not announced by then, or both a site and a region are asked for.
    """
    title, sites = _sites(known, asked)
    without = _without(asked.without, known) if asked.without else ""
    found = [item for name, site in sorted(sites.items()) for item in supplies(name, site, known)]
    gone = loss(found, without) if without else None
    return Dependencies(known.day, title, sites, layers(found), gone)


def _sites(known: Known, asked: Question) -> tuple[str, dict[str, Site]]:
    if asked.site and asked.region:
        raise InvalidInput(
            f"a site ('{asked.site}') and a region ('{asked.region}') are asked for",
            mend="ask for one of them",
            field="region",
            value=asked.region,
        )
    if asked.site:
        name, site = site_then(asked.site, known)
        return site.title, {name: site}
    part = region(known, asked.region)
    return part.title, dict(part.sites)


def _without(told: str, known: Known) -> str:
    """The party or country of that name.

    Raises:
        NotFound: It is neither.
    """
    if told.upper() in COUNTRIES:
        return told.upper()
    if told.lower() in known.parties:
        return told.lower()
    raise NotFound(
        f"without '{told}': no such party or country",
        mend="write a country such as US, or a party of 'allod catalogue list party'",
        field="without",
        value=told,
    )
