"""Start and end of a run: what is taken, what is given back, and whether it may start at all."""

from __future__ import annotations

from allod.decide.kernel import ends, held, limits, queue, room
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    BUDGET_BLOCKED,
    CLAIMED,
    DECIDED_N,
    FREE,
    JOB_FREE,
    JOBS_FREE_N,
    NEED_N,
    NEW,
    NOW,
    PLACED,
    RUNNING,
    RUNNING_N,
    State,
)

DECAY_STEP_S = 3600  #: Past use decays in steps of this length. [s]


@compiled
def new_job(
    s: State,
    verdict: int,
    project: int,
    n: int,
    topology: int,
    wall: int,
    submit: int,
    seq: int,
) -> int:
    """A row for a job that has just been asked for."""
    j = s.number[JOB_FREE]
    s.number[JOB_FREE] = s.job[j].next
    s.number[JOBS_FREE_N] -= 1
    s.job[j].n = n
    s.job[j].topology = topology
    s.job[j].state = NEW
    s.job[j].backed = 0
    s.job[j].bucket = -1
    s.job[j].next = -1
    s.job[j].prev = -1
    s.job[j].pool = -1
    s.job[j].cls = -1
    s.job[j].run = 0
    s.job[j].block = -1
    s.job[j].span = -1
    s.job[j].reserved = -1
    s.job[j].verdict = verdict
    s.job[j].project = project
    s.job[j].wall = wall
    s.job[j].submit = submit
    s.job[j].seq = seq
    s.job[j].start = -1
    s.job[j].ends = -1
    s.job[j].stop_at = 0
    s.job[j].spared = 0
    s.job[j].spared_from = 0
    s.job[j].spared_till = 0
    s.job[j].capped = 0
    return j


@compiled
def forget_job(s: State, j: int) -> None:
    """Give back the row of a job that is neither waiting nor running."""
    s.job[j].state = FREE
    s.job[j].next = s.number[JOB_FREE]
    s.number[JOB_FREE] = j
    s.number[JOBS_FREE_N] += 1


@compiled
def need_pass(s: State, t: int) -> None:
    """Note that something changed at site `t`, so that all its reservations are made anew."""
    s.site[t].kept = 0
    look_again(s, t)


@compiled
def look_again(s: State, t: int) -> None:
    """Note that someone may start at site `t` now; what is reserved there stays reserved."""
    s.site[t].valid = 0
    if s.site[t].needs == 0:
        s.site[t].needs = 1
        s.need[s.number[NEED_N]] = t
        s.number[NEED_N] += 1


@compiled
def in_budget(s: State, j: int, end: int) -> bool:
    """True if the project of job `j` has a grant left for all of its wall time (C8)."""
    r = s.job[j].project
    if s.job[j].n * s.job[j].wall <= s.project[r].budget and end <= s.project[r].until:
        return True
    s.number[BUDGET_BLOCKED] = 1
    return False


@compiled
def may_start(s: State, p: int, c: int, j: int, over: bool) -> bool:
    """True if units, limits, nodes and reservations let job `j` start now in `p` as class `c`.

    With `over`, the reservations of those who come after it do not count.
    """
    n = s.job[j].n
    end = s.number[NOW] + s.job[j].wall
    if n > s.pool[p].free - s.pool[p].claimed:
        return False
    if s.pool[p].per_node > 1:
        # Promised nodes are not known until the victims are gone; nobody slips in before.
        if s.pool[p].claimed > 0 or not room.packs(s, p, n, s.job[j].topology, False):
            return False
    if not held.is_left(s, p, j, end):
        if not over or not queue.before(s, s.pool[p].site, j, s.pool[p].r_job):
            return False
    if not limits.fits(s, p, c, n, end):
        return False
    return held.would_delay(s, p, c, j, end, over) < 0


@compiled
def backing(s: State, p: int, c: int, n: int) -> int:
    """Bits of the depths at which `n` more of class `c` are within the floor."""
    bits = 0
    a = c
    while a >= 0:
        if s.cls[a].use + s.cls[a].claimed + n <= s.cls[a].floor:
            bits |= 1 << s.cls[a].depth
        a = s.cls[a].parent
    return bits


@compiled
def is_lent(s: State, j: int) -> bool:
    """True if running job `j` is beyond some floor on its path, so that it can be reclaimed."""
    a = s.job[j].cls
    while a >= 0:
        if s.job[j].backed & (1 << s.cls[a].depth) == 0:
            return True
        a = s.cls[a].parent
    return False


@compiled
def decide(s: State, kind: int, j: int, other: int, lent: bool, t: int) -> None:
    """Write a decision to the buffer."""
    i = s.number[DECIDED_N]
    s.decided[i].kind = kind
    s.decided[i].job = j
    s.decided[i].other = other
    s.decided[i].lent = 1 if lent else 0
    s.decided[i].t = t
    s.number[DECIDED_N] = i + 1


@compiled
def start(s: State, p: int, c: int, j: int) -> bool:
    """Run job `j` in pool `p` as class `c` from now on; False if its nodes cannot be had."""
    t, n, now = s.pool[p].site, s.job[j].n, s.number[NOW]
    end = now + s.job[j].wall
    plain = s.pool[p].per_node == 1
    claimed = s.job[j].state == CLAIMED
    late = False
    if not plain and not claimed:
        h = s.pool[p].r_job
        late = h >= 0 and h != j and end > s.pool[p].r_time and held.is_left(s, p, j, end)
    if claimed and not plain:
        room.free_spans(s, p, j, -1)  # Those that it has chosen.
    elif not plain and not room.occupy(s, p, j, late):
        room.vacate(s, p, j)
        return False
    if not claimed:
        s.job[j].backed = backing(s, p, c, n)
    s.pool[p].free -= n
    limits.add(s, p, c, n, end, False)
    if s.site[t].limited == 1:
        limits.note(s, p, c)
    s.job[j].state = RUNNING
    s.job[j].pool = p
    s.job[j].cls = c
    s.job[j].run += 1
    s.job[j].start = now
    s.job[j].ends = end
    s.job[j].stop_at = 0
    ends.insert(s, p, j)
    s.number[RUNNING_N] += 1
    if not claimed:
        charge(s, j, t)
    held.use_extra(s, p, c, j, end, late)
    decide(s, PLACED, j, -1, is_lent(s, j), end)
    return True


