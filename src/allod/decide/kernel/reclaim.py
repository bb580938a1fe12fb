"""Lent room comes back: who must go so that work within its floor can run (C2 to C5).

Each running job carries one bit for each depth of its class path: set if it is within the floor of
its class there. A job may be taken only for work whose branch, seen from the class in which the two
paths meet, is within its floor, and only if the job is not within the floor of its own branch. So
whoever was placed by a reclaim is out of reach of whom it displaced (C5); ADR-0004 has the proof.
"""

from __future__ import annotations

from allod.decide.kernel import limits, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import DOMAIN, NOW, PACKED, PAIR_N, State


@compiled
def gather(s: State, pool0: int, pool1: int) -> int:
    """Write the running jobs of pools `pool0`..`pool1` to scratch, oldest start first; their number."""
    count = 0
    for p in range(pool0, pool1):
        b = s.pool[p].ends_head
        while b >= 0:
            for i in range(s.block[b].n):
                s.scratch[count] = s.block_job[b, i]
                count += 1
            b = s.block[b].next
    _sort_by_start(s, count)
    return count


@compiled
def _older(s: State, i: int, j: int) -> bool:
    if s.job[i].start != s.job[j].start:
        return s.job[i].start < s.job[j].start
    return s.job[i].seq < s.job[j].seq


@compiled
def _sort_by_start(s: State, count: int) -> None:
    """Heap sort of scratch[:count], in place."""
    for root in range(count // 2 - 1, -1, -1):
        _sift(s, root, count)
    for last in range(count - 1, 0, -1):
        s.scratch[0], s.scratch[last] = s.scratch[last], s.scratch[0]
        _sift(s, 0, last)


@compiled
def _sift(s: State, root: int, count: int) -> None:
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        if child + 1 < count and _older(s, s.scratch[child], s.scratch[child + 1]):
            child += 1
        if not _older(s, s.scratch[root], s.scratch[child]):
            return
        s.scratch[root], s.scratch[child] = s.scratch[child], s.scratch[root]
        root = child


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
    work that is not, so that the floors inside a class are never weaker than the class's own.
    """
    bit = 1 << s.cls[a].depth
    below = bit << 1
    total = 0
    for inner in range(2):  # 0: backed further in; 1: kept from before; then the rest, oldest first
        for i in range(count + claims):
            j = s.scratch[i]
            if not _inside(s, s.job[j].cls, a):
                continue
            is_inner = s.job[j].cls != a and s.job[j].backed & below != 0
            if inner == 0 and is_inner:
                s.job[j].backed |= bit
                total += s.job[j].n
            elif inner == 1 and not is_inner and s.job[j].backed & bit != 0:
                if total + s.job[j].n <= s.cls[a].floor:
                    total += s.job[j].n
                else:
                    s.job[j].backed &= ~bit
    for i in range(count + claims):
        j = s.scratch[i]
        if s.job[j].backed & bit == 0 and _inside(s, s.job[j].cls, a):
            if total + s.job[j].n <= s.cls[a].floor:
                s.job[j].backed |= bit
                total += s.job[j].n


@compiled
def back_all(s: State, t: int, class0: int, class1: int) -> int:
    """Bring all backing at site `t` up to date; leaves its running jobs in scratch, their number."""
    count = gather(s, s.site[t].pool0, s.site[t].pool1)
    claims = s.site[t].claim_n
    for i in range(claims):
        s.scratch[count + i] = s.claim[t, i]
    for a in range(class1 - 1, class0 - 1, -1):  # Children have higher numbers than their parents.
        if s.cls[a].site == t and s.cls[a].floor > 0:
            _back_class(s, a, count, claims)
    return count


@compiled
def _displaced(s: State, victim_seq: int, by_seq: int) -> bool:
    """True if `victim_seq` was once reclaimed to make room for `by_seq`."""
    for i in range(min(s.number[PAIR_N], len(s.pair))):
        if s.pair[i, 0] == victim_seq and s.pair[i, 1] == by_seq:
            return True
    return False


@compiled
def may_take(s: State, c: int, n: int, j: int, r: int, gone: object) -> bool:
    """True if running job `r` may be taken for job `j` of class `c`; `gone`: use already taken."""
    d = s.job[r].cls
    a, b = c, d
    while s.cls[a].depth > s.cls[b].depth:
        a = s.cls[a].parent
    while s.cls[b].depth > s.cls[a].depth:
        b = s.cls[b].parent
    if a == b:
        return False  # One's class lies in the other's: nothing between them is promised.
    while s.cls[a].parent != s.cls[b].parent:
        a, b = s.cls[a].parent, s.cls[b].parent
    if s.cls[a].use + s.cls[a].claimed - gone[a] + n > s.cls[a].floor:  # type: ignore[index]
        return False
    if s.cls[b].use + s.cls[b].claimed - gone[b] <= s.cls[b].floor:  # type: ignore[index]
        return False
    if s.job[r].backed & (1 << s.cls[b].depth) != 0:
        return False
    return not _displaced(s, s.job[j].seq, s.job[r].seq)


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
    return _older(s, j, i)


@compiled
def take(s: State, r: int, p: int, by: int, gone: object, freed: object) -> None:
    """Count job `r` as gone (`by` = 1) or as staying after all (-1)."""
    n = s.job[r].n
    a = s.job[r].cls
    while a >= 0:
        gone[a] += by * n  # type: ignore[index]
        a = s.cls[a].parent
    freed[0] += by * n  # type: ignore[index]
    limits.add(s, p, s.job[r].cls, -by * n, s.job[r].ends, False)
    if s.pool[p].per_node > 1:
        span = s.job[r].span
        while span >= 0:
            node = s.pool[p].node0 + s.span[span].node
            room.set_free(s, p, node, s.node_free[node] + by * s.span[span].n)
            span = s.span[span].next


@compiled
def enough(s: State, p: int, c: int, j: int, freed: int, until: int) -> bool:
    """True if job `j` would fit into pool `p` with `freed` units more."""
    n = s.job[j].n
    if n > s.pool[p].free - s.pool[p].claimed + freed:
        return False
    if not limits.fits(s, p, c, n, until):
        return False
    if s.pool[p].per_node > 1 and s.job[j].topology in (PACKED, DOMAIN):
        return room.packs(s, p, n, s.job[j].topology)
    return True
