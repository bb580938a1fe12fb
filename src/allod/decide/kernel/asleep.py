"""Sums of those who sleep for clean power (P3), and whether their room is sure.

What a workload would take is added to sums by pool, limit, class and project as it falls asleep and
taken off as it wakes. So what one more costs does not depend on how many sleep.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from allod.decide.kernel import limits
from allod.decide.kernel.handle import Array, Handle
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import CHANGE_AT, NOW, UNBOUNDED_BUDGET, State

SITE = np.dtype(
    [
        ("n", "i8"),  # who sleeps there
        ("whole", "i8"),  # of these, those who ask for one NVLink domain
        ("ends", "i8"),  # the latest of their deadlines [epoch s]
    ],
    align=True,
)
CLASS = np.dtype(
    [
        ("n", "i8"),  # who sleeps, and would run in it
        ("floor_at", "i8"),  # the last row of State.change that moves its floor; -1: none
    ],
    align=True,
)
#: Of all who may come to a pool, a limit, a class or, for a project, a site: how many they are, and
#: what they take: whole nodes, watts or accelerators, accelerators, accelerator-seconds.
SUM = np.dtype([("n", "i8"), ("taken", "i8")], align=True)


class Sums(Handle):
    """P pools, L limits, C classes, S sites, R projects, as in State; of one State."""

    fields: ClassVar[dict[str, tuple[Any, int]]] = {
        "site": (SITE, 1),  # (S,)
        "cls": (CLASS, 1),  # (C,)
        "pool": (SUM, 1),  # (P,)
        "limit": (SUM, 1),  # (L,)
        "asked": (SUM, 1),  # (C,)
        "cost": (SUM, 2),  # (S, R)
        "ending": (np.int64, 1),  # rows of State.change at which a grant ends
        "mark": (np.int64, 1),  # (L,), what one workload takes of each limit; 0 between calls
    }
    site: Array
    cls: Array
    pool: Array
    limit: Array
    asked: Array
    cost: Array
    ending: Array
    mark: Array


def empty(s: State) -> Sums:
    """The sums of nobody."""
    sites, classes = np.zeros(len(s.site), SITE), np.zeros(len(s.cls), CLASS)
    classes["floor_at"] = -1
    for i in np.flatnonzero(s.change["what"] == 1).tolist():
        classes["floor_at"][int(s.change[i]["id"])] = i
    return Sums(
        site=sites,
        cls=classes,
        pool=np.zeros(len(s.pool), SUM),
        limit=np.zeros(len(s.limit), SUM),
        asked=np.zeros(len(s.cls), SUM),
        cost=np.zeros((len(s.site), len(s.project)), SUM),
        ending=np.flatnonzero(s.change["what"] == 2).astype(np.int64),
        mark=np.zeros(len(s.limit), np.int64),
    )


@compiled
def enter(s: State, z: Sums, t: int, classes: Array, n: int, r: int, wall: int, sign: int) -> None:
    """Count (`sign` 1), or no longer (-1), who sleeps: `n` accelerators of project `r` for `wall`
    at site `t`, wherever of `classes`.
    """
    _add(s, z, t, classes, n, sign)
    z.cost[t, r].n += sign
    z.cost[t, r].taken += sign * n * wall
    z.cls[_home(s, t, classes)].n += sign
    z.site[t].n += sign


@compiled
def _add(s: State, z: Sums, t: int, classes: Array, n: int, sign: int) -> None:
    """Add (`sign` 1) or take off (-1) what `n` accelerators may take at site `t`, wherever of
    `classes` they go; of a limit that several pools share, the most of these.
    """
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if classes[p] < 0:
            continue
        size = s.pool[p].per_node
        z.pool[p].n += sign
        z.pool[p].taken += sign * (-(-n // size) * size)
        for i in range(s.pool[p].limits_n):
            limit = s.pool_limit[p, i]
            z.mark[limit] = max(z.mark[limit], 1 + n * s.pool[p].watts)
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if classes[p] < 0:
            continue
        for i in range(s.pool[p].limits_n):
            limit = s.pool_limit[p, i]
            if z.mark[limit] > 0:
                z.limit[limit].n += sign
                z.limit[limit].taken += sign * (z.mark[limit] - 1)
                z.mark[limit] = 0
    _add_to_class(s, z, _home(s, t, classes), n, sign)


@compiled
def _home(s: State, t: int, classes: Array) -> int:
    """The class at site `t` of whoever has `classes`; -1: none."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if classes[p] >= 0:
            return int(classes[p])
    return -1


