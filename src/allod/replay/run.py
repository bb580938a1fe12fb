"""Replay: a trace through the engine, at the speed of the machine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide.engine import Engine
from allod.decide.kernel import state as k
from allod.decide.layout import power_per_accelerator_w
from allod.domain.event import Json
from allod.domain.units import NEVER_S
from allod.errors import InvalidInput
from allod.replay import loop
from allod.replay.came import Came
from allod.replay.foretold import Told, foretold
from allod.replay.jobs import JobTable, check_path
from allod.replay.mapping import Mapper, Refused
from allod.replay.outcome import Outcome, Waits
from allod.replay.spans import Spans, can_span
from allod.replay.stepping import Stepping
from allod.replay.surroundings import Surroundings
from allod.replay.traces import JobChunk, Trace, open_trace
from allod.replay.traces.table import CHUNK_ROWS
from allod.replay.waiting import Waiting, still_waiting
from allod.replay.world import ReplayWorld, engine_for, pool_world, scenario_world, sites_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What to replay, in what world."""

    trace: Path
    scenario: Path | None = None  #: A scenario file, or
    pool: int | None = None  #: one site of so many equal accelerators, or
    world: ReplayWorld | None = None  #: one that is made already.
    policy: str | None = None  #: charter, easy or fcfs; default: the scenario's, or easy.
    format: str | None = None
    from_s: int | None = None  #: Only jobs submitted from here on, on the trace's clock. [s]
    to_s: int | None = None
    seed: int = 0
    strict: bool = False
    jobs: Path | None = None  #: Write every job here (.csv or .parquet).
    chunk_rows: int = CHUNK_ROWS  #: Jobs that are read and mapped at a time.
    surroundings: Mapping[str, Surroundings] = field(default_factory=dict)
    """Weather and supply of sites, by name; a site without any is told no forecast."""
    specs: Mapping[str, Json] | None = None  #: What each job asked for, if more is known of them.
    by_project: bool = False  #: Count waits by project too.


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    read_bytes: int
    total_bytes: int
    jobs: int
    seconds: float  #: In the engine so far.
    at_s: int = 0  #: Up to when it was lived through. [epoch s]


@dataclass(slots=True)
class ReplayResult:
    """What a replay came to."""

    options: ReplayOptions
    world: ReplayWorld
    engine: Engine
    outcome: Outcome
    trace: Trace
    began_s: int = 0  #: When the engine began. [epoch s]
    jobs: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  #: Jobs by (site, code).
    refused_jobs: int = 0
    waiting: tuple[Waiting, ...] = ()  #: Jobs that never came to run.
    came: Came | None = None  #: Of forecasts and calls; None: there were none.
    left_out: int = 0  #: Recorded work that names what the world does not have.
    setup_s: float = 0.0  #: Making the world ready and loading the compiled kernel.
    read_s: float = 0.0  #: Reading the trace and mapping its jobs.
    loop_s: float = 0.0  #: Deciding: in the engine and its virtual world.

    @property
    def waiting_jobs(self) -> int:
        """How many never came to run."""
        return sum(one.jobs for one in self.waiting)


def replay_trace(
    options: ReplayOptions,
    progress: Callable[[Progress], None] | None = None,
    *,
    trace: Trace | None = None,
) -> ReplayResult:
    """Live through the trace that `options` name, or `trace`, which was opened for them.

    Raises:
        InvalidInput: The trace, the scenario or the options are wrong; nothing is written.
    """
    world = world_for(options)
    if options.jobs:
        check_path(options.jobs)
    trace = trace or trace_for(options)
    chunks = iter(trace)
    began = time.perf_counter()
    chunk = next(chunks, None)
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    start_s = begins_s(world, chunk)
    engine = engine_for(world, start_s)
    mapper = Mapper(engine, world, trace.meta, options.seed)
    result = ReplayResult(options, world, engine, _outcome(engine, start_s), trace, start_s)
    if options.by_project:
        result.outcome.of_projects = Waits(len(engine.layout.projects))
    table = JobTable(engine, world) if options.jobs else None
    if world.may_wait or world.calls or options.surroundings or options.specs is not None:
        coming = coming_to(options, world, start_s)
        stepping = (
            Spans(engine, world, mapper, coming)
            if can_span(world) and options.specs is None
            else Stepping(engine, world, mapper, coming, options.specs)
        )
        result.setup_s = time.perf_counter() - began
        result.came, result.read_s = stepping.came, read_s
        _step_through(result, stepping, chunk, chunks, table, progress)
        return result
    virtual = loop.new_loop()
    left = np.zeros(0, loop.ASK)
    loop.live_through(engine.state, virtual, left, 0, start_s)  # Loads what is compiled.
    result.setup_s = time.perf_counter() - began
    while chunk is not None:
        began = time.perf_counter()
        asks, refused = mapper.asks(chunk, result.jobs)
        _count_refused(result, refused)
        if table:
            table.submitted(chunk, refused)
        result.jobs += len(chunk)
        asks = np.concatenate([left, asks]) if len(left) else asks
        following = next(chunks, None)
        until = world.starts_s + int(following.submit_s[0]) if following is not None else NEVER_S
        read_s += time.perf_counter() - began
        began = time.perf_counter()
        left = asks[_live_through(result, virtual, asks, until, table) :]
        result.loop_s += time.perf_counter() - began
        if progress:
            progress(_progress(result))
        chunk = following
    result.read_s = read_s
    result.waiting = still_waiting(engine, mapper)
    if table and options.jobs:
        table.wait(result.waiting)
        table.write(options.jobs)
    return result


