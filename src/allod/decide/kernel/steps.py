"""What happens: a submission, an end, the passing of time; then a pass where it counts."""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import choice, claims, heads, held, limits, passes, place, queue, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    CHANGE_AT,
    CHARTER,
    CLAIMED,
    NEED_N,
    NOW,
    POLICY,
    WAITING,
    State,
)


@compiled
def submit(s: State, j: int) -> None:
    """Place job `j`, claim room for it, or let it wait."""
    if s.number[NEED_N] > 0:  # Room has come free at this very time: all who wait have a say.
        if s.number[POLICY] != CHARTER:
            _ask_everywhere(s, j)
            return
        passes.settle(s)
    if _start_somewhere(s, j) or (s.number[POLICY] == CHARTER and _claim_somewhere(s, j)):
        return
    _join(s, j)


@compiled
def _start_somewhere(s: State, j: int) -> bool:
    """Start job `j` in the pool that it would rather have; where a floor has room comes first.

    Only the site of the pool that is tried next is asked what it has reserved.
    """
    verdict, n = s.job[j].verdict, s.job[j].n
    end = s.number[NOW] + s.job[j].wall
    score, pool = np.empty(len(s.pool), np.int64), np.empty(len(s.pool), np.int64)
    count, heaped = choice.with_room(s, j, score, pool), False
    while count > 0:
        p = pool[0]
        t = s.pool[p].site
        if limits.fits(s, p, s.home[verdict, t], n, end):
            asked = s.site[t].valid == 1 or s.site[t].door == s.job[j].seq + 1
            if s.site[t].active > 0 and not asked:
                s.site[t].door = s.job[j].seq + 1
                passes.run_pass(s, t, j)
            if place.may_start(s, p, s.home[verdict, t], j, True):
                return _start_at(s, p, j)
        count = choice.drop_least(score, pool, count, heaped)
        heaped = True
    return False


@compiled
def _start_at(s: State, p: int, j: int) -> bool:
    """Start job `j`, which is new, in pool `p`; those whom it goes before reserve anew."""
    t = s.pool[p].site
    if not place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
        return False
    passes.decay(s, t)
    outranks = held.go_before(s, p, j)
    if not place.start(s, p, s.home[s.job[j].verdict, t], j):
        return False
    if outranks:
        place.look_again(s, t)
    return True


@compiled
def _claim_somewhere(s: State, j: int) -> bool:
    """Let job `j` claim room at a site whose floor owes it some."""
    for t in range(len(s.site)):
        c = s.home[s.job[j].verdict, t]
        if c >= 0 and limits.floor_room(s, c) >= s.job[j].n:
            passes.decay(s, t)
            if _due_before(s, t, j):  # They have their say first.
                place.need_pass(s, t)
            elif claims.reclaim_for(s, j, t):
                return True
    return False


@compiled
def _due_before(s: State, t: int, j: int) -> bool:
    """True if someone who waits at site `t` is owed room and goes before job `j`."""
    for i in range(s.site[t].active):
        if limits.floor_room(s, s.line[t, i].cls) >= s.line[t, i].n:
            if queue.before(s, t, s.bucket[s.line[t, i].bucket].head, j):
                return True
    return False


@compiled
def _ask_everywhere(s: State, j: int) -> None:
    """Let job `j` wait and make a pass wherever it could start or is owed room."""
    verdict, n = s.job[j].verdict, s.job[j].n
    _join(s, j)
    for p in range(len(s.pool)):
        c = s.verdict[verdict, p]
        if c >= 0 and (
            n <= s.pool[p].free - s.pool[p].claimed
            or (s.number[POLICY] == CHARTER and limits.floor_room(s, c) >= n)
        ):
            place.need_pass(s, s.pool[p].site)
    passes.settle(s)


@compiled
def _join(s: State, j: int) -> None:
    """Let job `j` wait; where it may be one of the first, it may hold a reservation."""
    queue.enqueue(s, j)
    for t in range(len(s.site)):
        if s.site[t].elect == 0 and s.home[s.job[j].verdict, t] >= 0:
            if heads.may_be_one(s, t, j):
                s.site[t].valid = 0
                s.site[t].elect = 1


@compiled
def requeue(s: State, j: int) -> None:
    """Let a job whose run is over wait again in its old place; its next run is a new one."""
    _join(s, j)
    _look_round(s, j)


@compiled
def _look_round(s: State, j: int) -> None:
    """Have a pass made wherever job `j`, which waits again, is owed room or could start."""
    verdict = s.job[j].verdict
    for t in range(len(s.site)):
        if s.home[verdict, t] >= 0 and passes.is_due(s, t, j):
            place.look_again(s, t)
    passes.settle(s)
    score, pool = np.empty(len(s.pool), np.int64), np.empty(len(s.pool), np.int64)
    count, heaped = choice.with_room(s, j, score, pool), False
    while count > 0 and s.job[j].state == WAITING:
        p = pool[0]
        if place.may_start(s, p, s.home[verdict, s.pool[p].site], j, True):
            place.look_again(s, s.pool[p].site)
            passes.settle(s)
        count = choice.drop_least(score, pool, count, heaped)
        heaped = True


@compiled
def withdraw(s: State, j: int) -> None:
    """Forget job `j`, which waits or holds a claim."""
    _step_back(s, j)
    place.forget_job(s, j)


@compiled
def reconsider(s: State, j: int, verdict: int) -> None:
    """Let job `j`, which waits or holds a claim, wait anew under another verdict."""
    _step_back(s, j)
    s.job[j].verdict = verdict
    requeue(s, j)


