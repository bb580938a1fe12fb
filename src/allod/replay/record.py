"""A trace lived through event by event, as a live node would, with everything written down.

The compiled loop decides in bulk; here the same engine is told each event by `step`, and every
event and decision becomes a line of a log that `allod replay --log` can make again. Of events at
one instant, ends at the wall time come first, then submissions, then other ends, as in the loop.
There those first ends free their room together before the next pass; here each has its own pass,
so that what happens at such a second may differ (docs/explanation/replay-semantics.md).
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from allod.decide.engine import Engine
from allod.domain.decision import Placement, Reclaim
from allod.domain.event import (
    Event,
    Json,
    Outcome,
    TimePassed,
    WorkloadEnded,
    WorkloadSubmitted,
)
from allod.domain.units import NEVER_S
from allod.replay.files import whole
from allod.replay.log import Told
from allod.replay.mapping import Mapper
from allod.replay.run import ReplayOptions, trace_for, world_for
from allod.replay.traces import JobChunk
from allod.replay.world import ReplayWorld, check_mapping, opening
from allod.run.records import Record, leaf_of

_TOLD_EVERY = 1000
_OUTCOMES = (Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED, Outcome.COMPLETED)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written down."""

    path: Path
    jobs: int
    events: int
    decisions: int
    seconds: float


@dataclass(slots=True)
class _Job:
    """What the world knows of live work and the engine does not."""

    run_s: int
    outcome: Outcome
    run: int = 0
    over_s: int = NEVER_S  #: When its present run is over by itself.
    wall_s: int = NEVER_S  #: When the wall time of its present run is over.


def record_trace(options: ReplayOptions, path: Path, told: Told | None = None) -> Recorded:
    """Live through the trace that `options` name and write the log of it to `path`.

    `told` is told how many jobs have been submitted. The file appears only when it is complete.

    Raises:
        InvalidInput: The trace, the scenario or the options are wrong.
        Unavailable: The disk is full.
    """
    began = time.perf_counter()
    world, trace = world_for(options), trace_for(options)
    chunks = iter(trace)
    chunk = next(chunks, None)
    start_s = max(0, world.starts_s + (int(chunk.submit_s[0]) if chunk is not None else 0))
    with whole(path) as part, part.open("wb") as out:
        virtual = _VirtualWorld(Engine(policy=world.policy), out)
        for event in opening(world, start_s):
            virtual.tell(event)
        check_mapping(world, virtual.engine)
        mapper = Mapper(virtual.engine, world, trace.meta, options.seed)
        jobs = 0
        while chunk is not None:
            for event, job in _submissions(chunk, jobs, world, mapper):
                virtual.submit(event, job)
                jobs += 1
                if told and jobs % _TOLD_EVERY == 0:
                    told(jobs)
            chunk = next(chunks, None)
        virtual.rest()
    return Recorded(path, jobs, virtual.events, virtual.decisions, time.perf_counter() - began)


def _submissions(
    chunk: JobChunk, first_row: int, world: ReplayWorld, mapper: Mapper
) -> Iterator[tuple[WorkloadSubmitted, _Job]]:
    """The jobs of `chunk` as events."""
    projects = mapper.projects_of(chunk, first_row).tolist()
    classes = chunk.access_class
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
        event = WorkloadSubmitted(
            at_s=world.starts_s + submit_s,
            workload_id=f"w{row + 1}",
            name=_name(job_id),
            workload=spec,
        )
        yield event, _Job(run_s, _OUTCOMES[status])


def _name(job_id: object) -> str:
    text = re.sub(r"[^a-z0-9.-]+", "-", str(job_id).lower()).strip(".-")
    return f"job-{text}"[:63]


class _VirtualWorld:
    """Runs what is placed until it is over or must go, and writes all that is said."""

    def __init__(self, engine: Engine, out: BinaryIO) -> None:
        self.engine = engine
        self.events = self.decisions = 0
        self._out = out
        self._jobs: dict[str, _Job] = {}
        self._ends: list[tuple[int, int, str, int]] = []  #: (when, order, workload, run)
        self._pushed = 0
        self._late: list[tuple[str, int]] = []  #: Ends of this instant that follow submissions.
        self._now_s = -1

    def submit(self, event: WorkloadSubmitted, job: _Job) -> None:
        """Live up to the submission, then tell of it."""
        if event.at_s > self._now_s:
            self._live_until(event.at_s)
            self._begin(event.at_s)
        self._jobs[event.workload_id] = job
        self.tell(event)
        if event.workload_id not in self.engine.live:
            self._jobs.pop(event.workload_id, None)

    def rest(self) -> None:
        """Live until nothing more can happen."""
        self._live_until(NEVER_S)

    def tell(self, event: Event) -> None:
        """Tell the engine, write down what was said, and do what was decided."""
        made = self.engine.step(event)
        self._write(event)
        self.events += 1
        for decision in made:
            self._write(decision)
            self.decisions += 1
            if isinstance(decision, Placement):
                job = self._jobs[decision.workload_id]
                job.run, job.wall_s = decision.run, decision.ends_at_s
                job.over_s = decision.at_s + job.run_s
                self._push(job.over_s, decision.workload_id, job.run)
            elif isinstance(decision, Reclaim):
                self._push(decision.stop_at_s, decision.workload_id, decision.run)

    def _write(self, record: Record) -> None:
        leaf = leaf_of(record, self.events + self.decisions)
        self._out.write(b'{"seq":%d,"kind":"%b","body":' % (leaf.seq, leaf.kind.encode()))
        self._out.write(leaf.body)
        self._out.write(b"}\n")

    def _push(self, at_s: int, workload_id: str, run: int) -> None:
        self._pushed += 1
        heapq.heappush(self._ends, (at_s, self._pushed, workload_id, run))

    def _live_until(self, until_s: int) -> None:
        """Finish this instant and live through all before `until_s`."""
        while True:
            late, self._late = self._late, []
            for workload_id, run in late:
                self._end(workload_id, run)
            at_s = min(until_s, self._ends[0][0] if self._ends else NEVER_S)
            wake_s = self.engine.next_wake_s() if self.engine.live else None
            if wake_s is not None and wake_s < at_s:
                self._now_s = wake_s
                self.tell(TimePassed(at_s=wake_s))
                continue
            if at_s >= until_s:
                return
            self._begin(at_s)

    def _begin(self, at_s: int) -> None:
        """Come to `at_s`: end what reaches its wall time, and keep other ends for later."""
        self._now_s = at_s
        due: list[tuple[str, int]] = []
        while self._ends and self._ends[0][0] == at_s:
            _, _, workload_id, run = heapq.heappop(self._ends)
            due.append((workload_id, run))
        for workload_id, run in due:
            job = self._jobs.get(workload_id)
            if job is not None and job.run == run and job.wall_s == at_s:
                self._end(workload_id, run)
            else:
                self._late.append((workload_id, run))

    def _end(self, workload_id: str, run: int) -> None:
        """The run is over now, unless it was before."""
        job = self._jobs.get(workload_id)
        if job is None or job.run != run or job.over_s == NEVER_S:
            return
        over = self._now_s >= job.over_s
        if over:
            del self._jobs[workload_id]
        else:
            job.over_s = job.wall_s = NEVER_S
        self.tell(
            WorkloadEnded(
                at_s=self._now_s,
                workload_id=workload_id,
                run=run,
                outcome=job.outcome if over else Outcome.RECLAIMED,
            )
        )
