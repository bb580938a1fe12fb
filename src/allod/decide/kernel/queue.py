"""Who waits: buckets of jobs alike in all that a decision looks at, each in order of asking.

A pass looks at the head of each bucket only, so its cost follows the kinds of work that wait and
not their number; the queue may be as deep as it likes.
"""

from __future__ import annotations

from allod.decide.kernel.jit import compiled
from allod.decide.kernel.limits import floor_room
from allod.decide.kernel.state import (
    ACTIVE_N,
    BUCKET_FREE,
    BUCKETS_FREE_N,
    CHARTER,
    POLICY,
    WAITING,
    WAITING_N,
    State,
)


@compiled
def _hash(s: State, verdict: int, n: int, wall: int, project: int, topology: int) -> int:
    mask = 0x3FFFFFFFFFF
    key = (verdict * 1_000_003 + n) & mask
    key = (key * 1_000_003 + wall) & mask
    key = (key * 1_000_003 + project * 4 + topology) & mask
    key ^= key >> 17
    return key % len(s.hashed)


@compiled
def _bucket_for(s: State, j: int) -> int:
    """The bucket of job `j`, made if there is none."""
    verdict, n, wall = s.job[j].verdict, s.job[j].n, s.job[j].wall
    project, topology = s.job[j].project, s.job[j].topology
    h = _hash(s, verdict, n, wall, project, topology)
    b = s.hashed[h]
    while b >= 0:
        if (
            s.bucket[b].verdict == verdict
            and s.bucket[b].n == n
            and s.bucket[b].wall == wall
            and s.bucket[b].project == project
            and s.bucket[b].topology == topology
        ):
            return b
        b = s.bucket[b].chain
    b = s.number[BUCKET_FREE]
    s.number[BUCKET_FREE] = s.bucket[b].chain
    s.number[BUCKETS_FREE_N] -= 1
    s.bucket[b].verdict = verdict
    s.bucket[b].n = n
    s.bucket[b].wall = wall
    s.bucket[b].project = project
    s.bucket[b].topology = topology
    s.bucket[b].head = -1
    s.bucket[b].tail = -1
    s.bucket[b].epoch = 0
    s.bucket[b].chain = s.hashed[h]
    s.hashed[h] = b
    s.bucket[b].active = s.number[ACTIVE_N]
    s.active[s.number[ACTIVE_N]] = b
    s.number[ACTIVE_N] += 1
    for t in range(len(s.site)):
        if s.home[verdict, t] >= 0:
            x = s.site[t].active
            s.site[t].active = x + 1
            s.where[b, t] = x
            s.line[t, x].bucket = b
            s.line[t, x].n = n
            s.line[t, x].wall = wall
            s.line[t, x].cls = s.home[verdict, t]
            s.line[t, x].project = project
    return b


@compiled
def enqueue(s: State, j: int) -> None:
    """Let job `j` wait; who asked earlier stays in front, also after a reclaim."""
    b = _bucket_for(s, j)
    s.job[j].bucket = b
    s.job[j].state = WAITING
    s.number[WAITING_N] += 1
    before = s.bucket[b].tail
    while before >= 0 and s.job[before].seq > s.job[j].seq:
        before = s.job[before].prev
    after = s.bucket[b].head if before < 0 else s.job[before].next
    s.job[j].prev = before
    s.job[j].next = after
    if before >= 0:
        s.job[before].next = j
    else:
        s.bucket[b].head = j
        s.bucket[b].seq = s.job[j].seq
    if after >= 0:
        s.job[after].prev = j
    else:
        s.bucket[b].tail = j


@compiled
def dequeue(s: State, j: int) -> None:
    """Take waiting job `j` out of its bucket; an empty bucket goes back to the free list."""
    b = s.job[j].bucket
    before, after = s.job[j].prev, s.job[j].next
    if before >= 0:
        s.job[before].next = after
    else:
        s.bucket[b].head = after
        s.bucket[b].seq = s.job[after].seq if after >= 0 else -1
    if after >= 0:
        s.job[after].prev = before
    else:
        s.bucket[b].tail = before
    s.job[j].bucket = -1
    s.number[WAITING_N] -= 1
    r = s.job[j].reserved
    if r >= 0:
        s.pool[r].r_job = -1
        s.job[j].reserved = -1
        s.site[s.pool[r].site].valid = 0
        s.site[s.pool[r].site].elect = 1
    if s.bucket[b].head < 0:
        _drop_bucket(s, b)


@compiled
def _drop_bucket(s: State, b: int) -> None:
    verdict = s.bucket[b].verdict
    h = _hash(
        s, verdict, s.bucket[b].n, s.bucket[b].wall, s.bucket[b].project, s.bucket[b].topology
    )
    if s.hashed[h] == b:
        s.hashed[h] = s.bucket[b].chain
    else:
        i = s.hashed[h]
        while s.bucket[i].chain != b:
            i = s.bucket[i].chain
        s.bucket[i].chain = s.bucket[b].chain
    last = s.number[ACTIVE_N] - 1
    moved = s.active[last]
    s.active[s.bucket[b].active] = moved
    s.bucket[moved].active = s.bucket[b].active
    s.number[ACTIVE_N] = last
    s.bucket[b].chain = s.number[BUCKET_FREE]
    s.number[BUCKET_FREE] = b
    s.number[BUCKETS_FREE_N] += 1
    for t in range(len(s.site)):
        if s.home[verdict, t] >= 0:
            x, end = s.where[b, t], s.site[t].active - 1
            s.site[t].active = end
            s.line[t, x] = s.line[t, end]
            s.where[s.line[t, x].bucket, t] = x


@compiled
def before(s: State, t: int, i: int, j: int) -> bool:
    """True if job `i` goes before job `j` at site `t`.

    `charter`: who is within a floor, then class priority, then the project with less decayed use
    for its share (C6), then who asked first. `fcfs` and `easy`: who asked first.
    """
    if s.number[POLICY] == CHARTER:
        ci, cj = s.home[s.job[i].verdict, t], s.home[s.job[j].verdict, t]
        due_i = floor_room(s, ci) >= s.job[i].n
        due_j = floor_room(s, cj) >= s.job[j].n
        if due_i != due_j:
            return due_i
        if s.cls[ci].priority != s.cls[cj].priority:
            return s.cls[ci].priority > s.cls[cj].priority
        pi, pj = s.job[i].project, s.job[j].project
        if pi != pj:
            if s.by_share[t, pi] != s.by_share[t, pj]:
                return s.by_share[t, pi] < s.by_share[t, pj]
    return s.job[i].seq < s.job[j].seq
