"""Claims: room that is promised to one job while those who must go are going."""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import limits, place, queue, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.reclaim import (
    back_all,
    better_victim,
    enough,
    gather,
    may_take,
    take,
)
from allod.decide.kernel.state import (
    CLAIMED,
    CLAIMS_MAX,
    NEW,
    NOW,
    PAIR_N,
    RECLAIMED,
    State,
)

NEVER = 1 << 53


@compiled
def reclaim_for(s: State, j: int, t: int) -> bool:
    """Take lent room at site `t` back for job `j`, which is within a floor; False if that fails.

    On success `j` holds a claim, and each job that must go has a Reclaim decision.
    """
    c = queue.class_at(s, s.job[j].verdict, t)
    n = s.job[j].n
    if limits.floor_room(s, c) < n or s.site[t].claim_n >= CLAIMS_MAX:
        return False
    if not place.in_budget(s, j, s.number[NOW] + s.cls[c].notice + s.job[j].wall):
        return False
    if not _someone_borrows(s, t, c):
        return False
    back_all(s, t, 0, len(s.cls))
    best_rank = 1 << 30
    best = -1
    tried = 0
    while tried < s.site[t].pool1 - s.site[t].pool0:
        best, best_rank_now = -1, 1 << 30
        for p in range(s.site[t].pool0, s.site[t].pool1):
            rank = s.rank[s.job[j].verdict, p] * 4096 + p - s.site[t].pool0
            fits_pool = s.verdict[s.job[j].verdict, p] >= 0 and n <= s.pool[p].units
            after_last = tried == 0 or rank > best_rank
            if fits_pool and after_last and rank < best_rank_now:
                best, best_rank_now = p, rank
        if best < 0:
            return False
        best_rank = best_rank_now
        tried += 1
        if _reclaim_in(s, j, best, c):
            return True
    return False


@compiled
def _someone_borrows(s: State, t: int, c: int) -> bool:
    """True if some class of site `t` outside the path of `c` is over its floor."""
    for a in range(len(s.cls)):
        if s.cls[a].site == t and s.cls[a].use > s.cls[a].floor and a != c:
            return True
    return False


@compiled
def _reclaim_in(s: State, j: int, p: int, c: int) -> bool:
    """As `reclaim_for`, in pool `p`."""
    now, n = s.number[NOW], s.job[j].n
    by = now + s.cls[c].notice
    until = by + s.job[j].wall
    count = gather(s, p, p + 1)
    gone = np.zeros(len(s.cls), np.int64)
    freed = np.zeros(1, np.int64)
    taken = np.empty(count, np.int64)
    taken_n = 0
    for i in range(count):  # What ends within the notice or was told to go makes room by itself.
        r = s.scratch[i]
        if s.job[r].ends <= by or s.job[r].stop_at > 0:
            taken[taken_n] = r
            taken_n += 1
            take(s, r, p, 1, gone, freed)
    leaving = taken_n
    serves = enough(s, p, c, j, freed[0], until)
    while not serves:
        victim = -1
        for i in range(count):
            r = s.scratch[i]
            if s.job[r].ends <= by or s.job[r].stop_at != 0:
                continue
            if may_take(s, c, n, j, r, gone) and (victim < 0 or better_victim(s, r, victim)):
                victim = r
        if victim < 0:
            break
        s.job[victim].stop_at = -1  # Marked; the time is written once all are found.
        taken[taken_n] = victim
        taken_n += 1
        take(s, victim, p, 1, gone, freed)
        serves = enough(s, p, c, j, freed[0], until)
    if serves:
        for i in range(leaving, taken_n):  # Whoever turns out not to be needed stays.
            r = taken[i]
            take(s, r, p, -1, gone, freed)
            if enough(s, p, c, j, freed[0], until):
                s.job[r].stop_at = 0
            else:
                take(s, r, p, 1, gone, freed)
    for i in range(taken_n):  # Nothing has been taken yet: put the accounts back as they were.
        r = taken[i]
        if i < leaving or s.job[r].stop_at == -1:
            take(s, r, p, -1, gone, freed)
    if not serves:
        for i in range(leaving, taken_n):
            s.job[taken[i]].stop_at = 0
        return False
    for i in range(leaving, taken_n):
        r = taken[i]
        if s.job[r].stop_at == -1:
            s.job[r].stop_at = by
            place.decide(s, RECLAIMED, r, j, True, by)
            s.pair[s.number[PAIR_N] % len(s.pair), 0] = s.job[r].seq
            s.pair[s.number[PAIR_N] % len(s.pair), 1] = s.job[j].seq
            s.number[PAIR_N] += 1
    _claim(s, j, p, c)
    return True


@compiled
def _claim(s: State, j: int, p: int, c: int) -> None:
    t = s.pool[p].site
    if s.job[j].state != NEW:
        queue.dequeue(s, j)
    s.job[j].state = CLAIMED
    s.job[j].pool = p
    s.job[j].cls = c
    s.job[j].start = s.number[NOW]
    s.job[j].backed = place.backing(s, p, c, s.job[j].n)
    s.pool[p].claimed += s.job[j].n
    limits.add(s, p, c, s.job[j].n, NEVER, True)
    place.charge(s, j, t)
    s.claim[t, s.site[t].claim_n] = j
    s.site[t].claim_n += 1
    s.site[t].valid = 0


@compiled
def unclaim(s: State, j: int) -> None:
    """Take back the claim of job `j`; its room is no longer promised."""
    p, c = s.job[j].pool, s.job[j].cls
    t = s.pool[p].site
    s.pool[p].claimed -= s.job[j].n
    limits.add(s, p, c, -s.job[j].n, NEVER, True)
    i = 0
    while s.claim[t, i] != j:
        i += 1
    for x in range(i, s.site[t].claim_n - 1):
        s.claim[t, x] = s.claim[t, x + 1]
    s.site[t].claim_n -= 1
    s.site[t].valid = 0


@compiled
def start_claims(s: State, t: int) -> None:
    """Start every claim at site `t` whose room is there, the oldest first."""
    i = 0
    while i < s.site[t].claim_n:
        later = s.site[t].claim_n
        for x in range(i, later):
            _count_claim(s, s.claim[t, x], -1)
        j = s.claim[t, i]
        p, c = s.job[j].pool, s.job[j].cls
        end = s.number[NOW] + s.job[j].wall
        ready = (
            s.job[j].n <= s.pool[p].free - s.pool[p].claimed
            and limits.fits(s, p, c, s.job[j].n, end)
            and (s.pool[p].per_node == 1 or room.packs(s, p, s.job[j].n, s.job[j].topology))
        )
        for x in range(i, later):
            _count_claim(s, s.claim[t, x], 1)
        if ready:
            unclaim(s, j)
            _account(s, t, c, s.number[NOW] - s.job[j].start)
            place.start(s, p, c, j)
        else:
            i += 1


@compiled
def _account(s: State, t: int, c: int, wait: int) -> None:
    """Note how long a claim of class `c` took to be met."""
    s.cls[c].claims += 1
    s.cls[c].wait = max(s.cls[c].wait, wait)
    if wait > s.cls[c].notice + s.site[t].stop:
        s.cls[c].late += 1


@compiled
def _count_claim(s: State, j: int, by: int) -> None:
    p = s.job[j].pool
    s.pool[p].claimed += by * s.job[j].n
    limits.add(s, p, s.job[j].cls, by * s.job[j].n, NEVER, True)
