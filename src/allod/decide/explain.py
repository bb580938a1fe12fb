"""Explain: for every site all that is in the way, what would change it, and when it may start."""

from __future__ import annotations

from dataclasses import dataclass

from allod.decide import blockers
from allod.decide.engine import Engine
from allod.decide.kernel import blocked as b
from allod.decide.kernel.handle import Array
from allod.decide.layout import live_units, phase_dates
from allod.decide.live import Live
from allod.domain.decision import Reason, Step
from allod.domain.units import NEVER_S, instant_text
from allod.errors import NotFound


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What stands between a workload and one site."""

    site: str
    blockers: tuple[Reason, ...]  #: In the order of L5; empty if it runs there or could at once.
    change: str  #: The smallest change that would let it in; empty if none is needed.
    expected_at_s: int | None
    basis: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands between a workload and every site."""

    workload_id: str
    state: str
    sites: tuple[SiteAnswer, ...]
    expected_at_s: int | None
    basis: str


def explain(engine: Engine, workload_id: str) -> Explanation:
    """Why `workload_id` is where it is.

    Raises:
        NotFound: It is not live; what was decided about it is in the log.
    """
    standing, live = engine.standing(workload_id), engine.live.get(workload_id)
    if standing is None or live is None:
        raise NotFound(f"no live workload is called {workload_id}")
    if standing.state == "running":
        return _running(engine, live, standing.site)
    reasons, expected_at_s, basis = blockers.of(engine, live)
    if standing.state in ("asleep", "claimed"):
        answers = tuple(
            _answer(live, site, _until_then(engine, live, site, reasons))
            for site in engine.layout.sites
        )
        return Explanation(workload_id, standing.state, answers, expected_at_s, basis)
    found = blockers.found_for(engine, live, starts=True)
    answers = tuple(_waiting(engine, live, site, found) for site in engine.layout.sites)
    held = int(engine.state.job[live.row]["reserved"])
    if expected_at_s is not None and held >= 0:
        basis = (
            f"its reserved start, by {_basis(engine, engine.layout.pools[held][0], expected_at_s)}"
        )
    if expected_at_s is None:
        soonest = [a for a in answers if a.expected_at_s is not None]
        if soonest:
            first = min(soonest, key=lambda a: a.expected_at_s or 0)
            expected_at_s, basis = first.expected_at_s, f"{first.site}: {first.basis}"
    return Explanation(workload_id, standing.state, answers, expected_at_s, basis)


def _until_then(
    engine: Engine, live: Live, site: str, reasons: tuple[Reason, ...]
) -> tuple[Reason, ...]:
    """What stands between work that sleeps or holds a claim and `site`."""
    if site in live.verdict.against:
        return live.verdict.against[site]
    own = tuple(reason for reason in reasons if reason.site in ("", site))
    if own or live.row < 0:
        return own
    found = blockers.found_for(engine, live, starts=False)
    return blockers.at_site(engine, live, site, found)


def _running(engine: Engine, live: Live, here: str) -> Explanation:
    answers = tuple(
        SiteAnswer(
            site,
            live.verdict.against.get(site, ()),
            "",
            None,
            "it runs here" if site == here else "",
        )
        for site in engine.layout.sites
    )
    return Explanation(live.workload_id, "running", answers, None, f"it runs at {here}")


def _waiting(engine: Engine, live: Live, site: str, found: Array) -> SiteAnswer:
    reasons = blockers.at_site(engine, live, site, found)
    if site in live.verdict.against:
        return _answer(live, site, reasons)
    t = engine.layout.site_row[site]
    admitted = [p for p in engine.layout.pools_of[site] if live.verdict.classes[p] >= 0]
    start = min((int(found[p, b.START]) for p in admitted), default=NEVER_S)
    ahead = b.ahead_of(engine.state, live.row, t)
    if start < NEVER_S:
        basis = _basis(engine, site, start) + _if_not_taken(ahead)
        return SiteAnswer(site, reasons, smallest_change(live, reasons), start, basis)
    live_s = min((_live_at(engine, live, p) for p in admitted), default=NEVER_S)
    if live_s >= NEVER_S or any(reason.code == "grant-used-up" for reason in reasons):
        return _answer(live, site, reasons)
    change = f"wait for the accelerators that are live from {instant_text(live_s)} on"
    basis = "the date of the phase that has enough accelerators" + _if_not_taken(ahead)
    return SiteAnswer(site, reasons, change, live_s, basis)


