"""The order of a site: who waits there, the first on top of a heap, as a pass takes them.

Within a floor goes before class priority, that before the project with less decayed use for its
share (C6), that before who asked first; `fcfs` and `easy` look at the time of asking only. The
order is that of `queue.before`; a start changes it, so a pass lines up anew after each.
"""

from __future__ import annotations

from allod.decide.kernel import held
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.limits import floor_room
from allod.decide.kernel.state import CHARTER, NOW, POLICY, State

_NOT_DUE = 1 << 50


@compiled
def line_up(s: State, t: int, epoch: int, most: int, is_open: bool, steps: int) -> int:
    """Line up the buckets at site `t` that pass `epoch` has not settled; how many there are.

    Left out is, unless reservations are to be made (`is_open`) or a floor owes it room, who is too
    large: for all pools now (`most`), or later (`steps` of `held.measure_late`).
    """
    charter = s.number[POLICY] == CHARTER
    count = 0
    for i in range(s.site[t].active):
        n, c = s.line[t, i].n, s.line[t, i].cls
        due = charter and floor_room(s, c) >= n
        if not is_open and not due:
            if n > min(most, s.cls[c].room):
                continue
            if n > held.late_room(s, steps, s.number[NOW] + s.line[t, i].wall):
                continue
        b = s.line[t, i].bucket
        if s.bucket[b].epoch == epoch:
            continue
        s.order[count].bucket = b
        s.order[count].seq = s.bucket[b].seq
        if charter:
            r = s.line[t, i].project
            s.order[count].first = (0 if due else _NOT_DUE) - s.cls[c].priority
            s.order[count].use = s.use[r, t] // s.project[r].share
        else:
            s.order[count].first = 0
            s.order[count].use = 0
        count += 1
    for root in range(count // 2 - 1, -1, -1):
        _sift(s, root, count)
    return count


@compiled
def take_first(s: State, count: int) -> int:
    """The bucket that goes first of the `count` that are lined up; the line is one shorter."""
    b = s.order[0].bucket
    s.order[0] = s.order[count - 1]
    _sift(s, 0, count - 1)
    return b


@compiled
def _less(s: State, i: int, k: int) -> bool:
    if s.order[i].first != s.order[k].first:
        return s.order[i].first < s.order[k].first
    if s.order[i].use != s.order[k].use:
        return s.order[i].use < s.order[k].use
    return s.order[i].seq < s.order[k].seq


@compiled
def _sift(s: State, root: int, count: int) -> None:
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        if child + 1 < count and _less(s, child + 1, child):
            child += 1
        if not _less(s, child, root):
            return
        _swap(s, root, child)
        root = child


@compiled
def _swap(s: State, i: int, k: int) -> None:
    first, use = s.order[i].first, s.order[i].use
    seq, bucket = s.order[i].seq, s.order[i].bucket
    s.order[i] = s.order[k]
    s.order[k].first = first
    s.order[k].use = use
    s.order[k].seq = seq
    s.order[k].bucket = bucket
