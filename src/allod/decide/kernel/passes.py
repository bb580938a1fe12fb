"""The pass over who waits at a site: one follows each event that changes something there.

It starts whoever is first and fits; the first that does not fit gets the reservation of the pool
where it could start soonest (`heads`); whoever is behind starts only beside that (EASY).
"""

from __future__ import annotations

from allod.decide.kernel import claims, heads, held, limits, order, place, queue
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    CHARTER,
    EPOCH,
    FCFS,
    NEED_N,
    NOW,
    POLICY,
    STAIR_N,
    State,
)

_PASSED_OVER_MAX = 64  #: Who are first and can have no reservation, in one pass.


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
def is_due(s: State, t: int, j: int) -> bool:
    """True if a floor at site `t` owes room to job `j`."""
    if s.number[POLICY] != CHARTER:
        return False
    return limits.floor_room(s, s.home[s.job[j].verdict, t]) >= s.job[j].n


@compiled
def _line_up(s: State, t: int, epoch: int, seats: int) -> int:
    """Line up all whom this pass could still start or, with `seats` left, make a head."""
    limits.measure(s, t)
    s.number[STAIR_N] = 0
    if seats > 0:
        return order.line_up_first(s, t, epoch, 2 * seats)
    heads.time_again(s, t, -1)
    held.measure_late(s, t)
    return order.line_up_rest(s, t, epoch, _most(s, t))


@compiled
def run_pass(s: State, t: int, door: int) -> None:
    """Start at site `t` whatever may start now; the first who may not hold its reservations.

    If nobody who waits could start, those who hold the reservations keep them, unless there is
    someone new at the `door` (-1: nobody) and others may be the first by now.
    """
    claims.start_claims(s, t)
    if s.site[t].kept == 0 or s.number[POLICY] != CHARTER or s.site[t].active == 0:
        heads.drop_others(s, t, -1)
        s.site[t].elect = 1
    s.site[t].kept = 1
    s.site[t].valid = 0
    if s.site[t].active == 0:
        return
    decay(s, t)
    elect = s.site[t].elect == 1
    if door >= 0 and not elect:
        heads.time_again(s, t, -1)
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
    seats, passed_over = s.site[t].pool1 - s.site[t].pool0, 0
    s.site[t].last = -1
    count = _line_up(s, t, epoch, seats)
    while True:
        count = order.bring_first(s, t, count, seats > 0)
        if count == 0:
            if seats > 0:
                count = _line_up(s, t, epoch, seats)
            if count == 0:
                break
            continue
        b = s.order[0].bucket
        j = s.bucket[b].head
        heads.time_again(s, t, j)
        p = best_start(s, t, j)
        if p >= 0:
            count = _start_first(s, t, p, j, epoch, seats, count)
            continue
        s.bucket[b].epoch = epoch
        count = order.drop_first(s, count)
        # No room is kept for work that its project could not pay for.
        if place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
            if is_due(s, t, j) and claims.reclaim_for(s, j, t):
                s.bucket[b].epoch = 0  # If it is empty now, its next tenant begins with 0 anyway.
                count = _line_up(s, t, epoch, seats)
            elif s.number[POLICY] == FCFS:
                return
            elif seats > 0:
                if not heads.be_one(s, t, j, epoch) and passed_over < _PASSED_OVER_MAX:
                    passed_over += 1
                    continue
                seats -= 1
                if seats == 0:
                    s.site[t].last = j
                    s.site[t].last_seq = s.job[j].seq
                    heads.drop_others(s, t, epoch)
                    count = _line_up(s, t, epoch, seats)
    if seats > 0:
        heads.drop_others(s, t, epoch)
    heads.time_again(s, t, -1)


@compiled
def _start_first(s: State, t: int, p: int, j: int, epoch: int, seats: int, count: int) -> int:
    """Start job `j`, the first of `count` in line, in pool `p` of site `t`; how many are left."""
    reserved, b = s.job[j].reserved, s.job[j].bucket
    outranks = held.go_before(s, p, j)
    queue.dequeue(s, j)
    if reserved >= 0 and s.pool[reserved].site != t:  # Its reservation elsewhere stood in the way.
        place.look_again(s, s.pool[reserved].site)
    if not place.start(s, p, s.home[s.job[j].verdict, t], j):
        queue.enqueue(s, j)
        s.bucket[s.job[j].bucket].epoch = epoch
        return _line_up(s, t, epoch, seats)
    if seats == 0 and (outranks or (reserved >= 0 and s.pool[reserved].site == t)):
        return _line_up(s, t, epoch, seats)  # Others than those in line may fit now.
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
