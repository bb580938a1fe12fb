"""Room inside a pool: which nodes hold a gang (R1) and which NVLink domain (R2).

A pool with one accelerator per node has equal units and no nodes to choose. In the others a packed
gang takes whole nodes and at most one part of a node, the fullest that serves; a gang that asks for
one NVLink domain takes the fullest domain that serves; the last domain of a pool may have fewer
nodes than the others. Ties go to the lowest number, so that the
choice depends on what is free and on nothing else.

Accelerators may be out: their node is down, or somebody's job that is not ours holds them. Work of
ours may still stand on them, so that the account of a node can be below 0: nothing is free there.
"""

from __future__ import annotations

from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    DOMAIN,
    PACKED,
    SPAN_FREE,
    SPANS_FREE_N,
    SPREAD,
    State,
)


@compiled
def packs(s: State, p: int, n: int, topology: int, late: bool) -> bool:
    """True if the nodes of pool `p` now hold a gang of `n`; the pool must model nodes.

    With `late`, for work that would still run at the reserved start of another.
    """
    per_node = s.pool[p].per_node
    if topology == SPREAD:
        return n <= (_free_late(s, p) if late else s.pool[p].free)
    if topology == DOMAIN:
        return best_domain(s, p, n, late) >= 0
    whole, part = n // per_node, n % per_node
    full = _nodes_with(s, p, per_node, late)
    if full < whole:
        return False
    if part == 0 or full > whole:
        return True
    for free in range(part, per_node):
        if _nodes_with(s, p, free, late) > 0:
            return True
    return False


@compiled
def _nodes_with(s: State, p: int, free: int, late: bool) -> int:
    """How many nodes of pool `p` have so many accelerators free; with `late`, at both times."""
    i = s.pool[p].count0 + free
    return s.late_count[i] if late else s.node_count[i]


@compiled
def _free_late(s: State, p: int) -> int:
    """Accelerators of pool `p` that are free now and at the reserved start."""
    free = 0
    for i in range(s.pool[p].per_node + 1):
        free += i * s.late_count[s.pool[p].count0 + i]
    return free


@compiled
def free_on(s: State, node: int, late: bool) -> int:
    """Free accelerators of `node`; if `late`, only those that the reservation leaves."""
    free = s.node_free[node]
    return max(0, min(free, s.node_late[node]) if late else free)