def coming_to(options: ReplayOptions, world: ReplayWorld, start_s: int) -> Iterator[Told]:
    """What the sites of `world` are told of the time to come."""
    return foretold(
        options.surroundings,
        sites_of(world),
        world.forecasts,
        world.calls,
        from_s=start_s,
        seed=options.seed,
    )


def _step_through(
    result: ReplayResult,
    stepping: Stepping | Spans,
    chunk: JobChunk | None,
    chunks: Iterator[JobChunk],
    table: JobTable | None,
    progress: Callable[[Progress], None] | None,
) -> None:
    """Live through `chunk` and all `chunks` after it, and hear what is foretold."""
    while True:
        began = time.perf_counter()
        runs = stepping.rest() if chunk is None else stepping.live_through(chunk)
        result.loop_s += time.perf_counter() - began
        result.outcome.add(runs)
        if table:
            table.ended(runs)
        if chunk is None:
            break
        if table:
            table.submitted(chunk, [])
        result.jobs += len(chunk)
        if progress:
            progress(_progress(result))
        began = time.perf_counter()
        chunk = next(chunks, None)
        result.read_s += time.perf_counter() - began
    result.refused, result.refused_jobs = stepping.refused, len(stepping.refusals)
    result.waiting = stepping.waiting()
    if isinstance(stepping, Stepping):
        result.left_out = stepping.left_out
    if table and result.options.jobs:
        table.refuse(stepping.refusals)
        table.wait(result.waiting)
        table.write(result.options.jobs)


def _progress(result: ReplayResult) -> Progress:
    trace, at_s = result.trace, int(result.engine.state.number[k.NOW])
    return Progress(trace.bytes_read, trace.bytes_total, result.jobs, result.loop_s, at_s)


def begins_s(world: ReplayWorld, chunk: JobChunk | None) -> int:
    """When a replay in `world` begins whose first jobs are those of `chunk`. [epoch s]"""
    return max(0, world.starts_s + (int(chunk.submit_s[0]) if chunk is not None else 0))


def trace_for(options: ReplayOptions, told: Callable[[int, int], None] | None = None) -> Trace:
    """The trace that `options` name; `told` is called with (bytes read, bytes to read)."""
    return open_trace(
        options.trace,
        format=options.format,
        chunk_rows=options.chunk_rows,
        strict=options.strict,
        from_s=options.from_s,
        to_s=options.to_s,
        progress=told,
    )


def world_for(options: ReplayOptions) -> ReplayWorld:
    """The world that `options` name.

    Raises:
        InvalidInput: They name none, or two, or an unknown policy.
    """
    if options.policy not in (None, "charter", "easy", "fcfs"):
        raise InvalidInput(f"unknown policy '{options.policy}'", mend="write charter, easy or fcfs")
    if options.world is not None:
        return options.world
    if (options.scenario is None) == (options.pool is None):
        raise InvalidInput("a replay needs a world", mend="give either --scenario FILE or --pool N")
    if options.pool is not None:
        return pool_world(options.pool, options.policy)
    assert options.scenario is not None
    return scenario_world(options.scenario, options.policy)


def _outcome(engine: Engine, start_s: int) -> Outcome:
    """Tables for `engine`; power that is not known counts as none, and `report` says so."""
    state = engine.state
    watts = np.where(powers_known(engine), state.pool["watts"], 0)
    return Outcome(state.cls["site"].copy(), watts, len(state.site), start_s)


def powers_known(engine: Engine) -> npt.NDArray[np.bool_]:
    """For each pool row, whether one of its accelerators is known to draw power, and how much."""
    known = []
    for site_name, pool_name in engine.layout.pools:
        site = engine.world.sites[site_name]
        pool = next(pool for pool in site.pools if pool.name == pool_name)
        known.append(bool(power_per_accelerator_w(site, pool)))
    return np.array(known, np.bool_)


def _count_refused(result: ReplayResult, refused: list[Refused]) -> None:
    result.refused_jobs += len(refused)
    for one in refused:
        result.refused.update({(reason.site, reason.code) for reason in one.reasons})


def _live_through(
    result: ReplayResult,
    virtual: loop.Loop,
    asks: npt.NDArray[Any],
    until: int,
    table: JobTable | None,
) -> int:
    """Live through `asks` and all ends before `until`; how many asks were reached."""
    state = result.engine.state
    reached = 0
    while True:
        reached, why = loop.live_through(state, virtual, asks, reached, until)
        if why == loop.GROW:
            loop.make_room(virtual, state)
            continue
        count = int(virtual.number[loop.OUT_N])
        runs = virtual.out[:count]
        result.outcome.add(runs)
        if table:
            table.ended(runs)
        virtual.number[loop.OUT_N] = 0
        if why == loop.DONE:
            return reached
        if count == 0:  # All rows are of running jobs: only more rows help.
            virtual.put("out", k.grown(virtual.out, 2 * len(virtual.out)))
