"""Build-out of a site: its phases with all that was said of them, and how its document changed.

What the node places work on stands in its own document. Where the catalogue knows a site of that
name, what was announced of it stands beside, and is never mixed with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from datetime import date as Date
from typing import Any

from allod import catalogue
from allod.catalogue.answers.days import known_on
from allod.decide.layout import live_units, phase_dates
from allod.domain.document import from_json
from allod.domain.fact import Fact, Said
from allod.domain.revision import Change, changes
from allod.domain.site import Phase, PhaseState, Site
from allod.errors import NotFound
from allod.plan.roadmap import announced_w, maturity_of, roadmap, stage_of
from allod.run.log import DocumentRow
from allod.run.views import document_of

Json = dict[str, Any]
_SAID = ("value", "standing", "source", "date", "note")
#: What of a document is build-out: phases, what stands there, and what it may draw.
_BUILD_OUT = ("phases.", "pools.", "envelope.")


@dataclass(frozen=True, slots=True)
class SitePhases:
    """What is known of a site's build-out."""

    name: str
    site: Site
    revisions: Sequence[DocumentRow]  #: Of its document, oldest first.
    at_s: int

    def to_json(self) -> Json:
        """What programs get."""
        return {
            "site": self.name,
            "at_s": self.at_s,
            "phases": [_phase(phase, self.at_s) for phase in self.site.phases],
            "live": self._live(),
            "revisions": list(self._revisions()),
            "announced": _announced(self.name, datetime.fromtimestamp(self.at_s, UTC).date()),
        }

    def _live(self) -> list[Json]:
        """Accelerators that the live phases hold, from each of their dates on."""
        return [
            {
                "starts_s": at_s,
                "accelerators": sum(live_units(self.site, p.name, at_s) for p in self.site.pools),
            }
            for at_s in phase_dates(self.site)
        ]

    def _revisions(self) -> Iterator[Json]:
        """Each revision of the node's document that changed the build-out, with its leaf."""
        before: Site | None = None
        for row in self.revisions:
            held = document_of(row)
            after = None
            if "document" in held:
                spec = from_json(held["document"]).spec
                assert isinstance(spec, Site)
                after = spec
            found = changes(before, after) if after is not None else ()
            told = [_change(one) for one in found if one.path.startswith(_BUILD_OUT)]
            if told or after is None:
                yield {
                    "seq": row.seq,
                    "at_s": held["at_s"],
                    "actor": held["actor"],
                    "removed": after is None,
                    "changes": told,
                }
            before = after


def _announced(name: str, day: Date) -> Json | None:
    """What the catalogue knows of a site of that name; None if it knows none."""
    try:
        known = catalogue.site_name(name)
    except NotFound:
        return None
    site = known_on(day).sites.get(known)
    if site is None:
        return None
    capacity = site.dossier.capacity_w if site.dossier else None
    years = roadmap({known: site}).years
    return {
        "name": known,
        "at": day.isoformat(),
        "maturity": maturity_of(site),
        "power_w": announced_w(site),
        "capacity_w": None if capacity is None else _fact(capacity),
        "capacity_is": site.dossier.capacity_is if site.dossier else "unknown",
        "phases": [_phase(phase, None) for phase in site.phases],
        "years": [asdict(year) for year in years],
    }


def _phase(phase: Phase, at_s: int | None) -> Json:
    """A phase with every value's source, day, standing and what was said before.

    With `at_s`, whether it is live then.
    """
    lives = phase.state.value is PhaseState.LIVE and (phase.starts.value or 0) <= (at_s or 0)
    withdrawn = phase.withdrawn
    return {
        "name": phase.name,
        "plan": phase.plan,
        "stage": "cancelled" if _is_given_up(phase) else stage_of(phase),
        "is_live": None if at_s is None else lives,
        "state": _fact(phase.state),
        "starts": _fact(phase.starts),
        "power_w": _fact(phase.power_w),
        "power_is": phase.power_is,
        "accelerators": {pool: _fact(fact) for pool, fact in phase.accelerators.items()},
        "delivery": {
            pool: {
                "delivered": _fact(one.delivered),
                "accepted": _fact(one.accepted),
                "live": _fact(one.live),
            }
            for pool, one in phase.delivery.items()
        },
        "grid": _fact(phase.grid),
        "works": _fact(phase.works),
        "due": _fact(phase.due),
        "needs": list(phase.needs),
        "announced": phase.announced.isoformat() if phase.announced else None,
        "withdrawn": withdrawn.model_dump(mode="json") if withdrawn else None,
    }


def _is_given_up(phase: Phase) -> bool:
    return phase.withdrawn is not None or phase.state.value is PhaseState.CANCELLED


def _fact(fact: Fact[Any]) -> Json:
    """A value with its source, and what was said before and by others."""
    return {
        **_said(fact),
        "earlier": [_said(one) for one in fact.earlier],
        "others": [_said(one) for one in fact.others],
    }


def _said(said: Said[Any]) -> Json:
    return said.model_dump(mode="json", include=set(_SAID))


def _change(change: Change) -> Json:
    return {
        "path": change.path,
        "kind": change.kind.value,
        "before": _said(change.before) if change.before else None,
        "after": _said(change.after) if change.after else None,
    }
