"""What happens: a submission, an end, the passing of time; and the pass over who waits at a site.

One pass follows each event. It starts whoever is first and fits; the first that does not fit gets
the reservation of the pool where it could start soonest; whoever is behind starts only beside that
reservation (EASY). Each pool has at most one reservation and each job holds at most one.
"""

from __future__ import annotations

from allod.decide.kernel import claims, limits, place, queue, room, shadow
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    ACTIVE_N,
    CHANGE_AT,
    CHARTER,
    CLAIMED,
    EASY,
    EPOCH,
    FCFS,
    NEED_N,
    NOW,
    POLICY,
    WAITING,
    State,
)

NEVER = 1 << 53
DECAY_STEP_S = place.DECAY_STEP_S


@compiled
def decay(s: State, t: int) -> None:
    """Bring the decayed use of all projects at site `t` up to the present step."""
    steps = (s.number[NOW] - s.site[t].decayed) // DECAY_STEP_S
    if steps <= 0:
        return
    s.site[t].decayed += steps * DECAY_STEP_S
    factor = s.site[t].decay
    if factor >= 65_536:
        return
    for r in range(len(s.project)):
        use = s.use[r, t]
        for _ in range(steps):
            if use == 0:
                break
            use = (use >> 16) * factor + (((use & 65_535) * factor) >> 16)
        s.use[r, t] = use


@compiled
def best_start(s: State, t: int, j: int) -> int:
    """The pool of site `t` in which job `j` may start now and would rather, or -1."""
    best, best_score = -1, 1 << 62
    n, verdict = s.job[j].n, s.job[j].verdict
    for p in range(s.site[t].pool0, s.site[t].pool1):
        c = s.verdict[verdict, p]
        free = s.pool[p].free - s.pool[p].claimed
        if c < 0 or n > free:
            continue
        score = (s.rank[verdict, p] << 32) + free - n
        if score < best_score and place.may_start(s, p, c, j):
            best, best_score = p, score
    if best >= 0 and not place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
        return -1
    return best


@compiled
def _room_for_any(s: State, t: int) -> bool:
    """True if some waiting job could fit by units alone, or is owed room by a floor."""
    most = 0
    for p in range(s.site[t].pool0, s.site[t].pool1):
        most = max(most, s.pool[p].free - s.pool[p].claimed)
    for i in range(s.number[ACTIVE_N]):
        b = s.active[i]
        c = queue.class_at(s, s.bucket[b].verdict, t)
        if c >= 0:
            n = s.bucket[b].n
            if n <= most or limits.floor_room(s, c) >= n:
                return True
    return False


@compiled
def _drop_reservations(s: State, t: int) -> None:
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0:
            s.job[h].reserved = -1
            s.pool[p].r_job = -1


@compiled
def _reserve(s: State, t: int, j: int) -> bool:
    """Give job `j` the reservation of the free pool of site `t` where it could start soonest."""
    held = s.job[j].reserved
    soonest = s.pool[held].r_time if held >= 0 else NEVER
    best = -1
    for p in range(s.site[t].pool0, s.site[t].pool1):
        c = s.verdict[s.job[j].verdict, p]
        if c < 0 or s.pool[p].r_job >= 0 or s.job[j].n > s.pool[p].units:
            continue
        at, _ = shadow.start_of(s, p, c, j, False)
        if at < soonest:
            best, soonest = p, at
    if best < 0:
        return False
    if held >= 0:
        s.pool[held].r_job = -1
        # A pass there now could give the reservation back and so on for ever; the next one will do.
        s.site[s.pool[held].site].valid = 0
    c = s.verdict[s.job[j].verdict, best]
    at, extra = shadow.start_of(s, best, c, j, True)
    place.reserve(s, best, c, j, at, extra)
    return True


@compiled
def _has_open_pool(s: State, t: int, verdict: int) -> bool:
    for p in range(s.site[t].pool0, s.site[t].pool1):
        if s.pool[p].r_job < 0 and s.verdict[verdict, p] >= 0:
            return True
    return False


