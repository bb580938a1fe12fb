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
    STAIR_N,
    WAITING,
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
            place.set_use(s, r, t, place.faded(s, t, s.use[r, t], steps))


@compiled
def best_start(s: State, t: int, j: int) -> int:
    """The pool of site `t` in which job `j` may start now and would rather, or -1."""
    best, best_score = -1, 1 << 62
    n, verdict, c = s.job[j].n, s.job[j].verdict, s.home[s.job[j].verdict, t]
    if n > s.cls[c].room:
        return -1
    step = held.late_step(s, s.number[NOW] + s.job[j].wall)
    pool, classes = s.pool, s.verdict[verdict]
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if n > pool[p].room or classes[p] < 0:
            continue
        if step >= 0 and n > s.stair_room[step, p - s.site[t].pool0]:
            continue
        score = (s.rank[verdict, p] << 32) + pool[p].free - pool[p].claimed - n
        if score < best_score and place.may_start(s, p, c, j, True):
            best, best_score = p, score
    if best >= 0 and not place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
        return -1
    return best


@compiled
def _could_start(s: State, t: int, beside: bool) -> bool:
    """True if someone who waits would fit into site `t` or is owed room.

    With `beside`: beside what those hold who come before him; `held.measure_late` has measured.
    """
    most, owed = _most(s, t), order.most_owed(s, t)
    held_by = beside and order.note_last_holder(s, t)
    line, cls, now = s.line[t], s.cls, s.number[NOW]  # Held on to: this loop is long.
    for i in range(s.site[t].active):
        n, c = line[i].n, line[i].cls
        if n > most and n > owed:
            continue
        if n <= owed and cls[c].owed >= n:
            return True
        if n > most or n > cls[c].room:
            continue
        end = now + line[i].wall
        step = held.late_step(s, end) if beside else -1
        if step >= 0 and n > s.stair[step].room:
            if not held_by or order.is_beyond_last_holder(s, t, i):
                continue
        b = line[i].bucket
        for p in range(s.site[t].pool0, s.site[t].pool1):
            if s.verdict[s.bucket[b].verdict, p] >= 0 and n <= s.pool[p].room:
                if beside:
                    if place.may_start(s, p, c, s.bucket[b].head, True):
                        return True
                elif limits.fits(s, p, c, n, end):
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
        s.site[s.pool[elsewhere].site].elect = 1
    if s.pool[best].r_job >= 0:
        s.job[s.pool[best].r_job].reserved = -1
    at, extra = shadow.start_of(s, best, c, j, True)
    held.reserve(s, best, j, at, extra)
    s.pool[best].head = epoch


@compiled
def is_due(s: State, t: int, j: int) -> bool:
    """True if a floor at site `t` owes room to job `j`."""
    if s.number[POLICY] != CHARTER:
        return False
    return limits.floor_room(s, s.home[s.job[j].verdict, t]) >= s.job[j].n


@compiled
def _line_up(s: State, t: int, epoch: int, heads: int) -> int:
    """Line up all whom this pass could still give a start or, with `heads`, a reservation."""
    limits.measure(s, t)
    s.number[STAIR_N] = 0
    if heads > 0:
        return order.line_up_first(s, t, epoch, 2 * heads)
    _time_again(s, t, -1)
    held.measure_late(s, t)
    return order.line_up_rest(s, t, epoch, _most(s, t))


