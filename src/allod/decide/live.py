"""Live work: what the engine knows of a workload beside the kernel's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allod.decide.kernel import state as k
from allod.decide.rule import Rule
from allod.decide.verdict import Verdict
from allod.domain.event import Json
from allod.domain.workload import Topology, Workload

if TYPE_CHECKING:
    from allod.decide.layout import Layout

Key = tuple[Any, ...]  #: All that the verdict on a workload depends on, beside the documents.

TOPOLOGIES = {
    Topology.PACKED: k.PACKED,
    Topology.SPREAD: k.SPREAD,
    Topology.NVLINK_DOMAIN: k.DOMAIN,
}


@dataclass(frozen=True, slots=True)
class Move:
    """A later start, for the sake of clean power, against the first that was possible."""

    start_s: int
    saved_wh: int  #: Energy that need not come from the grid. [Wh]
    saved_g: int | None  #: Carbon of that; None: nobody forecasts it. [g]


@dataclass(frozen=True, slots=True)
class Cap:
    """A power cap of a run that goes on under it."""

    number: int  #: Of the caps of its workload, from 1; one that lasts longer is the same.
    limit_w: int  #: Power limit of each accelerator. [W]
    usual_w: int  #: The same without it. [W]
    starts_s: int  #: From when on the envelope counts on it. [epoch s]
    ends_s: int  #: When it is taken off. [epoch s]
    order_at_s: int  #: When its runner is told. [epoch s]
    confirm_by_s: int  #: When its runner must have confirmed it. [epoch s]
    confirmed: bool = False  #: Until then the run counts in full.


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

    move: Move | None = None  #: What it waits, or has waited, for.
    cap: Cap | None = None  #: Of its present run.
    caps: int = 0  #: How many were ordered for it so far.

    @property
    def wakes_s(self) -> int:
        """When it is to start at the earliest. [epoch s]"""
        not_before_s = self.workload.flexibility.not_before
        return max(not_before_s, self.move.start_s) if self.move else not_before_s

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
    cap: Cap | None = None


_STATES = {k.WAITING: "waiting", k.CLAIMED: "claimed", k.RUNNING: "running"}


def standing_of(live: Live, s: k.State, layout: Layout) -> Standing:
    """Where `live` stands, by its row in `s`."""
    if live.row < 0:
        return Standing("asleep")
    job = s.job[live.row]
    state = _STATES[int(job["state"])]
    if state == "waiting":
        return Standing(state, run=int(job["run"]))
    site, pool = layout.pools[int(job["pool"])]
    return Standing(
        state,
        run=int(job["run"]),
        site=site,
        pool=pool,
        access_class=layout.classes[int(job["cls"])][1],
        start_s=int(job["start"]),
        ends_s=int(job["ends"]) if state == "running" else -1,
        stop_at_s=int(job["stop_at"]),
        cap=live.cap,
    )