@compiled
def run_pass(s: State, t: int, guard: bool) -> None:
    """Start at site `t` whatever may start now; its reservations stay in place.

    If nothing that waits could fit, reservations guard against nobody and are left out, unless
    `guard` asks for them because someone new is at the door.
    """
    claims.start_claims(s, t)
    if s.site[t].active == 0:
        _drop_reservations(s, t)
        s.site[t].valid = 1
        return
    decay(s, t)
    if not guard and not _room_for_any(s, t):
        _drop_reservations(s, t)
        s.site[t].valid = 0
        return
    _drop_reservations(s, t)
    s.number[EPOCH] += 1
    epoch = s.number[EPOCH]
    strict = s.number[POLICY] == FCFS
    while True:
        start_job, start_pool, blocked = -1, -1, -1
        most, is_open = 0, s.number[POLICY] != EASY
        for p in range(s.site[t].pool0, s.site[t].pool1):
            most = max(most, s.pool[p].free - s.pool[p].claimed)
            is_open = is_open or s.pool[p].r_job < 0
        for i in range(s.number[ACTIVE_N]):
            b = s.active[i]
            if s.bucket[b].epoch == epoch or (s.bucket[b].n > most and not is_open):
                continue  # Settled, or too large to start and nothing left to reserve for it.
            verdict = s.bucket[b].verdict
            if queue.class_at(s, verdict, t) < 0:
                continue
            j = s.bucket[b].head
            p = -1
            if s.bucket[b].n <= most and (start_job < 0 or queue.before(s, t, j, start_job)):
                p = best_start(s, t, j)
                if p >= 0:
                    start_job, start_pool = j, p
            if p < 0 and (blocked < 0 or queue.before(s, t, j, blocked)):
                may = strict or _has_open_pool(s, t, verdict) or _is_due(s, t, j)
                if may and not (start_job >= 0 and queue.before(s, t, start_job, j)):
                    # No room is kept for work that its project could not pay for.
                    if place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
                        blocked = j
        if start_job >= 0 and (blocked < 0 or queue.before(s, t, start_job, blocked)):
            held = s.job[start_job].reserved
            queue.dequeue(s, start_job)
            if held >= 0 and s.pool[held].site != t:  # Its reservation elsewhere stood in the way.
                place.need_pass(s, s.pool[held].site)
            c = s.verdict[s.job[start_job].verdict, start_pool]
            if not place.start(s, start_pool, c, start_job):
                queue.enqueue(s, start_job)
                s.bucket[s.job[start_job].bucket].epoch = epoch
            continue
        if blocked < 0:
            break
        if _is_due(s, t, blocked) and claims.reclaim_for(s, blocked, t):
            continue
        if strict:
            break
        _reserve(s, t, blocked)
        s.bucket[s.job[blocked].bucket].epoch = epoch
    s.site[t].valid = 1


@compiled
def _is_due(s: State, t: int, j: int) -> bool:
    """True if a floor at site `t` owes room to job `j`."""
    if s.number[POLICY] != CHARTER:
        return False
    return limits.floor_room(s, queue.class_at(s, s.job[j].verdict, t)) >= s.job[j].n


@compiled
def settle(s: State) -> None:
    """Pass over every site that needs it, until none does."""
    while s.number[NEED_N] > 0:
        t = s.need[0]
        for i in range(1, s.number[NEED_N]):
            if s.need[i] < t:
                t = s.need[i]
        last = 0
        for i in range(s.number[NEED_N]):
            if s.need[i] != t:
                s.need[last] = s.need[i]
                last += 1
        s.number[NEED_N] = last
        s.site[t].needs = 0
        run_pass(s, t, False)


