"""Lent room comes back: who must go so that work within its floor can run (C2 to C5).

Each running job carries one bit for each depth of its class path: set if it is within the floor of
its class there. A job may be taken only for work whose branch, seen from the class in which the two
paths meet, is within its floor, and only if the job is not within the floor of its own branch. So
whoever was placed by a reclaim is out of reach of whom it displaced (C5); ADR-0004 has the proof.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import ends, limits, place, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import FREE, NOW, PAIR_N, SPREAD, State


@compiled
def gather(s: State, t: int) -> int:
    """Write the running jobs of site `t` to scratch, oldest first; their number."""
    count = 0
    for p in range(s.site[t].pool0, s.site[t].pool1):
        count += s.pool[p].running
    i, j = count, s.site[t].youngest
    job, scratch = s.job, s.scratch
    while j >= 0:
        i -= 1
        scratch[i] = j
        j = job[j].older
    return count


@compiled
def _sort(s: State, first: int, count: int) -> None:
    """Heap sort of `count` victims in scratch from `first` on, who goes first in front."""
    for root in range(count // 2 - 1, -1, -1):
        _sift(s, first, root, count)
    for last in range(count - 1, 0, -1):
        x, y = first, first + last
        s.scratch[x], s.scratch[y] = s.scratch[y], s.scratch[x]
        _sift(s, first, 0, last)


@compiled
def _sift(s: State, first: int, root: int, count: int) -> None:
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        x = first + child
        if child + 1 < count and better_victim(s, s.scratch[x], s.scratch[x + 1]):
            child += 1
            x += 1
        y = first + root
        if not better_victim(s, s.scratch[y], s.scratch[x]):
            return
        s.scratch[y], s.scratch[x] = s.scratch[x], s.scratch[y]
        root = child


@compiled
def line_up_victims(s: State, first: int, count: int, by: int) -> int:
    """Write whom a reclaim may take to scratch from `first` on, who goes first in front; how many.

    They are of the `count` running jobs that `back_all` has left there, and still run after `by`.
    """
    victims = 0
    for i in range(count):
        r = s.scratch[i]
        if s.job[r].stop_at == 0 and s.job[r].ends > by and place.is_lent(s, r):
            s.scratch[first + victims] = r
            victims += 1
    _sort(s, first, victims)
    return victims


@compiled
def _inside(s: State, c: int, a: int) -> bool:
    """True if class `c` is `a` or lies in it."""
    while c >= 0:
        if c == a:
            return True
        c = s.cls[c].parent
    return False


@compiled
def _back_class(s: State, a: int, count: int, claims: int) -> None:
    """Let every job that the floor of class `a` still covers be backed there, oldest first.

    Work that is backed in a class inside `a` comes first; if needed it takes the backing over from
    work that is not, so that the floors inside a class are never weaker than the class's own. As
    floors inside a class fit into its own (C1), all of that work finds room.
    """
    bit = 1 << s.cls[a].depth
    below = bit << 1
    rows, total = count + claims, 0
    all_fit = s.cls[a].use + s.cls[a].claimed <= s.cls[a].floor
    job, scratch, floor = s.job, s.scratch, s.cls[a].floor
    listed = np.zeros(3, np.int64)  # 0: backed further in; 1: backed here before; 2: the rest
    for i in range(rows):
        j = scratch[i]
        if not _inside(s, job[j].cls, a):
            continue
        if all_fit:
            job[j].backed |= bit
            continue
        turn = 1 if job[j].backed & bit != 0 else 2
        if job[j].cls != a and job[j].backed & below != 0:
            turn = 0
        scratch[(turn + 1) * rows + listed[turn]] = j
        listed[turn] += 1
    for turn in range(3):
        for i in range(listed[turn]):
            j = scratch[(turn + 1) * rows + i]
            if total + job[j].n <= floor:
                job[j].backed |= bit
                total += job[j].n
            else:
                job[j].backed &= ~bit


@compiled
def back_all(s: State, t: int) -> int:
    """Bring all backing at site `t` up to date; leaves its running jobs in scratch; how many."""
    count = gather(s, t)
    claims = s.site[t].claim_n
    for i in range(claims):
        s.scratch[count + i] = s.claim[t, i]
    # Children have higher numbers than their parents. Where no floor is, nothing is backed, unless
    # there was one.
    for a in range(s.site[t].class1 - 1, s.site[t].class0 - 1, -1):
        if s.cls[a].floor > 0 or s.site[t].lowered == 1:
            _back_class(s, a, count, claims)
    s.site[t].lowered = 0
    return count


@compiled
def remember(s: State, victim_seq: int, by_seq: int) -> None:
    """Note that `victim_seq` made room for `by_seq` (C5), as long as both are live."""
    if s.number[PAIR_N] == len(s.pair):
        forget_pairs(s)
    if s.number[PAIR_N] == len(s.pair):  # All of them live: the older half goes.
        half = len(s.pair) // 2
        for i in range(half):
            s.pair[i, 0], s.pair[i, 1] = s.pair[i + half, 0], s.pair[i + half, 1]
        s.number[PAIR_N] = half
    i = s.number[PAIR_N]
    s.pair[i, 0], s.pair[i, 1] = victim_seq, by_seq
    s.number[PAIR_N] = i + 1


@compiled
def forget_pairs(s: State) -> None:
    """Drop the pairs of which one is no longer live, and those that are there twice."""
    live = np.empty(len(s.job), np.int64)
    live_n = 0
    for j in range(len(s.job)):
        if s.job[j].state != FREE:
            live[live_n] = s.job[j].seq
            live_n += 1
    found = np.sort(live[:live_n])
    kept = 0
    for i in range(s.number[PAIR_N]):
        a, b = s.pair[i, 0], s.pair[i, 1]
        x, y = np.searchsorted(found, a), np.searchsorted(found, b)
        keep = x < live_n and found[x] == a and y < live_n and found[y] == b
        for k in range(kept):
            if s.pair[k, 0] == a and s.pair[k, 1] == b:
                keep = False
        if keep:
            s.pair[kept, 0], s.pair[kept, 1] = a, b
            kept += 1
    s.number[PAIR_N] = kept


@compiled
def _displaced(s: State, victim_seq: int, by_seq: int) -> bool:
    """True if `victim_seq` was once reclaimed to make room for `by_seq`."""
    for i in range(s.number[PAIR_N]):
        if s.pair[i, 0] == victim_seq and s.pair[i, 1] == by_seq:
            return True
    return False


@compiled
def _branches(s: State, c: int, d: int) -> tuple[int, int]:
    """Classes on the paths of `c` and `d` just below where they meet; -1 if one is in the other."""
    a, b = c, d
    while s.cls[a].depth > s.cls[b].depth:
        a = s.cls[a].parent
    while s.cls[b].depth > s.cls[a].depth:
        b = s.cls[b].parent
    if a == b:
        return -1, -1
    while s.cls[a].parent != s.cls[b].parent:
        a, b = s.cls[a].parent, s.cls[b].parent
    return a, b


@compiled
def is_owed_by(s: State, c: int, n: int, r: int, gone: object) -> bool:
    """True if `n` more of class `c` are within the floor of its branch, as seen from job `r`."""
    a, _ = _branches(s, c, s.job[r].cls)
    return a >= 0 and s.cls[a].use + s.cls[a].claimed - gone[a] + n <= s.cls[a].floor  # type: ignore[index]


@compiled
def may_take(s: State, c: int, n: int, j: int, r: int, gone: object) -> bool:
    """True if running job `r` may be taken for job `j` of class `c`; `gone`: use already taken."""
    a, b = _branches(s, c, s.job[r].cls)
    if a < 0:
        return False  # One's class lies in the other's: nothing between them is promised.
    if s.cls[a].use + s.cls[a].claimed - gone[a] + n > s.cls[a].floor:  # type: ignore[index]
        return False
    if s.cls[b].use + s.cls[b].claimed - gone[b] <= s.cls[b].floor:  # type: ignore[index]
        return False
    if s.job[r].backed & (1 << s.cls[b].depth) != 0:
        return False
    # Who never ran was never reclaimed for anyone.
    return s.job[j].run == 0 or not _displaced(s, s.job[j].seq, s.job[r].seq)


@compiled
def better_victim(s: State, i: int, j: int) -> bool:
    """True if running job `i` is to be taken rather than `j` (C3)."""
    now = s.number[NOW]
    young_i = now - s.job[i].start < s.cls[s.job[i].cls].run_min
    young_j = now - s.job[j].start < s.cls[s.job[j].cls].run_min
    if young_i != young_j:
        return young_j
    if s.cls[s.job[i].cls].priority != s.cls[s.job[j].cls].priority:
        return s.cls[s.job[i].cls].priority < s.cls[s.job[j].cls].priority
    return ends.is_older(s, j, i)


@compiled
def leaves_at(s: State, r: int) -> int:
    """When running job `r` is to be gone: at the end of its wall time or of its notice."""
    if s.job[r].stop_at > 0:
        return min(s.job[r].stop_at, s.job[r].ends)
    return s.job[r].ends


@compiled
def take(s: State, r: int, p: int, by: int, gone: object, freed: object) -> None:
    """Count job `r` as gone (`by` = 1) or as staying after all (-1); `freed`: units of pool `p`."""
    n, q = s.job[r].n, s.job[r].pool
    a = s.job[r].cls
    while a >= 0:
        gone[a] += by * n  # type: ignore[index]
        a = s.cls[a].parent
    limits.weigh(s, q, s.job[r].cls, -by * n, s.job[r].ends)
    limits.relieve(s, r, -by)
    if q != p:
        return
    if s.pool[p].per_node > 1:
        freed[0] += room.free_spans(s, p, r, by)  # type: ignore[index]
    else:
        freed[0] += by * n  # type: ignore[index]


@compiled
def units_and_nodes(s: State, p: int, j: int, freed: int) -> bool:
    """True if pool `p`, with `freed` units more, has units and nodes for job `j` and the claims."""
    n, t = s.job[j].n, s.pool[p].site
    if n > s.pool[p].free - s.pool[p].claimed + freed:
        return False
    if s.pool[p].per_node == 1 or (s.pool[p].claimed == 0 and s.job[j].topology == SPREAD):
        return True
    if s.pool[p].claimed == 0:
        return room.packs(s, p, n, s.job[j].topology, False)
    room.set_aside(s, p, t)
    fits = room.packs(s, p, n, s.job[j].topology, False)
    room.put_back(s, p, t)
    return fits


@compiled
def has_room(s: State, p: int, c: int, j: int, freed: int, until: int) -> bool:
    """True if job `j` would fit into pool `p` with `freed` units more."""
    return limits.fits(s, p, c, s.job[j].n, until) and units_and_nodes(s, p, j, freed)


@compiled
def helps(
    s: State, j: int, p: int, c: int, r: int, until: int, has_limits: bool, has_units: bool
) -> bool:
    """True if the going of job `r` gives job `j` something that it lacks in pool `p`.

    `has_limits` and `has_units` say what it has by now.
    """
    q, n = s.job[r].pool, s.job[j].n
    if has_limits:
        if q == p:
            return True
        # Room enough at first, but not for a claim that is due later: a limit they share may be it.
        return has_units and limits.share(s, p, c, n, r, -1)
    return limits.share(s, p, c, n, r, until) or (q == p and not has_units)
