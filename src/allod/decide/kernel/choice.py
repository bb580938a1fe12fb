"""The pools that a new job could go to, the one it would rather have in front."""

from __future__ import annotations

from allod.decide.kernel import limits
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import FCFS, POLICY, State


@compiled
def with_room(s: State, j: int, score: object, pool: object) -> int:
    """Write the pools that have the units for job `j`, the first choice in front; how many."""
    n, verdict = s.job[j].n, s.job[j].verdict
    home, classes, rank = s.home[verdict], s.verdict[verdict], s.rank[verdict]
    all_pools, fcfs = s.pool, s.number[POLICY] == FCFS  # Held on to: this loop is long.
    count = 0
    for t in range(len(s.site)):
        c = home[t]
        if c < 0 or (fcfs and s.site[t].active > 0):
            continue
        lent = 1 << 56 if limits.floor_room(s, c) < n else 0
        for p in range(s.site[t].pool0, s.site[t].pool1):
            free = all_pools[p].free - all_pools[p].claimed
            if n <= free and classes[p] >= 0:
                own = lent + (rank[p] << 32) + free - n
                least = count
                if count > 0 and own < score[0]:  # type: ignore[index]
                    score[count], pool[count] = score[0], pool[0]  # type: ignore[index]
                    least = 0
                score[least], pool[least] = own, p  # type: ignore[index]
                count += 1
    return count


@compiled
def drop_least(score: object, pool: object, count: int, heaped: bool) -> int:
    """Take the first of `count` that `with_room` has written away; the next comes in front.

    `heaped` is False the first time: few jobs ask for a second pool, so nothing is in order yet.
    """
    count -= 1
    score[0], pool[0] = score[count], pool[count]  # type: ignore[index]
    if not heaped:
        for root in range(count // 2 - 1, 0, -1):
            _sift(score, pool, root, count)
    _sift(score, pool, 0, count)
    return count


@compiled
def _sift(score: object, pool: object, root: int, count: int) -> None:
    own, p = score[root], pool[root]  # type: ignore[index]
    child = 2 * root + 1
    while child < count:
        if child + 1 < count and _is_less(score, pool, child + 1, score[child], pool[child]):  # type: ignore[index]
            child += 1
        if not _is_less(score, pool, child, own, p):
            break
        score[root], pool[root] = score[child], pool[child]  # type: ignore[index]
        root = child
        child = 2 * root + 1
    score[root], pool[root] = own, p  # type: ignore[index]


@compiled
def _is_less(score: object, pool: object, i: int, own: int, p: int) -> bool:
    if score[i] != own:  # type: ignore[index]
        return score[i] < own  # type: ignore[index]
    return pool[i] < p  # type: ignore[index]