@compiled
def submit(s: State, j: int) -> None:
    """Place job `j`, claim room for it, or let it wait."""
    verdict, n = s.job[j].verdict, s.job[j].n
    if s.number[NEED_N] > 0:  # Room has come free at this very time: all who wait have a say.
        _ask_everywhere(s, j)
        return
    best, best_score = -1, 1 << 62
    for t in range(len(s.site)):
        pool0, pool1 = s.site[t].pool0, s.site[t].pool1
        checked = s.site[t].active == 0
        if not checked and s.number[POLICY] == FCFS:
            continue
        for p in range(pool0, pool1):
            c = s.verdict[verdict, p]
            free = s.pool[p].free - s.pool[p].claimed
            if c < 0 or n > free:
                continue
            lent = limits.floor_room(s, c) < n
            score = (s.rank[verdict, p] << 32) + free - n
            if lent:
                score += 1 << 56
            if score >= best_score:
                continue
            if not checked:
                checked = True
                if s.site[t].valid == 0:
                    run_pass(s, t, True)
                if _outranks_holder(s, t, j):
                    _ask_everywhere(s, j)
                    return
            if place.may_start(s, p, c, j):
                best, best_score = p, score
    if best >= 0 and place.in_budget(s, j, s.number[NOW] + s.job[j].wall):
        t = s.pool[best].site
        decay(s, t)
        if place.start(s, best, s.verdict[verdict, best], j):
            return
    if s.number[POLICY] == CHARTER:
        for t in range(len(s.site)):
            c = queue.class_at(s, verdict, t)
            if c >= 0 and limits.floor_room(s, c) >= n:
                decay(s, t)
                if _due_before(s, t, j):  # They have their say first.
                    place.need_pass(s, t)
                elif claims.reclaim_for(s, j, t):
                    return
    queue.enqueue(s, j)
    _invalidate_outranked(s, j)


@compiled
def _due_before(s: State, t: int, j: int) -> bool:
    """True if someone who waits at site `t` is owed room and goes before job `j`."""
    for i in range(s.number[ACTIVE_N]):
        b = s.active[i]
        h = s.bucket[b].head
        if queue.class_at(s, s.bucket[b].verdict, t) >= 0 and _is_due(s, t, h):
            if queue.before(s, t, h, j):
                return True
    return False


@compiled
def _ask_everywhere(s: State, j: int) -> None:
    """Let job `j` wait and make a pass wherever it could start or is owed room."""
    verdict, n = s.job[j].verdict, s.job[j].n
    queue.enqueue(s, j)
    for p in range(len(s.pool)):
        c = s.verdict[verdict, p]
        if c >= 0 and (
            n <= s.pool[p].free - s.pool[p].claimed
            or (s.number[POLICY] == CHARTER and limits.floor_room(s, c) >= n)
        ):
            place.need_pass(s, s.pool[p].site)
    _invalidate_outranked(s, j)
    settle(s)


@compiled
def _outranks_holder(s: State, t: int, j: int) -> bool:
    if s.number[POLICY] != CHARTER:
        return False
    for p in range(s.site[t].pool0, s.site[t].pool1):
        h = s.pool[p].r_job
        if h >= 0 and queue.before(s, t, j, h):
            return True
    return False


@compiled
def _invalidate_outranked(s: State, j: int) -> None:
    """Reservations stay right unless the new job goes before their holder or could hold one."""
    for t in range(len(s.site)):
        if s.site[t].valid == 0 or queue.class_at(s, s.job[j].verdict, t) < 0:
            continue
        if _has_open_pool(s, t, s.job[j].verdict) or _outranks_holder(s, t, j):
            s.site[t].valid = 0


@compiled
def requeue(s: State, j: int) -> None:
    """Let a reclaimed job wait again in its old place; its next run is a new one."""
    queue.enqueue(s, j)
    for t in range(len(s.site)):
        if queue.class_at(s, s.job[j].verdict, t) >= 0:
            place.need_pass(s, t)


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
        verdict = s.job[j].verdict
        queue.dequeue(s, j)
        for t in range(len(s.site)):
            if queue.class_at(s, verdict, t) >= 0:
                place.need_pass(s, t)
    elif s.job[j].state == CLAIMED:
        t = s.pool[s.job[j].pool].site
        claims.unclaim(s, j)
        place.refund(s, j, t, s.job[j].wall)
        place.need_pass(s, t)


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
            _grow_nodes(s, i, a)
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
def _grow_nodes(s: State, p: int, units: int) -> None:
    """Let the nodes of pool `p` hold `units` in all, filled in the order of their numbers."""
    per_node = s.pool[p].per_node
    for x in range(s.pool[p].nodes):
        before = min(per_node, max(0, s.pool[p].units - x * per_node))
        after = min(per_node, max(0, units - x * per_node))
        if after != before:
            node = s.pool[p].node0 + x
            room.set_free(s, p, node, s.node_free[node] + after - before)


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
