"""What reservations leave to others (C7): work that would still run at a reserved start may start
now only inside the room that is left over then, in units, nodes and limits.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import limits, queue, room, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import LIMITS_MAX, NEVER, NOW, STAIR_N, State

_HORIZON_S = 7 * 86_400  #: Windows that begin later are looked at only when all else fits. [s]


@compiled
def reserve(s: State, p: int, j: int, at: int, extra: int) -> None:
    """Give job `j` the reservation of pool `p`; `start_of` with `mark` has written its nodes."""
    s.pool[p].r_job = j
    s.pool[p].r_time = at
    s.pool[p].r_extra = extra
    s.pool[p].r_limits_n = -1 if s.site[s.pool[p].site].limited == 1 else 0
    s.pool[p].again = 0
    s.job[j].reserved = p


@compiled
def give_extra(s: State, p: int, c: int, n: int, more: int, end: int) -> None:
    """Note that `n` of class `c` have come back in pool `p` that were taken until `end`.

    So many `more` can be given away; the others of them are out.
    What is reserved there may be had sooner, which the next pass works out; what it leaves to
    others at the time that it was promised is known at once.
    """
    t = s.pool[p].site
    s.pool[p].again = 1
    for q in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[q].r_job < 0 or end <= s.pool[q].r_time:
            continue
        if q == p:
            s.pool[q].r_extra += more
        for i in range(s.pool[q].r_limits_n):
            limit = s.held_limit[q, i]
            amount = limits.amount_on(s, limit, p, c, n)
            several = s.limit[limit].now + 1 < s.limit[limit].w1
            if amount > 0 and (several or s.site[t].capped > 0):
                # It may not have been in the window that is scarce, or counted less there.
                s.pool[q].r_limits_n = -1
                break
            s.held_slack[q, i] += amount


@compiled
def was_free_then(s: State, p: int, j: int, end: int) -> None:
    """Take the nodes that job `j` has left in pool `p` off those that its going has added.

    They were free at the reserved start before, as it would have ended by then.
    """
    if s.pool[p].r_job >= 0 and end <= s.pool[p].r_time:
        room.free_spans_late(s, p, j, -1)


@compiled
def _work_out(s: State, q: int) -> None:
    """Write what the reservation of pool `q` leaves of its limits; few are ever asked for it."""
    h, at = s.pool[q].r_job, s.pool[q].r_time
    n, wall = s.job[h].n, s.job[h].wall
    c = s.home[s.job[h].verdict, s.pool[q].site]
    found = np.empty(LIMITS_MAX, np.int64)
    used = np.empty(LIMITS_MAX, np.int64)
    at_window = np.empty(LIMITS_MAX, np.int64)
    through = at if at > s.number[NOW] else -1
    limits_n = shadow.used_then(s, q, c, at, through, found, at_window, used)
    for i in range(limits_n):
        amount = n * s.pool[q].watts if i < s.pool[q].limits_n else n
        s.held_limit[q, i] = found[i]
        s.held_slack[q, i] = shadow.least_slack(
            s, found[i], amount, at, wall, at_window[i], used[i]
        )
    s.pool[q].r_limits_n = limits_n


@compiled
def _leaves_nodes(s: State, p: int, n: int, topology: int) -> bool:
    """True if what is reserved in pool `p` leaves units and nodes there for `n` then."""
    if n > s.pool[p].r_extra:
        return False
    return s.pool[p].per_node == 1 or room.packs(s, p, n, topology, True)


@compiled
def is_left(s: State, p: int, j: int, end: int) -> bool:
    """True if job `j`, in pool `p` until `end`, would leave what is reserved there."""
    h = s.pool[p].r_job
    if h < 0 or h == j or end <= s.pool[p].r_time:
        return True
    return _leaves_nodes(s, p, s.job[j].n, s.job[j].topology)


@compiled
def _delays(s: State, q: int, p: int, c: int, j: int, end: int) -> bool:
    """True if job `j`, in pool `p` until `end`, would delay the reserved start of pool `q` (C7)."""
    h, n = s.pool[q].r_job, s.job[j].n
    if h < 0 or h == j or end <= s.pool[q].r_time:
        return False
    if q == p and not _leaves_nodes(s, p, n, s.job[j].topology):
        return True
    if s.pool[q].r_limits_n < 0:
        _work_out(s, q)
    for i in range(s.pool[q].r_limits_n):
        if limits.amount_on(s, s.held_limit[q, i], p, c, n) > s.held_slack[q, i]:
            return True
    return False


@compiled
def would_delay(s: State, p: int, c: int, j: int, end: int, over: bool) -> int:
    """The pool of its site whose reserved start job `j`, in pool `p` until `end`, would delay (C7).

    -1: none. With `over`, whoever comes after job `j` is not asked.
    """
    t = s.pool[p].site
    for q in range(s.site[t].pool0, s.site[t].pool1):
        if _delays(s, q, p, c, j, end) and not (over and queue.before(s, t, j, s.pool[q].r_job)):
            return q
    return -1


@compiled
def go_before(s: State, p: int, j: int) -> bool:
    """Have the reservations timed anew that job `j` delays by its start in pool `p`; True if any.

    `would_delay` has said that only who comes after it is delayed.
    """
    t, found = s.pool[p].site, False
    c, end = s.home[s.job[j].verdict, t], s.number[NOW] + s.job[j].wall
    for q in range(s.site[t].pool0, s.site[t].pool1):
        if _delays(s, q, p, c, j, end):
            s.pool[q].again = 1
            found = True
    return found


@compiled
def use_extra(s: State, p: int, c: int, j: int, end: int, late: bool) -> None:
    """Take what job `j` uses off the room that reservations at its site leave."""
    t, n = s.pool[p].site, s.job[j].n
    for q in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[q].r_job
        if h < 0 or h == j or end <= s.pool[q].r_time:
            continue
        if q == p:
            s.pool[q].r_extra -= n
        for i in range(s.pool[q].r_limits_n):
            s.held_slack[q, i] -= limits.amount_on(s, s.held_limit[q, i], p, c, n)
    h = s.pool[p].r_job
    if h >= 0 and h != j and not late and s.pool[p].per_node > 1:
        # It has ended by then: its nodes are free at the reserved start as they were.
        room.free_spans_late(s, p, j, 1)


@compiled
def _lower(s: State, t: int, limit: int, left: int) -> None:
    """Let no pool of site `t` under power `limit` have more room than `left` [W] allows."""
    pool, pool_limit = s.pool, s.pool_limit
    for p in range(s.site[t].pool0, s.site[t].pool1):
        for i in range(pool[p].limits_n):
            if pool_limit[p, i] == limit and pool[p].watts > 0:
                if left < pool[p].late_room * pool[p].watts:  # Seldom, and division is slow.
                    pool[p].late_room = left // pool[p].watts


@compiled
def _note_time(s: State, count: int, at: int, what: int, place: int) -> int:
    """Enter a reservation or a window into `stair` at its time; the new count."""
    if count == len(s.stair):
        return count  # Who passes is asked again: less is known, nothing is wrong.
    i = count
    while i > 0 and s.stair[i - 1].t > at:
        s.stair[i] = s.stair[i - 1]
        i -= 1
    s.stair[i].t = at
    s.stair[i].what = what
    s.stair[i].place = place
    return count + 1


@compiled
def measure_late(s: State, t: int) -> None:
    """Write `stair`: the most that the pools of site `t` have for work that runs beyond some time.

    From reservations and from windows to come; `limits.measure` has written what there is now.
    Whoever is larger does not fit, who is not may fit.
    """
    count = 0
    for q in range(s.site[t].pool0, s.site[t].pool1):
        s.pool[q].late_room = s.pool[q].room
        if s.pool[q].r_job >= 0:
            if s.pool[q].r_limits_n < 0:
                _work_out(s, q)
            count = _note_time(s, count, s.pool[q].r_time, 0, q)
    for p in range(s.site[t].pool0, s.site[t].pool1):
        for i in range(s.pool[p].limits_n):
            limit = s.pool_limit[p, i]
            first = p == s.site[t].pool0 or not _is_limit_of(s, p - 1, limit)
            for k in range(s.limit[limit].now + 1, s.limit[limit].w1):
                if first and s.window[k].t < s.number[NOW] + _HORIZON_S:
                    count = _note_time(s, count, s.window[k].t, limit + 1, k)
    steps = 0
    for i in range(count):
        if s.stair[i].what == 0:
            q = s.stair[i].place
            s.pool[q].late_room = min(s.pool[q].late_room, s.pool[q].r_extra)
            for x in range(s.pool[q].r_limits_n):
                _lower(s, t, s.held_limit[q, x], s.held_slack[q, x])
        else:
            k = s.stair[i].place
            left = s.window[k].cap - s.window[k].used - s.window[k].claimed
            _lower(s, t, s.stair[i].what - 1, left)
        room, narrower, pool, rooms = 0, steps == 0, s.pool, s.stair_room
        for p in range(s.site[t].pool0, s.site[t].pool1):
            room = max(room, pool[p].late_room)
            x = p - s.site[t].pool0
            narrower = narrower or pool[p].late_room < rooms[steps - 1, x]
            rooms[steps, x] = pool[p].late_room
        if narrower:
            s.stair[steps].t = s.stair[i].t
            s.stair[steps].room = room
            steps += 1
    s.number[STAIR_N] = steps


@compiled
def _is_limit_of(s: State, p: int, limit: int) -> bool:
    for i in range(s.pool[p].limits_n):
        if s.pool_limit[p, i] == limit:
            return True
    return False


@compiled
def late_step(s: State, end: int) -> int:
    """The step of the stair that holds for work until `end`; -1: none does."""
    i = s.number[STAIR_N] - 1
    while i >= 0 and s.stair[i].t >= end:
        i -= 1
    return i


@compiled
def late_room(s: State, end: int) -> int:
    """The most that any pool has for work that runs until `end`."""
    i = late_step(s, end)
    return NEVER if i < 0 else s.stair[i].room