@compiled
def set_use(s: State, r: int, t: int, use: int) -> None:
    """Write the decayed use of project `r` at site `t`."""
    s.use[r, t] = use
    s.by_share[t, r] = use // s.project[r].share


@compiled
def charge(s: State, j: int, t: int) -> None:
    """Count all of the wall time of job `j` as used; what it leaves comes back at its end."""
    r, cost = s.job[j].project, s.job[j].n * s.job[j].wall
    set_use(s, r, t, s.use[r, t] + cost)
    s.project[r].budget -= cost


@compiled
def faded(s: State, t: int, use: int, steps: int) -> int:
    """What is left of `use` at site `t` after so many steps of decay."""
    factor = s.site[t].decay
    while steps > 0 and use > 0 and factor < 65_536:
        if steps & 1:
            use = (use >> 16) * factor + (((use & 65_535) * factor) >> 16)
        factor = (factor * factor) >> 16
        steps >>= 1
    return use


@compiled
def refund(s: State, j: int, t: int, unused: int) -> None:
    """Give back `unused` seconds of all accelerators of job `j`, which was charged at its start.

    What was counted as use has faded since, and so does what is taken off it. What comes back after
    its grant has ended does not swell the grants that are left (C8).
    """
    r, cost = s.job[j].project, s.job[j].n * unused
    steps = s.site[t].decayed // DECAY_STEP_S - s.job[j].start // DECAY_STEP_S
    set_use(s, r, t, max(0, s.use[r, t] - faded(s, t, cost, steps)))
    s.project[r].budget = min(s.project[r].budget + cost, s.project[r].granted)
    if s.number[BUDGET_BLOCKED] == 1:
        s.number[BUDGET_BLOCKED] = 0
        for site in range(len(s.site)):
            if s.site[site].active > 0:
                need_pass(s, site)


@compiled
def release(s: State, j: int) -> None:
    """End the run of job `j`: all that it held is free, but for what is out."""
    p, c = s.job[j].pool, s.job[j].cls
    t, n, end = s.pool[p].site, s.job[j].n, s.job[j].ends
    if s.pool[p].per_node > 1:
        held.was_free_then(s, p, j, end)
        more = room.vacate(s, p, j)
    else:
        more = n
    ends.remove(s, p, j)
    s.pool[p].free += more
    limits.relieve(s, j, -1)
    limits.add(s, p, c, -n, end, False)
    s.job[j].state = NEW
    s.job[j].backed = 0
    s.job[j].stop_at = 0
    s.number[RUNNING_N] -= 1
    unused = end - s.number[NOW]
    if unused > 0:
        refund(s, j, t, unused)
    held.give_extra(s, p, c, n, more, end)
    s.site[t].capped -= s.job[j].capped
    s.job[j].spared = 0
    s.job[j].capped = 0
    look_again(s, t)


@compiled
def set_out(s: State, p: int, out: object, others: int) -> None:
    """Let so many accelerators of each node of pool `p` be `out`, and others draw so much. [W]

    A pool of equal units has one number in the place of its nodes.
    """
    total = 0
    for x in range(len(out)):  # type: ignore[arg-type]
        total += out[x]  # type: ignore[index]
    if s.pool[p].per_node > 1:
        s.pool[p].free += room.set_out(s, p, out)
    else:
        s.pool[p].free -= total - s.pool[p].out
    s.pool[p].out = total
    if others != s.pool[p].others:
        limits.set_others(s, p, others)


@compiled
def readmit(s: State, j: int, p: int, c: int) -> None:
    """Enter job `j`, which runs in pool `p`, into the accounts of a new state.

    Its row states start, ends, run, backing, cap and, as a chain of spans, its nodes; nothing is
    decided and nothing charged.
    """
    s.job[j].pool = p
    s.job[j].cls = c
    s.job[j].state = RUNNING
    s.pool[p].free -= s.job[j].n
    limits.add(s, p, c, s.job[j].n, s.job[j].ends, False)
    limits.relieve(s, j, 1)
    s.site[s.pool[p].site].capped += s.job[j].capped
    ends.insert(s, p, j)
    s.number[RUNNING_N] += 1


@compiled
def set_cap(s: State, j: int, watts: int, since: int, till: int, capped: bool) -> None:
    """Let running job `j` have a cap that spares so many `watts` until `till`; 0: it has none.

    It counts once it is `capped`, as its runner says.
    """
    t = s.pool[s.job[j].pool].site
    limits.relieve(s, j, -1)
    s.site[t].capped -= s.job[j].capped
    s.job[j].spared = watts
    s.job[j].spared_from = since
    s.job[j].spared_till = till
    s.job[j].capped = 1 if capped and watts > 0 else 0
    s.site[t].capped += s.job[j].capped
    limits.relieve(s, j, 1)
    need_pass(s, t)


@compiled
def readmit_span(s: State, j: int, p: int, node: int, n: int) -> None:
    """Give `n` accelerators of node `node` of pool `p` to job `j` again."""
    room.give_span(s, p, j, s.pool[p].node0 + node, n)
