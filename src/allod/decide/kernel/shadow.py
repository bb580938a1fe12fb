"""When the head could start: its reserved start (C7).

The earliest time at which units, nodes and limits hold the head at once, if all that runs goes on
to its latest end. Units alone give a time before which it cannot be; usually that is it. If not,
ends and windows are walked on from there, one after the other.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import room
from allod.decide.kernel.ends import units_by
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.limits import amount_on, limits_of, spared
from allod.decide.kernel.state import (
    DOMAIN,
    LIMITS_MAX,
    NEVER,
    NOW,
    SPREAD,
    State,
)


@compiled
def units_time(s: State, p: int, n: int) -> tuple[int, int]:
    """When pool `p` has `n` units, and how many more then; skips whole blocks by their sum.

    Not sooner than that: where some nodes are out, work that ends there makes less free than this.
    """
    free = s.pool[p].free - s.pool[p].claimed
    if n <= free:
        return s.number[NOW], free - n
    b = s.pool[p].ends_head
    while b >= 0 and free + s.block[b].units < n:
        free += s.block[b].units
        b = s.block[b].next
    if b < 0:
        return NEVER, 0
    i = 0
    while free < n:
        free += s.block_units[b, i]
        i += 1
    at = s.block_end[b, i - 1]
    while b >= 0:  # All that ends at the same time is free at that time.
        while i < s.block[b].n and s.block_end[b, i] == at:
            free += s.block_units[b, i]
            i += 1
        if i < s.block[b].n:
            break
        b, i = s.block[b].next, 0
    return max(at, s.number[NOW]), free - n


@compiled
def _node_fit(s: State, p: int, n: int, topology: int, nodes: object, take: bool) -> bool:
    """True if `nodes` (free accelerators per node) hold a gang of `n`; takes them if `take`."""
    per_node, count, per_domain = s.pool[p].per_node, s.pool[p].nodes, s.pool[p].per_domain
    first, last = 0, count
    if topology == DOMAIN:
        best, best_free = -1, 1 << 30
        for d in range(-(-count // per_domain)):
            free = 0
            for x in range(d * per_domain, min((d + 1) * per_domain, count)):
                free += max(0, nodes[x])  # type: ignore[index]
            if n <= free < best_free:
                best, best_free = d, free
        if best < 0:
            return False
        first, last = best * per_domain, min((best + 1) * per_domain, count)
    if topology == SPREAD or topology == DOMAIN:
        left = n
        for x in range(first, last):
            took = min(left, max(0, nodes[x]))  # type: ignore[index]
            left -= took
            if take:
                nodes[x] -= took  # type: ignore[index]
        return left == 0
    whole, part, best = n // per_node, n % per_node, -1
    best_free, full = per_node + 1, 0
    for x in range(count):
        free = nodes[x]  # type: ignore[index]
        if free == per_node:
            full += 1
        elif part > 0 and part <= free < best_free:
            best, best_free = x, free
    if full < whole or (part > 0 and best < 0 and full == whole):
        return False
    if take:
        for x in range(count):
            if nodes[x] == per_node:  # type: ignore[index]
                if whole > 0:
                    nodes[x] = 0  # type: ignore[index]
                    whole -= 1
                elif part > 0 and best < 0:
                    best = x
        if part > 0:
            nodes[best] -= part  # type: ignore[index]
    return True


@compiled
def _nodes_then(s: State, p: int, through: int, nodes: object) -> None:
    """Write the free accelerators of each node of pool `p` once all ending by `through` has."""
    node0, node_free = s.pool[p].node0, s.node_free
    job, spans, block_end, block_job = s.job, s.span, s.block_end, s.block_job
    for x in range(s.pool[p].nodes):
        nodes[x] = node_free[node0 + x]  # type: ignore[index]
    b = s.pool[p].ends_head
    while b >= 0:
        for i in range(s.block[b].n):
            if block_end[b, i] > through:
                return
            span = job[block_job[b, i]].span
            while span >= 0:
                nodes[spans[span].node] += spans[span].n  # type: ignore[index]
                span = spans[span].next
        b = s.block[b].next


@compiled
def _units_then(s: State, p: int, free: int, nodes: object) -> int:
    """Accelerators that can be given away if `nodes` has them; `free` if none of pool `p` is out.

    Where some are, work that ends makes less free than it held.
    """
    if s.pool[p].per_node == 1 or s.pool[p].out == 0:
        return free
    units = -s.pool[p].claimed
    for x in range(s.pool[p].nodes):
        units += max(0, nodes[x])  # type: ignore[index]
    return units


@compiled
def _step_window(s: State, limit: int, at: int, k: int) -> int:
    """The window of `limit` that holds at time `at`, searching on from `k`."""
    while k + 1 < s.limit[limit].w1 and s.window[k + 1].t <= at:
        k += 1
    return k


@compiled
def _is_inside(s: State, c: int, a: int) -> bool:
    while c >= 0 and s.cls[c].depth > s.cls[a].depth:
        c = s.cls[c].parent
    return c == a


@compiled
def _class_units(s: State, t: int, a: int, after: int, until: int) -> int:
    """Accelerators at site `t` in class `a` whose work ends after `after` and by `until`."""
    units = 0
    job, block_end, block_job = s.job, s.block_end, s.block_job
    for q in range(s.site[t].pool0, s.site[t].pool1):
        b = s.pool[q].ends_head
        while b >= 0 and block_end[b, 0] <= until:
            for i in range(s.block[b].n):
                end = block_end[b, i]
                if end > until:
                    break
                if end > after and _is_inside(s, job[block_job[b, i]].cls, a):
                    units += s.block_units[b, i]
            b = s.block[b].next
    return units


@compiled
def _watts_of(s: State, t: int, limit: int, after: int, until: int) -> int:
    """What work under power `limit` draws that ends after `after` and by `until`. [W]"""
    watts = 0
    for q in range(s.site[t].pool0, s.site[t].pool1):
        for i in range(s.pool[q].limits_n):
            if s.pool_limit[q, i] == limit:
                units = units_by(s, q, until)
                if units > 0 and after >= 0:
                    units -= units_by(s, q, after)
                watts += units * s.pool[q].watts
    return watts


@compiled
def _spared_of(s: State, t: int, limit: int, k: int, after: int, until: int) -> int:
    """What caps spare in window `k` of `limit` of work that ends after `after`, by `until`. [W]"""
    watts = 0
    block_end, block_job = s.block_end, s.block_job
    for q in range(s.site[t].pool0, s.site[t].pool1):
        b = s.pool[q].ends_head
        while b >= 0 and block_end[b, 0] <= until:
            for i in range(s.block[b].n):
                if after < block_end[b, i] <= until:
                    watts += spared(s, limit, k, block_job[b, i])
            b = s.block[b].next
    return watts


@compiled
def used_then(
    s: State, p: int, c: int, at: int, through: int, found: object, at_window: object, used: object
) -> int:
    """Write the limits on `p` and `c`, their windows at time `at` and what is used of each then.

    What ends by `through` has ended; below 0: nothing has. Returns how many limits there are.
    """
    t = s.pool[p].site
    limits_n = limits_of(s, p, c, found)
    windows_then(s, at, found, limits_n, at_window, used)
    if through < 0:
        return limits_n
    a = c
    for i in range(limits_n):
        k, limit = at_window[i], found[i]  # type: ignore[index]
        after = -1 if k == s.limit[limit].now else s.window[k].t
        if i < s.pool[p].limits_n:
            used[i] -= _watts_of(s, t, limit, after, through)  # type: ignore[index]
            if s.site[t].capped > 0:
                used[i] += _spared_of(s, t, limit, k, after, through)  # type: ignore[index]
            continue
        while s.cls[a].limit != limit:
            a = s.cls[a].parent
        used[i] -= _class_units(s, t, a, after, through)  # type: ignore[index]
    return limits_n


@compiled
def windows_then(
    s: State, at: int, found: object, limits_n: int, at_window: object, used: object
) -> None:
    """Write the windows at time `at`, and what is used of each if nothing had ended in it."""
    for i in range(limits_n):
        limit = found[i]  # type: ignore[index]
        k = _step_window(s, limit, at, s.limit[limit].now)
        at_window[i] = k  # type: ignore[index]
        used[i] = s.window[k].used  # type: ignore[index]


@compiled
def least_slack(s: State, limit: int, amount: int, at: int, wall: int, k: int, used: int) -> int:
    """Least room of `limit` from `at`, in window `k` with so much used, for `wall`."""
    least = s.window[k].cap - used - s.window[k].claimed - amount
    k += 1
    while k < s.limit[limit].w1 and s.window[k].t < at + wall:
        least = min(least, s.window[k].cap - s.window[k].used - s.window[k].claimed - amount)
        k += 1
    return least


@compiled
def _limits_fit(
    s: State,
    p: int,
    c: int,
    j: int,
    at: int,
    found: object,
    limits_n: int,
    at_window: object,
    used: object,
) -> bool:
    """True if every limit leaves room for job `j` from `at` for its wall time."""
    n, wall = s.job[j].n, s.job[j].wall
    for i in range(limits_n):
        limit = found[i]  # type: ignore[index]
        amount = n * s.pool[p].watts if i < s.pool[p].limits_n else n
        if least_slack(s, limit, amount, at, wall, at_window[i], used[i]) < 0:  # type: ignore[index]
            return False
    return True


@compiled
def start_of(s: State, p: int, c: int, j: int, mark: bool) -> tuple[int, int]:
    """Earliest start of job `j` in pool `p` as class `c`, and extra units then; NEVER if none.

    With `mark`, the nodes that it leaves are written to `node_late`, as a reservation needs them.
    """
    n, t = s.job[j].n, s.pool[p].site
    plain = s.pool[p].per_node == 1
    at, extra = units_time(s, p, n)
    if at == NEVER or (plain and s.site[t].limited == 0):
        return at, extra
    through = at if n > s.pool[p].free - s.pool[p].claimed else -1
    found = np.empty(LIMITS_MAX, np.int64)
    used = np.empty(LIMITS_MAX, np.int64)
    at_window = np.empty(LIMITS_MAX, np.int64)
    limits_n = limits_of(s, p, c, found)
    windows_then(s, at, found, limits_n, at_window, used)
    fits = _limits_fit(s, p, c, j, at, found, limits_n, at_window, used)
    if not fits and through >= 0:  # Only now is it worth knowing what has ended by then.
        used_then(s, p, c, at, through, found, at_window, used)
        fits = _limits_fit(s, p, c, j, at, found, limits_n, at_window, used)
    nodes = np.empty(0 if plain else s.pool[p].nodes, np.int64)
    if fits and not plain:
        _nodes_then(s, p, through, nodes)
        extra = _units_then(s, p, extra + n, nodes) - n
        fits = extra >= 0 and _node_fit(s, p, n, s.job[j].topology, nodes, mark)
    if not fits:
        began = at
        at, extra = _walk_on(s, p, c, j, began, through, nodes, mark, True)
        if at < 0:
            at, extra = _walk_on(s, p, c, j, began, through, nodes, mark, False)
    if mark and not plain and at < NEVER:
        room.write_late(s, p, nodes)
    return at, extra


@compiled
def _walk_on(
    s: State,
    p: int,
    c: int,
    j: int,
    at: int,
    through: int,
    nodes: object,
    mark: bool,
    alone: bool,
) -> tuple[int, int]:
    """As `start_of`, from the first event after `at`; all that ends by `through` has ended.

    With `alone`, what ends in other pools is not looked at, which is enough as long as no limit
    binds; if one does, the time is -1.
    """
    n, t = s.job[j].n, s.pool[p].site
    plain = s.pool[p].per_node == 1
    found = np.empty(LIMITS_MAX, np.int64)
    used = np.empty(LIMITS_MAX, np.int64)
    at_window = np.empty(LIMITS_MAX, np.int64)
    limits_n = used_then(s, p, c, at, -1 if alone else through, found, at_window, used)
    free = s.pool[p].free - s.pool[p].claimed + units_by(s, p, through)
    if not plain:
        _nodes_then(s, p, through, nodes)
    pool0, pool1 = s.site[t].pool0, s.site[t].pool1
    if alone:
        pool0, pool1 = p, p + 1
    block = np.empty(pool1 - pool0, np.int64)
    place = np.zeros(pool1 - pool0, np.int64)
    for q in range(pool0, pool1):
        _skip_to(s, q, through, block, place, q - pool0)
    while True:
        following = _next_event(s, pool0, pool1, block, place, found, limits_n, at_window)
        if following == NEVER:
            return NEVER, 0
        at = max(at, following)
        for q in range(pool0, pool1):
            x = q - pool0
            while block[x] >= 0 and s.block_end[block[x], place[x]] <= at:
                r = s.block_job[block[x], place[x]]
                if q == p:
                    free += s.job[r].n
                    span = s.job[r].span
                    while span >= 0 and not plain:
                        nodes[s.span[span].node] += s.span[span].n  # type: ignore[index]
                        span = s.span[span].next
                for i in range(limits_n):
                    used[i] -= amount_on(s, found[i], q, s.job[r].cls, s.job[r].n)
                    used[i] += spared(s, found[i], at_window[i], r)
                place[x] += 1
                if place[x] == s.block[block[x]].n:
                    block[x] = s.block[block[x]].next
                    place[x] = 0
        for i in range(limits_n):
            k = _step_window(s, found[i], at, at_window[i])
            if k != at_window[i]:
                at_window[i] = k
                used[i] = s.window[k].used
        if n > free or not (plain or _node_fit(s, p, n, s.job[j].topology, nodes, False)):
            continue
        units = _units_then(s, p, free, nodes)
        if n > units:
            continue
        if _limits_fit(s, p, c, j, at, found, limits_n, at_window, used):
            if mark and not plain:
                _node_fit(s, p, n, s.job[j].topology, nodes, True)
            return at, units - n
        if alone:
            return -1, 0


@compiled
def _skip_to(s: State, q: int, through: int, block: object, place: object, x: int) -> None:
    """Write the first end of pool `q` after `through`, as a block and a place in it."""
    b = s.pool[q].ends_head
    while b >= 0 and s.block_end[b, s.block[b].n - 1] <= through:
        b = s.block[b].next
    i = 0
    while b >= 0 and s.block_end[b, i] <= through:
        i += 1
    block[x], place[x] = b, i  # type: ignore[index]


@compiled
def _next_event(
    s: State,
    pool0: int,
    pool1: int,
    block: object,
    place: object,
    found: object,
    limits_n: int,
    at_window: object,
) -> int:
    """The next end or window; NEVER if there is none."""
    following = NEVER
    for q in range(pool0, pool1):
        b, at = block[q - pool0], place[q - pool0]  # type: ignore[index]
        if b >= 0:
            following = min(following, s.block_end[b, at])
    for i in range(limits_n):
        k, limit = at_window[i], found[i]  # type: ignore[index]
        if k + 1 < s.limit[limit].w1:
            following = min(following, s.window[k + 1].t)
    return following
