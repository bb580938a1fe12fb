"""Claims: room that is promised to one job while those who must go are going.

A claim is due when its notice has run out; `job.ends` of a claiming job says when. Claims of a site
are kept and started in the order in which they are due, so that one with a short notice does not
wait for the victims of one with a long notice (C2).
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import limits, place, queue, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.reclaim import (
    back_all,
    has_room,
    helps,
    is_owed_by,
    leaves_at,
    line_up_victims,
    may_take,
    remember,
    take,
    units_and_nodes,
)
from allod.decide.kernel.state import CLAIMED, CLAIMS_MAX, NEVER, NEW, NOW, RECLAIMED, State


@compiled
def reclaim_for(s: State, j: int, t: int) -> bool:
    """Take lent room at site `t` back for job `j`, which is within a floor; False if that fails.

    On success `j` holds a claim, and each job that must go has a Reclaim decision.
    """
    c = s.home[s.job[j].verdict, t]
    n = s.job[j].n
    if limits.floor_room(s, c) < n or s.site[t].claim_n >= CLAIMS_MAX:
        return False
    latest = s.number[NOW] + s.cls[c].notice + s.site[t].stop
    if not place.in_budget(s, j, latest + s.job[j].wall) or not _someone_borrows(s, t, c):
        return False
    count = back_all(s, t)
    victims = line_up_victims(s, count, count, s.number[NOW] + s.cls[c].notice)
    last = -1
    while True:
        best, best_rank = -1, 1 << 60
        for p in range(s.site[t].pool0, s.site[t].pool1):
            rank = (s.rank[s.job[j].verdict, p] << 20) + p - s.site[t].pool0
            fits_pool = s.verdict[s.job[j].verdict, p] >= 0 and n <= s.pool[p].units
            if fits_pool and last < rank < best_rank:
                best, best_rank = p, rank
        if best < 0:
            return False
        if _reclaim_in(s, j, best, c, count, victims):
            return True
        last = best_rank


@compiled
def _someone_borrows(s: State, t: int, c: int) -> bool:
    """True if some class of site `t` other than `c` is over its floor; else nobody is a victim."""
    for a in range(s.site[t].class0, s.site[t].class1):
        if s.cls[a].use > s.cls[a].floor and a != c:
            return True
    return False


@compiled
def _reclaim_in(s: State, j: int, p: int, c: int, count: int, victims: int) -> bool:
    """As `reclaim_for`, in pool `p`.

    The site's running jobs are the first `count` of scratch, and then whom it may take, in order.
    """
    t, n = s.pool[p].site, s.job[j].n
    by = s.number[NOW] + s.cls[c].notice
    until = by + s.site[t].stop + s.job[j].wall
    gone = np.zeros(len(s.cls), np.int64)
    freed = np.zeros(1, np.int64)
    for i in range(count):  # What ends within the notice or was told to go makes room by itself.
        if leaves_at(s, s.scratch[i]) <= by:
            take(s, s.scratch[i], p, 1, gone, freed)
    _leave_out_later(s, t, by, 1, gone)

    taken = np.empty(count, np.int64)
    taken_n = 0
    serves = _serves(s, j, p, c, count, by, until, freed)
    has_limits = limits.fits(s, p, c, n, until)
    has_units = units_and_nodes(s, p, j, freed[0])
    x, unowed = 0, victims  # From `unowed` on, someone may become fair game by who goes.
    while not serves and x < victims:
        victim = s.scratch[count + x]
        x += 1
        if s.job[victim].stop_at != 0:
            continue
        if not may_take(s, c, n, j, victim, gone):
            if not is_owed_by(s, c, n, victim, gone):
                unowed = min(unowed, x - 1)
            continue
        if not helps(s, j, p, c, victim, until, has_limits, has_units):
            continue
        s.job[victim].stop_at = -1  # Marked; the time is written once all are found.
        taken[taken_n] = victim
        taken_n += 1
        take(s, victim, p, 1, gone, freed)
        serves = _serves(s, j, p, c, count, by, until, freed)
        had_limits = has_limits
        has_limits = limits.fits(s, p, c, n, until)
        has_units = units_and_nodes(s, p, j, freed[0])
        x, unowed = 0 if has_limits != had_limits else min(x, unowed), victims
    if serves:
        _spare(s, j, p, c, count, by, until, gone, freed, taken, taken_n)
        if s.pool[p].per_node > 1:  # Its own, so that no other claim can break them up.
            room.choose(s, p, t, j)

    for i in range(count):  # Nothing has been taken yet: put the accounts back as they were.
        r = s.scratch[i]
        if s.job[r].stop_at == -1 or leaves_at(s, r) <= by:
            take(s, r, p, -1, gone, freed)
    _leave_out_later(s, t, by, -1, gone)
    for i in range(taken_n):
        r = taken[i]
        if s.job[r].stop_at == -1:
            s.job[r].stop_at = by if serves else 0
            if serves:
                place.decide(s, RECLAIMED, r, j, True, by)
                remember(s, s.job[r].seq, s.job[j].seq)
    if serves:
        _claim(s, j, p, c, by)
    return serves


@compiled
def _spare(
    s: State,
    j: int,
    p: int,
    c: int,
    count: int,
    by: int,
    until: int,
    gone: object,
    freed: object,
    taken: object,
    taken_n: int,
) -> None:
    """Let whoever turns out not to be needed stay; those who should rather not go come first (C3).

    Who stays may be what made the next one fair game, so those are looked at again.
    """
    for i in range(taken_n - 1, -1, -1):
        r = taken[i]  # type: ignore[index]
        s.job[r].stop_at = 0
        take(s, r, p, -1, gone, freed)
        fair = True
        for x in range(taken_n):
            v = taken[x]  # type: ignore[index]
            if s.job[v].stop_at == -1 and not is_owed_by(s, c, s.job[j].n, v, gone):
                fair = False
        if not fair or not _serves(s, j, p, c, count, by, until, freed):
            s.job[r].stop_at = -1
            take(s, r, p, 1, gone, freed)


@compiled
def _leave_out_later(s: State, t: int, by: int, sign: int, gone: object) -> None:
    """Leave claims that are due after `by` out of what is promised, or (-1) count them again."""
    for i in range(s.site[t].claim_n):
        x = s.claim[t, i]
        if s.job[x].ends > by:
            _count_claim(s, x, -sign)
            a = s.job[x].cls
            while a >= 0:  # Floors count them all the same.
                gone[a] -= sign * s.job[x].n  # type: ignore[index]
                a = s.cls[a].parent


@compiled
def _serves(
    s: State, j: int, p: int, c: int, count: int, by: int, until: int, freed: object
) -> bool:
    """True if job `j` would fit into pool `p` at `by`, and each later claim when it is due."""
    t = s.pool[p].site
    if not has_room(s, p, c, j, freed[0], until):  # type: ignore[index]
        return False
    done = by
    ok = True
    gone = np.zeros(0, np.int64)
    while ok:  # From one due time to the next, with whoever has left by then.
        following = NEVER
        for i in range(s.site[t].claim_n):
            if s.job[s.claim[t, i]].ends > done:
                following = min(following, s.job[s.claim[t, i]].ends)
        if following == NEVER:
            break
        if len(gone) == 0:
            gone = np.zeros(len(s.cls), np.int64)
        _move_on(s, t, p, count, done, following, 1, gone, freed)
        done = following
        late = s.job[j].wall + done + s.site[t].stop
        ok = has_room(s, p, c, j, freed[0], late)  # type: ignore[index]
    if done > by:
        _move_on(s, t, p, count, by, done, -1, gone, freed)
    return ok


@compiled
def _move_on(
    s: State,
    t: int,
    p: int,
    count: int,
    after: int,
    to: int,
    sign: int,
    gone: object,
    freed: object,
) -> None:
    """Count what leaves and which claims become due after `after` and up to `to`, or undo it."""
    for i in range(count):
        r = s.scratch[i]
        if s.job[r].stop_at != -1 and after < leaves_at(s, r) <= to:
            take(s, r, p, sign, gone, freed)
    for i in range(s.site[t].claim_n):
        x = s.claim[t, i]
        if after < s.job[x].ends <= to:
            _count_claim(s, x, sign)


@compiled
def _claim(s: State, j: int, p: int, c: int, by: int) -> None:
    t = s.pool[p].site
    if s.job[j].state != NEW:
        held = s.job[j].reserved
        queue.dequeue(s, j)
        if held >= 0 and s.pool[held].site != t:  # Its reservation elsewhere stood in the way.
            place.look_again(s, s.pool[held].site)
    s.job[j].state = CLAIMED
    s.job[j].pool = p
    s.job[j].cls = c
    s.job[j].start = s.number[NOW]
    s.job[j].ends = by
    s.job[j].backed = place.backing(s, p, c, s.job[j].n)
    s.pool[p].claimed += s.job[j].n
    limits.add(s, p, c, s.job[j].n, NEVER, True)
    place.charge(s, j, t)
    i = s.site[t].claim_n
    while i > 0 and s.job[s.claim[t, i - 1]].ends > by:
        s.claim[t, i] = s.claim[t, i - 1]
        i -= 1
    s.claim[t, i] = j
    s.site[t].claim_n += 1
    place.need_pass(
        s, t
    )  # Its room may be there already, and was only promised to others till now.


@compiled
def unclaim(s: State, j: int) -> None:
    """Take back the claim of job `j`; its room is no longer promised."""
    t = s.pool[s.job[j].pool].site
    _count_claim(s, j, -1)
    i = 0
    while s.claim[t, i] != j:
        i += 1
    for x in range(i, s.site[t].claim_n - 1):
        s.claim[t, x] = s.claim[t, x + 1]
    s.site[t].claim_n -= 1
    s.site[t].valid = 0
    s.site[t].kept = 0


@compiled
def start_claims(s: State, t: int) -> None:
    """Start every claim at site `t` whose room is there, in the order in which they are due."""
    i = 0
    while i < s.site[t].claim_n:
        j = s.claim[t, i]
        p, c = s.job[j].pool, s.job[j].cls
        for x in range(
            i, s.site[t].claim_n
        ):  # Room that is promised to those after it may be used.
            _count_claim(s, s.claim[t, x], -1)
        ready = (
            s.job[j].n <= s.pool[p].free - s.pool[p].claimed
            and limits.fits(s, p, c, s.job[j].n, s.number[NOW] + s.job[j].wall)
            and (s.pool[p].per_node == 1 or room.are_chosen_free(s, p, j))
        )
        for x in range(i, s.site[t].claim_n):
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
