"""Words for what the kernel found: why a workload waits, why it was placed, why it must go."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from allod.decide import law
from allod.decide.kernel import blocked as b
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.live import Live, Move
from allod.decide.rests import RestsOn
from allod.decide.rule import order_of
from allod.domain.decision import Reason, Step
from allod.domain.fact import Standing
from allod.domain.said import said
from allod.domain.units import NEVER_S, instant_text

if TYPE_CHECKING:
    from allod.decide.engine import Engine

#: A reason with its place among others: it is made once, and put in order many times.
Told = tuple[tuple[Step, str, str, str, str, str], Reason]
Kept = tuple[list[Told], list[int]]
_KEY = itemgetter(0)
_BY_MORE = b.BUDGET | b.NOT_LIVE  #: Bits whose words depend on more than the kernel's findings.
_WORDS_KEPT = 8_192  #: Of each kind of reason.
_RESERVED: RestsOn = (said("reserved-start"), said("wall-times"))


def of(engine: Engine, live: Live) -> tuple[tuple[Reason, ...], int | None, RestsOn]:
    """All that keeps `live` from every site now, and when it may start, with what that rests on."""
    if live.row < 0:
        return _asleep(live)
    s = engine.state
    job = s.job[live.row]
    if job["state"] == k.CLAIMED:
        return _claimed(engine, live)
    found = found_for(engine, live, starts=False)
    reasons = [
        reason for site in engine.layout.sites for reason in at_site(engine, live, site, found)
    ]
    held = int(job["reserved"])
    if held >= 0 and s.pool[held]["r_time"] < NEVER_S:
        return tuple(reasons), int(s.pool[held]["r_time"]), _RESERVED
    return tuple(reasons), None, ()


def found_for(engine: Engine, live: Live, *, starts: bool) -> Array:
    """The kernel's findings on `live`; (pool, COLUMNS)."""
    found = np.zeros((len(engine.layout.pools), b.COLUMNS), np.int64)
    b.blocked(engine.state, live.row, found, starts)
    return found


def at_site(engine: Engine, live: Live, site: str, found: Array) -> tuple[Reason, ...]:
    """All that keeps `live` from `site` now, in the order of L5; by what the kernel `found`."""
    if site in live.verdict.against:
        return live.verdict.against[site]
    told, reserved = _kept(engine, live, site, found)
    if reserved:
        ends = instant_text(engine.now_s + live.workload.wall_time_s)
        told = [
            *told,
            *(_reserved(engine, site, p, int(found[p, b.HOLDER]), ends) for p in reserved),
        ]
        told.sort(key=_KEY)
    return tuple([reason for _, reason in told])


def _kept(engine: Engine, live: Live, site: str, found: Array) -> Kept:
    """What is told of `site` beside reservations, in order, and the pools that have those.

    From hold to hold most sites stay as they were, so it is kept by all that it depends on.
    """
    pools = engine.layout.pools_of[site]
    classes = live.verdict.classes[pools.start : pools.stop]
    # Who holds a reservation is asked for anew; the earliest start is no reason.
    rows, kept = found[pools.start : pools.stop, : b.HOLDER], engine.layout.told
    key = (site, live.workload.accelerators, live.workload.topology, classes, rows.tobytes())
    if key in kept:
        again: Kept = kept[key]
        return again
    told: list[Told] = []
    reserved: list[int] = []
    lasts = True
    for p, c, row in zip(pools, classes, rows.tolist(), strict=True):
        if c >= 0:
            _in_pool(engine, live, p, row, told)
            lasts = lasts and not row[b.BITS] & _BY_MORE and row[b.OUT] == 0
            if row[b.BITS] & b.RESERVED:
                reserved.append(p)
    told.sort(key=_KEY)
    if lasts:
        if len(kept) >= _WORDS_KEPT:
            kept.clear()
        kept[key] = told, reserved
    return told, reserved


def _reserved(engine: Engine, site: str, p: int, holder: int, ends: str) -> Told:
    """Another goes before it in pool `p`."""
    live = engine.by_row.get(holder)
    return _would_delay(
        site, engine.layout.pools[p][1], live.workload_id if live else "another", ends
    )


def _in_pool(engine: Engine, live: Live, p: int, row: list[int], told: list[Told]) -> None:
    """Add to `told` all that keeps `live` from pool `p` beside reservations, in any order."""
    site, pool = engine.layout.pools[p]
    n, bits, free = live.workload.accelerators, row[b.BITS], row[b.FREE]
    if bits & b.POWER:
        needed_w = row[b.POWER_NEEDED]
        left_w, later = needed_w + row[b.POWER_SLACK], bool(row[b.POWER_LATER])
        say = _power_in_weather if site in engine.layout.thermal else _power
        told.append(
            say(site, pool, needed_w, left_w if left_w > 0 else 0, later, row[b.POWER_OTHERS])
        )
    if bits & b.UNITS:
        told.append(_no_room(site, pool, n, free if free > 0 else 0))
    if bits & b.CEILING:
        of_site, name = engine.layout.classes[row[b.CEILING_CLASS]]
        told.append(_ceiling(site, pool, of_site, name, n, -row[b.CEILING_SLACK]))
    if bits & b.BUDGET:
        told.append(_budget(engine, live, site, pool))
    if bits & b.NOT_LIVE:
        told.append(_not_live(site, pool, n, int(engine.state.pool[p]["units"])))
    if bits & b.NODES:
        told.append(_fragmented(site, pool, n, free, live.workload.topology.value))
    if bits & (b.UNITS | b.NODES) and row[b.OUT] > 0:
        told.append(_out(engine, p, row[b.OUT]))
    if bits & b.CLAIMS:
        told.append(_promised(site, pool, n, free))
    if not bits:
        told.append(_behind(site, pool))


