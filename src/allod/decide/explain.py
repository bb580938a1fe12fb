"""Explain: for every site all that is in the way, what would change it, and when it may start."""

from __future__ import annotations

from dataclasses import dataclass

from allod.decide import blockers
from allod.decide.engine import Engine
from allod.decide.kernel import blocked as b
from allod.decide.kernel.handle import Array
from allod.decide.layout import live_units, phase_dates
from allod.decide.live import Live
from allod.decide.rests import RestsOn, in_words
from allod.decide.smallest_change import smallest_change
from allod.domain.decision import Reason
from allod.domain.said import Said, said
from allod.domain.units import NEVER_S, instant_text
from allod.errors import NotFound


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What stands between a workload and one site."""

    site: str
    blockers: tuple[Reason, ...]  #: In the order of L5; empty if it runs there or could at once.
    change: str  #: The smallest change that would let it in; empty if none is needed.
    changes: tuple[Said, ...]  #: The same by code.
    expected_at_s: int | None
    rests_on: RestsOn  #: What the expectation rests on.

    @property
    def basis(self) -> str:
        """What the expectation rests on, in words."""
        return in_words(self.rests_on)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands between a workload and every site."""

    workload_id: str
    state: str
    sites: tuple[SiteAnswer, ...]
    expected_at_s: int | None
    rests_on: RestsOn

    @property
    def basis(self) -> str:
        """What the expectation, or the whole answer, rests on, in words."""
        return in_words(self.rests_on)


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
    reasons, expected_at_s, rests_on = blockers.of(engine, live)
    if standing.state in ("asleep", "claimed"):
        answers = tuple(
            _answer(live, site, _until_then(engine, live, site, reasons))
            for site in engine.layout.sites
        )
        return Explanation(workload_id, standing.state, answers, expected_at_s, rests_on)
    found = blockers.found_for(engine, live, starts=True)
    answers = tuple(_waiting(engine, live, site, found) for site in engine.layout.sites)
    held = int(engine.state.job[live.row]["reserved"])
    if expected_at_s is not None and held >= 0:
        by = _rests_on(engine, engine.layout.pools[held][0], expected_at_s)
        rests_on = (said("reserved-start"), by)
    if expected_at_s is None:
        soonest = [a for a in answers if a.expected_at_s is not None]
        if soonest:
            first = min(soonest, key=lambda a: a.expected_at_s or 0)
            expected_at_s = first.expected_at_s
            rests_on = (said("at-site", site=first.site), *first.rests_on)
    return Explanation(workload_id, standing.state, answers, expected_at_s, rests_on)


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
            (),
            None,
            (said("runs-here"),) if site == here else (),
        )
        for site in engine.layout.sites
    )
    return Explanation(live.workload_id, "running", answers, None, (said("runs-at", site=here),))


def _waiting(engine: Engine, live: Live, site: str, found: Array) -> SiteAnswer:
    reasons = blockers.at_site(engine, live, site, found)
    if site in live.verdict.against:
        return _answer(live, site, reasons)
    t = engine.layout.site_row[site]
    admitted = [p for p in engine.layout.pools_of[site] if live.verdict.classes[p] >= 0]
    start = min((int(found[p, b.START]) for p in admitted), default=NEVER_S)
    ahead = b.ahead_of(engine.state, live.row, t)
    if start < NEVER_S:
        rests_on = (_rests_on(engine, site, start), *_if_not_taken(ahead))
        return _answer(live, site, reasons, start, rests_on)
    live_s = min((_live_at(engine, live, p) for p in admitted), default=NEVER_S)
    if live_s >= NEVER_S or any(reason.code == "grant-used-up" for reason in reasons):
        return _answer(live, site, reasons)
    at = instant_text(live_s)
    change = f"wait for the accelerators that are live from {at} on"
    rests_on = (said("phase-has-enough"), *_if_not_taken(ahead))
    return SiteAnswer(site, reasons, change, (said("wait-for-phase", at=at),), live_s, rests_on)


def _rests_on(engine: Engine, site: str, start_s: int) -> Said:
    """What a start at that time rests on: an end of work, or a date of the site's documents."""
    spec = engine.world.sites[site]
    if start_s > engine.now_s and spec.envelope:
        envelope = spec.envelope
        for limit in (envelope.site, *envelope.halls.values(), *envelope.pools.values()):
            if start_s in (window.ends for window in limit.windows):
                return said("window-ends")
    if start_s > engine.now_s and engine.outlook.turns(site, start_s):
        return said("forecast-turns")
    if start_s > engine.now_s and start_s in phase_dates(spec):
        return said("phase-begins")
    return said("wall-times")


def _if_not_taken(ahead: int) -> RestsOn:
    if ahead == 0:
        return ()
    return (said("if-not-taken", ahead=ahead) if ahead > 1 else said("if-not-taken-by-one"),)


def _live_at(engine: Engine, live: Live, p: int) -> int:
    """From when on the pool has so many live accelerators; NEVER_S if it has them now."""
    site, pool = engine.layout.pools[p]
    spec, n = engine.world.sites[site], live.workload.accelerators
    dates = (at_s for at_s in phase_dates(spec) if at_s > engine.now_s)
    if live_units(spec, pool, engine.now_s) >= n:
        return NEVER_S
    return next((at_s for at_s in dates if live_units(spec, pool, at_s) >= n), NEVER_S)


def _answer(
    live: Live,
    site: str,
    reasons: tuple[Reason, ...],
    expected_at_s: int | None = None,
    rests_on: RestsOn = (),
) -> SiteAnswer:
    words, changes = smallest_change(live, reasons)
    return SiteAnswer(site, reasons, words, changes, expected_at_s, rests_on)
