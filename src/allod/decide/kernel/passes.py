"""The pass over who waits at a site: one follows each event that changes something there.

It starts whoever is first and fits; the first that does not fit gets the reservation of the pool
where it could start soonest; whoever is behind starts only beside that reservation (EASY). Each
pool has at most one reservation and each job holds at most one.
"""

from __future__ import annotations

from allod.decide.kernel import claims, held, limits, order, place, queue, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    CHARTER,
    EPOCH,
    FCFS,
    NEED_N,
    NEVER,
    NOW,
    POLICY,
    State,
)


@compiled
def decay(s: State, t: int) -> None:
    """Bring the decayed use of all projects at site `t` up to the present step (C6)."""
    steps = (s.number[NOW] - s.site[t].decayed) // place.DECAY_STEP_S
    if steps <= 0:
        return
    s.site[t].decayed += steps * place.DECAY_STEP_S
    if s.site[t].decay >= 65_536:
        return
    for r in range(len(s.project)):
        if s.use[r, t] > 0:
            s.use[r, t] = place.faded(s, t, s.use[r, t], steps)


@compiled
def best_start(s: State, t: int, j: int) -> int:
    """The pool of site `t` in which job `j` may start now and would rather, or -1."""
    best, best_score = -1, 1 << 62
    n, verdict, c = s.job[j].n, s.job[j].verdict, s.home[s.job[j].verdict, t]
    if n > s.cls[c].room:
        return -1
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if n > s.pool[p].room or s.verdict[verdict, p] < 0:
            continue
        score = (s.rank[verdict, p] << 32) + s.pool[p].free - s.pool[p].claimed - n
        if score < best_score and place.may_start(s, p, c, j, True):
            best, best_score = p, score
    if best >= 0 and not place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
        return -1
    return best


@compiled
def _could_start(s: State, t: int) -> bool:
    """True if someone who waits would fit into site `t` but for reservations, or is owed room."""
    most = _most(s, t)
    for i in range(s.site[t].active):
        n, c = s.line[t, i].n, s.line[t, i].cls
        if n <= most and n <= s.cls[c].room:
            verdict = s.bucket[s.line[t, i].bucket].verdict
            end = s.number[NOW] + s.line[t, i].wall
            for p in range(s.site[t].pool0, s.site[t].pool1):
                if s.verdict[verdict, p] >= 0 and n <= s.pool[p].room:
                    if limits.fits(s, p, c, n, end):
                        return True
        if s.number[POLICY] == CHARTER and limits.floor_room(s, c) >= n:
            return True
    return False


@compiled
def _most(s: State, t: int) -> int:
    """The most accelerators that any pool of site `t` could take now."""
    most = 0
    for p in range(s.site[t].pool0, s.site[t].pool1):
        most = max(most, s.pool[p].room)
    return most


@compiled
def _drop_reservations(s: State, t: int) -> None:
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0:
            s.job[h].reserved = -1
            s.pool[p].r_job = -1


@compiled
def _reserve(s: State, t: int, j: int, epoch: int) -> None:
    """Give job `j` the reservation of the pool of site `t` where it could start soonest.

    It may take a pool from whoever comes after it. Pools are tried in the order in which they have
    the units, before which nothing can start.
    """
    n, verdict, c = s.job[j].n, s.job[j].verdict, s.home[s.job[j].verdict, t]
    elsewhere = s.job[j].reserved
    soonest = s.pool[elsewhere].r_time if elsewhere >= 0 else NEVER
    best, last_at, last_p = -1, -1, -1
    while True:
        following, p = NEVER, -1
        for q in range(s.site[t].pool0, s.site[t].pool1):
            h = s.pool[q].r_job
            if s.verdict[verdict, q] < 0 or n > s.pool[q].units:
                continue
            if h >= 0 and (s.pool[q].head == epoch or not queue.before(s, t, j, h)):
                continue
            at, _ = shadow.units_time(s, q, n)
            if (at > last_at or (at == last_at and q > last_p)) and at < following:
                following, p = at, q
        if p < 0 or following > soonest or (following == soonest and (best < 0 or p > best)):
            break
        last_at, last_p = following, p
        at, _ = shadow.start_of(s, p, c, j, False)
        if at < soonest or (at == soonest and p < best):
            best, soonest = p, at
    if best < 0:
        return
    if elsewhere >= 0:
        s.pool[elsewhere].r_job = -1
        # A pass there now could give the reservation back and so on for ever; the next one will do.
        s.site[s.pool[elsewhere].site].valid = 0
    if s.pool[best].r_job >= 0:
        s.job[s.pool[best].r_job].reserved = -1
    at, extra = shadow.start_of(s, best, c, j, True)
    held.reserve(s, best, j, at, extra)
    s.pool[best].head = epoch


