"""Power caps: lent work is slowed before lent room is taken back (P2; ADR-0008).

A cap is ordered ahead of the time at which the envelope counts on it. Until its runner has
confirmed it, the work counts in full; if that does not come in time, who was to be capped is
reclaimed. Work within a floor is never slowed, and wall times go on as they were.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.caps import enter, ground, power_limits, saved_w, spared, windows
from allod.decide.kernel import passes, reclaim
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.layout import it_power_w
from allod.decide.live import Cap, Live
from allod.domain.accelerator import ACCELERATORS
from allod.domain.capping import Capping
from allod.domain.decision import Decision, PowerCap, PowerUncap, Reason, Step
from allod.domain.event import CapState, PowerLimitReported
from allod.domain.site import Pool, Site
from allod.domain.units import NEVER_S, instant_text
from allod.energy.it_power import draw_of

if TYPE_CHECKING:
    from allod.decide.engine import Engine

Chosen = tuple[Live, Cap | None]  #: Who is to be capped, and the cap that it had before.


def _cut_for(engine: Engine, name: str, site: Site, pool: Pool, n: int, needed_w: int) -> int:
    """By how much the limit of `n` accelerators must sink to save `needed_w`, if it can. [W]"""
    assert pool.capping is not None
    low, high = 1, pool.capping.limit_w - pool.capping.floor_w
    while low < high:  # What is saved grows with the cut, in steps that rounding makes uneven.
        middle = (low + high) // 2
        if saved_w(engine, name, site, pool, n, middle) >= needed_w:
            high = middle
        else:
            low = middle + 1
    return low


def _speed_milli(pool: Pool, cut_w: int) -> int | None:
    """The speed of an accelerator under its cap, of that without; None: no curve is known."""
    it_w, model = it_power_w(pool), pool.accelerator.value
    if not it_w or model not in ACCELERATORS:
        return None
    return int(1000 * float(draw_of(model, rated_w=it_w).speed(max(0, it_w - cut_w))))


# -- who and when -------------------------------------------------------------------------------


def choose(engine: Engine, limit: int, over: Array, t: int) -> tuple[list[Chosen], Array]:
    """Cap lent work so that `limit` is kept, in the order of every reclaim; and what is `over` yet.

    Each no lower than it takes, and nobody whose cap could not be confirmed in time.
    """
    state = engine.state
    count = int(reclaim.back_all(state, t))
    number = int(reclaim.line_up_victims(state, count, count, engine.now_s))
    found: list[Chosen] = []
    lent = [engine.by_row[r] for r in state.scratch[count : count + number].tolist()]
    for live in sorted(lent, key=lambda live: live.cap is None):  # Who is slowed stays so.
        if not (over > 0).any():
            break
        if not _may_be_capped(engine, live):
            continue
        before, was = live.cap, spared(state, limit, live.row)
        cap = _cap(engine, live, limit, over)
        if cap is None:
            continue
        enter(engine, live, cap)
        over = over - (spared(state, limit, live.row) - was)
        found.append((live, before))
    return found, over


def _may_be_capped(engine: Engine, live: Live) -> bool:
    """True if `live`, which is lent its room, may be slowed, and nobody else with it."""
    _, site, pool = ground(engine, live)
    if pool.capping is None or site.runner == "none" or live.cancelled:
        return False
    whole = all(n == pool.accelerators_per_node for _, n in engine.nodes_of(live.row))
    backed = int(engine.state.job[live.row]["backed"]) != 0
    return whole and not backed and live.workload.flexibility.cappable


def _cap(engine: Engine, live: Live, limit: int, over: Array) -> Cap | None:
    """The cap by which `live` gives what it can of what is `over`; None: it has nothing to give."""
    state, (name, site, pool) = engine.state, ground(engine, live)
    assert pool.capping is not None
    job, times = state.job[live.row], windows(state, limit)["t"]
    helps = (times < job["ends"]) & (spared(state, limit, live.row) == 0)
    if live.cap is None or not live.cap.confirmed:
        in_time = times >= engine.now_s + site.stop_time_s + pool.capping.lead_s
        helps &= in_time if live.cap is None else in_time | (times >= live.cap.starts_s)
    needed = np.flatnonzero((over > 0) & helps)
    if limit not in power_limits(state, int(job["pool"])) or len(needed) == 0:
        return None
    starts_s, last = int(times[needed[0]]), int(needed[-1]) + 1
    ends_s = int(times[last]) if last < len(times) else NEVER_S
    if live.cap is not None:
        return _longer(live.cap, starts_s, ends_s, site, pool.capping)
    n = int(job["n"])
    cut_w = _cut_for(engine, name, site, pool, n, int(over[needed].max()))
    if saved_w(engine, name, site, pool, n, cut_w) <= 0:
        return None
    usual_w = pool.capping.limit_w
    cap = Cap(live.caps + 1, usual_w - cut_w, usual_w, starts_s, ends_s, 0, 0)
    return _dated(cap, site, pool.capping)


def _longer(cap: Cap, starts_s: int, ends_s: int, site: Site, capping: Capping) -> Cap:
    """`cap`, no lower, but for as long as it takes."""
    longer = replace(cap, starts_s=min(cap.starts_s, starts_s), ends_s=max(cap.ends_s, ends_s))
    return longer if cap.confirmed else _dated(longer, site, capping)


def _dated(cap: Cap, site: Site, capping: Capping) -> Cap:
    """`cap` with the dates by which it can be confirmed, or done without, in time.

    Half of the lead is for the runner's answer; the other half is the notice of who has to go if
    there is none.
    """
    order_at_s = cap.starts_s - site.stop_time_s - capping.lead_s
    confirm_by_s = order_at_s + (capping.lead_s + 1) // 2
    return replace(cap, order_at_s=order_at_s, confirm_by_s=confirm_by_s)


def undo(engine: Engine, chosen: Chosen) -> Chosen:
    """Let who was `chosen` have the cap of before; what undoes that again."""
    live, before = chosen
    now = live.cap
    enter(engine, live, before)
    return live, now


def needed(
    engine: Engine, limit: int, over: Array, slowed: list[Chosen]
) -> tuple[list[Chosen], Array]:
    """Those of `slowed` who are needed beside who goes, and what is `over` then."""
    from allod.decide import shed  # noqa: PLC0415  (shed asks here who is capped)

    kept: list[Chosen] = []
    for chosen in reversed(slowed):
        before = shed.excess(engine.state, limit)
        undone = undo(engine, chosen)
        without = over + shed.excess(engine.state, limit) - before
        if (without <= np.maximum(over, 0)).all():
            over = without
        else:
            undo(engine, undone)
            kept.append(chosen)
    return kept[::-1], over


# -- what is decided ----------------------------------------------------------------------------


def ordered(engine: Engine, live: Live, reason: Reason) -> PowerCap:
    """The order to cap `live` as it is now noted; it is looked after from here on."""
    cap, job = live.cap, engine.state.job[live.row]
    assert cap is not None
    live.caps = cap.number
    name, _, pool = ground(engine, live)
    for at_s in (cap.confirm_by_s, cap.ends_s):
        if at_s < NEVER_S:
            heapq.heappush(engine.timers, (at_s, live.workload_id))
    return PowerCap(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        run=int(job["run"]),
        number=cap.number,
        site=name,
        pool=pool.name,
        nodes=engine.nodes_of(live.row),
        limit_w=cap.limit_w,
        saved_w=int(job["spared"]),
        speed_milli=_speed_milli(pool, cap.usual_w - cap.limit_w),
        order_at_s=max(engine.now_s, cap.order_at_s),
        confirm_by_s=cap.confirm_by_s,
        starts_s=cap.starts_s,
        ends_s=cap.ends_s,
        reasons=(reason,),
    )


def taken_off(engine: Engine, live: Live, code: str, message: str) -> PowerUncap:
    """The cap of `live`, which still has its nodes, is over."""
    cap, job = live.cap, engine.state.job[live.row]
    assert cap is not None
    name, pool = engine.layout.pools[int(job["pool"])]
    reason = Reason(site=name, step=Step.POWER, code=code, message=message, pool=pool)
    enter(engine, live, None)
    return PowerUncap(
        at_s=engine.now_s,
        workload_id=live.workload_id,
        run=int(job["run"]),
        site=name,
        pool=pool,
        accelerators=int(job["n"]),
        nodes=engine.nodes_of(live.row),
        limit_w=cap.usual_w,
        reasons=(reason,),
    )


def ended(engine: Engine, live: Live) -> list[Decision]:
    """The run of `live` is over; its accelerators get their usual limit back."""
    if live.cap is None:
        return []
    return [taken_off(engine, live, "run-over", "the run that was capped is over")]


# -- what happens to caps -----------------------------------------------------------------------


def told(engine: Engine, event: PowerLimitReported) -> list[Decision]:
    """A runner says what became of a cap; of one that is no longer wanted nothing follows."""
    live = engine.capped.get(event.workload_id)
    if live is None or live.cap is None or live.cap.confirmed:
        return []
    # An answer about a cap that came off again says nothing of the one after it.
    wanted = int(engine.state.job[live.row]["run"]), live.cap.number, live.cap.limit_w
    if (event.run, event.number, event.limit_w) != wanted:
        return []
    if event.state is not CapState.SET:
        how = "was refused" if event.state is CapState.REFUSED else "failed"
        why = f"the cap of {live.workload_id} {how}: {event.detail}"
        found = _done_without(engine, live, why)
    else:
        enter(engine, live, replace(live.cap, confirmed=True))
        found = []
    passes.settle(engine.state)
    return found


def due(engine: Engine) -> list[Decision]:
    """Take off caps whose time is over, and do without those that were not confirmed in time."""
    found: list[Decision] = []
    for live in sorted(engine.capped.values(), key=lambda live: live.seq):
        assert live.cap is not None
        if live.cap.ends_s <= engine.now_s:
            found.append(taken_off(engine, live, "cap-over", "the time of the cap is over"))
        elif not live.cap.confirmed and live.cap.confirm_by_s <= engine.now_s:
            by = instant_text(live.cap.confirm_by_s)
            why = f"the cap of {live.workload_id} was not confirmed by {by}"
            found += _done_without(engine, live, why)
    passes.settle(engine.state)
    return found


def _done_without(engine: Engine, live: Live, why: str) -> list[Decision]:
    """What `live` was to spare comes from elsewhere: as a rule, it is reclaimed."""
    from allod.decide import shed  # noqa: PLC0415  (shed asks here who is capped)

    state, row = engine.state, live.row
    p = int(state.job[row]["pool"])
    missing = {limit: spared(state, limit, row) for limit in power_limits(state, p)}
    made: list[Decision] = [taken_off(engine, live, "cap-failed", why)]
    for node, limit in sorted(engine.layout.power_limit.items(), key=lambda item: item[1]):
        if limit in missing:
            made += shed.made_good(engine, node, limit, missing[limit], row, why)
    return made


def no_longer_needed(engine: Engine) -> list[Decision]:
    """Take off caps without which no envelope is over in their time.

    Against the order of every reclaim: who would go last comes first.
    """
    found: list[Decision] = []
    for live in sorted(engine.capped.values(), key=partial(_last_to_go, engine.state)):
        if not _is_needed(engine, live):
            found.append(taken_off(engine, live, "cap-not-needed", "the envelope holds without it"))
    _note_carried(engine.state)
    return found


def floors_freed(engine: Engine) -> list[Decision]:
    """Take off caps of work that a floor covers by now, where the envelope holds without them.

    What was lent when it was slowed may not be any more; what comes free is the floor's before
    anybody who waits gets it.
    """
    state = engine.state
    for t in sorted({engine.layout.site_row[ground(engine, c)[0]] for c in engine.capped.values()}):
        reclaim.back_all(state, t)
    covered = [live for live in engine.capped.values() if state.job[live.row]["backed"] != 0]
    found: list[Decision] = []
    for live in sorted(covered, key=partial(_last_to_go, state)):
        if not _is_needed(engine, live):
            found.append(taken_off(engine, live, "floor-covers", "a floor covers it by now"))
    _note_carried(state)
    return found


def _is_needed(engine: Engine, live: Live) -> bool:
    """True if an envelope is over in the time of the cap of `live` without it."""
    cap = live.cap
    assert cap is not None
    # What it spares since it was confirmed may be taken by others from then on.
    starts_s = engine.now_s if cap.confirmed else max(engine.now_s, cap.starts_s)
    enter(engine, live, None)
    needed = _is_over(engine, live, starts_s, cap.ends_s)
    enter(engine, live, cap)
    return needed


def _note_carried(state: k.State) -> None:
    """What was slowed may count in full beside who leaves and still counts (see `carried`)."""
    state.window["carried"] = np.maximum(state.window["carried"], state.window["used"])


def _last_to_go(state: k.State, live: Live) -> tuple[int, int, int]:
    """The highest class first, then who has run longest."""
    job = state.job[live.row]
    return -int(state.cls[int(job["cls"])]["priority"]), int(job["start"]), live.seq


def _is_over(engine: Engine, live: Live, starts_s: int, ends_s: int) -> bool:
    """True if a limit of power on `live` is over its cap at some time from `starts_s` on."""
    from allod.decide import shed  # noqa: PLC0415  (shed asks here who is capped)

    state = engine.state
    for limit in power_limits(state, int(state.job[live.row]["pool"])):
        times = windows(state, limit)["t"]
        within = (times < ends_s) & (np.append(times[1:], NEVER_S) > starts_s)
        if (shed.excess(state, limit)[within] > 0).any():
            return True
    return False
