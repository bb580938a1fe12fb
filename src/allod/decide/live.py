"""Live work: what the engine knows of a workload beside the kernel's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allod.decide.kernel import state as k
from allod.decide.rule import Rule
from allod.decide.verdict import Verdict
from allod.domain.event import Json
from allod.domain.workload import Topology, Workload

Key = tuple[Any, ...]  #: All that the verdict on a workload depends on, beside the documents.

TOPOLOGIES = {
    Topology.PACKED: k.PACKED,
    Topology.SPREAD: k.SPREAD,
    Topology.NVLINK_DOMAIN: k.DOMAIN,
}


@dataclass(slots=True)
class Live:
    """A workload that waits, holds a claim or runs."""

    workload_id: str
    name: str
    spec: Json  #: As it was submitted.
    workload: Workload
    submit_s: int
    seq: int  #: Order of asking.
    rules: tuple[Rule, ...]
    verdict: Verdict
    row: int = -1  #: Row of the kernel; -1 while it may not start yet.
    cancelled: bool = False  #: Its end has been asked for; its room is free when it has ended.

    @property
    def wakes_s(self) -> int:
        """When it may start at the earliest. [epoch s]"""
        return self.workload.flexibility.not_before

    @property
    def last_start_s(self) -> int:
        """After this it can no longer keep its deadline. [epoch s]"""
        return self.workload.flexibility.deadline - self.workload.wall_time_s


@dataclass(frozen=True, slots=True)
class Standing:
    """Where live work stands now."""

    state: str  #: 'asleep', 'waiting', 'claimed' or 'running'.
    run: int = 0
    site: str = ""
    pool: str = ""
    access_class: str = ""
    start_s: int = -1
    ends_s: int = -1
    stop_at_s: int = 0  #: When it must go, if it is reclaimed; else 0.
