"""The roadmap of a region, with the target of its cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date as Date
from typing import Any

from allod.plan.known import Known, Region, region
from allod.plan.roadmap import Roadmap, roadmap


@dataclass(frozen=True, slots=True)
class RegionRoadmap:
    """Power and accelerators of a region over time, as known at the end of `day`."""

    day: Date
    region: Region
    made: Roadmap

    @property
    def target_w(self) -> int | None:
        """What a cluster is to have; None: it is no cluster, or none is known. [W]"""
        return self.region.cluster.target_w.value if self.region.cluster else None

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        told: dict[str, Any] = asdict(self.made)
        for step in told["steps"]:
            step["due"] = step["due"].isoformat() if step["due"] else None
        return {
            "at": self.day.isoformat(),
            "region": self.region.name,
            "target_w": self.target_w,
            **told,
        }


def roadmap_of(known: Known, asked: str) -> RegionRoadmap:
    """The roadmap of the region `asked`; of all sites for an empty text.

    Raises:
        NotFound: There is no such region.
    """
    part = region(known, asked)
    return RegionRoadmap(known.day, part, roadmap(part.sites))
