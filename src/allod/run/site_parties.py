"""The parties of a site by the node's documents: roles, who is in control, and the charter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from allod.catalogue.answers.control import party_json
from allod.decide.layout import class_steps
from allod.domain.areas import expand
from allod.domain.charter import AccessClass, Charter
from allod.domain.control import controllers
from allod.domain.holdings import seat
from allod.domain.party import Party
from allod.domain.said import said
from allod.domain.site import Site
from allod.domain.units import NEVER_S, UNBOUNDED
from allod.plan.chain import controlled
from allod.plan.charter_words import charter_says, charter_words, class_says, class_words

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SiteParties:
    """What the documents of a node say of a site, its parties and its promise."""

    name: str
    site: Site
    parties: Mapping[str, Party]
    charters: Mapping[str, Charter]  #: By name of the document; at most one is for the site.
    at_s: int

    def to_json(self) -> Json:
        """What programs get."""
        country = self.site.country.value
        home = expand((country,) if country else ())
        return {
            "site": self.name,
            "at_s": self.at_s,
            "country": country,
            "home": sorted(home),
            "operator": self.site.operator.value,
            "control": self._control(),
            "roles": list(self._roles()),
            "parties": [party_json(one) for one in controlled(self.site, self.parties, home)],
            "charter": self._charter(),
        }

    def _control(self) -> Json:
        """Who is in control of the operator, and so of the site."""
        operator = self.site.operator.value
        if operator is None:
            path, why = f"Site/{self.name}: spec.operator", "the operator is not known"
            gap = {"path": path, "why": why, "says": asdict(said("no-operator"))}
            return {"sure": False, "controllers": [], "laws": ["?"], "unknown": [gap]}
        found = controllers(operator, self.parties)
        return {
            "sure": not found.unknown,
            "controllers": [
                {
                    "party": one.party,
                    "title": self._title(one.party),
                    "seat": one.seat.value,
                    "standing": one.standing.value,
                    "chain": list(one.chain),
                }
                for one in found.controllers
            ],
            "laws": sorted({one.seat.value or "?" for one in found.controllers}),
            "unknown": [asdict(gap) for gap in found.unknown],
        }

    def _title(self, name: str) -> str:
        return self.parties[name].title if name in self.parties else name

    def _roles(self) -> Iterator[Json]:
        """Each role with its dates, in the order of the document."""
        for role in self.site.parties:
            yield {
                "party": role.party,
                "title": self._title(role.party),
                "seat": seat(role.party, self.parties).value,
                "role": role.role.value,
                "starts_s": role.starts,
                "ends_s": None if role.ends >= NEVER_S else role.ends,
                "holds": role.starts <= self.at_s < role.ends,
                "source": role.source,
                "note": role.note,
            }

    def _charter(self) -> Json | None:
        for name, charter in self.charters.items():
            if charter.site == self.name:
                return {
                    "name": name,
                    "title": charter.title,
                    "words": charter_words(charter),
                    "says": [asdict(part) for part in charter_says(charter)],
                    "use_half_life_s": charter.use_half_life_s,
                    "classes": [
                        row for top in charter.classes for row in self._classes(top, None, 0)
                    ],
                }
        return None

    def _classes(self, item: AccessClass, parent: str | None, depth: int) -> Iterator[Json]:
        """A class and all inside it, parents first."""
        steps = class_steps(item)
        _, floor, ceiling = [step for step in steps if step[0] <= self.at_s][-1]
        eligible, anchor = item.eligible, item.anchor
        yield {
            "name": item.name,
            "title": item.title,
            "parent": parent,
            "depth": depth,
            "words": class_words(item, self.site.stop_time_s),
            "says": [asdict(part) for part in class_says(item, self.site.stop_time_s)],
            "eligible": {
                "countries": list(eligible.countries),
                "sectors": list(eligible.sectors),
                "parties": list(eligible.parties),
                "projects": list(eligible.projects),
            },
            "floor": floor,
            "ceiling": _bounded(ceiling),
            "priority": item.priority,
            "reclaim_notice_s": item.reclaim_notice_s,
            "stop_time_s": self.site.stop_time_s,
            "run_time_min_s": item.run_time_min_s,
            "steps": [
                {"starts_s": start, "floor": step_floor, "ceiling": _bounded(step_ceiling)}
                for start, step_floor, step_ceiling in steps
            ],
            "anchor": {
                "party": anchor.party,
                "take_min_bp": anchor.take_min_bp,
                "ends_s": None if anchor.ends >= NEVER_S else anchor.ends,
            }
            if anchor
            else None,
        }
        for child in item.classes:
            yield from self._classes(child, item.name, depth + 1)


def _bounded(ceiling: int) -> int | None:
    return None if ceiling >= UNBOUNDED else ceiling
