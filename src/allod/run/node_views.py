"""What a node shows: plain frozen values that the API and the command line turn into text.

They hold no model and no connection, so they may be kept, compared and sent across threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from allod.domain.decision import Decision, Footprint, Reason
from allod.domain.event import Event, Outcome

T = TypeVar("T")


class State(StrEnum):
    """Where a workload stands, as the log tells it."""

    WAITING = "waiting"  #: Held; `reasons` says what for.
    PLACED = "placed"  #: Its room is its own; the runner has not yet said that it runs.
    RUNNING = "running"
    STOPPING = "stopping"  #: To be stopped: reclaimed or cancelled; it still has its room.
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    RECLAIMED = "reclaimed"  #: Its lent room was taken back and it asked not to wait again.
    LOST = "lost"
    NODE_FAILED = "node-failed"  #: Its node failed and it asked not to wait again.
    REFUSED = "refused"
    ERASED = "erased"  #: What it was and did is destroyed; that it was stays in the log.


#: States in which it waits or holds room; the others are final.
LIVE_STATES = frozenset({State.WAITING, State.PLACED, State.RUNNING, State.STOPPING})


class Sort(StrEnum):
    """What a list of workloads is sorted by; of equal ones the latest comes first."""

    SUBMITTED = "submitted"  #: The latest first.
    ACCELERATORS = "accelerators"  #: The most first.
    EXPECTED = "expected"  #: The soonest start first, by the latest hold; those without one last.
    OLDEST = "oldest"  #: The first submitted first.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadQuery:
    """Which workloads a list is to hold, and in which order; an empty text does not filter."""

    states: frozenset[State] = frozenset(State)  #: In one of them.
    project: str = ""
    site: str = ""
    access_class: str = ""
    text: str = ""  #: Stands in the name, or the id begins with it.
    sort: Sort = Sort.SUBMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many workloads a list holds."""

    count: int
    at_seq: int  #: The leaf up to which the log was looked at.


class Role(StrEnum):
    """Who holds a token, and by that what it may do.

    The first four are rights as well: each may also do what those below it may. The others read
    as `read` does, and say for whom it is, so that pages can show each what they look for.
    """

    ADMIN = "admin"  #: Tokens and all else.
    OPERATOR = "operator"  #: Apply and remove documents, cancel any workload.
    SUBMIT = "submit"  #: Submit workloads, cancel its own.
    READ = "read"
    PROGRAMME = "programme"  #: Reads, for the office that gives grants and follows their use.
    AUDITOR = "auditor"  #: Reads, for whoever checks what was decided.

    @property
    def right(self) -> Role:
        """The highest right that it has, one of `RIGHTS`."""
        return self if self in RIGHTS else Role.READ

    @property
    def rights(self) -> tuple[Role, ...]:
        """All rights that it has, the highest first."""
        return RIGHTS[RIGHTS.index(self.right) :]

    def may(self, needed: Role) -> bool:
        """True if a token of this role may do what `needed` is asked for."""
        return needed.right in self.rights


