"""Flexible work waits for hours with own clean power (P3), as long as its room stays sure.

Work moves only while its room stands idle: nobody waits at the site, and all who sleep there for
clean power would fit at once, now and in every window until their deadlines, each within its own
floor or where no floor can take room back. Before anybody else may take that room, they wake
and start. So nothing that is known makes them late, and no class waits for them (C2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.kernel import limits
from allod.decide.kernel import state as k
from allod.decide.live import Live, Move
from allod.decide.outlook import Counts
from allod.decide.supply import Supply, supply_of
from allod.domain.units import NEVER_S, UNBOUNDED
from allod.domain.workload import Topology

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_EARLY_S = 900  #: Nobody moves closer to the last start that keeps its deadline. [s]
_SAVED_LEAST = 100  #: To move must save at least one part in so many of its energy.


def site_of(live: Live, engine: Engine) -> int:
    """The row of the only site where `live` may run; -1 if there are more."""
    sites = {
        int(engine.state.pool[p]["site"]) for p, c in enumerate(live.verdict.classes) if c >= 0
    }
    return sites.pop() if len(sites) == 1 else -1


def move_of(engine: Engine, live: Live) -> Move | None:
    """The start that leaves least to the grid, if `live` may wait for it; None: it may start now.

    Of equal starts it is the first. What the forecast does not reach is not compared.
    """
    flexibility, t = live.workload.flexibility, site_of(live, engine)
    if t < 0 or flexibility.deadline >= NEVER_S or engine.policy != "charter":
        return None
    name = engine.layout.sites[t]
    forecast = engine.outlook.forecasts.get(name)
    if forecast is None or not forecast.clean_w:
        return None
    if not is_sure(engine, t, [*asleep_at(engine, t), live], None):
        return None
    supply = supply_of(engine, name)
    if supply is None:
        return None
    return _best(supply, live, max(engine.now_s, flexibility.not_before), _taken_w(engine, live))


def _taken_w(engine: Engine, live: Live) -> int:
    """What `live` would take of the limits in the pool that it would rather have. [W]"""
    verdict = live.verdict
    pools = [p for p, c in enumerate(verdict.classes) if c >= 0]
    p = min(pools, key=lambda p: (verdict.ranks[p], p))
    return live.workload.accelerators * int(engine.state.pool[p]["watts"])


def _best(supply: Supply, live: Live, first_s: int, taken_w: int) -> Move | None:
    """The best start from `first_s` on; None if that one is."""
    wall_s, forecast = live.workload.wall_time_s, supply.forecast
    last_s = min(live.last_start_s - _EARLY_S, supply.end_s - wall_s)
    if first_s < forecast.start_s or last_s <= first_s:
        return None
    steps = forecast.start_s + forecast.step_s * np.arange(len(forecast.temp_milli_c) + 1)
    starts = np.unique(np.concatenate(([first_s, last_s], steps, steps - wall_s)))
    starts = starts[(starts >= first_s) & (starts <= last_s)].astype(np.int64)
    grid_w = supply.from_grid_w(taken_w)
    used: Counts = supply.until(grid_w, starts + wall_s) - supply.until(grid_w, starts)
    i = int(np.argmin(used))
    saved = int(used[0] - used[i])
    energy = supply.over(supply.draw_w(taken_w), first_s, first_s + wall_s)
    if i == 0 or saved * _SAVED_LEAST < energy:
        return None
    start_s = int(starts[i])
    carbon = [supply.carbon_g(grid_w, at_s, at_s + wall_s) for at_s in (first_s, start_s)]
    saved_g = None if carbon[0] is None or carbon[1] is None else carbon[0] - carbon[1]
    return Move(start_s, saved // 3600, saved_g)


def asleep_at(engine: Engine, t: int) -> list[Live]:
    """Who sleeps for clean power at site `t`, in order of asking."""
    found = [live for live in engine.moved.values() if site_of(live, engine) == t]
    return sorted(found, key=lambda live: live.seq)


def to_rouse(engine: Engine, other: Live | None, site: str) -> list[Live]:
    """Who must not sleep on: all at `site`, and where room is not sure (beside `other`)."""
    found: list[Live] = []
    for t in sorted({site_of(live, engine) for live in engine.moved.values()}):
        asleep, pools = asleep_at(engine, t), engine.state.pool
        comes = other is not None and any(
            c >= 0 and pools[p]["site"] == t for p, c in enumerate(other.verdict.classes)
        )
        sure = is_sure(engine, t, asleep, other if comes else None)
        if not sure or engine.layout.sites[t] == site:
            found += asleep
    return found


def is_sure(engine: Engine, t: int, moved: Sequence[Live], other: Live | None) -> bool:
    """True if all of `moved` can start at site `t` at any time until they must, beside `other`.

    Known is what runs, its latest ends, and every date of documents, calls and forecast.
    """
    s = engine.state
    if s.site[t]["claim_n"] > 0 or s.site[t]["active"] > 0:
        return False
    if any(live.workload.topology is Topology.NVLINK_DOMAIN for live in moved):
        return False
    lives = [*moved, other] if other else list(moved)
    ends_s = max(live.workload.flexibility.deadline for live in moved)
    if other:
        ends_s = max(ends_s, engine.now_s + other.workload.wall_time_s)
    return (
        _units(engine, t, lives)
        and _within_limits(engine, t, lives, ends_s)
        and _within_floors(engine, t, moved, lives)
        and _within_budgets(engine, moved, lives, ends_s)
    )


def _units(engine: Engine, t: int, lives: Sequence[Live]) -> bool:
    """True if each pool has idle units for all who may come to it, counted in whole nodes."""
    s = engine.state
    for p in range(int(s.site[t]["pool0"]), int(s.site[t]["pool1"])):
        pool = s.pool[p]
        size = int(pool["per_node"])
        free = int(pool["free"])
        if size > 1:
            free = size * int(s.node_count[int(pool["count0"]) + size])
        here = [x.workload.accelerators for x in lives if x.verdict.classes[p] >= 0]
        if here and sum(-(-n // size) * size for n in here) > free - int(pool["claimed"]):
            return False
    return True


def _within_limits(engine: Engine, t: int, lives: Sequence[Live], ends_s: int) -> bool:
    """True if power and ceilings hold all of `lives` in every window until `ends_s`."""
    s = engine.state
    amounts: Counter[int] = Counter()
    for live in lives:
        own: dict[int, int] = {}
        for p in range(int(s.site[t]["pool0"]), int(s.site[t]["pool1"])):
            c, n = live.verdict.classes[p], live.workload.accelerators
            if c < 0:
                continue
            for limit in s.pool_limit[p, : int(s.pool[p]["limits_n"])].tolist():
                own[limit] = max(own.get(limit, 0), n * int(s.pool[p]["watts"]))
            while c >= 0:
                if s.cls[c]["limit"] >= 0:
                    own[int(s.cls[c]["limit"])] = n
                c = int(s.cls[c]["parent"])
        amounts.update(own)
    return all(int(limits.slack(s, limit, n, ends_s)) >= 0 for limit, n in amounts.items())


def _home(live: Live) -> int:
    """The class row of `live` at the only site where it may run."""
    return max(live.verdict.classes)


def _within_floors(engine: Engine, t: int, moved: Sequence[Live], lives: Sequence[Live]) -> bool:
    """True if nobody of `moved` would run on room that a floor could take back."""
    s, cls = engine.state, engine.state.cls
    here = range(int(s.site[t]["class0"]), int(s.site[t]["class1"]))
    coming = s.change[int(s.number[k.CHANGE_AT]) :]
    floors = coming[coming["what"] == 1]
    if not any(cls[c]["floor"] > 0 for c in here) and not any(x in here for x in floors["id"]):
        return True
    for c in {_home(live) for live in moved}:
        asked = sum(x.workload.accelerators for x in lives if c in x.verdict.classes)
        owed = int(cls[c]["floor"] - cls[c]["use"] - cls[c]["claimed"])
        if asked > owed or bool((floors["id"] == c).any()):
            return False
    return True


def _within_budgets(
    engine: Engine, moved: Sequence[Live], lives: Sequence[Live], ends_s: int
) -> bool:
    """True if the grants of `moved` pay for all, and none of them ends before."""
    s, rows = engine.state, engine.layout.project_row
    coming = s.change[int(s.number[k.CHANGE_AT]) :]
    for name in {live.workload.project for live in moved}:
        r = rows[name]
        cost = sum(
            x.workload.accelerators * x.workload.wall_time_s
            for x in lives
            if x.workload.project == name
        )
        if int(s.project[r]["budget"]) >= UNBOUNDED >> 1:
            continue
        ends = (coming["what"] == 2) & (coming["id"] == r) & (coming["t"] < ends_s)
        if cost > s.project[r]["budget"] or ends_s > s.project[r]["until"] or bool(ends.any()):
            return False
    return True
