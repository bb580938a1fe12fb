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
    NODE_FAILED = "node-failed"  #: The node that it ran on failed; through no fault of its own.


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
    job: str = ""  #: What the system that runs it calls it, such as a Slurm job's number.
    node_names: tuple[str, ...] = ()  #: Where it says that it runs.
    began_at_s: int | None = None  #: By that system's clock.
    restarts: int = 0  #: How often that system itself began it anew.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadEnded:
    """A run of it has ended and its room is free."""

    at_s: int
    workload_id: str
    run: int
    outcome: Outcome
    exit_status: int | None = None
    detail: str = ""
    job: str = ""  #: As in WorkloadStarted; so are the next three.
    node_names: tuple[str, ...] = ()
    began_at_s: int | None = None
    finished_at_s: int | None = None
    restarts: int = 0
    # Records leave the next two out where there is nothing to say.
    energy_j: int | None = None  #: Counted at its nodes; None: nobody counted, which is not 0. [J]
    energy_shared: bool = False  #: True if what others drew on these nodes may be in it.


class CapState(StrEnum):
    """What became of an order to set a power limit; while that is unknown it is asked again."""

    SET = "set"  #: All accelerators of the run have it.
    REFUSED = "refused"  #: The runner said no; nothing was done.
    FAILED = "failed"  #: It was tried; some accelerators may have it.


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimitReported:
    """The runner says what became of a cap, or of taking one off."""

    at_s: int
    workload_id: str
    run: int
    number: int  #: Of the cap, as in `PowerCap`; of taking one off 0.
    limit_w: int  #: Power limit that each accelerator was to get. [W]
    state: CapState
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolReported:
    """What a runner says that a pool really has; it takes the place of the report before it."""

    at_s: int
    site: str
    pool: str
    #: (node of the pool, accelerators on it that may not be given away now), ascending, none of 0:
    #: the node is down or drained, or work that Allod did not place holds them. Of equal units
    #: there is one number, as that of node 0.
    out: tuple[tuple[int, int], ...]
    others_w: int  #: What work that Allod did not place draws at the meter. [W]
    why: tuple[str, ...] = ()  #: For people, such as 'n3 is down: Not responding'.


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastGiven:
    """What the weather and the supply of a site will be; it takes the place of the one before it.

    Value `i` of a series holds from `start_s + i * step_s` on, for `step_s`. A series that is empty
    is not forecast.
    """

    at_s: int
    site: str
    start_s: int
    step_s: int
    temp_milli_c: tuple[int, ...]  #: Outdoor air, dry bulb. [thousandths of a degree C]
    design_temp_milli_c: int  #: Worst case, which holds wherever the forecast does not reach.
    wet_bulb_milli_c: tuple[int, ...] = ()  #: [thousandths of a degree C]
    design_wet_bulb_milli_c: int | None = None
    margin_milli_c: int = 0  #: So much hotter it may be than forecast. [thousandths of a degree C]
    margin_w: int = 0  #: So much of the envelope stays free, for what nobody foresees. [W]
    base_load_w: tuple[int, ...] = ()  #: Of the site without any work; default: the document's. [W]
    clean_w: tuple[int, ...] = ()  #: Own clean power that is there for the site. [W]
    carbon_g_per_kwh: tuple[int, ...] = ()  #: Of what comes from the grid.
    source: str = ""  #: Who says so.
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtailmentCalled:
    """A site, hall or pool may draw less for a time; a later call of that name replaces it.

    One that ends no later than it comes takes back the one before it.
    """

    at_s: int
    site: str
    name: str  #: What the call goes by.
    path: str  #: 'site', 'halls.NAME' or 'pools.NAME'.
    starts_s: int
    ends_s: int
    power_w: int  #: At the meter. [W]
    reason: str = ""
    actor: str = ""


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
    | PowerLimitReported
    | PoolReported
    | ForecastGiven
    | CurtailmentCalled
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
        PowerLimitReported,
        PoolReported,
        ForecastGiven,
        CurtailmentCalled,
        TimePassed,
    )
}
