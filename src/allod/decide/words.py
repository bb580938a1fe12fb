"""Decisions in words: what the kernel or the verdict says, with all its reasons (L6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.decide import blockers
from allod.decide.live import Live
from allod.decide.rests import in_words
from allod.decide.supply import supply_of
from allod.domain.decision import Footprint, Hold, Placement, Reason, Reclaim, Refusal, Step
from allod.domain.units import instant_text

if TYPE_CHECKING:
    from allod.decide.engine import Engine


def refusal(engine: Engine, live: Live) -> Refusal:
    """It may run nowhere, and why not."""
    return Refusal(
        at_s=engine.now_s, workload_id=live.workload_id, reasons=live.verdict.all_against()
    )


def too_late(engine: Engine, live: Live) -> Refusal:
    """It can no longer end by its deadline."""
    deadline = instant_text(live.workload.flexibility.deadline)
    reason = Reason(
        site="",
        step=Step.ROOM,
        code="deadline-missed",
        message=f"with {live.workload.wall_time_s} s of wall time it can no longer end by "
        f"{deadline}",
        forever=True,
        needed=deadline,
        actual=instant_text(engine.now_s + live.workload.wall_time_s),
        origin=f"Workload/{live.name}: spec.flexibility.deadline",
    )
    return Refusal(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        reasons=(reason, *live.verdict.all_against()),
    )


def hold(engine: Engine, live: Live) -> Hold:
    """It waits, and what for."""
    reasons, expected_at_s, rests_on = blockers.of(engine, live)
    return Hold(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        reasons=reasons,
        expected_at_s=expected_at_s,
        basis=in_words(rests_on),
    )


def placement(engine: Engine, live: Live, lent: bool, ends_s: int) -> Placement:
    """It runs where the kernel has put it."""
    s, job = engine.state, engine.state.job[live.row]
    site, pool = engine.layout.pools[int(job["pool"])]
    _, access_class = engine.layout.classes[int(job["cls"])]
    n = int(job["n"])
    return Placement(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        run=int(job["run"]),
        site=site,
        pool=pool,
        access_class=access_class,
        accelerators=n,
        nodes=engine.nodes_of(live.row),
        power_w=_meter_w(engine, site, n * int(s.pool[int(job["pool"])]["watts"]), ends_s),
        ends_at_s=ends_s,
        lent=lent and access_class != "",
        notice_s=_notice_s(engine, site) if lent and access_class else 0,
        reasons=blockers.for_it(engine, live, site, access_class, lent),
        footprint=_footprint(engine, live, site, ends_s),
    )


def _footprint(engine: Engine, live: Live, site: str, ends_s: int) -> Footprint | None:
    """What the run of `live` at `site` is expected to use, where that is forecast."""
    forecast = engine.outlook.forecasts.get(site)
    if forecast is None:
        return None
    # Own clean power bears on carbon alone; so nobody who runs is looked at without it.
    clean = bool(forecast.carbon_g_per_kwh)
    supply = supply_of(engine, site, without=live.row, clean=clean)
    if supply is None:
        return None
    job = engine.state.job[live.row]
    taken_w = int(job["n"]) * int(engine.state.pool[int(job["pool"])]["watts"])
    return supply.footprint(taken_w, engine.now_s, ends_s)


def _meter_w(engine: Engine, site: str, drawn_w: int, ends_s: int) -> int:
    """What work that takes `drawn_w` of the limits of `site` may draw at the meter. [W]

    Where the weather bounds the site that is IT power, to which the worst PUE of the run is added.
    """
    thermal = engine.layout.thermal.get(site)
    if thermal is None:
        return drawn_w
    return -(-drawn_w * thermal.worst_pue_milli(engine.now_s, ends_s) // 1000)


def _notice_s(engine: Engine, site: str) -> int:
    """The shortest notice that any class of `site` with a floor gives a borrower."""
    first, last = engine.state.site[engine.layout.site_row[site]][["class0", "class1"]].item()
    cls = engine.state.cls[first:last]
    notices = cls["notice"][cls["floor"] > 0].tolist()
    return min(notices, default=0)


def reclaim(engine: Engine, live: Live, other: Live | None, stop_at_s: int) -> Reclaim:
    """It must go by `stop_at_s`, for `other`."""
    job = engine.state.job[live.row]
    site, pool = engine.layout.pools[int(job["pool"])]
    return Reclaim(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        run=int(job["run"]),
        site=site,
        pool=pool,
        for_workload_id=other.workload_id if other else "",
        stop_at_s=stop_at_s,
        reasons=blockers.for_reclaim(engine, live, other, site),
    )
