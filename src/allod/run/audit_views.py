"""What an audit tells: values only."""

from __future__ import annotations

from dataclasses import dataclass

from allod.domain.decision import Reason
from allod.run.node_views import SiteView, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A workload that held room at the site."""

    workload_id: str
    project: str
    access_class: str
    accelerators: int
    pool: str
    run: int
    state: State
    lent: bool
    placed_at_s: int | None
    started_at_s: int | None
    seq: int  #: Leaf of the placement.
    submitted_seq: int  #: Leaf of the submission, which names the project.


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A listed share."""

    party: str
    share_bp: int | None  #: None: not known. [basis points]
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyThen:
    """A party of the site, or an owner of one, as its document was."""

    party: str
    roles: tuple[str, ...]  #: At the site; empty for one that is there as an owner.
    title: str = ""
    seat: str | None = None
    owners: tuple[Owner, ...] = ()
    controls: bool = False  #: True if it is in control of the operator.
    seq: int | None = None  #: Leaf of its document; None: there was none.


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A workload within a floor that waited."""

    workload_id: str
    accelerators: int
    since_s: int  #: From when on it was within the floor, at the earliest. [epoch s]
    seq: int | None  #: Leaf of the hold, if there was one.
    reasons: tuple[Reason, ...]  #: What it waited for at this site.


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorThen:
    """A class with its floor."""

    access_class: str
    floor: int
    in_use: int
    waiting: int
    promise_s: int  #: Notice and stop time: so soon it has its floor (C2). [s]
    held: bool  #: True if nobody within the floor had waited for longer.
    within: tuple[Waited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal that was, among others, about the site."""

    workload_id: str
    project: str
    at_s: int
    seq: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaimed:
    """Lent room that was taken back."""

    workload_id: str
    project: str
    run: int
    at_s: int
    stop_at_s: int
    for_workload_id: str
    seq: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was so at a site at an instant."""

    at_s: int
    seq: int  #: The last leaf of then; all that is told follows from it and those before.
    erased: int  #: Leaves up to there that were erased since; what they said is missing here.
    site: SiteView
    site_seq: int  #: Leaf of the site's document.
    charter_seq: int | None  #: Leaf of its charter's, if it had one.
    ran: tuple[Ran, ...]
    parties: tuple[PartyThen, ...]
    control_unknown: tuple[str, ...]  #: Facts that could put another party in control.
    floors: tuple[FloorThen, ...]
    refused: tuple[Refused, ...]  #: In the day before; the latest if they are many.
    refused_count: int
    reclaimed: tuple[Reclaimed, ...]
    reclaimed_count: int
