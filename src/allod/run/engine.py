"""The engine as the node needs it; `allod.decide.engine.Engine` is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from allod.decide.accounts import NO_ACCOUNTS, Accounts
from allod.decide.outlook import Outlook
from allod.domain.decision import Decision, Reason
from allod.domain.document import Document
from allod.domain.event import Event, PoolReported
from allod.domain.said import Said


class Engine(Protocol):
    """Decides: events in, decisions out, and nothing else moves it."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents that hold now, by 'Kind/name'."""
        ...

    @property
    def reports(self) -> Mapping[tuple[str, str], PoolReported]:
        """What was last reported of pools, by site and pool."""
        ...

    @property
    def outlook(self) -> Outlook:
        """What was told of the time to come: forecasts and calls."""
        ...

    def step(self, event: Event) -> tuple[Decision, ...]:
        """Decide about `event`; an error (InvalidInput, NotFound, Conflict) changes nothing."""
        ...

    def snapshot(self) -> bytes:
        """All that it knows; what is restored from it decides the same."""
        ...

    def next_wake_s(self) -> int | None:
        """The next time at which TimePassed could change something. [epoch s]"""
        ...


class SiteAnswer(Protocol):
    """What stands between a workload and one site."""

    @property
    def site(self) -> str:
        """Name of the site."""
        ...

    @property
    def blockers(self) -> tuple[Reason, ...]:
        """All that is in the way, in the order of L5; empty if it runs there or could at once."""
        ...

    @property
    def change(self) -> str:
        """The smallest change that would let it in."""
        ...

    @property
    def changes(self) -> Sequence[Said]:
        """The same by code."""
        ...

    @property
    def expected_at_s(self) -> int | None:
        """When it may start there, if that can be told. [epoch s]"""
        ...

    @property
    def basis(self) -> str:
        """What the expectation rests on."""
        ...

    @property
    def rests_on(self) -> Sequence[Said]:
        """The same by code."""
        ...


class Explanation(Protocol):
    """What stands between a workload and every site."""

    @property
    def workload_id(self) -> str:
        """Whom it is about."""
        ...

    @property
    def state(self) -> str:
        """How the engine sees it."""
        ...

    @property
    def sites(self) -> Sequence[SiteAnswer]:
        """One answer per site."""
        ...

    @property
    def expected_at_s(self) -> int | None:
        """When it may start anywhere, if that can be told. [epoch s]"""
        ...

    @property
    def basis(self) -> str:
        """What the expectation rests on."""
        ...

    @property
    def rests_on(self) -> Sequence[Said]:
        """The same by code."""
        ...


E = TypeVar("E", bound=Engine)


@dataclass(frozen=True, slots=True)
class EngineMaker(Generic[E]):
    """How a node comes to an engine, and to its explanations."""

    new: Callable[[], E]
    restore: Callable[[bytes], E]  #: InvalidInput if this version cannot read the bytes.
    twin: Callable[[E], E]  #: A copy, for what is only tried; it goes its own way.
    explain: Callable[[E, str], Explanation]
    #: Sites at which a live workload may ever run, each with the class that it has there.
    may_run_at: Callable[[E, str], Mapping[str, str]]
    #: What its accounts say of floors and grants at a time [epoch s]; without charters it has none.
    accounts: Callable[[E, int], Accounts] = lambda _, at_s: NO_ACCOUNTS