def _basis(engine: Engine, site: str, start_s: int) -> str:
    """What a start at that time rests on: an end of work, or a date of the site's documents."""
    spec = engine.world.sites[site]
    if start_s > engine.now_s and spec.envelope:
        envelope = spec.envelope
        for limit in (envelope.site, *envelope.halls.values(), *envelope.pools.values()):
            if start_s in (window.ends for window in limit.windows):
                return "the end of a window of less power"
    if start_s > engine.now_s and engine.outlook.turns(site, start_s):
        return "the forecast, or the end of a call for less power"
    if start_s > engine.now_s and start_s in phase_dates(spec):
        return "the date of a phase"
    return "the wall times of the work that now runs"


def _if_not_taken(ahead: int) -> str:
    if not ahead:
        return ""
    if ahead == 1:
        return ", if the one that goes before it does not take the room"
    return f", if the {ahead} that go before it do not take the room"


def _live_at(engine: Engine, live: Live, p: int) -> int:
    """From when on the pool has so many live accelerators; NEVER_S if it has them now."""
    site, pool = engine.layout.pools[p]
    spec, n = engine.world.sites[site], live.workload.accelerators
    dates = (at_s for at_s in phase_dates(spec) if at_s > engine.now_s)
    if live_units(spec, pool, engine.now_s) >= n:
        return NEVER_S
    return next((at_s for at_s in dates if live_units(spec, pool, at_s) >= n), NEVER_S)


def _answer(live: Live, site: str, reasons: tuple[Reason, ...]) -> SiteAnswer:
    return SiteAnswer(site, reasons, smallest_change(live, reasons), None, "")


def smallest_change(live: Live, reasons: tuple[Reason, ...]) -> str:
    """The smallest change that would do away with the first kind of reason, in words."""
    if not reasons:
        return ""
    first = min(reason.step for reason in reasons)
    ofs = [reason for reason in reasons if reason.step == first]
    return "; ".join(dict.fromkeys(_change(live, reason) for reason in ofs))


#: What would do away with a reason, by its code.
_CHANGES = {
    "site-not-asked-for": "name this site in spec.sites",
    "larger-than-pool": "ask for {fewer} or fewer",
    "larger-than-nvlink-domain": "ask for {fewer} or fewer",
    "over-ceiling": "ask for {fewer} or fewer",
    "over-envelope": "an envelope of {needed} for work",
    "other-model": "accept {actual} in spec.models",
    "grant-too-small": "a grant of {needed} for project {project}",
    "grant-too-short": "a grant that holds for {needed} for project {project}",
    "grant-used-up": "a grant of {needed} for project {project}",
    "no-user-there": "{needed} in the document of the site",
    "no-room": "{lacking} in pool {pool}",
    "not-live-yet": "{lacking} in pool {pool}",
    "ceiling-reached": "ask for {fewer} or fewer, or wait for its class",
    "envelope-forecast": "{needed} of IT power within the envelope; {actual} are left",
    "envelope": "{needed} within the envelope; {actual} are left",
    "out-of-service": "accelerators of pool {pool} back in service",
    "fragmented": "another topology, or whole nodes that come free",
    "would-delay-head": "a shorter wall time",
    "clean-power-later": "an earlier deadline, or none: it starts at once",
    "not-before": "wait until {wakes}",
    "reclaiming": "wait for the notice to run out",
}


#: The same where nothing is there at all: to ask for fewer would be to ask for none.
_CHANGES_FROM_NOTHING = {
    "larger-than-pool": "a live phase with {needed} accelerators in pool {pool}",
    "over-ceiling": "a ceiling of {needed} in its class",
    "ceiling-reached": "wait for its class",
}


def _change(live: Live, reason: Reason) -> str:
    if reason.code == "fact-unknown":
        return f"make known: {reason.origin if reason.step is Step.POWER else reason.actual}"
    if reason.code in _CHANGES:
        left = max(0, int(reason.actual)) if reason.actual.lstrip("-").isdigit() else 0
        words = _CHANGES[reason.code]
        if left == 0:
            words = _CHANGES_FROM_NOTHING.get(reason.code, words)
        return words.format(
            actual=reason.actual,
            needed=reason.needed,
            pool=reason.pool,
            project=live.workload.project,
            lacking=_counted(live.workload.accelerators - left, "more accelerator"),
            fewer=_counted(left, "accelerator"),
            wakes=instant_text(live.wakes_s),
        )
    if reason.step is Step.LAW:
        return f"another rule in {reason.origin}, or another site"
    if reason.step is Step.CLASS:
        return f"another project: {reason.needed}"
    return "wait"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
