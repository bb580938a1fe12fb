"""A trace lived through event by event, as a live node would, with everything written down.

The compiled loop decides in bulk; here the same engine is told each event by `step`, and every
event and decision becomes a line of a log that `allod replay --log` can make again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from allod.decide.engine import Engine
from allod.domain.decision import Decision
from allod.domain.event import Event
from allod.replay.files import whole
from allod.replay.log import Told
from allod.replay.mapping import Mapper
from allod.replay.run import ReplayOptions, begins_s, coming_to, trace_for, world_for
from allod.replay.virtual import VirtualWorld, submissions
from allod.replay.world import check_mapping, opening
from allod.run.records import Record, leaf_of

_TOLD_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written down."""

    path: Path
    jobs: int
    events: int
    decisions: int
    seconds: float


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
    start_s = begins_s(world, chunk)
    coming = coming_to(options, world, start_s)
    with whole(path) as part, part.open("wb") as out:
        log = _Log(out)
        virtual = VirtualWorld(Engine(policy=world.policy), log.write, coming)
        for event in opening(world, start_s):
            virtual.tell(event)
        check_mapping(world, virtual.engine)
        mapper = Mapper(virtual.engine, world, trace.meta, options.seed)
        jobs = 0
        while chunk is not None:
            for event, job in submissions(chunk, jobs, world, mapper):
                virtual.submit(event, job)
                jobs += 1
                if told and jobs % _TOLD_EVERY == 0:
                    told(jobs)
            chunk = next(chunks, None)
        virtual.rest()
    return Recorded(path, jobs, log.events, log.decisions, time.perf_counter() - began)


class _Log:
    """Writes each event and what was decided because of it, a line each."""

    def __init__(self, out: BinaryIO) -> None:
        self.events = self.decisions = 0
        self._out = out

    def write(self, event: Event, made: tuple[Decision, ...]) -> None:
        self._line(event)
        self.events += 1
        for decision in made:
            self._line(decision)
            self.decisions += 1

    def _line(self, record: Record) -> None:
        leaf = leaf_of(record, self.events + self.decisions)
        self._out.write(b'{"seq":%d,"kind":"%b","body":' % (leaf.seq, leaf.kind.encode()))
        self._out.write(leaf.body)
        self._out.write(b"}\n")
