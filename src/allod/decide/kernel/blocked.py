"""What stands between a waiting job and each pool now, as numbers; `blockers` has the words."""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import held, limits, queue, room, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    NEVER,
    NOW,
    State,
)

# Bits of what stands in the way in a pool.
UNITS, NODES, RESERVED, CLAIMS, POWER, BUDGET, NOT_LIVE, CEILING = 1, 2, 4, 8, 16, 32, 64, 128
# Columns of what is written for each pool.
(
    BITS,
    FREE,
    OUT,
    POWER_ROW,
    POWER_SLACK,
    POWER_NEEDED,
    POWER_LATER,
    POWER_OTHERS,
    CEILING_CLASS,
    CEILING_SLACK,
    HOLDER,
    START,
    COLUMNS,
) = range(13)


@compiled
def blocked(s: State, j: int, found: object, starts: bool) -> None:
    """Write (pool, COLUMNS) to `found`: all that keeps job `j` out of each pool that it may use.

    With `starts`, also its earliest start if nobody else were waiting. Nothing is changed: what is
    asked must not bear on what is decided later (E4).
    """
    worked_out = np.empty(len(s.pool), np.int64)
    for p in range(len(s.pool)):
        worked_out[p] = s.pool[p].r_limits_n
    n, end = s.job[j].n, s.number[NOW] + s.job[j].wall
    r = s.job[j].project
    broke = n * s.job[j].wall > s.project[r].budget or end > s.project[r].until
    for p in range(len(s.pool)):
        c = s.verdict[s.job[j].verdict, p]
        found[p, BITS] = 0  # type: ignore[index]
        found[p, POWER_ROW] = -1  # type: ignore[index]
        found[p, POWER_OTHERS] = 0  # type: ignore[index]
        found[p, CEILING_CLASS] = -1  # type: ignore[index]
        found[p, HOLDER] = -1  # type: ignore[index]
        found[p, START] = NEVER  # type: ignore[index]
        if c < 0:
            continue
        free = s.pool[p].free - s.pool[p].claimed
        found[p, FREE] = free  # type: ignore[index]
        found[p, OUT] = min(s.pool[p].out, s.pool[p].units)  # type: ignore[index]
        bits = 0
        if n > s.pool[p].units:
            bits |= NOT_LIVE
        elif n > free:
            bits |= UNITS
        elif s.pool[p].per_node > 1:
            if s.pool[p].claimed > 0:
                bits |= CLAIMS
            elif not room.packs(s, p, n, s.job[j].topology, False):
                bits |= NODES
        if broke:
            bits |= BUDGET
        bits |= _worst_power(s, p, n, end, found)
        bits |= _worst_ceiling(s, p, c, n, end, found)
        q = held.would_delay(s, p, c, j, end, True)
        if q >= 0:
            bits |= RESERVED
            found[p, HOLDER] = s.pool[q].r_job  # type: ignore[index]
        found[p, BITS] = bits  # type: ignore[index]
        if starts and n <= s.pool[p].units:
            at, _ = shadow.start_of(s, p, c, j, False)
            found[p, START] = at  # type: ignore[index]
    for p in range(len(s.pool)):
        s.pool[p].r_limits_n = worked_out[p]
        if s.pool[p].others > 0:
            _tell_others(s, p, found)


@compiled
def _tell_others(s: State, q: int, found: object) -> None:
    """Add what others draw in pool `q` wherever a limit above it is what lacks. [W]"""
    for p in range(len(s.pool)):
        for i in range(s.pool[q].limits_n):
            if found[p, POWER_ROW] == s.pool_limit[q, i]:  # type: ignore[index]
                found[p, POWER_OTHERS] += s.pool[q].others  # type: ignore[index]


@compiled
def _worst_power(s: State, p: int, n: int, end: int, found: object) -> int:
    """The envelope node above pool `p` that lacks most, if one lacks."""
    least = 0
    for i in range(s.pool[p].limits_n):
        left = limits.slack(s, s.pool_limit[p, i], n * s.pool[p].watts, end)
        if left < least:
            least = left
            found[p, POWER_ROW] = s.pool_limit[p, i]  # type: ignore[index]
    found[p, POWER_SLACK] = least  # type: ignore[index]
    found[p, POWER_NEEDED] = n * s.pool[p].watts  # type: ignore[index]
    found[p, POWER_LATER] = 0  # type: ignore[index]
    if least < 0:  # Is it a later, narrower window?
        limit = found[p, POWER_ROW]  # type: ignore[index]
        now = s.limit[limit].now
        for k in range(now + 1, s.limit[limit].w1):
            if s.window[k].t < end and s.window[k].cap < s.window[now].cap:
                found[p, POWER_LATER] = 1  # type: ignore[index]
    return POWER if least < 0 else 0


@compiled
def _worst_ceiling(s: State, p: int, c: int, n: int, end: int, found: object) -> int:
    """The class on the path of `c` that lacks most under its ceiling, if one lacks."""
    least, a = 0, c
    while a >= 0:
        if s.cls[a].limit >= 0:
            left = limits.slack(s, s.cls[a].limit, n, end)
            if left < least:
                least = left
                found[p, CEILING_CLASS] = a  # type: ignore[index]
        a = s.cls[a].parent
    found[p, CEILING_SLACK] = least  # type: ignore[index]
    return CEILING if least < 0 else 0


@compiled
def ahead_of(s: State, j: int, t: int) -> int:
    """How many who wait go before job `j` at site `t`."""
    ahead = 0
    for i in range(s.site[t].active):
        h = s.bucket[s.line[t, i].bucket].head
        while h >= 0 and h != j and queue.before(s, t, h, j):
            ahead += 1
            h = s.job[h].next
    return ahead
