"""Whether the room of all who sleep at a site is sure (P3), added up anew from each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from allod.decide.engine import Engine
from allod.decide.kernel import limits
from allod.decide.kernel import state as k
from allod.decide.live import Live
from allod.domain.units import UNBOUNDED
from allod.domain.workload import Topology


def site_of(live: Live, engine: Engine) -> int:
    """The row of the only site where `live` may run; -1 if there are more."""
    sites = {
        int(engine.state.pool[p]["site"]) for p, c in enumerate(live.verdict.classes) if c >= 0
    }
    return sites.pop() if len(sites) == 1 else -1


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
