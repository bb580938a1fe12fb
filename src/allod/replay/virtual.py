"""The world of a replay that is told event by event: what runs ends, who is reclaimed goes.

Of events at one instant, what is foretold comes first, then ends at the wall time, then
submissions, then other ends, as in the compiled loop. There those first ends free their room
together before the next pass; here each has its own pass (docs/explanation/replay-semantics.md).
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from allod.decide.engine import Engine
from allod.domain.decision import Decision, Placement, Reclaim, Refusal
from allod.domain.event import (
    Event,
    ForecastGiven,
    Json,
    Outcome,
    TimePassed,
    WorkloadEnded,
    WorkloadSubmitted,
)
from allod.domain.units import NEVER_S
from allod.replay.came import name_of
from allod.replay.foretold import Told
from allod.replay.mapping import Mapper
from allod.replay.traces import JobChunk
from allod.replay.world import ReplayWorld

#: Work that no forecast of so long lets start, while nothing else runs, never comes to run. [s]
PATIENCE_S = 30 * 86_400
_OUTCOMES = (Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED, Outcome.COMPLETED)
#: Told of each event with what was decided because of it.
Said = Callable[[Event, tuple[Decision, ...]], None]


@dataclass(slots=True)
class Job:
    """What the world knows of live work and the engine does not."""

    row: int  #: In the trace.
    run_s: int
    outcome: Outcome
    run: int = 0
    over_s: int = NEVER_S  #: When its present run is over by itself.
    wall_s: int = NEVER_S  #: When the wall time of its present run is over.


def submissions(
    chunk: JobChunk,
    first_row: int,
    world: ReplayWorld,
    mapper: Mapper,
    specs: Mapping[str, Json] | None = None,
) -> Iterator[tuple[WorkloadSubmitted, Job]]:
    """The jobs of `chunk` as events; `specs` has what was asked for, by job, where that is known.

    Otherwise a job asks for what the trace says of it, and has no data and no rules of its own.
    """
    projects = mapper.projects_of(chunk, first_row).tolist()
    classes = chunk.access_class
    patience = {one.project: one.flexibility_s for one in world.mapping.portions}
    columns = zip(
        chunk.submit_s.tolist(),
        chunk.run_s.tolist(),
        chunk.wall_s.tolist(),
        chunk.accelerators.tolist(),
        chunk.partition.tolist(),
        chunk.status.tolist(),
        chunk.job_id.tolist(),
        projects,
        classes.tolist() if classes is not None else [-1] * len(chunk),
        strict=True,
    )
    for row, (submit_s, run_s, wall_s, n, partition, status, job_id, project, cls) in enumerate(
        columns, first_row
    ):
        spec: Json = {
            "project": mapper.project_name(project),
            "accelerators": n,
            "wall_time_s": wall_s,
        }
        if world.mapping.site_by_partition:
            spec["sites"] = list(mapper.sites_of(partition))
        if wanted := mapper.class_named(cls):
            spec["access_class"] = wanted
        if patience_s := patience.get(spec["project"], 0):
            deadline_s = world.starts_s + submit_s + wall_s + patience_s
            spec["flexibility"] = {"deadline": deadline_s}
        if specs is not None:
            spec = specs[str(job_id)]
        event = WorkloadSubmitted(
            at_s=world.starts_s + submit_s,
            workload_id=name_of(row),
            name=_name(job_id),
            workload=spec,
        )
        yield event, Job(row, run_s, _OUTCOMES[status])


def _name(job_id: object) -> str:
    text = re.sub(r"[^a-z0-9.-]+", "-", str(job_id).lower()).strip(".-")
    return f"job-{text}"[:63]


def heard_at(told: Told, now_s: int) -> Told | None:
    """`told` as it is heard at `now_s`; of what came while nobody listened, calls not yet over."""
    if told.at_s >= now_s:
        return told
    if isinstance(told, ForecastGiven) or told.ends_s <= now_s:
        return None
    return replace(told, at_s=now_s)


class VirtualWorld:
    """Runs what is placed until it is over or must go, and passes on all that is said."""

    def __init__(
        self,
        engine: Engine,
        said: Said,
        foretold: Iterator[Told],
        ends: Callable[[Job, WorkloadEnded, bool], None] | None = None,
    ) -> None:
        self.engine = engine
        self.jobs: dict[str, Job] = {}  #: Live work.
        self._said, self._ends_now = said, ends
        self._foretold = foretold
        self._next = next(foretold, None)  #: What is foretold next.
        self._ends: list[tuple[int, int, str, int]] = []  #: (when, order, workload, run)
        self._pushed = 0
        self._late: list[tuple[str, int]] = []  #: Ends of this instant that follow submissions.
        self._now_s = self._busy_until_s = -1

    def submit(self, event: WorkloadSubmitted, job: Job) -> None:
        """Live up to the submission, then tell of it."""
        if event.at_s > self._now_s:
            self._live_until(event.at_s)
            self._begin(event.at_s)
        self.jobs[event.workload_id] = job
        self._busy_until_s = event.at_s
        self.tell(event)

    def rest(self) -> None:
        """Live until nothing more can happen."""
        self._live_until(NEVER_S)

    def tell(self, event: Event) -> None:
        """Tell the engine, pass on what was said, and do what was decided."""
        made = self.engine.step(event)
        self._said(event, made)
        for decision in made:
            if isinstance(decision, Placement):
                job = self.jobs[decision.workload_id]
                job.run, job.wall_s = decision.run, decision.ends_at_s
                job.over_s = decision.at_s + job.run_s
                self._push(job.over_s, decision.workload_id, job.run)
            elif isinstance(decision, Reclaim):
                self._push(decision.stop_at_s, decision.workload_id, decision.run)
            elif isinstance(decision, Refusal):
                self.jobs.pop(decision.workload_id, None)

    def _push(self, at_s: int, workload_id: str, run: int) -> None:
        self._pushed += 1
        heapq.heappush(self._ends, (at_s, self._pushed, workload_id, run))

    def _live_until(self, until_s: int) -> None:
        """Finish this instant, live through all before `until_s`, and hear what is foretold then.

        Nobody foretells anything for ever: without work to come, only while some is here.
        """
        while True:
            late, self._late = self._late, []
            for workload_id, run in late:
                self._end(workload_id, run)
            at_s = min(until_s, self._ends[0][0] if self._ends else NEVER_S)
            live = bool(self.engine.live)
            wake_s = self.engine.next_wake_s() if live else None
            told = self._next
            if told is not None and not (until_s == NEVER_S and not self._may_yet(told)):
                first_s = at_s if wake_s is None else min(at_s, wake_s)
                if told.at_s <= first_s:
                    self._now_s = max(self._now_s, told.at_s)
                    self._hear(told)
                    self._next = next(self._foretold, None)
                    continue
            if wake_s is not None and wake_s < at_s:
                self._now_s = wake_s
                self.tell(TimePassed(at_s=wake_s))
                continue
            if at_s >= until_s:
                return
            self._begin(at_s)

    def _hear(self, told: Told) -> None:
        heard = heard_at(told, self._now_s)
        if heard:
            self.tell(heard)

    def _may_yet(self, told: Told) -> bool:
        """True if work is here that `told` may still matter to, though no more is submitted."""
        if not self.engine.live:
            return False
        return bool(self._ends) or told.at_s <= self._busy_until_s + PATIENCE_S

    def _begin(self, at_s: int) -> None:
        """Come to `at_s`: end what reaches its wall time, and keep other ends for later."""
        self._now_s = at_s
        due: list[tuple[str, int]] = []
        while self._ends and self._ends[0][0] == at_s:
            _, _, workload_id, run = heapq.heappop(self._ends)
            due.append((workload_id, run))
        for workload_id, run in due:
            job = self.jobs.get(workload_id)
            if job is not None and job.run == run and job.wall_s == at_s:
                self._end(workload_id, run)
            else:
                self._late.append((workload_id, run))

    def _end(self, workload_id: str, run: int) -> None:
        """The run is over now, unless it was before."""
        job = self.jobs.get(workload_id)
        if job is None or job.run != run or job.over_s == NEVER_S:
            return
        over = self._now_s >= job.over_s
        self._busy_until_s = self._now_s
        event = WorkloadEnded(
            at_s=self._now_s,
            workload_id=workload_id,
            run=run,
            outcome=job.outcome if over else Outcome.RECLAIMED,
        )
        if self._ends_now:
            self._ends_now(job, event, over)
        if over:
            del self.jobs[workload_id]
        else:
            job.over_s = job.wall_s = NEVER_S
        self.tell(event)
