"""Traces and replays, as the node keeps them and as it shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LOG = "log"  #: In place of a trace: the work that the node itself has recorded.
Json = dict[str, Any]


class TraceState(StrEnum):
    """How far a trace is."""

    READING = "reading"  #: It is being read from end to end, or waits for that.
    READY = "ready"
    UNREADABLE = "unreadable"  #: `fault` says why.


class ReplayState(StrEnum):
    """How far a replay is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  #: `fault` says why.
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  #: The node ended while it ran; ask for it again.


#: It will change no more.
ENDED = frozenset(
    {
        ReplayState.DONE,
        ReplayState.FAILED,
        ReplayState.CANCELLED,
        ReplayState.INTERRUPTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFault:
    """Why it could not be done."""

    message: str
    mend: str = ""  #: What the caller can do about it.
    field: str = ""  #: What of the question is wrong, where that has a name.
    value: str = ""  #: What stood there.


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """A line of a trace that could not be understood."""

    line: int  #: Line number from 1; row number in parquet.
    text: str  #: The line, shortened.
    wrong: str  #: What is wrong with it.


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFacts:
    """What was found in a trace when it was read."""

    format: str
    jobs: int  #: Jobs that can be replayed. [1]
    unusable: int  #: Without run time or accelerators, such as work cancelled before it began. [1]
    broken: int  #: Lines that could not be understood. [1]
    broken_first: tuple[BrokenLine, ...]  #: The first five of them.
    estimates: str  #: Wall times: given, synthesised (from run times) or mixed.
    projects: tuple[str, ...]  #: Projects that it names itself, at most 100; mostly none.
    notes: tuple[str, ...]  #: What its reader had to assume.
    first_submit_s: int  #: On the trace's own clock. [s]
    last_submit_s: int  #: On the trace's own clock. [s]
    accelerators_max: int  #: Of one job. [1]
    accelerator_h: float  #: Of all jobs. [accelerator-h]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """A trace that was left here."""

    id: str
    name: str  #: What its sender calls it; for people.
    state: TraceState
    bytes: int
    sha256: str
    created_at_s: int  #: When it was here. [epoch s]
    actor: str  #: Token that sent it.
    number: int  #: In the order of coming.
    format: str | None = None  #: As its sender says, or as it was found out; null: not yet known.
    permille: int | None = None  #: How much of it has been read; null before and after.
    facts: TraceFacts | None = None  #: Once it is ready.
    fault: ReplayFault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayProgress:
    """How far a running replay is; every number is counted, none is guessed."""

    phase: str = "preparing"  #: Then 'reading' the trace, 'deciding' and 'reporting'.
    permille: int | None = None  #: Of this phase: bytes read, or jobs asked for; null: not known.
    jobs: int = 0  #: Asked for so far. [1]
    jobs_total: int | None = None  #: null: not known, because only a part of a trace is replayed.
    simulated_at_s: int | None = None  #: Time up to which it has lived, in its world. [epoch s]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayInputs:
    """All that the outcome of a replay follows from; two with the same come to the same."""

    trace: str  #: Id of a trace, or `log`.
    trace_name: str
    trace_sha256: str  #: Of its bytes; of `log`, which grows, only once the replay has begun.
    policy: str  #: charter, easy or fcfs.
    pool: int | None  #: In place of a world: so many equal accelerators.
    from_s: int | None  #: Only jobs asked for from then on, on the trace's clock. [s]
    to_s: int | None  #: Only jobs asked for before then. [s]
    seed: int
    strict: bool
    starts: int | None  #: World time of the trace's time 0; null: settled when it begins. [epoch s]
    changed: tuple[str, ...]  #: Documents that the caller gave, such as `Charter/narvik`.
    without: tuple[str, ...]  #: Documents of the node that were left out.
    documents: dict[str, str]  #: SHA-256 of each document of its world, by kind and name.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """A replay that was asked for."""

    id: str
    name: str  #: What its caller calls it; for people.
    state: ReplayState
    inputs: ReplayInputs
    created_at_s: int  #: [epoch s]
    actor: str  #: Token that asked for it.
    number: int  #: In the order of asking.
    started_at_s: int | None = None  #: When it began to run. [epoch s]
    ended_at_s: int | None = None  #: [epoch s]
    waits_behind: int | None = None  #: While it is queued: replays that go before it. [1]
    progress: ReplayProgress | None = None  #: Once it has begun, and what it was at last.
    fault: ReplayFault | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A replay that was asked for, now or before with the same key."""

    replay: ReplayView
    repeated: bool
