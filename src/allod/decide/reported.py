"""What is reported of pools: is it possible, and what does it mean for the kernel's accounts."""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import passes, steps
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.layout import Layout
from allod.decide.world import meant
from allod.domain.event import PoolReported
from allod.errors import InvalidInput, NotFound

WATTS_MAX = 1 << 40  #: Most that a report may say that others draw. [W]


def row_of(layout: Layout, state: k.State, report: PoolReported) -> int:
    """The row of the pool that `report` is about.

    Raises:
        NotFound: There is no such pool.
        InvalidInput: The pool cannot have what it says.
    """
    if report.site not in layout.site_row:
        raise NotFound(
            f"there is no site '{report.site}'", mend=meant(report.site, layout.site_row)
        )
    p = layout.pool_row.get((report.site, report.pool))
    if p is None:
        pools = [pool for site, pool in layout.pools if site == report.site]
        raise NotFound(
            f"site '{report.site}' has no pool '{report.pool}'", mend=meant(report.pool, pools)
        )
    fault = _fault(layout, state, p, report)
    if fault:
        raise InvalidInput(f"report of pool '{report.pool}' of site '{report.site}': {fault}")
    return p


def _fault(layout: Layout, state: k.State, p: int, report: PoolReported) -> str:
    """Why pool `p` cannot have what `report` says; '' if it can."""
    plain = int(state.pool[p]["per_node"]) == 1
    nodes = 1 if plain else int(state.pool[p]["nodes"])
    most = layout.most_units[p] if plain else int(state.pool[p]["per_node"])
    last = -1
    for node, n in report.out:
        if not 0 <= node < nodes:
            return f"out names node {node}, but its nodes are 0 to {nodes - 1}"
        if node <= last:
            return f"out names node {node} after node {last}; each comes once, in ascending order"
        if not 1 <= n <= most:
            return f"out says {n} accelerators of node {node}, which has 1 to {most}"
        last = node
    if not 0 <= report.others_w <= WATTS_MAX:
        return f"others_w is {report.others_w}, which is not from 0 to {WATTS_MAX}"
    return ""


def enter(state: k.State, p: int, report: PoolReported) -> None:
    """Let pool `p` have what `report` says; whoever may start now does."""
    claims = int(state.site[state.pool[p]["site"]]["claim_n"])
    if claims:  # They may all wait again.
        k.make_room(state, claims)
    steps.report(state, p, by_node(state, p, report), report.others_w)
    passes.settle(state)


def still_holds(layout: Layout, state: k.State, report: PoolReported) -> bool:
    """True if there is still a pool that can have what `report` says."""
    p = layout.pool_row.get((report.site, report.pool))
    return p is not None and not _fault(layout, state, p, report)


def by_node(state: k.State, p: int, report: PoolReported) -> Array:
    """What is out on each node of pool `p`; of equal units, one number."""
    plain = int(state.pool[p]["per_node"]) == 1
    out = np.zeros(1 if plain else int(state.pool[p]["nodes"]), np.int64)
    for node, n in report.out:
        out[node] = n
    return out
