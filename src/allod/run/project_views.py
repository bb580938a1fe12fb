"""What a node shows of projects: plain frozen values, as in `node_views`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from allod.domain.fact import Standing
from allod.domain.project import AccessMode
from allod.domain.said import Said


class GrantState(StrEnum):
    """Where a grant stands."""

    TO_COME = "to-come"
    OPEN = "open"
    USED_UP = "used-up"  #: It holds, and less than an accelerator-hour is left for new work.
    ENDED = "ended"  #: What was left of it is gone.


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    """A grant, and what became of it as far as that can be told of it alone."""

    mode: AccessMode
    state: GrantState
    starts_s: int  #: [epoch s]
    ends_s: int  #: 2**53: never. [epoch s]
    given_accelerator_s: int  #: Accelerators × seconds.
    given_standing: Standing  #: How it is known: its document declares it.
    #: Null where it cannot be told of this grant alone; `basis` says why. So are the next two.
    used_accelerator_s: int | None
    committed_accelerator_s: int | None  #: By work that holds room, until its wall times run out.
    left_accelerator_s: int | None  #: For new work.
    basis: str  #: What these three rest on.
    says: Said  #: The same by code.


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """All grants of a project that hold now, as one: new work is let in by these very numbers."""

    given_accelerator_s: int  #: Accelerators × seconds, as the documents declare them.
    used_accelerator_s: int  #: Since these grants began.
    committed_accelerator_s: int  #: By work that holds room, until its wall times run out.
    left_accelerator_s: int  #: For new work.
    until_s: int  #: When the last of these grants ends; 0 if none holds now. [epoch s]
    basis: str  #: What was computed, and out of what.
    says: Said  #: The same by code.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """Work of a project that waits or holds room."""

    waiting: int  #: Workloads.
    placed: int
    running: int
    stopping: int
    waiting_accelerators: int  #: That waiting work asks for.
    held_accelerators: int  #: That work holds.


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A project now: its document, its rule in words, its grants and its work."""

    kind: str  #: Always 'Project'.
    name: str
    title: str
    document: dict[str, Any]  #: apiVersion, kind, metadata and spec, defaults left out.
    seq: int  #: Leaf by which it came or last changed.
    changed_at_s: int
    actor: str
    at_s: int  #: When the numbers held. [epoch s]
    rule: tuple[str, ...]  #: Where the data of its work may be and who may control it; in words.
    rule_says: tuple[Said, ...]  #: The same by code.
    rule_basis: str  #: The law or contract that it comes from.
    bound: bool  #: False if it has no grants: then no budget binds its use.
    grants: tuple[GrantView, ...]
    account: AccountView | None  #: None if it has no grants.
    work: WorkView
