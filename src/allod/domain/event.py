"""Events: all that the engine is told. Each carries its own time; nothing else moves the engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Outcome(StrEnum):
    """How a run of a workload ended."""

    COMPLETED = "completed"  #: Exit status 0.
    FAILED = "failed"  #: Another exit status, or it could not be started at all.
    TIMEOUT = "timeout"  #: Stopped at its wall time.
    CANCELLED = "cancelled"  #: Stopped because its owner asked.
    RECLAIMED = "reclaimed"  #: Stopped to give lent room back.
    LOST = "lost"  #: The runner no longer knows it.


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted:
    """A node began to decide, for the first time or again; the engine sets itself up anew."""

    at_s: int
    policy: str = "charter"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsApplied:
    """Documents became the world's description, all together or not at all."""

    at_s: int
    documents: tuple[Json, ...]  #: Each with kind, metadata and spec, already validated.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRemoved:
    """A document no longer holds."""

    at_s: int
    kind: str
    name: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSubmitted:
    """Someone asks for a workload to run."""

    at_s: int
    workload_id: str
    name: str
    workload: Json  #: The spec of a Workload document, already validated.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadCancelled:
    """Its owner no longer wants it."""

    at_s: int
    workload_id: str
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadStarted:
    """The runner has started a run of it."""

    at_s: int
    workload_id: str
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEnded:
    """A run of it has ended and its room is free."""

    at_s: int
    workload_id: str
    run: int
    outcome: Outcome
    exit_status: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """Nothing but the time: windows open and close, phases go live, deadlines pass."""

    at_s: int


Event = (
    NodeStarted
    | DocumentsApplied
    | DocumentRemoved
    | WorkloadSubmitted
    | WorkloadCancelled
    | WorkloadStarted
    | WorkloadEnded
    | TimePassed
)

EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        NodeStarted,
        DocumentsApplied,
        DocumentRemoved,
        WorkloadSubmitted,
        WorkloadCancelled,
        WorkloadStarted,
        WorkloadEnded,
        TimePassed,
    )
}
