"""A trace lived through by the compiled loop from one thing that is foretold to the next.

In between nothing happens but what the loop knows. At a forecast or a call the engine is told with
all that is live, as a live node is, and the loop goes on from what it made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide.engine import Engine
from allod.decide.kernel import state as k
from allod.decide.live import Live
from allod.domain.decision import Decision, Placement, Reclaim, Refusal
from allod.domain.units import NEVER_S
from allod.replay import loop
from allod.replay.came import Came
from allod.replay.foretold import Told
from allod.replay.mapping import Mapper, Refused
from allod.replay.traces import JobChunk
from allod.replay.virtual import PATIENCE_S, heard_at
from allod.replay.waiting import Waiting, still_waiting
from allod.replay.world import ReplayWorld

Array = npt.NDArray[Any]


def can_span(world: ReplayWorld) -> bool:
    """True if nothing but forecasts and calls asks for more than the compiled loop knows.

    Work with a deadline does, and power caps, and a policy under which the loop lets all wall times
    of an instant end together.
    """
    return world.policy == "charter" and not world.may_wait and not world.may_cap


class Spans:
    """A replay that is told of the time to come, and compiled in between."""

    def __init__(
        self, engine: Engine, world: ReplayWorld, mapper: Mapper, foretold: Iterator[Told]
    ) -> None:
        self.came = Came()
        self.refused: Counter[tuple[str, str]] = Counter()  #: Jobs by (site, code).
        self.refusals: list[tuple[int, Refusal | Refused]] = []  #: (row in the trace, why)
        self._engine, self._world, self._mapper = engine, world, mapper
        self._foretold, self._next = foretold, next(foretold, None)
        self._loop = loop.new_loop()
        self._left = np.zeros(0, loop.ASK)  #: Of the last instant of a chunk; more may follow.
        self._lives: dict[int, Live] = {}  #: By row of the trace, as of the last that was told.
        self._runs: list[Array] = []
        self._jobs = 0
        self._busy_until_s = -1

    def live_through(self, chunk: JobChunk) -> Array:
        """Live through the submissions of `chunk` but for its last instant; the runs that ended."""
        self._left = self._span(self._left, self._world.starts_s + int(chunk.submit_s[0]))
        asks, refused = self._mapper.asks(chunk, self._jobs)
        self._jobs += len(chunk)
        for one in refused:
            self._refused(one.row, one)
        asks = np.concatenate([self._left, asks])
        self._left = self._span(asks, self._world.starts_s + int(chunk.submit_s[-1]))
        return self._ended()

    def rest(self) -> Array:
        """Live until nothing more can happen; the runs that ended meanwhile."""
        if len(self._left):
            self._left = self._span(self._left, int(self._left[-1]["submit"]) + 1)
        while self._is_any_live():
            if self._next is not None and self._may_yet(self._next):
                self._run(self._left, self._next.at_s)
                if self._may_yet(self._next):
                    self._hear(self._next)
                continue
            changes, at = self._engine.state.change, int(self._engine.state.number[k.CHANGE_AT])
            self._run(self._left, int(changes[at]["t"]) + 1 if at < len(changes) else NEVER_S)
            if at >= len(changes):
                break
        return self._ended()

    def waiting(self) -> tuple[Waiting, ...]:
        """Who waits now, by project and size."""
        self._engine.now_s = int(self._engine.state.number[k.NOW])
        return still_waiting(self._engine, self._mapper)

    def _span(self, asks: Array, until_s: int) -> Array:
        """Live through all before `until_s` and hear what is foretold until then; asks left."""
        while self._next is not None and self._next.at_s <= until_s:
            asks = self._run(asks, self._next.at_s)
            self._hear(self._next)
        return self._run(asks, until_s)

    def _run(self, asks: Array, until_s: int) -> Array:
        """Let the compiled loop live through all before `until_s`; the asks that are left."""
        state, virtual, reached = self._engine.state, self._loop, 0
        while True:
            reached, why = loop.live_through(state, virtual, asks, reached, until_s)
            if why == loop.GROW:
                loop.make_room(virtual, state)
                continue
            count = int(virtual.number[loop.OUT_N])
            if count:
                self._runs.append(virtual.out[:count].copy())
                self._busy_until_s = max(self._busy_until_s, int(virtual.out[count - 1]["end"]))
            virtual.number[loop.OUT_N] = 0
            if why == loop.DONE:
                break
            if count == 0:  # All rows are of running jobs: only more rows help.
                virtual.put("out", k.grown(virtual.out, 2 * len(virtual.out)))
        if reached:
            self._busy_until_s = max(self._busy_until_s, int(asks[reached - 1]["submit"]))
        return asks[reached:]

    def _is_any_live(self) -> bool:
        state = self._engine.state
        return bool(state.number[k.JOBS_FREE_N] < len(state.job))

    def _may_yet(self, told: Told) -> bool:
        """True if work is here that `told` may still matter to, though no more is submitted."""
        ends = self._loop.number[loop.HEAP_N] > 0
        return self._is_any_live() and (bool(ends) or told.at_s <= self._busy_until_s + PATIENCE_S)

    def _hear(self, told: Told) -> None:
        """Tell the engine, which then knows all that is live by its name, and do what it says."""
        engine, self._next = self._engine, next(self._foretold, None)
        engine.now_s = int(engine.state.number[k.NOW])
        heard = heard_at(told, engine.now_s)
        if heard is None:
            return
        old = engine.state.job[engine.state.job["state"] != k.FREE]
        lives = self._name_all(np.flatnonzero(engine.state.job["state"] != k.FREE))
        engine.live = {live.workload_id: live for live in lives}
        engine.by_row = {live.row: live for live in lives}
        judge = engine.judge
        made = engine.step(heard)
        # A verdict rests on what the weather is for ever, which a first forecast alone can tell.
        assert engine.judge is judge or self._jobs == 0
        jobs = engine.state.job
        rows = np.array([live.row for live in lives], np.int64)
        jobs["row"][rows], jobs["run_s"][rows] = old["row"], old["run_s"]
        self._renumber(old["seq"], rows)
        self.came.told(heard, made)
        for decision in made:
            self._do(decision)

    def _name_all(self, rows: npt.NDArray[np.int64]) -> list[Live]:
        """Live work in `rows` of the kernel."""
        before, self._lives = self._lives, {}
        lives = []
        for j, row in zip(rows.tolist(), self._engine.state.job["row"][rows].tolist(), strict=True):
            live = before.get(row) or self._mapper.live(j)
            live.row = j
            self._lives[row] = live
            lives.append(live)
        return lives

    def _renumber(self, seqs: Array, rows: Array) -> None:
        """Let the ends to come be of the jobs of `seqs`, which are in `rows` now."""
        heap = self._loop.heap[: int(self._loop.number[loop.HEAP_N])]
        if len(seqs) == 0 or len(heap) == 0:
            return
        order = np.argsort(seqs)
        i = np.minimum(np.searchsorted(seqs, heap["seq"], sorter=order), len(seqs) - 1)
        # Who is gone is told by its number: nobody else ever has it.
        heap["job"] = rows[order[i]]

    def _do(self, decision: Decision) -> None:
        """Do in the virtual world what the engine has decided."""
        if isinstance(decision, Refusal):
            self._refused(int(decision.workload_id[1:]) - 1, decision)
        if not isinstance(decision, Placement | Reclaim):
            return
        if self._loop.number[loop.HEAP_N] + 64 > len(self._loop.heap):
            loop.make_room(self._loop, self._engine.state)
        j = self._engine.live[decision.workload_id].row
        job = self._engine.state.job[j]
        if isinstance(decision, Placement):
            at_s = decision.at_s + int(job["run_s"])
        else:
            at_s = decision.stop_at_s
        loop.push(self._loop, at_s, j, decision.run, int(job["seq"]))

    def _refused(self, row: int, refusal: Refusal | Refused) -> None:
        self.refusals.append((row, refusal))
        self.refused.update({(r.site, r.code) for r in refusal.reasons if r.forever})

    def _ended(self) -> Array:
        runs, self._runs = self._runs, []
        found = np.concatenate([np.zeros(0, loop.RUN), *runs])
        self.came.ran(found)
        return found
