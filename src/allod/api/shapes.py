"""Shapes: what answers look like, for the OpenAPI document alone; nothing is checked by them here.

Where an answer is a value of the node, its own class is the shape; `openapi.py` makes the three
changes that `views.py` makes.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from allod.domain.decision import (
    Hold,
    Placement,
    PowerCap,
    PowerUncap,
    Reason,
    Reclaim,
    Refusal,
    ShedPlan,
)
from allod.domain.said import Said
from allod.run.node_views import Change, Role, State
from allod.run.ports import Finding

T = TypeVar("T")


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Listed(Shape, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = None
    """Send this as `after` for the part that follows; null at the end."""


class Me(Shape):
    """Who asks, and what they may do."""

    name: str | None
    """Of the token; null if none was sent."""
    role: Role | None
    """Of the token; null if none was sent."""
    may: list[Literal["admin", "operator", "submit", "read"]]
    """Its rights, the highest first: what other addresses say they need is there, or is refused."""


class Submission(Shape):
    """A workload was created: it was placed, waits, or was refused."""

    id: str
    """What the workload is called by from now on."""
    name: str
    state: State
    """By the first decision: placed, waiting or refused."""
    decision: Placement | Hold | Refusal
    """The first decision, with all its reasons."""


class Decided(Shape):
    """A decision with its place in the log: `seq` and the fields of its kind."""

    seq: int
    """Its leaf in the log."""
    decision: Placement | Hold | Refusal | Reclaim | ShedPlan | PowerCap | PowerUncap


class Foretold(Shape):
    """What is decided because of a forecast or a call."""

    dry_run: bool
    """True if it was only tried."""
    decisions: list[Placement | Hold | Refusal | Reclaim | ShedPlan | PowerCap | PowerUncap]
    """In their order: shed plans first, then caps and reclaims."""


class Checked(Shape):
    """What a check of a site's cluster found."""

    site: str
    works: bool
    """True if nothing fails; there may be warnings."""
    findings: list[Finding]
    """In the order in which they were looked at; a later one may need an earlier one."""


class SovereigntyStatement(Shape):
    """All that can be said of the sovereignty of a site or a workload on a day."""

    form: Literal["allod sovereignty statement v1"]
    subject: str
    """'Site/narvik' or 'Workload/w12'."""
    site: str
    """The site that it is about, or where the workload was placed last."""
    on: str
    """The day on which the facts must stand."""
    home: list[str]
    """Countries and areas whose law counts as home."""
    says: str
    """The whole in two or three sentences; it may be no."""
    claimed: dict[str, Any]
    """Layers and verdicts, counting what is proved, attested or declared."""
    evidenced: dict[str, Any]
    """The same, counting only what is proved or attested."""
    control: list[dict[str, Any]]
    """Who can read, copy, stop, change or delete what, under which laws."""
    dependencies: list[dict[str, Any]]
    """Who supplies each layer, and how much of it comes from one hand or country."""
    facts: list[dict[str, Any]]
    """Each fact with its value, grade and origin."""
    limits: list[str]
    """What no statement of this kind can say."""


class SiteAnswer(Shape):
    """What stands between a workload and one site."""

    site: str
    """Empty where the reasons are about the workload everywhere."""
    blockers: list[Reason]
    """All of them, in the order law, class, hardware, power, room; none: nothing is in its way."""
    spoke_for: list[Reason]
    """Of work that has ended: why it was placed there. Otherwise none."""
    change: str
    """The smallest change that would admit it; empty if none is known."""
    changes: list[Said]
    """The same by code: each of these."""
    expected_at_s: int | None
    """Expected start there. [epoch s]"""
    basis: str
    """What the expectation rests on."""
    rests_on: list[Said]
    """The same by code: its parts in order."""


class Explanation(Shape):
    """Why a workload stands where it stands, for every site."""

    workload_id: str
    state: str
    expected_at_s: int | None
    """Expected start. [epoch s]"""
    basis: str
    """What the expectation, or the whole answer, rests on."""
    rests_on: list[Said]
    """The same by code: its parts in order."""
    sites: list[SiteAnswer]


class Trial(Shape):
    """What would come of a submission; nothing was recorded or started."""

    dry_run: Literal[True]
    name: str
    state: State
    """By the decision: placed, waiting or refused."""
    decision: Placement | Hold | Refusal
    """The first decision, with all its reasons; it calls the workload `dry-run`."""
    others: list[Placement | Hold | Refusal | Reclaim | ShedPlan | PowerCap | PowerUncap]
    """What would be decided about other work because of it, such as reclaims of lent room."""
    explanation: Explanation
    """For every site what is in its way, as `why` would say right after."""


class Changes(Shape):
    """What applying made of each document, or would make of it."""

    dry_run: bool
    changes: list[Change]


class Erased(Shape):
    """What was erased."""

    id: str
    leaves: int
    """Leaves that say nothing any more; 0 if they were erased before. [1]"""


class Rotated(Shape):
    """The key under which the log goes on."""

    key: str
    """The new public key (vkey)."""
    receipt: str
    """The receipt of the change, which the old key and the new one have signed."""


class Exported(Shape):
    """Up to where the log may be copied."""

    size: int
    """Entries of the checkpoint. [1]"""
    checkpoint: str
    """The signed note; it is the last file of a copy."""
    key: str
    """The public key of the log (vkey)."""


class Kinds(Shape):
    """The kinds of documents, in the order in which they are applied."""

    items: list[str]


class Alive(Shape):
    """How the node is; for who may read, also how much goes on, without a word of what."""

    status: Literal["ok", "degraded"]
    log: Literal["ok", "out of reach"]
    """'ok' or 'out of reach'."""
    sealed: bool
    """False if what is durable is not sealed now: no receipts come."""
    at_s: int
    """The node's time. [epoch s]"""
    version: str
    seq: int = 0
    """Last leaf of the log."""
    waiting: int = 0
    """Workloads. [1]"""
    running: int = 0
    """Workloads that hold room. [1]"""
    queue: int = 0
    """Requests not yet looked at. [1]"""
    out_of_reach: int = 0
    """Sites whose runner does not answer. [1]"""


class Ready(Shape):
    """The node takes and decides work."""

    ready: Literal[True]


class Problem(Shape):
    """What went wrong and how to mend it (RFC 9457)."""

    type: str = Field(pattern="^urn:allod:problem:[a-z-]+$")
    title: str
    status: int
    detail: str
    instance: str
    """The address that was asked."""
    ask_again: bool
    """True if the same request may succeed later."""
    mend: str = ""
    """What you can do about it."""
    field: str = ""
    """The part of the request or document that is wrong."""
    value: str = ""
    """What stood there."""


class DocumentBody(Shape):
    """A document, as `allod apply` reads it; its spec is that of its kind."""

    model_config = ConfigDict(extra="forbid")

    apiVersion: Literal["allod/v1"]
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