@compiled
def _time_again(s: State, t: int, j: int) -> None:
    """Work out anew when those who hold a reservation can start, where that may have changed.

    Of those only who go before job `j`, or (-1) of all.
    """
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and s.pool[p].again == 1 and (j < 0 or queue.before(s, t, h, j)):
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

    If nobody who waits could start, those who hold the reservations keep them, unless there is
    someone new at the `door` (-1: nobody) and others may be the first by now.
    """
    claims.start_claims(s, t)
    if s.site[t].kept == 0 or s.number[POLICY] != CHARTER or s.site[t].active == 0:
        _drop_reservations(s, t)
        s.site[t].elect = 1
    s.site[t].kept = 1
    s.site[t].valid = 0
    if s.site[t].active == 0:
        return
    decay(s, t)
    elect = s.site[t].elect == 1
    if door >= 0 and not elect:
        _time_again(s, t, -1)
        s.site[t].valid = 1
        if s.site[t].needs == 0:
            return
    limits.measure(s, t)
    if (door < 0 or not elect) and not _could_start(s, t, False):
        return
    if not elect:
        held.measure_late(s, t)
        if not _could_start(s, t, True):
            return
    _serve(s, t)
    s.site[t].valid = 1
    s.site[t].elect = 0


@compiled
def _serve(s: State, t: int) -> None:
    """Ask all at site `t` who could start, in their order, the first of them in any case."""
    s.number[EPOCH] += 1
    epoch = s.number[EPOCH]
    heads = s.site[t].pool1 - s.site[t].pool0
    s.site[t].last = -1
    count = _line_up(s, t, epoch, heads)
    while True:
        count = order.bring_first(s, t, count, heads > 0)
        if count == 0:
            if heads > 0:
                count = _line_up(s, t, epoch, heads)
            if count == 0:
                break
            continue
        b = s.order[0].bucket
        j = s.bucket[b].head
        _time_again(s, t, j)
        p = best_start(s, t, j)
        if p >= 0:
            count = _start_first(s, t, p, j, epoch, heads, count)
            continue
        s.bucket[b].epoch = epoch
        count = order.drop_first(s, count)
        # No room is kept for work that its project could not pay for.
        if place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
            if is_due(s, t, j) and claims.reclaim_for(s, j, t):
                s.bucket[b].epoch = 0  # If it is empty now, its next tenant begins with 0 anyway.
                count = _line_up(s, t, epoch, heads)
            elif s.number[POLICY] == FCFS:
                return
            elif heads > 0:
                heads -= 1
                _be_head(s, t, j, epoch)
                if heads == 0:
                    s.site[t].last = j
                    s.site[t].last_seq = s.job[j].seq
                    _drop_others(s, t, epoch)
                    count = _line_up(s, t, epoch, heads)
    if heads > 0:
        _drop_others(s, t, epoch)
    _time_again(s, t, -1)


@compiled
def may_be_head(s: State, t: int, j: int) -> bool:
    """True if job `j`, which is new at site `t`, may be one of the first there."""
    last = s.site[t].last
    if last < 0 or s.job[last].state != WAITING or s.job[last].seq != s.site[t].last_seq:
        return True
    return queue.before(s, t, j, last)


@compiled
def _be_head(s: State, t: int, j: int, epoch: int) -> None:
    """Let job `j`, one of the first at site `t`, keep its reservation or have one."""
    reserved = s.job[j].reserved
    if reserved >= 0 and s.pool[reserved].site == t:
        s.pool[reserved].head = epoch
    else:
        _reserve(s, t, j, epoch)


@compiled
def _start_first(s: State, t: int, p: int, j: int, epoch: int, heads: int, count: int) -> int:
    """Start job `j`, the first of `count` in line, in pool `p` of site `t`; how many are left."""
    reserved, b = s.job[j].reserved, s.job[j].bucket
    outranks = held.go_before(s, p, j)
    queue.dequeue(s, j)
    if reserved >= 0 and s.pool[reserved].site != t:  # Its reservation elsewhere stood in the way.
        place.look_again(s, s.pool[reserved].site)
    if not place.start(s, p, s.home[s.job[j].verdict, t], j):
        queue.enqueue(s, j)
        s.bucket[s.job[j].bucket].epoch = epoch
        return _line_up(s, t, epoch, heads)
    if heads == 0 and (outranks or (reserved >= 0 and s.pool[reserved].site == t)):
        return _line_up(s, t, epoch, heads)  # Others than those in line may fit now.
    limits.measure(s, t)
    return count if s.bucket[b].head >= 0 else order.drop_first(s, count)


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
