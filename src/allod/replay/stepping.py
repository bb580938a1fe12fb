"""A trace lived through event by event into a result: the way where work may wait for clean power.

The engine is told all by `step`, as a live node is; what it decides is counted as the compiled loop
counts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide import blockers
from allod.decide.engine import Engine
from allod.decide.kernel import place
from allod.decide.live import Live
from allod.domain.decision import Decision, Placement, Refusal
from allod.domain.event import Event, Json, WorkloadEnded
from allod.errors import InvalidInput
from allod.replay.came import Came
from allod.replay.foretold import Told
from allod.replay.loop import RUN
from allod.replay.mapping import Mapper
from allod.replay.traces import JobChunk
from allod.replay.virtual import Job, VirtualWorld, submissions
from allod.replay.waiting import Waiting
from allod.replay.world import ReplayWorld


class Stepping:
    """A replay that is told event by event."""

    def __init__(
        self,
        engine: Engine,
        world: ReplayWorld,
        mapper: Mapper,
        foretold: Iterator[Told],
        specs: Mapping[str, Json] | None = None,
    ) -> None:
        """Begin; `specs` as in `submissions`."""
        self.came = Came()
        self.refused: Counter[tuple[str, str]] = Counter()  #: Jobs by (site, code).
        self.refusals: list[tuple[int, Refusal]] = []  #: (row in the trace, why)
        self.left_out = 0  #: Recorded work that names what this world does not have.
        self._engine, self._world, self._mapper, self._specs = engine, world, mapper, specs
        self._virtual = VirtualWorld(engine, self._said, foretold, self._ends)
        self._runs: list[tuple[int, ...]] = []
        self._jobs = 0
        self._placed: dict[str, Placement] = {}

    def live_through(self, chunk: JobChunk) -> npt.NDArray[Any]:
        """Live through the submissions of `chunk`; the runs that ended meanwhile."""
        for event, job in submissions(chunk, self._jobs, self._world, self._mapper, self._specs):
            self._jobs += 1
            try:
                self._virtual.submit(event, job)
            except InvalidInput:
                if self._specs is None:
                    raise
                # It was asked for in another world: a dataset or site of its own is not in this.
                del self._virtual.jobs[event.workload_id]
                self.left_out += 1
        return self._ended()

    def rest(self) -> npt.NDArray[Any]:
        """Live until nothing more can happen; the runs that ended meanwhile."""
        self._virtual.rest()
        return self._ended()

    def waiting(self) -> tuple[Waiting, ...]:
        """Who waits now, by project and size."""
        kinds: dict[tuple[str, int], list[Live]] = {}
        for live in sorted(self._engine.live.values(), key=lambda live: live.seq):
            kinds.setdefault((live.workload.project, live.workload.accelerators), []).append(live)
        return tuple(
            Waiting(
                project=project,
                accelerators=n,
                rows=np.array([self._row(live) for live in lives], np.int64),
                reasons=self._reasons(lives[0]),
            )
            for (project, n), lives in sorted(kinds.items())
        )

    def _row(self, live: Live) -> int:
        return self._virtual.jobs[live.workload_id].row

    def _reasons(self, live: Live) -> tuple[tuple[str, str], ...]:
        reasons, _, _ = blockers.of(self._engine, live)
        return tuple(sorted({(r.site, r.code) for r in reasons if not r.forever}))

    def _said(self, event: Event, made: tuple[Decision, ...]) -> None:
        self.came.told(event, made)
        for decision in made:
            if isinstance(decision, Placement):
                self._placed[decision.workload_id] = decision
            elif isinstance(decision, Refusal):
                row = self._virtual.jobs[decision.workload_id].row
                self.refusals.append((row, decision))
                self.refused.update({(r.site, r.code) for r in decision.reasons if r.forever})

    def _ends(self, job: Job, event: WorkloadEnded, over: bool) -> None:
        """Note the run that is about to end."""
        engine, placed = self._engine, self._placed.pop(event.workload_id)
        live = engine.live[event.workload_id]
        row = engine.state.job[live.row]
        self._runs.append(
            (
                job.row,
                int(row["pool"]),
                int(row["cls"]),
                int(row["n"]),
                int(row["project"]),
                int(row["run"]),
                int(over),
                int(place.is_lent(engine.state, live.row)),
                live.submit_s,
                placed.at_s,
                event.at_s,
                job.run_s,
            )
        )

    def _ended(self) -> npt.NDArray[Any]:
        found, self._runs = np.array(self._runs, RUN), []
        self.came.ran(found)
        return found
