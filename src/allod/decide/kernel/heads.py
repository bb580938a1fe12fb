"""The heads of a site: the first who wait there and may not start, and what they have reserved.

Each pool has at most one reservation and each job holds at most one. `passes` asks who the heads
are; here they get their reservations, keep them, and lose them (C7).
"""

from __future__ import annotations

from allod.decide.kernel import held, queue, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import NEVER, WAITING, State


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
def time_again(s: State, t: int, j: int) -> None:
    """Work out anew when those who hold a reservation can start, where that may have changed.

    Of those only who go before job `j`, or (-1) of all.
    """
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and s.pool[p].again == 1 and (j < 0 or queue.before(s, t, h, j)):
            at, extra = shadow.start_of(s, p, s.home[s.job[h].verdict, t], h, True)
            held.reserve(s, p, h, at, extra)


@compiled
def drop_others(s: State, t: int, epoch: int) -> None:
    """Take back the reservations of all but those whom pass `epoch` (-1: none) has made heads."""
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and s.pool[p].head != epoch:
            s.job[h].reserved = -1
            s.pool[p].r_job = -1


@compiled
def may_be_one(s: State, t: int, j: int) -> bool:
    """True if job `j`, which is new at site `t`, may be one of the first there."""
    last = s.site[t].last
    if last < 0 or s.job[last].state != WAITING or s.job[last].seq != s.site[t].last_seq:
        return True
    return queue.before(s, t, j, last)


@compiled
def be_one(s: State, t: int, j: int, epoch: int) -> bool:
    """Let job `j`, one of the first at site `t`, keep its reservation or have one.

    False if it counts as none of them: nobody knows when it can start, since accelerators are out,
    and nobody else should go without a reservation as long as that lasts.
    """
    reserved = s.job[j].reserved
    if reserved >= 0 and s.pool[reserved].site == t:
        s.pool[reserved].head = epoch
        return True
    _reserve(s, t, j, epoch)
    if s.job[j].reserved >= 0:
        return True
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[p].out > 0 and s.verdict[s.job[j].verdict, p] >= 0:
            return False
    return True
