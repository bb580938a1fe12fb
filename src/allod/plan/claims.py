"""What became of what was announced of a site: each claim beside what is known today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date

from allod.domain.claim import Claim, ClaimSubject
from allod.domain.site import Phase, PhaseState, Site
from allod.energy.verdict import Standing, verdict

_OF_METERS = ("no figure of a meter is in a document: 'allod report energy' judges it",)


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, what is known of its subject, and what became of it."""

    claim: Claim
    standing: Standing
    known: str  #: What is known today, in words.
    source: str  #: Where that is from.
    why: tuple[str, ...]  #: Why it is open, changed or cannot be tested.


def judged(site: Site, day: Date) -> tuple[Judged, ...]:
    """Every claim of `site`, as known at `day`, in the order of the document."""
    return tuple(_judged(claim, site, day) for claim in site.claims)


def _judged(claim: Claim, site: Site, day: Date) -> Judged:
    figure = _figure(claim, site)
    due = (claim.due or claim.date) <= day
    standing, why = verdict(claim, figure.value, figure.missing, due=due)
    if standing is Standing.NOT_TESTABLE and why is _OF_METERS and not _is_live(site):
        standing, why = Standing.OPEN, ("no phase is known to be live, so nothing is measured yet",)
    return Judged(claim, standing, figure.words, figure.source, why)


def _is_live(site: Site) -> bool:
    return any(phase.state.value is PhaseState.LIVE for phase in site.phases)


@dataclass(frozen=True, slots=True)
class _Figure:
    value: float | None
    words: str
    source: str = ""
    missing: tuple[str, ...] = ()


def _figure(claim: Claim, site: Site) -> _Figure:
    """What is known of the claim's subject."""
    match claim.subject:
        case ClaimSubject.ACCELERATORS:
            return _accelerators(site)
        case ClaimSubject.POWER_MW:
            return _power(site)
        case ClaimSubject.JOBS:
            return _jobs(site)
        case None:
            return _Figure(None, "nothing that would measure it is named")
        case _:
            return _Figure(None, "not in the documents", missing=_OF_METERS)


def _accelerators(site: Site) -> _Figure:
    told = [
        fact
        for phase in site.phases
        for delivery in phase.delivery.values()
        for fact in (delivery.live,)
        if fact.known
    ]
    counts = [fact.value for fact in told if fact.value is not None]
    if not counts:
        return _Figure(None, "how many are live is not known", missing=("no source says it",))
    return _Figure(float(sum(counts)), f"{sum(counts):,} live", _sources(f.source for f in told))


def _power(site: Site) -> _Figure:
    live = [phase for phase in site.phases if phase.state.value is PhaseState.LIVE]
    told = [phase.power_w for phase in live if phase.power_w.value is not None]
    if len(told) < len(live):
        return _Figure(None, "the power of a live phase is not known", missing=("no source",))
    if not live and not _all_told(site.phases):
        return _Figure(None, "how far its phases are is not known", missing=("no source says it",))
    total = sum(fact.value or 0 for fact in told)
    sources = _sources(fact.source for fact in told)
    return _Figure(total / 1e6, f"{total / 1e6:g} MW in live phases", sources)


def _all_told(phases: Iterable[Phase]) -> bool:
    return all(phase.state.known for phase in phases)


def _jobs(site: Site) -> _Figure:
    jobs = site.dossier.jobs if site.dossier else ()
    counted = [item.count for item in jobs if item.state == "counted" and item.count.known]
    if not counted:
        return _Figure(None, "no jobs were counted", missing=("nobody has counted them yet",))
    total = sum(fact.value or 0 for fact in counted)
    return _Figure(float(total), f"{total:,} counted", _sources(fact.source for fact in counted))


def _sources(sources: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(sources))
