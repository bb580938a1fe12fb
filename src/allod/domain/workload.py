"""Workload: what is asked to run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.event import Outcome
from allod.domain.residency import Residency
from allod.domain.units import NEVER_S, DurationS, InstantS


class WorkloadKind(StrEnum):
    """How it runs."""

    BATCH = "batch"
    SERVICE = "service"
    NOTEBOOK = "notebook"


class Topology(StrEnum):
    """How its accelerators must lie."""

    PACKED = "packed"  #: Whole nodes and at most one part of a node.
    SPREAD = "spread"  #: Anywhere in the pool.
    NVLINK_DOMAIN = "nvlink-domain"  #: All in one NVLink domain (R2).


class OnReclaim(StrEnum):
    """What becomes of it when lent room is taken back."""

    REQUEUE = "requeue"
    CANCEL = "cancel"


class NoticeSignal(StrEnum):
    """Signals that leave it to the command what to do."""

    HUP = "HUP"
    INT = "INT"
    USR1 = "USR1"
    USR2 = "USR2"
    TERM = "TERM"


class OnNodeFailure(StrEnum):
    """What becomes of it when a node that it runs on fails."""

    REQUEUE = "requeue"
    FAIL = "fail"


def waits_again(outcome: Outcome, on_reclaim: OnReclaim, on_node_failure: OnNodeFailure) -> bool:
    """True if work that asked for this waits for another run after one that ended so."""
    match outcome:
        case Outcome.RECLAIMED:
            return on_reclaim is OnReclaim.REQUEUE
        case Outcome.NODE_FAILED:
            return on_node_failure is OnNodeFailure.REQUEUE
        case _:
            return False


class Flexibility(Part):
    """When it may run, and how fast."""

    not_before: InstantS = 0
    deadline: InstantS = NEVER_S
    """It must have ended by then; if that cannot be kept it is refused."""
    cappable: bool = True
    """False: rather be reclaimed than slowed by a power cap; wall time goes on under one."""


EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class ReplicaOf(Part):
    """The service that a workload is a replica of; only the node itself says so."""

    service: Name
    port: int = Field(ge=1, le=65_535)
    """Where it is to listen, on the machine that it runs on."""


class Workload(Part):
    """A gang of accelerators for a time, with data, a command and rules."""

    project: Name
    kind: WorkloadKind = WorkloadKind.BATCH
    accelerators: int = Field(ge=1, le=10_000_000)
    """The gang: all or nothing (R1). [1]"""
    models: tuple[Name, ...] = ()
    """Accelerator models that will do; none named: any."""
    topology: Topology = Topology.PACKED
    wall_time_s: DurationS = Field(ge=1)
    """Limit after which it is stopped. [s]"""
    access_class: Name | None = None
    """The class it asks for; default: the best one its project may use."""
    sites: tuple[Name, ...] = ()
    """Narrows the sites; none named: any that law allows."""
    reads: tuple[Name, ...] = ()
    """Datasets whose rules it takes on (L3)."""
    writes: tuple[Name, ...] = ()
    """Datasets that inherit its rule."""
    residency: Residency | None = None
    command: tuple[str, ...] = ()
    environment: dict[EnvironmentName, str] = {}
    container: Text | None = None
    """Image to run in; a runner without containers refuses it."""
    flexibility: Flexibility = Flexibility()
    on_reclaim: OnReclaim = OnReclaim.REQUEUE
    notice_signal: NoticeSignal | None = None
    """Signal that it is sent when its lent room is reclaimed, at the start of the notice; where the
    runner is Slurm. A command without a handler for it ends at once."""
    on_node_failure: OnNodeFailure = OnNodeFailure.REQUEUE
    replica_of: ReplicaOf | None = None
    """Set by the node; whoever submits it is refused."""

    @model_validator(mode="after")
    def _times_fit(self) -> Workload:
        flex = self.flexibility
        if flex.deadline < flex.not_before + self.wall_time_s:
            raise ValueError("flexibility leaves less time than wall_time_s")
        return self