@compiled
def _add_to_class(s: State, z: Sums, c: int, n: int, sign: int) -> None:
    """Add `n` accelerators to class `c`, and to its ceiling and all around it."""
    if c < 0:
        return
    z.asked[c].n += sign
    z.asked[c].taken += sign * n
    while c >= 0:
        limit = s.cls[c].limit
        if limit >= 0:
            z.limit[limit].n += sign
            z.limit[limit].taken += sign * n
        c = s.cls[c].parent


@compiled
def unsure(s: State, z: Sums, classes: Array, n: int, r: int, wall: int, found: Array) -> int:
    """Write to `found` each site where somebody sleeps and room is not sure beside `n` accelerators
    of project `r` with `classes` for `wall` from now on; return how many. `n` 0: beside nobody.
    """
    count = 0
    for t in range(len(s.site)):
        if z.site[t].n == 0:
            continue
        if n > 0 and _home(s, t, classes) >= 0:
            _add(s, z, t, classes, n, 1)
            z.cost[t, r].taken += n * wall
            sure = is_sure(s, z, t, max(z.site[t].ends, s.number[NOW] + wall))
            z.cost[t, r].taken -= n * wall
            _add(s, z, t, classes, n, -1)
        else:
            sure = is_sure(s, z, t, z.site[t].ends)
        if not sure:
            found[count] = t
            count += 1
    return count


@compiled
def is_sure(s: State, z: Sums, t: int, ends: int) -> bool:
    """True if all who are counted at site `t` could start at any time until `ends`."""
    if s.site[t].claim_n > 0 or s.site[t].active > 0 or z.site[t].whole > 0:
        return False
    return (
        _has_units(s, z, t)
        and _within_floors(s, z, t)
        and _within_limits(s, z, t, ends)
        and _within_budgets(s, z, t, ends)
    )


@compiled
def _has_units(s: State, z: Sums, t: int) -> bool:
    """True if each pool has idle units for all who may come to it, counted in whole nodes."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        size, free = s.pool[p].per_node, s.pool[p].free
        if size > 1:
            free = size * s.node_count[s.pool[p].count0 + size]
        if z.pool[p].n > 0 and z.pool[p].taken > free - s.pool[p].claimed:
            return False
    return True


@compiled
def _within_limits(s: State, z: Sums, t: int, ends: int) -> bool:
    """True if power and ceilings hold all in every window until `ends`."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        for i in range(s.pool[p].limits_n):
            if not _holds(s, z, s.pool_limit[p, i], ends):
                return False
    for c in range(s.site[t].class0, s.site[t].class1):
        if s.cls[c].limit >= 0 and not _holds(s, z, s.cls[c].limit, ends):
            return False
    return True


@compiled
def _holds(s: State, z: Sums, limit: int, ends: int) -> bool:
    """True if `limit` holds all who are counted under it."""
    return z.limit[limit].n == 0 or limits.slack(s, limit, z.limit[limit].taken, ends) >= 0


@compiled
def _within_floors(s: State, z: Sums, t: int) -> bool:
    """True if nobody who sleeps would run on room that a floor could take back."""
    first, last, floors = s.site[t].class0, s.site[t].class1, False
    for c in range(first, last):
        floors = floors or s.cls[c].floor > 0 or z.cls[c].floor_at >= s.number[CHANGE_AT]
    if not floors:
        return True
    for c in range(first, last):
        if z.cls[c].n == 0:
            continue
        owed = s.cls[c].floor - s.cls[c].use - s.cls[c].claimed
        if z.asked[c].taken > owed or z.cls[c].floor_at >= s.number[CHANGE_AT]:
            return False
    return True


@compiled
def _within_budgets(s: State, z: Sums, t: int, ends: int) -> bool:
    """True if the grants of those who sleep pay for all, and none of them ends before `ends`."""
    bound = False
    for r in range(len(s.project)):
        if z.cost[t, r].n > 0 and s.project[r].budget < UNBOUNDED_BUDGET:
            if z.cost[t, r].taken > s.project[r].budget or ends > s.project[r].until:
                return False
            bound = True
    if not bound:
        return True
    for i in range(len(z.ending)):
        x = z.ending[i]
        r = s.change[x].id
        coming = x >= s.number[CHANGE_AT] and s.change[x].t < ends
        if coming and z.cost[t, r].n > 0 and s.project[r].budget < UNBOUNDED_BUDGET:
            return False
    return True