def _told_of(reason: Reason) -> Told:
    return (order_of(reason), reason)


def _budget(engine: Engine, live: Live, site: str, pool: str) -> Told:
    row = engine.state.project[engine.layout.project_row[live.workload.project]]
    needed = -(-live.workload.accelerators * live.workload.wall_time_s // 3600)
    left, until = max(0, int(row["budget"])) // 3600, int(row["until"])
    has = f"has {left} accelerator-hours left until {instant_text(until)}"
    return _told_of(
        Reason(
            site=site,
            step=Step.CLASS,
            code="grant-used-up",
            message=f"project {live.workload.project} "
            f"{has if until > engine.now_s else 'has no grant now'}; it may use {needed}",
            pool=pool,
            needed=f"{needed} accelerator-hours",
            actual=f"{left} accelerator-hours",
            origin=f"Project/{live.workload.project}: spec.grants",
        )
    )


# In a crowd the same is said of most pools from hold to hold, so it is put in words once.


@lru_cache(_WORDS_KEPT)
def _no_room(site: str, pool: str, n: int, free: int) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="no-room",
            message=f"{free} accelerators are free in pool '{pool}'; {n} are asked for",
            pool=pool,
            needed=str(n),
            actual=str(free),
            origin=f"Site/{site}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _ceiling(site: str, pool: str, of_site: str, name: str, n: int, lacking: int) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.CLASS,
            code="ceiling-reached",
            message=f"class '{name}' lacks {lacking} accelerators under its ceiling for {n} more",
            pool=pool,
            needed=str(n),
            actual=str(n - lacking),
            origin=f"charter of {of_site}: class {name}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _power(site: str, pool: str, needed_w: int, left_w: int, later: bool, others_w: int) -> Told:
    when = " before it would have ended" if later else ""
    drawn = f"; work that Allod did not place draws {others_w} W of it" if others_w else ""
    return _told_of(
        Reason(
            site=site,
            step=Step.POWER,
            code="envelope",
            message=f"it would draw {needed_w} W at the meter; the envelope leaves {left_w} W"
            f"{when}{drawn}",
            pool=pool,
            needed=f"{needed_w} W",
            actual=f"{left_w} W",
            origin=f"Site/{site}: spec.envelope",
        )
    )


@lru_cache(_WORDS_KEPT)
def _power_in_weather(
    site: str, pool: str, needed_w: int, left_w: int, later: bool, others_w: int
) -> Told:
    when = " before it would have ended" if later else ""
    drawn = f"; work that Allod did not place draws {others_w} W of it" if others_w else ""
    return _told_of(
        Reason(
            site=site,
            step=Step.POWER,
            code="envelope-forecast",
            message=f"it would draw {needed_w} W of IT power; at the temperatures that are "
            f"forecast, cooling and envelope leave {left_w} W{when}{drawn}",
            pool=pool,
            needed=f"{needed_w} W",
            actual=f"{left_w} W",
            origin=f"Site/{site}: spec.envelope, spec.cooling and the forecast",
        )
    )


def _would_delay(site: str, pool: str, holder: str, ends: str) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="would-delay-head",
            message=f"it would still run at the reserved start of {holder}, which goes before it",
            pool=pool,
            needed="an end before that start",
            actual=ends,
            origin=f"Site/{site}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _not_live(site: str, pool: str, n: int, units: int) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.HARDWARE,
            code="not-live-yet",
            message=f"pool '{pool}' has {units} live accelerators now; {n} are asked for",
            pool=pool,
            needed=str(n),
            actual=str(units),
            origin=f"Site/{site}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _fragmented(site: str, pool: str, n: int, free: int, topology: str) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="fragmented",
            message=f"{free} accelerators are free in pool '{pool}', but not as {n} that lie "
            f"{topology}",
            pool=pool,
            needed=topology,
            actual=f"{free} free",
            origin=f"Site/{site}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _promised(site: str, pool: str, n: int, free: int) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="room-promised",
            message=f"room of pool '{pool}' is being reclaimed for others",
            pool=pool,
            needed=str(n),
            actual=f"{free} free",
            origin=f"Site/{site}",
        )
    )


@lru_cache(_WORDS_KEPT)
def _behind(site: str, pool: str) -> Told:
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="behind-others",
            message="others go before it",
            pool=pool,
            needed="its turn",
            actual="waiting",
            origin=f"Site/{site}",
        )
    )


