"""When the head could start: its reserved start, and what may run beside it (C7).

Walks the latest ends of running work (and the windows of limits) forward until the head fits in
units, nodes and limits at once. What is left over at that time is its extra room: work that would
still run then may start now only inside it.
"""

from __future__ import annotations

import numpy as np

from allod.decide.kernel.jit import compiled
from allod.decide.kernel.limits import amount_on, limits_of
from allod.decide.kernel.state import (
    DOMAIN,
    LIMITS_MAX,
    NOW,
    SPREAD,
    State,
)

NEVER = 1 << 53


@compiled
def _units_only(s: State, p: int, n: int) -> tuple[int, int]:
    """Reserved start and extra units where only units count: skips whole blocks by their sum."""
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
        free += s.job[s.block_job[b, i]].n
        i += 1
    at = s.block_end[b, i - 1]
    while b >= 0:  # All that ends at the same time is free at that time.
        while i < s.block[b].n and s.block_end[b, i] == at:
            free += s.job[s.block_job[b, i]].n
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
                free += nodes[x]  # type: ignore[index]
            if n <= free < best_free:
                best, best_free = d, free
        if best < 0:
            return False
        first, last = best * per_domain, min((best + 1) * per_domain, count)
    if topology == SPREAD or topology == DOMAIN:
        left = n
        for x in range(first, last):
            took = min(left, nodes[x])  # type: ignore[index]
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
def _step_window(s: State, limit: int, at: int, k: int) -> int:
    """The window of `limit` that holds at time `at`, searching on from `k`."""
    while k + 1 < s.limit[limit].w1 and s.window[k + 1].t <= at:
        k += 1
    return k


@compiled
def start_of(s: State, p: int, c: int, j: int, mark: bool) -> tuple[int, int]:
    """Earliest start of job `j` in pool `p` as class `c`, and extra units then; NEVER if none.

    With `mark`, the slack of its limits is written to `held` and the nodes that it leaves to
    `node_late`, as a reservation needs them.
    """
    n, wall, topology = s.job[j].n, s.job[j].wall, s.job[j].topology
    t = s.pool[p].site
    plain = s.pool[p].per_node == 1
    found = np.empty(LIMITS_MAX, np.int64)
    limits_n = limits_of(s, p, c, found)
    if plain and s.site[t].limited == 0:
        if mark:
            s.pool[p].r_limits_n = 0
        return _units_only(s, p, n)

    now = s.number[NOW]
    free = s.pool[p].free - s.pool[p].claimed
    used = np.empty(LIMITS_MAX, np.int64)
    at_window = np.empty(LIMITS_MAX, np.int64)
    for i in range(limits_n):
        at_window[i] = s.limit[found[i]].now
        used[i] = s.window[at_window[i]].used
    pool0, pool1 = s.site[t].pool0, s.site[t].pool1
    block = np.empty(pool1 - pool0, np.int64)
    place = np.zeros(pool1 - pool0, np.int64)
    for q in range(pool0, pool1):
        block[q - pool0] = s.pool[q].ends_head
    node0, nodes_n = s.pool[p].node0, 0 if plain else s.pool[p].nodes
    nodes = np.empty(nodes_n, np.int64)
    for x in range(nodes_n):
        nodes[x] = s.node_free[node0 + x]

    at = now
    while True:
        if n <= free and _limits_fit(s, p, c, n, at, wall, found, limits_n, at_window, used, mark):
            if plain:
                return at, free - n
            if _node_fit(s, p, n, topology, nodes, mark):
                if mark:
                    for x in range(nodes_n):
                        s.node_late[node0 + x] = nodes[x]
                return at, free - n
        following = NEVER
        for q in range(pool0, pool1):
            b = block[q - pool0]
            if b >= 0:
                following = min(following, s.block_end[b, place[q - pool0]])
        for i in range(limits_n):
            k = at_window[i]
            if k + 1 < s.limit[found[i]].w1:
                following = min(following, s.window[k + 1].t)
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
                        nodes[s.span[span].node] += s.span[span].n
                        span = s.span[span].next
                for i in range(limits_n):
                    used[i] -= amount_on(s, found[i], q, s.job[r].cls, s.job[r].n)
                place[x] += 1
                if place[x] == s.block[block[x]].n:
                    block[x] = s.block[block[x]].next
                    place[x] = 0
        for i in range(limits_n):
            k = _step_window(s, found[i], at, at_window[i])
            if k != at_window[i]:
                at_window[i] = k
                used[i] = s.window[k].used


@compiled
def _limits_fit(
    s: State,
    p: int,
    c: int,
    n: int,
    at: int,
    wall: int,
    found: object,
    limits_n: int,
    at_window: object,
    used: object,
    mark: bool,
) -> bool:
    """True if every limit leaves room for `n` from `at` for `wall`; with `mark`, writes slack."""
    for i in range(limits_n):
        limit = found[i]  # type: ignore[index]
        amount = amount_on(s, limit, p, c, n)
        k = at_window[i]  # type: ignore[index]
        least = s.window[k].cap - used[i] - s.window[k].claimed - amount  # type: ignore[index]
        k += 1
        while k < s.limit[limit].w1 and s.window[k].t < at + wall:
            room = s.window[k].cap - s.window[k].used - s.window[k].claimed - amount
            least = min(least, room)
            k += 1
        if least < 0:
            return False
        if mark:
            s.held_limit[p, i] = limit
            s.held_slack[p, i] = least
    if mark:
        s.pool[p].r_limits_n = limits_n
    return True
