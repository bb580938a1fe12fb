"""What stands between a waiting job and each pool now, as numbers; `blockers` has the words."""

from __future__ import annotations

from allod.decide.kernel import limits, queue, room, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    ACTIVE_N,
    CHARTER,
    NOW,
    POLICY,
    State,
)

NEVER = 1 << 53
# Bits of what stands in the way in a pool.
UNITS, NODES, RESERVED, CLAIMS, LIMIT, BUDGET, NOT_LIVE = 1, 2, 4, 8, 16, 32, 64
# Columns of what is written for each pool.
BITS, FREE, LIMIT_ROW, SLACK, HOLDER_SEQ, START, COLUMNS = range(7)


@compiled
def blocked(s: State, j: int, found: object, starts: bool) -> None:
    """Write (pool, COLUMNS) to `found`: all that keeps job `j` out of each pool that it may use.

    With `starts`, also its earliest start if nobody else were waiting.
    """
    n, end = s.job[j].n, s.number[NOW] + s.job[j].wall
    r = s.job[j].project
    broke = n * s.job[j].wall > s.project[r].budget or end > s.project[r].until
    for p in range(len(s.pool)):
        c = s.verdict[s.job[j].verdict, p]
        found[p, BITS] = 0  # type: ignore[index]
        found[p, LIMIT_ROW] = -1  # type: ignore[index]
        found[p, HOLDER_SEQ] = -1  # type: ignore[index]
        found[p, START] = NEVER  # type: ignore[index]
        if c < 0:
            continue
        free = s.pool[p].free - s.pool[p].claimed
        found[p, FREE] = free  # type: ignore[index]
        bits = 0
        if n > s.pool[p].units:
            bits |= NOT_LIVE
        elif n > free:
            bits |= UNITS
        elif s.pool[p].per_node > 1:
            if s.pool[p].claimed > 0:
                bits |= CLAIMS
            elif not room.packs(s, p, n, s.job[j].topology):
                bits |= NODES
        if broke:
            bits |= BUDGET
        bits |= _worst_limit(s, p, c, n, end, found)
        bits |= _behind_reservation(s, p, c, j, end, found)
        found[p, BITS] = bits  # type: ignore[index]
        if starts and n <= s.pool[p].units:
            at, _ = shadow.start_of(s, p, c, j, False)
            found[p, START] = at  # type: ignore[index]


@compiled
def _worst_limit(s: State, p: int, c: int, n: int, end: int, found: object) -> int:
    """The limit on pool `p` and class `c` that lacks most, if one lacks."""
    least = 0
    for i in range(s.pool[p].limits_n):
        left = limits.slack(s, s.pool_limit[p, i], n * s.pool[p].watts, end)
        if left < least:
            least = left
            found[p, LIMIT_ROW] = s.pool_limit[p, i]  # type: ignore[index]
    if least == 0:
        a = c
        while a >= 0:
            if s.cls[a].limit >= 0:
                left = limits.slack(s, s.cls[a].limit, n, end)
                if left < least:
                    least = left
                    found[p, LIMIT_ROW] = s.cls[a].limit  # type: ignore[index]
            a = s.cls[a].parent
    found[p, SLACK] = least  # type: ignore[index]
    return LIMIT if least < 0 else 0


@compiled
def _behind_reservation(s: State, p: int, c: int, j: int, end: int, found: object) -> int:
    """Whether someone holds a reservation at the site that job `j` would delay."""
    t, n = s.pool[p].site, s.job[j].n
    for q in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[q].r_job
        if h < 0 or h == j or end <= s.pool[q].r_time:
            continue
        delays = q == p and n > s.pool[q].r_extra
        for i in range(s.pool[q].r_limits_n):
            if limits.amount_on(s, s.held_limit[q, i], p, c, n) > s.held_slack[q, i]:
                delays = True
        if delays:
            found[p, HOLDER_SEQ] = s.job[h].seq  # type: ignore[index]
            return RESERVED
    return 0


@compiled
def ahead_of(s: State, j: int, t: int) -> int:
    """How many who wait go before job `j` at site `t`."""
    ahead = 0
    for i in range(s.number[ACTIVE_N]):
        b = s.active[i]
        if queue.class_at(s, s.bucket[b].verdict, t) < 0:
            continue
        h = s.bucket[b].head
        while h >= 0 and h != j and queue.before(s, t, h, j):
            ahead += 1
            h = s.job[h].next
    return ahead


@compiled
def is_owed(s: State, c: int, n: int) -> bool:
    """True if `n` more of class `c` would be within a floor."""
    return s.number[POLICY] == CHARTER and limits.floor_room(s, c) >= n