@compiled
def has_open_pool(s: State, t: int, verdict: int) -> bool:
    """True if a pool of site `t` that will do for `verdict` has no reservation."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[p].r_job < 0 and s.verdict[verdict, p] >= 0:
            return True
    return False


@compiled
def is_due(s: State, t: int, j: int) -> bool:
    """True if a floor at site `t` owes room to job `j`."""
    if s.number[POLICY] != CHARTER:
        return False
    return limits.floor_room(s, s.home[s.job[j].verdict, t]) >= s.job[j].n


@compiled
def _line_up(s: State, t: int, epoch: int, heads: int) -> int:
    """Line up all whom this pass could still give a start or, if it is `open`, a reservation."""
    limits.measure(s, t)
    steps = held.measure_late(s, t) if heads == 0 else 0
    return order.line_up(s, t, epoch, _most(s, t), heads > 0, steps)


@compiled
def _time_again(s: State, t: int) -> None:
    """Work out anew when those who hold a reservation can start, where that may have changed."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and s.pool[p].again == 1:
            at, extra = shadow.start_of(s, p, s.home[s.job[h].verdict, t], h, True)
            held.reserve(s, p, h, at, extra)


@compiled
def _drop_others(s: State, t: int, epoch: int) -> None:
    """Take back the reservations of those who are no longer among the first."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and s.pool[p].head != epoch:
            s.job[h].reserved = -1
            s.pool[p].r_job = -1


@compiled
def run_pass(s: State, t: int, door: int) -> None:
    """Start at site `t` whatever may start now; the first who may not hold its reservations.

    If nothing that waits could fit, reservations guard against nobody and are left as they are,
    unless there is someone new at the `door` (-1: nobody).
    """
    claims.start_claims(s, t)
    if s.site[t].kept == 0 or s.number[POLICY] != CHARTER or s.site[t].active == 0:
        _drop_reservations(s, t)
    s.site[t].kept = 1
    s.site[t].valid = 1 if s.site[t].active == 0 else 0
    if s.site[t].active == 0:
        return
    decay(s, t)
    limits.measure(s, t)
    if door < 0 and not _could_start(s, t):
        return
    _time_again(s, t)
    s.number[EPOCH] += 1
    epoch = s.number[EPOCH]
    heads = s.site[t].pool1 - s.site[t].pool0
    count = _line_up(s, t, epoch, heads)
    while count > 0:
        b = order.take_first(s, count)
        count -= 1
        j = s.bucket[b].head
        p = best_start(s, t, j)
        if p >= 0:
            _start(s, t, p, j, epoch)
            count = _line_up(s, t, epoch, heads)
            continue
        s.bucket[b].epoch = epoch
        # No room is kept for work that its project could not pay for.
        if not place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
            continue
        if is_due(s, t, j) and claims.reclaim_for(s, j, t):
            s.bucket[b].epoch = 0  # If it is empty now, its next tenant begins with 0 anyway.
            _time_again(s, t)
            count = _line_up(s, t, epoch, heads)
            continue
        if s.number[POLICY] == FCFS:
            break
        if heads > 0:
            heads -= 1
            _be_head(s, t, j, epoch)
            if heads == 0:
                _drop_others(s, t, epoch)
                count = _line_up(s, t, epoch, heads)
    if heads > 0:
        _drop_others(s, t, epoch)
    s.site[t].valid = 1


@compiled
def _be_head(s: State, t: int, j: int, epoch: int) -> None:
    """Let job `j`, one of the first at site `t`, keep its reservation or have one."""
    reserved = s.job[j].reserved
    if reserved >= 0 and s.pool[reserved].site == t:
        s.pool[reserved].head = epoch
    else:
        _reserve(s, t, j, epoch)


@compiled
def _start(s: State, t: int, p: int, j: int, epoch: int) -> None:
    """Start waiting job `j` in pool `p` of site `t`."""
    reserved = s.job[j].reserved
    outranks = held.go_before(s, t, j)
    queue.dequeue(s, j)
    if reserved >= 0 and s.pool[reserved].site != t:  # Its reservation elsewhere stood in the way.
        place.look_again(s, s.pool[reserved].site)
    if not place.start(s, p, s.home[s.job[j].verdict, t], j):
        queue.enqueue(s, j)
        s.bucket[s.job[j].bucket].epoch = epoch
    elif outranks:
        _time_again(s, t)


@compiled
def settle(s: State) -> None:
    """Pass over every site that needs it, until none does."""
    while s.number[NEED_N] > 0:
        t = s.need[0]
        for i in range(1, s.number[NEED_N]):
            if s.need[i] < t:
                t = s.need[i]
        last = 0
        for i in range(s.number[NEED_N]):
            if s.need[i] != t:
                s.need[last] = s.need[i]
                last += 1
        s.number[NEED_N] = last
        s.site[t].needs = 0
        run_pass(s, t, -1)
