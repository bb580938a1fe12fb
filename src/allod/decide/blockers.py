"""Words for what the kernel found: why a workload waits, why it was placed, why it must go."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from allod.decide import law
from allod.decide.kernel import blocked as b
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.live import Live, Move
from allod.domain.decision import Reason, Step
from allod.domain.fact import Standing
from allod.domain.units import NEVER_S, instant_text

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_WORDS_KEPT = 8_192  #: Of each kind of reason.


def of(engine: Engine, live: Live) -> tuple[tuple[Reason, ...], int | None, str]:
    """All that keeps `live` from every site now, and when it may start, with the basis of that."""
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
        return (
            tuple(reasons),
            int(s.pool[held]["r_time"]),
            "its reserved start, by the wall times of the work that now runs",
        )
    return tuple(reasons), None, ""


def found_for(engine: Engine, live: Live, *, starts: bool) -> Array:
    """The kernel's findings on `live`; (pool, COLUMNS)."""
    found = np.zeros((len(engine.layout.pools), b.COLUMNS), np.int64)
    b.blocked(engine.state, live.row, found, starts)
    return found


def at_site(engine: Engine, live: Live, site: str, found: Array) -> tuple[Reason, ...]:
    """All that keeps `live` from `site` now, in the order of L5."""
    if site in live.verdict.against:
        return live.verdict.against[site]
    t = engine.layout.site_row[site]
    first, last = int(engine.state.site[t]["pool0"]), int(engine.state.site[t]["pool1"])
    admitted = [p for p in range(first, last) if live.verdict.classes[p] >= 0]
    reasons: list[Reason] = []
    rows = found[first:last].tolist()
    for p in admitted:
        reasons += _in_pool(engine, live, site, p, rows[p - first])
    return law.in_order(reasons)


def _in_pool(engine: Engine, live: Live, site: str, p: int, row: list[int]) -> list[Reason]:
    n = live.workload.accelerators
    bits, pool = row[b.BITS], engine.layout.pools[p][1]
    reasons: list[Reason] = []

    def add(
        step: Step, code: str, message: str, needed: str, actual: str, origin: str = ""
    ) -> None:
        reasons.append(
            Reason(
                site=site,
                step=step,
                code=code,
                message=message,
                pool=pool,
                needed=needed,
                actual=actual,
                origin=origin or f"Site/{site}",
            )
        )

    if bits & b.BUDGET:
        _budget(engine, live, add)
    if bits & b.CEILING:
        of_site, name = engine.layout.classes[row[b.CEILING_CLASS]]
        reasons.append(_ceiling(site, pool, of_site, name, n, -row[b.CEILING_SLACK]))
    if bits & b.POWER:
        needed_w = row[b.POWER_NEEDED]
        left_w, later = max(0, needed_w + row[b.POWER_SLACK]), bool(row[b.POWER_LATER])
        say = _power_in_weather if site in engine.layout.thermal else _power
        reasons.append(say(site, pool, needed_w, left_w, later, row[b.POWER_OTHERS]))
    if bits & b.NOT_LIVE:
        units = int(engine.state.pool[p]["units"])
        add(
            Step.HARDWARE,
            "not-live-yet",
            f"pool '{pool}' has {units} live accelerators now; {n} are asked for",
            str(n),
            str(units),
        )
    if bits & b.UNITS:
        reasons.append(_no_room(site, pool, n, max(0, row[b.FREE])))
    if bits & b.NODES:
        add(
            Step.ROOM,
            "fragmented",
            f"{row[b.FREE]} accelerators are free in pool '{pool}', but not as {n} that lie "
            f"{live.workload.topology.value}",
            live.workload.topology.value,
            f"{row[b.FREE]} free",
        )
    if bits & (b.UNITS | b.NODES) and row[b.OUT] > 0:
        _out(engine, p, row[b.OUT], add)
    if bits & b.CLAIMS:
        add(
            Step.ROOM,
            "room-promised",
            f"room of pool '{pool}' is being reclaimed for others",
            str(n),
            f"{row[b.FREE]} free",
        )
    if bits & b.RESERVED:
        holder = engine.by_row.get(row[b.HOLDER])
        name = holder.workload_id if holder else "another"
        add(
            Step.ROOM,
            "would-delay-head",
            f"it would still run at the reserved start of {name}, which goes before it",
            "an end before that start",
            instant_text(engine.now_s + live.workload.wall_time_s),
        )
    if not reasons:
        add(Step.ROOM, "behind-others", "others go before it", "its turn", "waiting")
    return reasons


