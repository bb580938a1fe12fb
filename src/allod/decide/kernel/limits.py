"""Limits over time: power at the meter (P1) and class ceilings (C8) are one mechanism.

A limit is a row of windows, each with a start, a cap and what is used. Work counts in the present
window and in every later one that begins before its latest end: so a window that will be narrower
is respected by work that is placed now. `used` is of running work, `claimed` of claims.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import LIMITS_MAX, NEVER, State


@compiled
def amount_on(s: State, limit: int, p: int, c: int, n: int) -> int:
    """What `n` accelerators in pool `p` and class `c` take of `limit`; 0 if it is not theirs."""
    for i in range(s.pool[p].limits_n):
        if s.pool_limit[p, i] == limit:
            return n * s.pool[p].watts
    a = c
    while a >= 0:
        if s.cls[a].limit == limit:
            return n
        a = s.cls[a].parent
    return 0


@compiled
def limits_of(s: State, p: int, c: int, found: object) -> int:
    """Write the limits on pool `p` and class `c` to `found`; return how many."""
    count = 0
    for i in range(s.pool[p].limits_n):
        found[count] = s.pool_limit[p, i]  # type: ignore[index]
        count += 1
    a = c
    while a >= 0:
        if s.cls[a].limit >= 0:
            found[count] = s.cls[a].limit  # type: ignore[index]
            count += 1
        a = s.cls[a].parent
    return count


@compiled
def slack(s: State, limit: int, amount: int, end: int) -> int:
    """Least room left in any window from now to `end` after taking `amount`; below 0: no fit."""
    k = s.limit[limit].now
    least = s.window[k].cap - s.window[k].used - s.window[k].claimed - amount
    k += 1
    while k < s.limit[limit].w1 and s.window[k].t < end:
        left = s.window[k].cap - s.window[k].used - s.window[k].claimed - amount
        least = min(least, left)
        k += 1
    return least


@compiled
def fits(s: State, p: int, c: int, n: int, end: int) -> bool:
    """True if no limit on pool `p` and class `c` stands against `n` accelerators until `end`."""
    watts = n * s.pool[p].watts
    for i in range(s.pool[p].limits_n):
        if slack(s, s.pool_limit[p, i], watts, end) < 0:
            return False
    a = c
    while a >= 0:
        if s.cls[a].limit >= 0 and slack(s, s.cls[a].limit, n, end) < 0:
            return False
        a = s.cls[a].parent
    return True


@compiled
def _add(s: State, limit: int, amount: int, end: int, claim: bool) -> None:
    k = s.limit[limit].now
    first = k
    while k < s.limit[limit].w1 and (k == first or s.window[k].t < end):
        if claim:
            s.window[k].claimed += amount
        else:
            s.window[k].used += amount
        k += 1


@compiled
def weigh(s: State, p: int, c: int, n: int, end: int) -> None:
    """Count `n` accelerators until `end` (below 0: give them back) on all limits of `p` and `c`."""
    watts = n * s.pool[p].watts
    for i in range(s.pool[p].limits_n):
        _add(s, s.pool_limit[p, i], watts, end, False)
    a = c
    while a >= 0:
        if s.cls[a].limit >= 0:
            _add(s, s.cls[a].limit, n, end, False)
        a = s.cls[a].parent


@compiled
def add(s: State, p: int, c: int, n: int, end: int, claim: bool) -> None:
    """As `weigh`, in the use (or, with `claim`, the claims) of the classes too."""
    watts = n * s.pool[p].watts
    for i in range(s.pool[p].limits_n):
        _add(s, s.pool_limit[p, i], watts, end, claim)
    a = c
    while a >= 0:
        if s.cls[a].limit >= 0:
            _add(s, s.cls[a].limit, n, end, claim)
        if claim:
            s.cls[a].claimed += n
        else:
            s.cls[a].use += n
        a = s.cls[a].parent


@compiled
def spared(s: State, limit: int, k: int, j: int) -> int:
    """What the confirmed cap of running job `j` takes off its draw in window `k` of `limit`. [W]

    Only where it holds until the window is over.
    """
    if s.job[j].capped == 0:
        return 0
    ends = s.window[k + 1].t if k + 1 < s.limit[limit].w1 else NEVER
    if ends > s.job[j].spared_till:
        return 0
    p = s.job[j].pool
    for i in range(s.pool[p].limits_n):
        if s.pool_limit[p, i] == limit:
            return s.job[j].spared
    return 0


@compiled
def relieve(s: State, j: int, by: int) -> None:
    """Take what the cap of running job `j` spares off its limits (`by` = 1), or put it back (-1).

    It goes with every change of what the job itself counts, in the same windows.
    """
    if s.job[j].capped == 0:
        return
    p = s.job[j].pool
    for i in range(s.pool[p].limits_n):
        limit = s.pool_limit[p, i]
        first = s.limit[limit].now
        for k in range(first, s.limit[limit].w1):
            if k == first or s.window[k].t < s.job[j].ends:
                s.window[k].used -= by * spared(s, limit, k, j)


@compiled
def set_others(s: State, p: int, watts: int) -> None:
    """Let work that is not ours draw `watts` in pool `p`, now and in every window to come (P1).

    Where that is more than a window holds it is nobody's breach of ours: nothing more starts.
    """
    for i in range(s.pool[p].limits_n):
        limit = s.pool_limit[p, i]
        for k in range(s.limit[limit].now, s.limit[limit].w1):
            s.window[k].used += watts - s.pool[p].others
            s.window[k].carried = s.window[k].used
    s.pool[p].others = watts


@compiled
def note(s: State, p: int, c: int) -> None:
    """Note the peak of every limit on `p` and `c`, after work has been placed under it."""
    found = np.empty(LIMITS_MAX, np.int64)
    for i in range(limits_of(s, p, c, found)):
        limit = found[i]
        k = s.limit[limit].now
        s.limit[limit].peak = max(s.limit[limit].peak, s.window[k].used)
        s.limit[limit].left = min(s.limit[limit].left, s.window[k].cap - s.window[k].used)


@compiled
def share(s: State, p: int, c: int, n: int, r: int, until: int) -> bool:
    """True if running job `r` counts in a limit that lacks room for `n` in `p`, `c` until `until`.

    `until` -1: in any limit that they share.
    """
    found = np.empty(LIMITS_MAX, np.int64)
    for i in range(limits_of(s, p, c, found)):
        own = amount_on(s, found[i], p, c, n)
        if until < 0 or slack(s, found[i], own, until) < 0:
            if amount_on(s, found[i], s.job[r].pool, s.job[r].cls, s.job[r].n) > 0:
                return True
    return False


@compiled
def floor_room(s: State, c: int) -> int:
    """How much class `c` may still take within a floor, its own or one around it (C2)."""
    most = -(1 << 53)
    a = c
    while a >= 0:
        most = max(most, s.cls[a].floor - s.cls[a].use - s.cls[a].claimed)
        a = s.cls[a].parent
    return most


@compiled
def _left_now(s: State, limit: int) -> int:
    """What is left of `limit` in the present window."""
    k = s.limit[limit].now
    return s.window[k].cap - s.window[k].used - s.window[k].claimed


@compiled
def measure(s: State, t: int) -> None:
    """Write `room`: the most accelerators that a pool, and a class, of site `t` could take now.

    And `owed`, what floors owe each class. Later windows, nodes and reservations are not looked at:
    who is larger does not fit, who is not may fit.
    """
    for p in range(s.site[t].pool0, s.site[t].pool1):
        room = s.pool[p].free - s.pool[p].claimed
        for i in range(s.pool[p].limits_n):
            watts, left = s.pool[p].watts, _left_now(s, s.pool_limit[p, i])
            if left < room * watts:  # Seldom, and division is slow.
                room = left // watts
        s.pool[p].room = room
    for a in range(s.site[t].class0, s.site[t].class1):  # Parents before those inside them.
        room = NEVER if s.cls[a].parent < 0 else s.cls[s.cls[a].parent].room
        if s.cls[a].limit >= 0:
            room = min(room, _left_now(s, s.cls[a].limit))
        s.cls[a].room = room
        owed = s.cls[a].floor - s.cls[a].use - s.cls[a].claimed
        s.cls[a].owed = owed if s.cls[a].parent < 0 else max(owed, s.cls[s.cls[a].parent].owed)