#: What may be asked for, in this order: each contains those after it.
RIGHTS = (Role.ADMIN, Role.OPERATOR, Role.SUBMIT, Role.READ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Who holds a secret; the secret itself is nowhere."""

    name: str
    role: Role
    made_at_s: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `after` is what to ask for the next part with, None at its end."""

    items: tuple[T, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The durable answer to a submission."""

    workload_id: str
    decision: Decision  #: The first decision about it: placement, hold or refusal.
    repeated: bool  #: True if the key was known, and this is the answer given then.


@dataclass(frozen=True, slots=True)
class Change:
    """What applying (or a dry run of it) makes of one document."""

    kind: str
    name: str
    what: str  #: 'created', 'changed' or 'unchanged'.


@dataclass(frozen=True, slots=True)
class Scaled(Change):
    """How far a service goes at each site from now on."""

    replicas_min: int  #: Kept at each site also when nobody calls. [1]
    replicas_max: int  #: At each site at most. [1]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadView:
    """A workload as the log tells it."""

    workload_id: str
    name: str
    state: State
    project: str
    kind: str  #: batch, service or notebook.
    accelerators: int
    wall_time_s: int
    submitted_at_s: int
    run: int = 0  #: Its latest run; 0 before its first placement.
    site: str = ""  #: Of its latest run; empty before its first placement.
    pool: str = ""
    access_class: str = ""  #: Of its latest run; before that the one it asked for.
    nodes: tuple[tuple[int, int], ...] = ()
    power_w: int = 0
    lent: bool = False
    limit_w: int | None = None  #: Power limit of each of its accelerators, if it is capped. [W]
    limit_set: bool = False  #: True if its runner has confirmed that limit.
    limit_ends_at_s: int | None = None  #: When the cap is taken off.
    placed_at_s: int | None = None
    started_at_s: int | None = None
    ends_at_s: int | None = None  #: When the wall time of its latest run runs out.
    stop_at_s: int | None = None  #: When it is to be stopped, if it is reclaimed or cancelled.
    ended_at_s: int | None = None
    expected: Footprint | None = None  #: What its latest run was expected to use, if forecast.
    #: Modelled energy of its latest run at the meter, once that has ended: its power over its time.
    #: None: it has not ended, or drew nothing that is counted. [Wh]
    modelled_wh: int | None = None
    #: Of what the placement expects, the part for the time that the run took; None: not forecast.
    modelled_carbon_g: int | None = None
    modelled_water_l: int | None = None
    #: Energy of its latest run as the system that ran it counted it at the nodes: without cooling
    #: and losses on the way. None: it has not ended, or nobody counted. [J]
    measured_j: int | None = None
    measured_shared: bool = False  #: True if what others drew on these nodes may be in it.
    outcome: Outcome | None = None
    exit_status: int | None = None
    detail: str = ""  #: What the runner said about its end, or what it waits for.
    job: str = ""  #: What the system that runs it calls it, such as a Slurm job's number.
    node_names: tuple[str, ...] = ()  #: Where that system says that it runs, or ran.
    restarts: int = 0  #: How often that system itself began the latest run anew.
    cancelled_by: str = ""
    actor: str = ""  #: Who submitted it.
    expected_at_s: int | None = None  #: Expected start by its latest hold, if one could be told.
    basis: str = ""
    reasons: tuple[Reason, ...] = ()  #: Of the latest decision about it.
    spec: dict[str, Any]  #: The spec of its document, defaults left out.
    seq: int = 0  #: Leaf of its submission; lists go by it.
    changed_seq: int = 0  #: Leaf of the latest record about it.
    out_of_reach: bool = False  #: True while its runner does not answer: it may well be running.


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision with its place in the log."""

    seq: int
    kind: str  #: 'decision/Placement' and so on.
    record: Decision


@dataclass(frozen=True, slots=True)
class LeafView:
    """A record of the log; `body` is its canonical JSON."""

    seq: int
    kind: str  #: 'event/WorkloadSubmitted', 'decision/Hold' and so on.
    body: bytes
    record: Event | Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document that holds now."""

    kind: str
    name: str
    document: dict[str, Any]  #: apiVersion, kind, metadata and spec, defaults left out.
    seq: int  #: Leaf by which it came or last changed.
    changed_at_s: int
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """A fact about a site, as its document states it."""

    value: Any  #: None if it is unknown.
    standing: str
    source: str
    date: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """A pool and its use now."""

    name: str
    accelerator: str | None
    live: int
    in_use: int
    free: int
    out: int = 0  #: Accelerators out of service, or held by work that Allod did not place.
    others_w: int = 0  #: What that work draws at the meter. [W]
    why: tuple[str, ...] = ()  #: The same in words, by the last report of its runner.


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    """An access class of a site's charter and its use now; a parent's includes its children's."""

    name: str
    title: str
    parent: str | None
    floor: int
    ceiling: int | None
    priority: int
    in_use: int
    waiting: int  #: Accelerators that its waiting work asks for.
    reclaim_notice_s: int
    within_floor: int = 0  #: Accelerators in use that its own floor covers; nobody takes them (C4).
    borrowed: int = 0  #: Accelerators in use beyond its floor: lent to it, they can be reclaimed.
    idle_floor: int = 0  #: Accelerators of its floor that it does not use.
    lent_out: int = (
        0  #: Of its idle floor, what is not free: others use it, or it is out of service.
    )
    free: int = 0  #: Accelerators that it could have now without a reclaim, under every ceiling.
    claimed: int | None = None  #: Accelerators for which others are leaving, those inside included.
    owed: int | None = None  #: Of work that waits within the floor, the claimed among them.
    broken: int | None = None  #: Of these, of work that has waited longer than is promised (C2).
    broken_since_s: int | None = None  #: Since when, of the first of them.
    floor_kept: bool | None = None  #: False while any is broken; null: nobody keeps account.
    claims_met: int | None = None  #: How often others have left for it so far.
    claims_late: int | None = None  #: Of these, how often later than notice and stop time.


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedView:
    """A workload whose power is capped, or is to be."""

    workload_id: str
    pool: str
    limit_w: int  #: Power limit of each of its accelerators. [W]
    limit_set: bool  #: True if its runner has confirmed that; until then it counts in full.
    saved_w: int  #: What that takes off its draw, as the envelope counts it. [W]
    ends_at_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """Where a site stands."""

    latitude_deg: float  #: Degrees north, WGS 84.
    longitude_deg: float  #: Degrees east, WGS 84.
    country: str | None  #: ISO 3166-1; null: not known.
    name: str | None  #: Of the town or the ground; null: not known.
    region: str | None  #: Region of the state; null: not known.
    precision: str  #: How good the position is, such as 'town' or 'about 10 km'; '' if not said.
    standing: str  #: How well the position stands: the weaker of the two degrees.
    source: str  #: Who says so.


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """A site now: capacity, use, power and the facts that law is decided on."""

    name: str
    title: str
    at_s: int
    runner: str
    in_reach: bool  #: False while its runner does not answer.
    out_of_reach_since_s: int | None
    runner_version: str = ""  #: Of the cluster, and of what it is spoken to with.
    poll_ms: int | None = None  #: How long the cluster is left alone between two looks, now. [ms]
    looked_at_s: int | None = None  #: When it was last seen. [epoch s]
    live: int  #: Accelerators that the live phases hold.
    in_use: int
    free: int
    out: int = 0  #: Accelerators out of service, or held by work that Allod did not place.
    running: int  #: Workloads that hold room.
    waiting: int  #: Workloads that wait and could ever run here.
    power_limit_w: int | None  #: What the site may draw now; None: no envelope. [W]
    power_committed_w: int  #: Base load, all placed work, and what others draw. [W]
    others_w: int = 0  #: What work that Allod did not place draws at the meter. [W]
    capped: tuple[CappedView, ...] = ()  #: Whose power is capped; committed less what that saves.
    base_load_w: int
    lent_out: int = 0  #: Accelerators of idle floors that are not free: others use them.
    pools: tuple[PoolView, ...]
    classes: tuple[ClassView, ...]
    place: PlaceView | None = None  #: Null: its document holds no position.
    country: FactView
    operator: FactView
    management: FactView
    metadata: FactView
    control: tuple[str, ...]  #: Seats of the parties in control, '?' for one that is unknown.


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the node is, for people and probes."""

    ready: bool  #: True if it takes and decides work now.
    log: str  #: 'ok' or what is wrong with it.
    seq: int  #: Last leaf of the log.
    at_s: int
    out_of_reach: tuple[str, ...]  #: Sites whose runner does not answer.
    waiting: int
    running: int
    queue: int  #: Requests not yet looked at.
    seal: str = ""  #: Why the log is durable and not sealed, or ''.
