"""Room for the kernel's arrays: rows that are given, and free lists of those that come and go."""

from __future__ import annotations

import numpy as np

from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.domain.units import UNBOUNDED

STAIR_MAX = 64  #: Most steps of the stair of late room; what comes after is not filtered.


def allocate(  # noqa: PLR0913  (one for each kind of row)
    *,
    jobs: int,
    sites: Array,
    pools: Array,
    pool_limits: Array,
    classes: Array,
    limits: list[tuple[int, int]],
    windows: list[tuple[int, int]],
    projects: Array,
    changes: list[tuple[int, int, int, int, int]],
    nodes: int,
    domains: int,
    counts: int,
) -> k.State:
    """A state with these rows, room for so many jobs, and nothing that runs or waits.

    `limits` are (first, last) rows of `windows`, which are (from, cap).
    """
    limit_rows = np.zeros(len(limits), k.LIMIT)
    for i, (first, last) in enumerate(limits):
        limit_rows[i]["w0"], limit_rows[i]["w1"], limit_rows[i]["now"] = first, last, first
        limit_rows[i]["left"] = UNBOUNDED
    window_rows = np.zeros(len(windows), k.WINDOW)
    for i, (start, cap) in enumerate(windows):
        window_rows[i]["t"], window_rows[i]["cap"] = start, cap
    blocks = max(256, len(pools) * 2 + jobs // 16)
    noded = pools["per_node"] > 1
    last_units = int((pools["nodes"][noded] * pools["per_node"][noded]).sum())
    state = k.State(
        number=np.zeros(k.NUMBERS, np.int64),
        job=np.zeros(jobs, k.JOB),
        bucket=np.zeros(256, k.BUCKET),
        hashed=np.full(4099, -1, np.int64),
        active=np.zeros(256, np.int64),
        line=np.zeros((len(sites), 256), k.LINE),
        where=np.zeros((256, len(sites)), np.int64),
        order=np.zeros(256, k.ORDER),
        pool=pools,
        pool_limit=pool_limits,
        held_limit=np.zeros((len(pools), k.LIMITS_MAX), np.int64),
        held_slack=np.zeros((len(pools), k.LIMITS_MAX), np.int64),
        stair=np.zeros(STAIR_MAX, k.STAIR),
        stair_room=np.zeros((STAIR_MAX, len(pools)), np.int64),
        cls=classes,
        site=sites,
        limit=limit_rows,
        window=window_rows,
        project=projects,
        use=np.zeros((len(projects), len(sites)), np.int64),
        by_share=np.zeros((len(sites), len(projects)), np.int64),
        verdict=np.zeros((16, len(pools)), np.int64),
        rank=np.zeros((16, len(pools)), np.int64),
        home=np.zeros((16, len(sites)), np.int64),
        node_free=np.zeros(nodes, np.int64),
        node_out=np.zeros(nodes, np.int64),
        node_late=np.zeros(nodes, np.int64),
        node_count=np.zeros(counts, np.int64),
        late_count=np.zeros(counts, np.int64),
        domain_free=np.zeros(domains, np.int64),
        block=np.zeros(blocks, k.BLOCK),
        block_end=np.zeros((blocks, k.BLOCK_SIZE), np.int64),
        block_job=np.zeros((blocks, k.BLOCK_SIZE), np.int64),
        block_units=np.zeros((blocks, k.BLOCK_SIZE), np.int64),
        span=np.zeros(2 * last_units + 16, k.SPAN),  # Of what runs, and of claims.
        change=np.array(changes, k.CHANGE) if changes else np.zeros(0, k.CHANGE),
        decided=np.zeros(2 * jobs + 64, k.DECISION),
        need=np.zeros(len(sites), np.int64),
        claim=np.zeros((len(sites), k.CLAIMS_MAX), np.int64),
        pair=np.full((1024, 2), -1, np.int64),
        scratch=np.zeros(8 * jobs, np.int64),
    )
    for rows, name, free, count in (
        (state.job, "next", k.JOB_FREE, k.JOBS_FREE_N),
        (state.bucket, "chain", k.BUCKET_FREE, k.BUCKETS_FREE_N),
        (state.block, "next", k.BLOCK_FREE, k.BLOCKS_FREE_N),
        (state.span, "next", k.SPAN_FREE, k.SPANS_FREE_N),
    ):
        k.chain(rows, name, 0)
        state.number[free], state.number[count] = 0, len(rows)
    return state


def fill_nodes(state: k.State) -> None:
    """All nodes that are live now are free."""
    for p in range(len(state.pool)):
        pool = state.pool[p]
        if pool["per_node"] == 1:
            continue
        size, nodes = int(pool["per_node"]), int(pool["nodes"])
        free = np.clip(int(pool["units"]) - size * np.arange(nodes), 0, size)
        held = slice(int(pool["node0"]), int(pool["node0"]) + nodes)
        state.node_free[held] = state.node_late[held] = free
        counts = np.bincount(free, minlength=size + 1)
        held = slice(int(pool["count0"]), int(pool["count0"]) + size + 1)
        state.node_count[held] += counts
        state.late_count[held] += counts
        domains = int(pool["domain0"]) + np.arange(nodes) // int(pool["per_domain"])
        np.add.at(state.domain_free, domains, free)