def _out(engine: Engine, p: int, out: int) -> Told:
    """What is out, in the words of the report."""
    units, (site, pool) = int(engine.state.pool[p]["units"]), engine.layout.pools[p]
    report = engine.reports[site, pool]
    why = f": {'; '.join(report.why)}" if report.why else ""
    return _told_of(
        Reason(
            site=site,
            step=Step.ROOM,
            code="out-of-service",
            message=f"{out} of {units} accelerators of pool '{pool}' are out of service or held by "
            f"others{why}",
            pool=pool,
            needed=f"{units} in service",
            actual=f"{units - out} in service",
            origin=f"report of {instant_text(report.at_s)} by the runner of {site}",
        )
    )


def _saving(move: Move) -> str:
    """What a move saves: '12.3 kWh from the grid and 4567 g of CO2'."""
    carbon = "" if move.saved_g is None else f" and {move.saved_g} g of CO2"
    return f"{move.saved_wh / 1000:.1f} kWh from the grid{carbon}"


def _asleep(live: Live) -> tuple[tuple[Reason, ...], int | None, RestsOn]:
    start = instant_text(live.wakes_s)
    if live.move is not None:
        reason = Reason(
            site="",
            step=Step.POWER,
            code="clean-power-later",
            message=f"it waits for own clean power until {start}, as its deadline allows: that "
            f"saves {_saving(live.move)} against not moving",
            needed=start,
            actual=_saving(live.move),
            origin=f"Workload/{live.name}: spec.flexibility, and the forecast",
        )
        found = (reason, *live.verdict.all_against())
        return found, live.wakes_s, (said("clean-hours"),)
    reason = Reason(
        site="",
        step=Step.ROOM,
        code="not-before",
        message=f"it asked not to start before {start}",
        needed=start,
        origin=f"Workload/{live.name}: spec.flexibility.not_before",
    )
    return (reason, *live.verdict.all_against()), live.wakes_s, (said("own-not-before"),)


def _claimed(engine: Engine, live: Live) -> tuple[tuple[Reason, ...], int | None, RestsOn]:
    """Room is being reclaimed for it: at which site, and by when."""
    job = engine.state.job[live.row]
    site, pool = engine.layout.pools[int(job["pool"])]
    row = engine.state.cls[int(job["cls"])]
    by_s = int(job["start"]) + int(row["notice"])
    reason = Reason(
        site=site,
        step=Step.ROOM,
        code="reclaiming",
        message=f"lent room of pool '{pool}' is being reclaimed for it, with notice until "
        f"{instant_text(by_s)}",
        pool=pool,
        origin=f"charter of {site}: class {engine.layout.classes[int(job['cls'])][1]}",
    )
    return (
        (reason, *live.verdict.all_against()),
        by_s,
        (said("notice-of-borrowers", notice=f"{int(row['notice'])} s"),),
    )


def for_it(
    engine: Engine, live: Live, site: str, access_class: str, lent: bool
) -> tuple[Reason, ...]:
    """What spoke for a placement: law, and the class it runs under."""
    assumed = law.assumed_facts(live.rules, site, engine.world.sites[site], engine.world.parties)
    reasons = []
    if live.rules:
        rests = f"; this rests on assumed facts: {', '.join(assumed)}" if assumed else ""
        reasons.append(
            Reason(
                site=site,
                step=Step.LAW,
                code="law-permits",
                message=f"every rule that binds it permits {site}{rests}",
                actual=_told(law.facts_asked(live.rules, engine.world.sites[site])),
                origin=", ".join(rule.origin for rule in live.rules),
            )
        )
    if access_class:
        reasons.append(
            Reason(
                site=site,
                step=Step.CLASS,
                code="lent-room" if lent else "within-floor",
                message=f"class '{access_class}' "
                + ("is beyond its floor here: the room is lent" if lent else "is within its floor"),
                origin=f"charter of {site}: class {access_class}",
            )
        )
    if live.move is not None and int(engine.state.job[live.row]["run"]) == 1:
        reasons.append(
            Reason(
                site=site,
                step=Step.POWER,
                code="moved-to-clean-power",
                message=f"it waited for own clean power, which saves {_saving(live.move)} against "
                "not moving",
                actual=_saving(live.move),
                origin=f"the forecast for {site}",
            )
        )
    return tuple(reasons)


def _told(facts: tuple[tuple[str, str, Standing], ...]) -> str:
    """Facts in a line, each with its standing."""
    return ", ".join(f"{field} {value} ({standing.value})" for field, value, standing in facts)


def for_reclaim(engine: Engine, live: Live, other: Live | None, site: str) -> tuple[Reason, ...]:
    """Why running work must go."""
    if other is None:
        return ()
    job = engine.state.job[other.row]
    name = engine.layout.classes[int(job["cls"])][1]
    own = engine.layout.classes[int(engine.state.job[live.row]["cls"])][1]
    return (
        Reason(
            site=site,
            step=Step.CLASS,
            code="floor-reclaimed",
            message=f"{other.workload_id} of class '{name}' is within its floor; class '{own}' is "
            "beyond its own and runs on lent room",
            origin=f"charter of {site}: class {name}",
        ),
    )
