"""The node: one running Allod, as the API and the command line see it.

Every call may be made from any thread. What changes something answers with a Future that is done
when its record is durable (E1); what only reads returns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from allod.domain.document import Document
from allod.run.node_views import (
    Change,
    DecisionView,
    DocumentView,
    Health,
    LeafView,
    Page,
    Role,
    SiteView,
    State,
    Submitted,
    Token,
    WorkloadView,
)
from allod.run.ports import OutputPart, StreamName

if TYPE_CHECKING:
    from types import TracebackType

    Explanation = Any


class Follower:
    """A reader that walks along the log as it grows.

    `wake` (given to `Node.follow`) is called from a thread of the node when there is more to take;
    in asyncio give it `lambda: loop.call_soon_threadsafe(event.set)`.
    """

    seq: int  #: Last leaf taken.

    def take(self, timeout_s: float = 0.0, limit: int = 256) -> tuple[LeafView, ...]:
        """The next leaves, oldest first; empty if none came within `timeout_s`."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop following; `wake` is not called again."""
        raise NotImplementedError


class Node:
    """A running node. `bootstrap.open_node(config)` makes one; `close()` ends it."""

    metrics: CollectorRegistry

    def submit(
        self, document: Document, *, actor: str = "", key: str | None = None
    ) -> Future[Submitted]:
        """Ask for the workload of `document` to run.

        With a `key` the same request may be made again: it gets the answer given the first time.

        Raises (in the Future):
            InvalidInput: It cannot be accepted as it is.
            Conflict: The key stands for another request.
            Unavailable: The log cannot take it now; ask again with the same key.
        """
        raise NotImplementedError

    def apply(
        self, documents: Sequence[Document], *, actor: str = "", dry_run: bool = False
    ) -> Future[tuple[Change, ...]]:
        """Make `documents` hold, all or none; unchanged ones leave no record."""
        raise NotImplementedError

    def remove(self, kind: str, name: str, *, actor: str = "") -> Future[None]:
        """Let a document no longer hold."""
        raise NotImplementedError

    def cancel(self, workload_id: str, *, actor: str = "") -> Future[WorkloadView]:
        """Cancel a workload; one that has ended stays as it is."""
        raise NotImplementedError

    def workload(self, workload_id: str) -> WorkloadView:
        """The workload; NotFound if there is none."""
        raise NotImplementedError

    def workloads(
        self,
        *,
        state: State | None = None,
        project: str | None = None,
        site: str | None = None,
        access_class: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        """Workloads, latest first."""
        raise NotImplementedError

    def decisions(
        self, workload_id: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[DecisionView]:
        """Decisions, latest first; of one workload or of all."""
        raise NotImplementedError

    def why(self, workload_id: str) -> Explanation:
        """What stands in its way now, or the recorded decision if it has ended or was refused."""
        raise NotImplementedError

    def logs(
        self,
        workload_id: str,
        *,
        run: int | None = None,
        stream: StreamName = "stdout",
        offset: int = 0,
        limit: int = 1 << 20,
    ) -> OutputPart:
        """Output of a run (default: the latest) from `offset` on; go on at its `next_offset`."""
        raise NotImplementedError

    def documents(self, kind: str | None = None) -> list[DocumentView]:
        """Documents that hold now, in the order of kinds and then of names."""
        raise NotImplementedError

    def document(self, kind: str, name: str) -> DocumentView:
        """The document; NotFound, with near names, if there is none."""
        raise NotImplementedError

    def sites(self) -> list[SiteView]:
        """All sites now."""
        raise NotImplementedError

    def site(self, name: str) -> SiteView:
        """The site now; NotFound, with near names, if there is none."""
        raise NotImplementedError

    def follow(
        self, after_seq: int | None = None, *, wake: Callable[[], None] | None = None
    ) -> Follower:
        """The log from the leaf after `after_seq` on; None: only what comes from now on."""
        raise NotImplementedError

    def token_make(self, name: str, role: Role) -> str:
        """A new secret, told this once; a second one of the same name is a Conflict."""
        raise NotImplementedError

    def token_check(self, secret: str) -> Token | None:
        """Who holds `secret`; None if nobody does."""
        raise NotImplementedError

    def tokens(self) -> list[Token]:
        """All tokens, without their secrets."""
        raise NotImplementedError

    def token_remove(self, name: str) -> None:
        """The token no longer opens anything."""
        raise NotImplementedError

    def health(self) -> Health:
        """How the node is."""
        raise NotImplementedError

    def ready(self) -> bool:
        """True if it takes and decides work now."""
        raise NotImplementedError

    def now_s(self) -> int:
        """The node's time. [epoch s]"""
        raise NotImplementedError

    def close(self) -> None:
        """Take no more requests, finish those taken, snapshot, let go. Running work goes on."""
        raise NotImplementedError

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
