"""What was claimed of a site or a region, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from allod.catalogue.answers.days import site_then
from allod.errors import NotFound
from allod.plan.claims import Judged, judged
from allod.plan.known import Known, Region, region


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims with their verdicts, as known at the end of `day`."""

    day: Date
    title: str
    by_site: Mapping[str, tuple[Judged, ...]]

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        sites = {name: [_json(one) for one in found] for name, found in self.by_site.items()}
        return {"at": self.day.isoformat(), "sites": sites}


def claims_of(known: Known, asked: str) -> Claims:
    """What was claimed of the site `asked`, or of all sites of the region of that name.

    Raises:
        NotFound: There is no such site or region.
        InvalidInput: The site was not announced by then.
    """
    try:
        name, site = site_then(asked, known)
    except NotFound as no_site:
        part = _region(known, asked, no_site)
        found = {key: judged(spec, known.day) for key, spec in sorted(part.sites.items())}
        return Claims(known.day, part.title, found)
    return Claims(known.day, site.title, {name: judged(site, known.day)})


def _region(known: Known, asked: str, no_site: NotFound) -> Region:
    """The region `asked`, which is no site.

    Raises:
        NotFound: It is no region either.
    """
    try:
        return region(known, asked)
    except NotFound as no_region:
        raise NotFound(
            f"there is no site or region '{asked}'",
            mend=f"{no_site.mend}; for a region, {no_region.mend}",
            field="name",
            value=asked,
        ) from no_site


def _json(one: Judged) -> dict[str, Any]:
    return {
        "claim": one.claim.model_dump(mode="json", exclude_defaults=True),
        "known": one.known,
        "source": one.source,
        "verdict": one.standing.value,
        "why": list(one.why),
    }
