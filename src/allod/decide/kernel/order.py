"""The order of a site: who waits there, the first on top of a heap, as a pass takes them.

Within a floor goes before class priority, that before the project with less decayed use for its
share (C6), that before who asked first; `fcfs` and `easy` look at the time of asking only. The
order is that of `queue.before`. A start moves nobody forward, so one who is lined up may stand too
far in front but never too far behind: `bring_first` puts that right when his turn comes.
"""

from __future__ import annotations

from allod.decide.kernel import held
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.limits import floor_room
from allod.decide.kernel.state import CHARTER, NOW, POLICY, State

_NOT_DUE = 1 << 50


@compiled
def _first(due: bool, priority: int) -> int:
    """What is looked at first: who is within a floor, then the priority of the class."""
    return (0 if due else _NOT_DUE) - priority


@compiled
def most_owed(s: State, t: int) -> int:
    """The most that floors of site `t` owe a class, as `limits.measure` has found; 0: nothing."""
    most = 0
    if s.number[POLICY] == CHARTER:
        for a in range(s.site[t].class0, s.site[t].class1):
            most = max(most, s.cls[a].owed)
    return most


@compiled
def line_up_first(s: State, t: int, epoch: int, at_most: int) -> int:
    """Line up `at_most` of those at site `t` whom pass `epoch` has not settled: who come first.

    Returns how many there are; `limits.measure` must have measured. The last row of the order keeps
    who is the last of them: whoever falls behind him may not be next (`bring_first`).
    """
    charter = s.number[POLICY] == CHARTER
    line, cls, by_share = s.line[t], s.cls, s.by_share[t]  # Held on to: this loop is long.
    count = 0
    for i in range(s.site[t].active):
        first, use, b = 0, 0, line[i].bucket
        if charter:
            c = line[i].cls
            first = _first(cls[c].owed >= line[i].n, cls[c].priority)
            use = by_share[line[i].project]
        if count == at_most and _stands_after(s, first, use, at_most - 1):
            continue
        if s.bucket[b].epoch == epoch:
            continue
        if count == at_most and not _goes_before(s, first, use, s.bucket[b].seq, at_most - 1):
            continue
        x = count if count < at_most else at_most - 1
        count = x + 1
        while x > 0 and _goes_before(s, first, use, s.bucket[b].seq, x - 1):
            s.order[x] = s.order[x - 1]
            x -= 1
        _write(s, x, first, use, b)
    s.order[len(s.order) - 1] = s.order[max(0, count - 1)]
    return count  # In ascending order, which is a heap.


@compiled
def line_up_rest(s: State, t: int, epoch: int, most: int) -> int:
    """Line up those whom pass `epoch` has not settled and who could still start; how many.

    Left out is, unless a floor owes it room, who is too large: for all pools now (`most`), or later
    (`held.measure_late`).
    """
    charter, owed = s.number[POLICY] == CHARTER, most_owed(s, t)
    line, cls = s.line[t], s.cls  # Held on to: this loop is long.
    count = 0
    for i in range(s.site[t].active):
        n, c = line[i].n, line[i].cls
        if n > most and n > owed:
            continue
        due = n <= owed and cls[c].owed >= n
        if not due:
            if n > min(most, cls[c].room):
                continue
            if n > held.late_room(s, s.number[NOW] + line[i].wall):
                continue
        b = line[i].bucket
        if s.bucket[b].epoch == epoch:
            continue
        if charter:
            first = _first(due, cls[c].priority)
            _write(s, count, first, s.by_share[t, s.line[t, i].project], b)
        else:
            _write(s, count, 0, 0, b)
        count += 1
    for root in range(count // 2 - 1, -1, -1):
        _sift(s, root, count)
    return count


@compiled
def note_last_holder(s: State, t: int) -> bool:
    """Write the last of those who hold reservations at site `t` on top; False if nobody does."""
    found = False
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0:
            first, use = first_and_use(s, t, h)
            if not found or not _goes_before(s, first, use, s.job[h].seq, 0):
                _write(s, 0, first, use, s.job[h].bucket)
                s.order[0].seq = s.job[h].seq
            found = True
    return found


@compiled
def is_beyond_last_holder(s: State, t: int, i: int) -> bool:
    """True if line `i` of site `t` comes after whom `note_last_holder` has written."""
    c = s.line[t, i].cls
    first = _first(s.cls[c].owed >= s.line[t, i].n, s.cls[c].priority)
    use = s.by_share[t, s.line[t, i].project]
    if _stands_after(s, first, use, 0):
        return True
    seq = s.bucket[s.line[t, i].bucket].seq
    return seq != s.order[0].seq and not _goes_before(s, first, use, seq, 0)


@compiled
def bring_first(s: State, t: int, count: int, some: bool) -> int:
    """Bring who goes first now, of the `count` that are lined up, to the top; how many are left.

    If they are only `some` of those who wait, who has fallen behind the last of them is left out.
    """
    last = len(s.order) - 1
    while count > 0:
        b = s.order[0].bucket
        first, use = first_and_use(s, t, s.bucket[b].head)
        seq = s.bucket[b].seq
        if first == s.order[0].first and use == s.order[0].use and seq == s.order[0].seq:
            break
        if some and not _goes_before(s, first, use, seq, last):
            count = drop_first(s, count)
        else:
            _write(s, 0, first, use, b)
            _sift(s, 0, count)
    return count


@compiled
def first_and_use(s: State, t: int, j: int) -> tuple[int, int]:
    """The place of waiting job `j` at site `t` but for its time of asking."""
    if s.number[POLICY] != CHARTER:
        return 0, 0
    c, r = s.home[s.job[j].verdict, t], s.job[j].project
    due = floor_room(s, c) >= s.job[j].n
    return _first(due, s.cls[c].priority), s.by_share[t, r]


@compiled
def drop_first(s: State, count: int) -> int:
    """Take the top of the `count` that are lined up away; how many are left."""
    s.order[0] = s.order[count - 1]
    _sift(s, 0, count - 1)
    return count - 1


@compiled
def _write(s: State, x: int, first: int, use: int, b: int) -> None:
    s.order[x].first = first
    s.order[x].use = use
    s.order[x].seq = s.bucket[b].seq
    s.order[x].bucket = b


@compiled
def _stands_after(s: State, first: int, use: int, x: int) -> bool:
    """True if who has these stands after place `x` of the order whenever he has asked."""
    if first != s.order[x].first:
        return first > s.order[x].first
    return use > s.order[x].use


@compiled
def _goes_before(s: State, first: int, use: int, seq: int, x: int) -> bool:
    """True if who has these stands before place `x` of the order."""
    if first != s.order[x].first:
        return first < s.order[x].first
    if use != s.order[x].use:
        return use < s.order[x].use
    return seq < s.order[x].seq


@compiled
def _sift(s: State, root: int, count: int) -> None:
    first, use = s.order[root].first, s.order[root].use
    seq, bucket = s.order[root].seq, s.order[root].bucket
    while True:
        child = 2 * root + 1
        if child >= count:
            break
        if child + 1 < count:
            right = child + 1
            other = s.order[right]
            if _goes_before(s, other.first, other.use, other.seq, child):
                child = right
        if not _goes_before(s, first, use, seq, child):
            s.order[root] = s.order[child]
            root = child
        else:
            break
    s.order[root].first = first
    s.order[root].use = use
    s.order[root].seq = seq
    s.order[root].bucket = bucket
