"""What reservations leave to others (C7): work that would still run at a reserved start may start
now only inside the room that is left over then, in units, nodes and limits.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import limits, queue, room, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import LIMITS_MAX, NEVER, NOW, State

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
def give_extra(s: State, p: int, end: int) -> None:
    """Note that work has ended in pool `p` that could have run until `end`."""
    t = s.pool[p].site
    s.pool[p].again = 1
    for q in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[q].r_job >= 0 and s.pool[q].r_time < end and s.site[t].limited == 1:
            s.pool[q].r_limits_n = -1


@compiled
def go_before(s: State, t: int, j: int) -> bool:
    """Have the reservations at site `t` of all who come after job `j` timed anew; True if any."""
    found = False
    for q in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[q].r_job >= 0 and queue.before(s, t, j, s.pool[q].r_job):
            s.pool[q].again = 1
            found = True
    return found


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
def would_delay(s: State, p: int, c: int, j: int, end: int, over: bool) -> int:
    """The pool of its site whose reserved start job `j`, in pool `p` until `end`, would delay (C7).

    -1: none. With `over`, whoever comes after job `j` is not asked.
    """
    t, n = s.pool[p].site, s.job[j].n
    for q in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[q].r_job
        if h < 0 or h == j or end <= s.pool[q].r_time:
            continue
        if over and queue.before(s, t, j, h):
            continue
        if q == p:
            if n > s.pool[q].r_extra:
                return q
            if s.pool[q].per_node > 1 and not room.packs_late(s, p, n, s.job[j].topology):
                return q
        if s.pool[q].r_limits_n < 0:
            _work_out(s, q)
        for i in range(s.pool[q].r_limits_n):
            amount = limits.amount_on(s, s.held_limit[q, i], p, c, n)
            if amount > s.held_slack[q, i]:
                return q
    return -1


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
        i = s.job[j].span
        while i >= 0:
            node = s.pool[p].node0 + s.span[i].node
            s.node_late[node] += s.span[i].n
            i = s.span[i].next


@compiled
def _lower(s: State, t: int, limit: int, left: int) -> None:
    """Let no pool of site `t` under power `limit` have more room than `left` [W] allows."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        for i in range(s.pool[p].limits_n):
            if s.pool_limit[p, i] == limit and s.pool[p].watts > 0:
                s.pool[p].late_room = min(s.pool[p].late_room, left // s.pool[p].watts)


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
def measure_late(s: State, t: int) -> int:
    """Write `stair`: the most that any pool of site `t` has for work that runs beyond some time.

    From reservations and from windows to come; `limits.measure` has written what there is now.
    Returns how many steps there are. Whoever is larger does not fit, who is not may fit.
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
        s.stair[i].room = 0
        for p in range(s.site[t].pool0, s.site[t].pool1):
            s.stair[i].room = max(s.stair[i].room, s.pool[p].late_room)
    return count


@compiled
def _is_limit_of(s: State, p: int, limit: int) -> bool:
    for i in range(s.pool[p].limits_n):
        if s.pool_limit[p, i] == limit:
            return True
    return False


@compiled
def late_room(s: State, steps: int, end: int) -> int:
    """The most for work that runs until `end`; `steps` is what `measure_late` returned."""
    room = NEVER
    for i in range(steps):
        if s.stair[i].t >= end:
            break
        room = s.stair[i].room
    return room