@compiled
def _step_back(s: State, j: int) -> None:
    """Take job `j` out of the queue or off its claim."""
    if s.job[j].state == WAITING:
        reserved = s.job[j].reserved
        queue.dequeue(s, j)
        if reserved >= 0:
            place.look_again(s, s.pool[reserved].site)
    elif s.job[j].state == CLAIMED:
        t = s.pool[s.job[j].pool].site
        claims.unclaim(s, j)
        room.drop_spans(s, j)
        place.refund(s, j, t, s.job[j].wall)
        place.need_pass(s, t)


@compiled
def report(s: State, p: int, out: object, others: int) -> None:
    """Let so many accelerators of each node of pool `p` be `out`, and others draw so much. [W]

    Claims that this may have made impossible are given up, or they would keep room from all others
    until it is as it was: who held one waits in its old place, and whoever leaves for it leaves.
    """
    t, more_drawn = s.pool[p].site, others > s.pool[p].others
    more_out = _is_more_out(s, p, out)
    given_up, count, i = np.empty(s.site[t].claim_n, np.int64), 0, 0
    while i < s.site[t].claim_n:
        j = s.claim[t, i]
        if more_drawn or (more_out and s.job[j].pool == p):
            given_up[count] = j
            count += 1
            _step_back(s, j)
        else:
            i += 1
    place.set_out(s, p, out, others)
    for x in range(count):
        _join(s, given_up[x])
    place.need_pass(s, t)
    passes.settle(s)
    for x in range(count):
        if s.job[given_up[x]].state == WAITING:
            _look_round(s, given_up[x])


@compiled
def _is_more_out(s: State, p: int, out: object) -> bool:
    """True if some accelerator of pool `p` is `out` that is not so by now."""
    if s.pool[p].per_node == 1:
        return out[0] > s.pool[p].out  # type: ignore[index]
    for x in range(s.pool[p].nodes):
        if out[x] > s.node_out[s.pool[p].node0 + x]:  # type: ignore[index]
            return True
    return False


@compiled
def advance(s: State, at: int) -> None:
    """Move the clock to `at`: windows, floors, units and grants that change on the way do so."""
    s.number[NOW] = max(s.number[NOW], at)
    while s.number[CHANGE_AT] < len(s.change) and s.change[s.number[CHANGE_AT]].t <= at:
        x = s.number[CHANGE_AT]
        s.number[CHANGE_AT] += 1
        _apply_change(s, s.change[x].what, s.change[x].id, s.change[x].a, s.change[x].b)


@compiled
def _apply_change(s: State, what: int, i: int, a: int, b: int) -> None:
    if what == 0:
        if s.pool[i].per_node > 1:
            s.pool[i].free += _grow_nodes(s, i, a)
        else:
            s.pool[i].free += a - s.pool[i].units
        s.pool[i].units = a
        place.need_pass(s, s.pool[i].site)
    elif what == 1:
        if a < s.cls[i].floor:
            s.site[s.cls[i].site].lowered = 1
        s.cls[i].floor = a
        place.need_pass(s, s.cls[i].site)
    elif what == 2 or what == 3:
        change_grants(s.project, what, i, a, b)
        for t in range(len(s.site)):
            place.need_pass(s, t)
    elif what == 4:
        _open_window(s, i, a)


@compiled
def change_grants(projects: object, what: int, i: int, a: int, b: int) -> None:
    """Let project `i` keep no more than `a` now that a grant has ended (2), or gain one (3)."""
    if what == 3:
        projects[i].budget += a  # type: ignore[index]
        projects[i].granted += a  # type: ignore[index]
    else:
        projects[i].budget = min(projects[i].budget, a)  # type: ignore[index]
        projects[i].granted = a  # type: ignore[index]
    projects[i].until = b  # type: ignore[index]


@compiled
def _grow_nodes(s: State, p: int, units: int) -> int:
    """Let the nodes of pool `p` hold `units` in all, filled in the order of their numbers.

    Returns by how much more is free.
    """
    per_node, more = s.pool[p].per_node, 0
    for x in range(s.pool[p].nodes):
        before = min(per_node, max(0, s.pool[p].units - x * per_node))
        after = min(per_node, max(0, units - x * per_node))
        if after != before:
            node = s.pool[p].node0 + x
            more += room.set_free(s, p, node, s.node_free[node] + after - before)
    return more


@compiled
def _open_window(s: State, limit: int, t: int) -> None:
    """Move `limit` to its next window; work that has outrun its wall time still counts in it."""
    k = s.limit[limit].now + 1
    s.limit[limit].now = k
    start = s.window[k].t
    for p in range(s.site[t].pool0, s.site[t].pool1):
        b = s.pool[p].ends_head
        while b >= 0 and s.block_end[b, 0] <= start:
            for i in range(s.block[b].n):
                j = s.block_job[b, i]
                if s.block_end[b, i] <= start:
                    s.window[k].used += limits.amount_on(s, limit, p, s.job[j].cls, s.job[j].n)
                    s.window[k].used -= limits.spared(s, limit, k, j)
            b = s.block[b].next
    place.need_pass(s, t)


@compiled
def ended(s: State, j: int, again: bool) -> None:
    """The run of job `j` is over; `again`: it waits for its next one."""
    place.release(s, j)
    if again:
        requeue(s, j)
    else:
        place.forget_job(s, j)
