"""The virtual loop: a trace lived through by the engine's own kernel, with the clock as a number.

At one instant: what reached its wall time frees its room first; then each submission, each followed
by a pass; then each other end, each followed by a pass. Under `easy` and `fcfs` all wall times are
over before the first pass, as in the reference simulator (docs/explanation/replay-semantics.md);
under `charter` each is followed by its own, as on a live node, where events come one by one.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from allod.decide.kernel import passes, place, steps
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array, Handle
from allod.decide.kernel.jit import compiled
from allod.decide.kernel.state import (
    BLOCKS_FREE_N,
    BUCKETS_FREE_N,
    CHANGE_AT,
    CHARTER,
    DECIDED_N,
    JOBS_FREE_N,
    NEED_N,
    NOW,
    PLACED,
    POLICY,
    RUNNING,
    RUNNING_N,
    SEQ,
    WAITING_N,
    State,
)

# Why the loop came back.
DONE, GROW, DRAIN = 0, 1, 2
# Scalars of the loop.
HEAP_N, PUSHED, OUT_N, TIED_N, RECLAIMS, BURST, LOOP_NUMBERS = range(7)

#: One run of a job, written when it has ended; `final` 0 if it was reclaimed and waits again.
RUN = np.dtype(
    [
        ("row", "i8"),
        ("pool", "i8"),
        ("cls", "i8"),
        ("n", "i8"),
        ("project", "i8"),
        ("run", "i8"),
        ("final", "i8"),
        ("lent", "i8"),
        ("submit", "i8"),
        ("start", "i8"),
        ("end", "i8"),
        ("run_s", "i8"),
    ],
    align=True,
)
#: An end to come: of run `run` of the job that asked as number `seq`.
END = np.dtype(
    [("t", "i8"), ("order", "i8"), ("seq", "i8"), ("job", "i8"), ("run", "i8")], align=True
)
#: A job of a trace, ready to be asked for.
ASK = np.dtype(
    [
        ("submit", "i8"),
        ("run_s", "i8"),
        ("wall", "i8"),
        ("n", "i8"),
        ("topology", "i8"),
        ("verdict", "i8"),
        ("project", "i8"),
        ("row", "i8"),
        ("cancel", "i8"),
    ],
    align=True,
)


class Loop(Handle):
    """What the virtual world keeps beside the engine."""

    fields: ClassVar[dict[str, tuple[Any, int]]] = {
        "number": (np.int64, 1),
        "heap": (END, 1),  # ends to come, least first
        "tied": (END, 1),  # ends of this instant
        "out": (RUN, 1),
    }
    number: Array
    heap: Array
    tied: Array
    out: Array


def new_loop(size: int = 4096) -> Loop:
    """An empty virtual world."""
    return Loop(
        number=np.zeros(LOOP_NUMBERS, np.int64),
        heap=np.zeros(size, END),
        tied=np.zeros(size, END),
        out=np.zeros(1 << 16, RUN),
    )


def make_room(w: Loop, s: State) -> None:
    """Give `s` room for all who ask at the next instant, and `w` for every end that may follow."""
    burst = int(w.number[BURST])
    k.make_room(s, burst)
    wanted = 2 * int(w.number[HEAP_N] + s.number[WAITING_N] + s.number[RUNNING_N] + burst + 1024)
    if wanted > len(w.heap):
        w.put("heap", k.grown(w.heap, 2 * wanted))
        w.put("tied", k.grown(w.tied, 2 * wanted))


@compiled
def _less(a: object, b: object) -> bool:
    if a.t != b.t:  # type: ignore[attr-defined]
        return a.t < b.t  # type: ignore[attr-defined]
    return a.order < b.order  # type: ignore[attr-defined]


@compiled
def push(w: Loop, t: int, j: int, run: int, seq: int) -> None:
    """Let run `run` of job `j`, which asked as number `seq`, end at `t`, after others of then."""
    i = w.number[HEAP_N]
    w.number[HEAP_N] = i + 1
    order = w.number[PUSHED]
    w.number[PUSHED] = order + 1
    while i > 0:
        up = (i - 1) >> 1
        if w.heap[up].t < t or (w.heap[up].t == t and w.heap[up].order < order):
            break
        w.heap[i] = w.heap[up]
        i = up
    w.heap[i].t = t
    w.heap[i].order = order
    w.heap[i].job = j
    w.heap[i].run = run
    w.heap[i].seq = seq


@compiled
def _pop_to_tied(w: Loop) -> None:
    """Move the least end from the heap to the list of this instant."""
    w.tied[w.number[TIED_N]] = w.heap[0]
    w.number[TIED_N] += 1
    n = w.number[HEAP_N] - 1
    w.number[HEAP_N] = n
    if n == 0:
        return
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n and _less(w.heap[child + 1], w.heap[child]):
            child += 1
        if not _less(w.heap[child], w.heap[n]):
            break
        w.heap[i] = w.heap[child]
        i = child
    w.heap[i] = w.heap[n]


@compiled
def _write_run(s: State, w: Loop, j: int, final: int) -> None:
    o = w.number[OUT_N]
    w.number[OUT_N] = o + 1
    w.out[o].row = s.job[j].row
    w.out[o].pool = s.job[j].pool
    w.out[o].cls = s.job[j].cls
    w.out[o].n = s.job[j].n
    w.out[o].project = s.job[j].project
    w.out[o].run = s.job[j].run
    w.out[o].final = final
    w.out[o].lent = 1 if place.is_lent(s, j) else 0
    w.out[o].submit = s.job[j].submit
    w.out[o].start = s.job[j].start
    w.out[o].end = s.number[NOW]
    w.out[o].run_s = s.job[j].run_s


@compiled
def _act(s: State, w: Loop) -> None:
    """Do in the virtual world what the engine has decided."""
    for i in range(s.number[DECIDED_N]):
        j = s.decided[i].job
        if s.decided[i].kind == PLACED:
            push(w, s.job[j].start + s.job[j].run_s, j, s.job[j].run, s.job[j].seq)
        else:
            w.number[RECLAIMS] += 1
            push(w, s.decided[i].t, j, s.job[j].run, s.job[j].seq)
    s.number[DECIDED_N] = 0


@compiled
def _stale(s: State, w: Loop, x: int) -> bool:
    j = w.tied[x].job
    return (
        s.job[j].state != RUNNING or s.job[j].seq != w.tied[x].seq or s.job[j].run != w.tied[x].run
    )


@compiled
def _end(s: State, w: Loop, j: int) -> None:
    """End the run of job `j` now: for good if its time is over, else it was reclaimed."""
    over = s.number[NOW] >= s.job[j].start + s.job[j].run_s
    _write_run(s, w, j, 1 if over else 0)
    steps.ended(s, j, not over)


@compiled
def _short_of_room(s: State, w: Loop, burst: int) -> bool:
    """True if rows could run out while `burst` jobs are asked for; an instant is never split."""
    waiting, running = s.number[WAITING_N] + burst, s.number[RUNNING_N]
    return (
        s.number[JOBS_FREE_N] < 2 + burst
        or s.number[BUCKETS_FREE_N] < 4 + burst
        or s.number[BLOCKS_FREE_N] < len(s.pool) + (waiting >> 4) + 64
        or w.number[HEAP_N] + waiting + running + 64 > len(w.heap)
    )


@compiled
def _burst(asked: object, i: int) -> int:
    """How many are asked for at the instant of `asked[i]`."""
    burst = 0
    while i + burst < len(asked) and asked[i + burst].submit == asked[i].submit:  # type: ignore[index, arg-type]
        burst += 1
    return burst


@compiled
def _end_at_wall_time(s: State, w: Loop, at: int) -> None:
    """End what reaches its wall time at this instant; under `charter` one by one."""
    one_by_one = s.number[POLICY] == CHARTER
    if one_by_one:
        steps.advance(s, at)
        passes.settle(s)
        _act(s, w)
    for x in range(w.number[TIED_N]):
        j = w.tied[x].job
        if not _stale(s, w, x) and s.job[j].ends == at:
            _end(s, w, j)
            if one_by_one:
                passes.settle(s)
                _act(s, w)
    if not one_by_one:
        steps.advance(s, at)


@compiled
def live_through(s: State, w: Loop, asked: object, first: int, until: int) -> tuple[int, int]:
    """Live through `asked[first:]` and all ends before `until`; (next row, why it came back)."""
    i, asked_n = first, len(asked)  # type: ignore[arg-type]
    while True:
        burst = _burst(asked, i)
        if _short_of_room(s, w, burst):
            w.number[BURST] = burst
            return i, GROW
        if w.number[OUT_N] + s.number[RUNNING_N] + 64 > len(w.out):
            return i, DRAIN
        at = asked[i].submit if i < asked_n else until  # type: ignore[index]
        if w.number[HEAP_N] > 0 and w.heap[0].t < at:
            at = w.heap[0].t
        changes = s.number[CHANGE_AT]
        if changes < len(s.change) and s.change[changes].t < at:
            at = s.change[changes].t
        if at >= until:
            return i, DONE

        w.number[TIED_N] = 0
        while w.number[HEAP_N] > 0 and w.heap[0].t == at:
            _pop_to_tied(w)
        s.number[NOW] = at
        _end_at_wall_time(s, w, at)
        while i < asked_n and asked[i].submit == at:  # type: ignore[index]
            j = place.new_job(
                s,
                asked[i].verdict,  # type: ignore[index]
                asked[i].project,  # type: ignore[index]
                asked[i].n,  # type: ignore[index]
                asked[i].topology,  # type: ignore[index]
                asked[i].wall,  # type: ignore[index]
                at,
                s.number[SEQ],
            )
            s.number[SEQ] += 1
            s.job[j].run_s = asked[i].run_s  # type: ignore[index]
            s.job[j].row = asked[i].row  # type: ignore[index]
            steps.submit(s, j)
            passes.settle(s)
            _act(s, w)
            i += 1
        for x in range(w.number[TIED_N]):
            if not _stale(s, w, x):
                _end(s, w, w.tied[x].job)
                passes.settle(s)
                _act(s, w)
        if s.number[NEED_N] > 0:
            passes.settle(s)
            _act(s, w)
