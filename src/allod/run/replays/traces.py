"""Traces that were left at the node: each is read from end to end, by a process of its own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from allod.errors import Conflict, InvalidInput, NotFound, Unavailable
from allod.run.clock import Clock
from allod.run.replays import records
from allod.run.replays.keeping import to_go
from allod.run.replays.lane import OWN_FAULT, Lane, Limits
from allod.run.replays.ports import Incoming, Json, Shelf, Workers
from allod.run.replays.views import ReplayFault, TraceFacts, TraceState, TraceView

FILE = "trace"
_COMING_MAX = 4  #: Traces that come at the same time.


class Arriving:
    """A trace that comes; end it by `keep` or `drop`."""

    def __init__(
        self,
        incoming: Incoming,
        kept: Callable[[int, str], TraceView],
        over: Callable[[], None],
    ) -> None:
        self._incoming, self._kept, self._over = incoming, kept, over

    def write(self, data: bytes) -> None:
        """More of it.

        Raises:
            Unavailable: The disk cannot take it.
        """
        self._incoming.write(data)

    def keep(self) -> TraceView:
        """All of it is here; it is read next.

        Raises:
            Unavailable: The disk cannot take it.
        """
        view = self._kept(*self._incoming.keep())
        self._over()
        return view

    def drop(self) -> None:
        """It will not be whole; nothing of it is kept."""
        self._incoming.drop()
        self._over()


class Traces:
    """All traces that are kept; every call may come from any thread and may block."""

    def __init__(self, shelf: Shelf, workers: Workers, clock: Clock, limits: Limits) -> None:
        self._shelf, self._clock, self._limits = shelf, clock, limits
        self._turn = threading.RLock()
        self._views: dict[str, TraceView] = {}
        self._coming = 0
        self._lane = Lane("trace-reader", workers, limits, self._following)
        #: Those that replays need which have not ended.
        self.in_use: Callable[[], Collection[str]] = set
        self.changed: Callable[[], None] = lambda: None  #: Called when one has been read.

    def start(self) -> None:
        """Begin to read."""
        self._lane.start()

    def close(self) -> None:
        """Read no more; what was not read to its end is read again by the next node."""
        self._lane.close()

    def found(self, record: Json) -> None:
        """Take one that a node before this one kept."""
        view = records.trace_from(record)
        self._views[view.id] = view

    # ------------------------------------------------------------ coming and going

    def receive(self, name: str, *, format: str | None = None, actor: str = "") -> Arriving:
        """A trace that comes.

        Raises:
            Unavailable: Too many come at once, or replays need all that are kept.
        """
        with self._turn:
            if self._coming >= _COMING_MAX:
                raise Unavailable(
                    f"{self._coming} traces are coming already", mend="send it when one is there"
                )
            self._check_room()
            self._coming += 1
        id = f"trace-{secrets.token_hex(6)}"
        try:
            incoming = self._shelf.receive(id, FILE)
        except BaseException:
            self._came()
            raise
        return Arriving(incoming, partial(self._keep, id, name, format, actor), self._came)

    def _came(self) -> None:
        with self._turn:
            self._coming -= 1

    def _check_room(self) -> None:
        over = len(self._views) + self._coming + 1 - self._limits.traces_kept
        if over > len(self._free()):
            raise Unavailable(
                f"{len(self._views)} traces are kept, and replays need them",
                mend="wait for a replay to end, or cancel one",
            )

    def _make_room(self, following: TraceView) -> None:
        """Only now that another is here whole: one that never comes costs nobody a trace."""
        over = len(self._views) + 1 - self._limits.traces_kept
        for view in to_go([*self._views.values(), following], self._free(), over):
            self._drop(view)

    def _free(self) -> list[TraceView]:
        used = self.in_use()
        return [view for view in self._views.values() if view.id not in used]

    def _drop(self, view: TraceView) -> None:
        del self._views[view.id]
        self._lane.stop(view.id)
        self._shelf.remove(view.id)

    def _keep(
        self, id: str, name: str, format: str | None, actor: str, size: int, sha256: str
    ) -> TraceView:
        with self._turn:
            view = TraceView(
                id=id,
                name=name,
                state=TraceState.READING,
                bytes=size,
                sha256=sha256,
                created_at_s=self._clock.now_s(),
                actor=actor,
                number=1 + max((one.number for one in self._views.values()), default=0),
                format=format,
            )
            self._make_room(view)
            self._put(view)
        self._lane.wake()
        return view

    def _put(self, view: TraceView) -> None:
        self._shelf.write(view.id, records.record_of(view))
        self._views[view.id] = view

    def _in_order(self) -> list[TraceView]:
        return sorted(self._views.values(), key=lambda view: view.number)

    # ------------------------------------------------------------ looking

    def all(self) -> list[TraceView]:
        """All that are kept, latest first."""
        with self._turn:
            return self._in_order()[::-1]

    def get(self, id: str) -> TraceView:
        """The trace; NotFound if there is none."""
        found = self._views.get(id)
        if found is None:
            raise NotFound(f"there is no trace '{id}'", mend="see GET /v1/traces")
        return found

    def is_being_read(self, id: str) -> bool:
        """True while it is not known what it is; False of one that is not there."""
        view = self._views.get(id)
        return view is not None and view.state is TraceState.READING

    def usable(self, id: str) -> TraceView:
        """The trace, for a replay of it.

        Raises:
            InvalidInput: There is none, or it cannot be read.
        """
        view = self._views.get(id)
        if view is None:
            raise InvalidInput(
                f"there is no trace '{id}'",
                field="trace",
                value=id,
                mend="send it to POST /v1/traces, or write 'log' for the node's own work",
            )
        if view.state is TraceState.UNREADABLE:
            fault = view.fault or OWN_FAULT
            raise InvalidInput(
                f"trace {id} cannot be read: {fault.message}",
                field="trace",
                value=id,
                mend=fault.mend,
            )
        return view

    def path(self, id: str) -> str:
        """Where its file lies, for a process that reads it."""
        return str(self._shelf.path(id, FILE))

    def remove(self, id: str) -> None:
        """Forget a trace; Conflict while a replay needs it. Outcomes stay."""
        with self._turn:
            view = self.get(id)
            if id in self.in_use():
                raise Conflict("a replay needs this trace", mend="cancel that replay first")
            self._drop(view)

    # ------------------------------------------------------------ reading

    def _following(self) -> _Reading | None:
        with self._turn:
            for view in self._in_order():
                if view.state is TraceState.READING:
                    return _Reading(self, view)
        return None

    def task(self, view: TraceView) -> Json:
        """What the process that reads it is told."""
        return {
            "task": "read",
            "file": self.path(view.id),
            "name": view.name,
            "format": view.format,
        }

    def read_so_far(self, id: str, permille: int | None) -> None:
        """Note how much of it has been read."""
        with self._turn:
            if id in self._views:
                self._views[id] = replace(self._views[id], permille=permille)

    def has_been_read(self, id: str, facts: TraceFacts | None, fault: ReplayFault | None) -> None:
        """Note what was found in it, or why nothing was."""
        with self._turn:
            if id not in self._views:
                return  # It was removed meanwhile.
            state = TraceState.READY if facts else TraceState.UNREADABLE
            view = replace(self._views[id], permille=None)
            self._put(
                replace(
                    view,
                    state=state,
                    facts=facts,
                    fault=None if facts else fault or OWN_FAULT,
                    format=facts.format if facts else view.format,
                )
            )
        self.changed()


class _Reading:
    """One trace is read."""

    def __init__(self, traces: Traces, view: TraceView) -> None:
        self.id = view.id
        self._traces, self._view = traces, view
        self._facts: TraceFacts | None = None
        self._fault: ReplayFault | None = None

    def begin(self) -> Json:
        return self._traces.task(self._view)

    def told(self, message: Json) -> None:
        if "progress" in message:
            self._traces.read_so_far(self.id, message["progress"]["permille"])
        if "trace" in message:
            self._facts = records.facts_from(message["trace"])
        if "error" in message:
            self._fault = records.fault_from(message["error"])

    def ended(self, fault: ReplayFault | None, *, closing: bool) -> None:
        if not (closing and self._facts is None):
            self._traces.has_been_read(self.id, self._facts, self._fault or fault)
