"""The running work of a pool in order of its latest end, as a chain of small sorted blocks.

A flat sorted array moves half of itself on every insertion; a chain of blocks moves at most
BLOCK_SIZE entries and lets a search skip a block by its sum of units. Beside it all that runs at a
site is linked in order of its start, as a reclaim looks for victims.
"""

from __future__ import annotations

from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import BLOCK_FREE, BLOCK_SIZE, BLOCKS_FREE_N, State


@compiled
def _take_block(s: State) -> int:
    b = s.number[BLOCK_FREE]
    s.number[BLOCK_FREE] = s.block[b].next
    s.number[BLOCKS_FREE_N] -= 1
    s.block[b].n = 0
    s.block[b].units = 0
    return b


@compiled
def insert(s: State, p: int, j: int) -> None:
    """Enter running job `j` of pool `p` at its latest end."""
    end = s.job[j].ends
    b = s.pool[p].ends_tail
    if b < 0:
        b = _take_block(s)
        s.block[b].next = -1
        s.block[b].prev = -1
        s.pool[p].ends_head = b
        s.pool[p].ends_tail = b
    while s.block[b].prev >= 0 and s.block_end[b, 0] > end:
        b = s.block[b].prev
    if s.block[b].n == BLOCK_SIZE:
        b = _split(s, p, b, end)
    i = s.block[b].n
    while i > 0 and s.block_end[b, i - 1] > end:
        s.block_end[b, i] = s.block_end[b, i - 1]
        s.block_job[b, i] = s.block_job[b, i - 1]
        s.block_units[b, i] = s.block_units[b, i - 1]
        i -= 1
    s.block_end[b, i] = end
    s.block_job[b, i] = j
    s.block_units[b, i] = s.job[j].n
    s.block[b].n += 1
    s.block[b].units += s.job[j].n
    s.job[j].block = b
    s.pool[p].running += 1
    _join_others(s, s.pool[p].site, j)


@compiled
def is_older(s: State, i: int, j: int) -> bool:
    """True if running job `i` started before `j`, or then, having asked before it."""
    if s.job[i].start != s.job[j].start:
        return s.job[i].start < s.job[j].start
    return s.job[i].seq < s.job[j].seq


@compiled
def _join_others(s: State, t: int, j: int) -> None:
    """Enter job `j` among those who run at site `t`, in order of their starts."""
    younger, older = -1, s.site[t].youngest
    while older >= 0 and is_older(s, j, older):
        younger, older = older, s.job[older].older
    s.job[j].older = older
    s.job[j].younger = younger
    if older >= 0:
        s.job[older].younger = j
    if younger >= 0:
        s.job[younger].older = j
    else:
        s.site[t].youngest = j


@compiled
def _leave_others(s: State, t: int, j: int) -> None:
    older, younger = s.job[j].older, s.job[j].younger
    if older >= 0:
        s.job[older].younger = younger
    if younger >= 0:
        s.job[younger].older = older
    else:
        s.site[t].youngest = older


@compiled
def _split(s: State, p: int, b: int, end: int) -> int:
    """Halve full block `b`; return the half into which `end` belongs."""
    half = BLOCK_SIZE // 2
    after = s.block[b].next
    c = _take_block(s)
    s.block[c].prev = b
    s.block[c].next = after
    s.block[b].next = c
    if after >= 0:
        s.block[after].prev = c
    else:
        s.pool[p].ends_tail = c
    moved = 0
    for i in range(half, BLOCK_SIZE):
        j = s.block_job[b, i]
        s.block_end[c, i - half] = s.block_end[b, i]
        s.block_job[c, i - half] = j
        s.block_units[c, i - half] = s.block_units[b, i]
        s.job[j].block = c
        moved += s.block_units[b, i]
    s.block[c].n = BLOCK_SIZE - half
    s.block[b].n = half
    s.block[c].units = moved
    s.block[b].units -= moved
    return c if end >= s.block_end[c, 0] else b


@compiled
def remove(s: State, p: int, j: int) -> None:
    """Take job `j` out of the order of pool `p`."""
    _leave_others(s, s.pool[p].site, j)
    b = s.job[j].block
    n = s.block[b].n
    i = 0
    while s.block_job[b, i] != j:
        i += 1
    while i < n - 1:
        s.block_end[b, i] = s.block_end[b, i + 1]
        s.block_job[b, i] = s.block_job[b, i + 1]
        s.block_units[b, i] = s.block_units[b, i + 1]
        i += 1
    s.block[b].n = n - 1
    s.block[b].units -= s.job[j].n
    s.pool[p].running -= 1
    if n == 1:
        before, after = s.block[b].prev, s.block[b].next
        if before >= 0:
            s.block[before].next = after
        else:
            s.pool[p].ends_head = after
        if after >= 0:
            s.block[after].prev = before
        else:
            s.pool[p].ends_tail = before
        s.block[b].next = s.number[BLOCK_FREE]
        s.number[BLOCK_FREE] = b
        s.number[BLOCKS_FREE_N] += 1


@compiled
def units_by(s: State, p: int, until: int) -> int:
    """Accelerators of pool `p` whose work ends at `until` or before."""
    units = 0
    block, block_end, block_units = s.block, s.block_end, s.block_units
    b = s.pool[p].ends_head
    while b >= 0:
        if block_end[b, block[b].n - 1] <= until:
            units += block[b].units
            b = block[b].next
            continue
        i = 0
        while block_end[b, i] <= until:
            units += block_units[b, i]
            i += 1
        break
    return units


@compiled
def add_watts(s: State, t: int, start: int, step: int, found: object) -> None:
    """Add to `found` what work that runs at site `t` takes of its limits at `start` and each `step`
    from there, if it goes on to its latest end. [W]
    """
    block, block_end, block_units = s.block, s.block_end, s.block_units
    for p in range(s.site[t].pool0, s.site[t].pool1):
        watts, units = s.pool[p].watts, 0
        b, i = s.pool[p].ends_tail, 0
        if b >= 0:
            i = block[b].n
        for x in range(len(found) - 1, -1, -1):  # type: ignore[arg-type]
            at = start + x * step
            while b >= 0:  # Whoever ends after `at`, from the latest on.
                if i == block[b].n and block_end[b, 0] > at:
                    units += block[b].units
                    i = 0
                while i > 0 and block_end[b, i - 1] > at:
                    i -= 1
                    units += block_units[b, i]
                if i > 0:
                    break
                b = block[b].prev
                if b >= 0:
                    i = block[b].n
            found[x] += units * watts  # type: ignore[index]