def _budget(engine: Engine, live: Live, add: object) -> None:
    row = engine.state.project[engine.layout.project_row[live.workload.project]]
    needed = -(-live.workload.accelerators * live.workload.wall_time_s // 3600)
    left, until = max(0, int(row["budget"])) // 3600, int(row["until"])
    has = f"has {left} accelerator-hours left until {instant_text(until)}"
    add(  # type: ignore[operator]
        Step.CLASS,
        "grant-used-up",
        f"project {live.workload.project} {has if until > engine.now_s else 'has no grant now'}; "
        f"it may use {needed}",
        f"{needed} accelerator-hours",
        f"{left} accelerator-hours",
        f"Project/{live.workload.project}: spec.grants",
    )


# In a crowd the same is said of most pools from hold to hold, so it is put in words once.


@lru_cache(_WORDS_KEPT)
def _no_room(site: str, pool: str, n: int, free: int) -> Reason:
    return Reason(
        site=site,
        step=Step.ROOM,
        code="no-room",
        message=f"{free} accelerators are free in pool '{pool}'; {n} are asked for",
        pool=pool,
        needed=str(n),
        actual=str(free),
        origin=f"Site/{site}",
    )


@lru_cache(_WORDS_KEPT)
def _ceiling(site: str, pool: str, of_site: str, name: str, n: int, lacking: int) -> Reason:
    return Reason(
        site=site,
        step=Step.CLASS,
        code="ceiling-reached",
        message=f"class '{name}' lacks {lacking} accelerators under its ceiling for {n} more",
        pool=pool,
        needed=str(n),
        actual=str(n - lacking),
        origin=f"charter of {of_site}: class {name}",
    )


@lru_cache(_WORDS_KEPT)
def _power(site: str, pool: str, needed_w: int, left_w: int, later: bool, others_w: int) -> Reason:
    when = " before it would have ended" if later else ""
    drawn = f"; work that Allod did not place draws {others_w} W of it" if others_w else ""
    return Reason(
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


@lru_cache(_WORDS_KEPT)
def _power_in_weather(
    site: str, pool: str, needed_w: int, left_w: int, later: bool, others_w: int
) -> Reason:
    when = " before it would have ended" if later else ""
    drawn = f"; work that Allod did not place draws {others_w} W of it" if others_w else ""
    return Reason(
        site=site,
        step=Step.POWER,
        code="envelope-forecast",
        message=f"it would draw {needed_w} W of IT power; at the temperatures that are forecast, "
        f"cooling and envelope leave {left_w} W{when}{drawn}",
        pool=pool,
        needed=f"{needed_w} W",
        actual=f"{left_w} W",
        origin=f"Site/{site}: spec.envelope, spec.cooling and the forecast",
    )


def _out(engine: Engine, p: int, out: int, add: object) -> None:
    """What is out, in the words of the report."""
    units, (site, pool) = int(engine.state.pool[p]["units"]), engine.layout.pools[p]
    report = engine.reports[site, pool]
    why = f": {'; '.join(report.why)}" if report.why else ""
    add(  # type: ignore[operator]
        Step.ROOM,
        "out-of-service",
        f"{out} of {units} accelerators of pool '{pool}' are out of service or held by others{why}",
        f"{units} in service",
        f"{units - out} in service",
        f"report of {instant_text(report.at_s)} by the runner of {site}",
    )


def _saving(move: Move) -> str:
    """What a move saves: '12.3 kWh from the grid and 4567 g of CO2'."""
    carbon = "" if move.saved_g is None else f" and {move.saved_g} g of CO2"
    return f"{move.saved_wh / 1000:.1f} kWh from the grid{carbon}"


def _asleep(live: Live) -> tuple[tuple[Reason, ...], int | None, str]:
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
        return found, live.wakes_s, "the hours of most own clean power within its limits"
    reason = Reason(
        site="",
        step=Step.ROOM,
        code="not-before",
        message=f"it asked not to start before {start}",
        needed=start,
        origin=f"Workload/{live.name}: spec.flexibility.not_before",
    )
    return (reason, *live.verdict.all_against()), live.wakes_s, "its own not_before"


def _claimed(engine: Engine, live: Live) -> tuple[tuple[Reason, ...], int | None, str]:
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
        f"notice of {int(row['notice'])} s to those who borrow its floor",
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