@compiled
def best_domain(s: State, p: int, n: int, late: bool) -> int:
    """The NVLink domain of pool `p` with the least room that still holds `n`, or -1."""
    best, best_free = -1, 1 << 30
    per_domain = s.pool[p].per_domain
    node0, nodes = s.pool[p].node0, s.pool[p].nodes
    for d in range(-(-nodes // per_domain)):
        if late:
            free = 0
            first = node0 + d * per_domain
            for node in range(first, min(first + per_domain, node0 + nodes)):
                free += free_on(s, node, True)
        else:
            free = s.domain_free[s.pool[p].domain0 + d]
        if n <= free < best_free:
            best, best_free = d, free
    return best


@compiled
def set_free(s: State, p: int, node: int, free: int) -> int:
    """Write the free accelerators of `node` of pool `p` and all that is counted from it.

    Returns by how much more can be given away; that is less than `free` rises by while it is
    below 0.
    """
    count0 = s.pool[p].count0
    before = s.node_free[node]
    had, has = max(0, before), max(0, free)
    s.node_count[count0 + had] -= 1
    s.node_count[count0 + has] += 1
    s.late_count[count0 + free_on(s, node, True)] -= 1
    s.node_free[node] = free
    s.node_late[node] += free - before
    s.late_count[count0 + free_on(s, node, True)] += 1
    domain = (node - s.pool[p].node0) // s.pool[p].per_domain
    s.domain_free[s.pool[p].domain0 + domain] += has - had
    return has - had


@compiled
def set_out(s: State, p: int, out: object) -> int:
    """Let so many accelerators of each node of pool `p` be `out`; by how much more is free."""
    more = 0
    for x in range(s.pool[p].nodes):
        node = s.pool[p].node0 + x
        by = s.node_out[node] - out[x]  # type: ignore[index]
        if by != 0:
            s.node_out[node] -= by
            more += set_free(s, p, node, s.node_free[node] + by)
    return more


@compiled
def add_late(s: State, p: int, node: int, by: int) -> None:
    """Let `by` more accelerators of `node` of pool `p` be free at the reserved start."""
    count0 = s.pool[p].count0
    s.late_count[count0 + free_on(s, node, True)] -= 1
    s.node_late[node] += by
    s.late_count[count0 + free_on(s, node, True)] += 1


@compiled
def write_late(s: State, p: int, nodes: object) -> None:
    """Let `nodes` be the accelerators of each node of pool `p` that are free then."""
    node0 = s.pool[p].node0
    for x in range(s.pool[p].nodes):
        add_late(s, p, node0 + x, nodes[x] - s.node_late[node0 + x])  # type: ignore[index]


@compiled
def give_span(s: State, p: int, j: int, node: int, n: int) -> None:
    """Give `n` accelerators of `node` to job `j`."""
    set_free(s, p, node, s.node_free[node] - n)
    i = s.number[SPAN_FREE]
    s.number[SPAN_FREE] = s.span[i].next
    s.number[SPANS_FREE_N] -= 1
    s.span[i].node = node - s.pool[p].node0
    s.span[i].n = n
    s.span[i].next = s.job[j].span
    s.job[j].span = i


@compiled
def occupy(s: State, p: int, j: int, late: bool) -> bool:
    """Choose and take the nodes of job `j` in pool `p`; False if they do not hold it."""
    n, topology = s.job[j].n, s.job[j].topology
    per_node, node0 = s.pool[p].per_node, s.pool[p].node0
    nodes = s.pool[p].nodes
    first, last = node0, node0 + nodes
    if topology == DOMAIN:
        d = best_domain(s, p, n, late)
        if d < 0:
            return False
        first = node0 + d * s.pool[p].per_domain
        last = min(first + s.pool[p].per_domain, last)
    if topology != PACKED:
        left = n
        for node in range(first, last):
            if left == 0:
                break
            took = min(left, free_on(s, node, late))
            if took > 0:
                give_span(s, p, j, node, took)
                left -= took
        return left == 0
    whole, part = n // per_node, n % per_node
    best, best_free = -1, per_node + 1
    if part > 0:
        # The part goes to a node that is already broken into, before whole ones are counted out.
        for node in range(first, last):
            free = free_on(s, node, late)
            if part <= free < best_free and free < per_node:
                best, best_free = node, free
    for node in range(first, last):
        if whole == 0 and (part == 0 or best >= 0):
            break
        if free_on(s, node, late) == per_node:
            if whole > 0:
                give_span(s, p, j, node, per_node)
                whole -= 1
            else:
                best = node
    if whole > 0 or (part > 0 and best < 0):
        return False
    if part > 0:
        give_span(s, p, j, best, part)
    return True


@compiled
def vacate(s: State, p: int, j: int) -> int:
    """Give back the nodes of job `j`; how many accelerators that leaves to others."""
    more = free_spans(s, p, j, 1)
    drop_spans(s, j)
    return more


@compiled
def free_spans(s: State, p: int, j: int, by: int) -> int:
    """Count the nodes of job `j` in pool `p` as free (`by` = 1) or as taken (-1).

    Returns by how much more can be given away then: what is out does not come free.
    """
    i, more = s.job[j].span, 0
    while i >= 0:
        node = s.pool[p].node0 + s.span[i].node
        more += set_free(s, p, node, s.node_free[node] + by * s.span[i].n)
        i = s.span[i].next
    return more


@compiled
def free_spans_late(s: State, p: int, j: int, by: int) -> None:
    """As `free_spans`, at the reserved start alone."""
    i = s.job[j].span
    while i >= 0:
        add_late(s, p, s.pool[p].node0 + s.span[i].node, by * s.span[i].n)
        i = s.span[i].next


@compiled
def drop_spans(s: State, j: int) -> None:
    """Let job `j` have, or have chosen, no nodes; their accounts are not touched."""
    i = s.job[j].span
    while i >= 0:
        after = s.span[i].next
        s.span[i].next = s.number[SPAN_FREE]
        s.number[SPAN_FREE] = i
        s.number[SPANS_FREE_N] += 1
        i = after
    s.job[j].span = -1


@compiled
def set_aside(s: State, p: int, t: int) -> None:
    """Count the nodes that claims in pool `p` of site `t` have chosen as taken, as far as free."""
    for x in range(s.site[t].claim_n):
        if s.job[s.claim[t, x]].pool == p:
            i = s.job[s.claim[t, x]].span
            while i >= 0:
                node = s.pool[p].node0 + s.span[i].node
                s.span[i].aside = min(s.span[i].n, free_on(s, node, False))
                set_free(s, p, node, s.node_free[node] - s.span[i].aside)
                i = s.span[i].next


@compiled
def put_back(s: State, p: int, t: int) -> None:
    """Undo `set_aside`."""
    for x in range(s.site[t].claim_n):
        if s.job[s.claim[t, x]].pool == p:
            i = s.job[s.claim[t, x]].span
            while i >= 0:
                node = s.pool[p].node0 + s.span[i].node
                set_free(s, p, node, s.node_free[node] + s.span[i].aside)
                i = s.span[i].next


@compiled
def choose(s: State, p: int, t: int, j: int) -> None:
    """Choose nodes of pool `p` for job `j`, which claims them; they are not taken yet."""
    set_aside(s, p, t)
    occupy(s, p, j, False)
    free_spans(s, p, j, 1)
    put_back(s, p, t)


@compiled
def are_chosen_free(s: State, p: int, j: int) -> bool:
    """True if all nodes that job `j` has chosen in pool `p` are free."""
    i = s.job[j].span
    while i >= 0:
        if s.node_free[s.pool[p].node0 + s.span[i].node] < s.span[i].n:
            return False
        i = s.span[i].next
    return True
