"""The controller: one thread that owns the engine and writes the log.

It takes whatever requests have arrived (group commit), lets each tell the engine, appends all that
came of it at once, and only then answers and hands acts to the runners (E1). If the log cannot take
a batch, nobody in it is answered, and the engine, which has run ahead of the log, is thrown away
and made again from it. Whether the batch was written after all does not matter then: whoever asks
again with the same key gets the answer, if there is one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from allod.decide.outlook import Outlook
from allod.domain.event import NodeStarted, TimePassed
from allod.errors import AllodError, Conflict, Different, Unavailable
from allod.run.clock import Clock
from allod.run.engine import Engine, EngineMaker
from allod.run.feed import Feed
from allod.run.log import Act, Answer, WorkloadRow
from allod.run.metrics import Metrics
from allod.run.recovery import Store, recover
from allod.run.reports import unattended_end
from allod.run.requests import Request, Submit
from allod.run.turn import Answers, OneTurn
from allod.run.views import Views

_log = logging.getLogger(__name__)

_BACKOFF_FIRST_S = 0.2
_BACKOFF_LAST_S = 5.0
_LOOK_EVERY_S = 5.0  #: How often a log that nobody writes is looked at.
_UNATTENDED_EVERY_S = 1
_GATHER_S = 0.001  #: If none has come for so long, a batch is complete.
_GATHER_MOST_S = 0.01  #: No batch waits longer for more.


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the controller takes at once."""

    batch_requests: int = 256  #: Most requests answered by one append.
    queue_requests: int = 10_000  #: Most requests that wait; one more is told to ask again.
    snapshot_events: int = 5_000  #: Events between two snapshots.
    answers_kept_s: int = 7 * 86_400  #: How long a key stands for its first request. [s]


@dataclass(frozen=True, slots=True)
class World:
    """What the controller knows, looked at while it rests. Change nothing in it."""

    engine: Engine
    views: Views
    at_s: int
    next_seq: int  #: The leaf that comes next.


@dataclass(slots=True)
class _Asked:
    """A request with who waits for its answer."""

    request: Request
    future: Future[Any]


@dataclass(slots=True)
class _Rest:
    """Somebody who wants to look at the world between two batches."""

    granted: Future[World] = field(default_factory=Future)
    over: threading.Event = field(default_factory=threading.Event)


class Controller:
    """Decides, one batch after the other."""

    def __init__(
        self,
        store: Store,
        maker: EngineMaker[Any],
        clock: Clock,
        feed: Feed,
        metrics: Metrics,
        limits: Limits | None = None,
    ) -> None:
        self._store, self._maker, self._clock = store, maker, clock
        self._feed, self._metrics, self._limits = feed, metrics, limits or Limits()
        self._answers = Answers(store)
        self._arrived = threading.Condition()
        self._queue: deque[_Asked | _Rest] = deque()
        self._closing = False
        self._fault = "the node has not started"  #: Why requests are turned away; '' if not.
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)
        self._engine: Engine = maker.new()
        self._views = Views()
        self._next_seq = self._at_s = self._told_s = self._unattended_s = 0
        self._snapshot_events = 0  #: Events since the last snapshot.
        self._backoff_s = _BACKOFF_FIRST_S
        self._looked_s = 0.0
        self._snapshot_thread: threading.Thread | None = None
        #: Called with acts whose decision has just become durable.
        self.acts_given: Callable[[Sequence[Act]], None] = lambda acts: None
        #: Called when sites may have come, changed or gone, or what is known of their time to
        #: come, before acts for them are given.
        self.sites_changed: Callable[[], None] = lambda: None
        #: Called when the store may hold acts that were not given.
        self.acts_reload: Callable[[], None] = lambda: None
        #: Called with rows of workloads that have become durable, and the leaf up to which.
        self.rows_written: Callable[[Sequence[WorkloadRow], int], None] = lambda rows, seq: None
        #: Called when the store may hold rows that were not told.
        self.rows_reload: Callable[[], None] = lambda: None
        #: Called before each try to come back; may bring back what the store needs.
        self.revive: Callable[[], None] = lambda: None
        #: Called once when nothing was written for a while; for what stops everybody.
        self.idle: Callable[[], None] = lambda: None
        self._idle_seq = 0
        self._crowd = False  #: True if the latest batch had several requests.

    # ------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Recover and begin to decide; errors of the recovery are the caller's."""
        self._begin()
        self._thread.start()

    def ask(self, request: Request) -> Future[Any]:
        """Put `request` in the queue; the Future is done when its answer is durable."""
        asked = _Asked(request, Future())
        asked.future.set_running_or_notify_cancel()  # What is decided cannot be cancelled.
        self._enqueue(asked, asked.future)
        return asked.future

    @contextmanager
    def at_rest(self) -> Iterator[World]:
        """The world after the last durable batch; the controller waits until the block is left."""
        rest = _Rest()
        self._enqueue(rest, rest.granted)
        try:
            yield rest.granted.result()
        finally:
            rest.over.set()

    @property
    def fault(self) -> str:
        """Why no request is taken now, or ''."""
        return self._fault

    @property
    def views(self) -> Views:
        """The views as they are being moved on: good for one look-up, not for a walk."""
        return self._views

    @property
    def outlook(self) -> Outlook:
        """What was told of the time to come; it never changes in itself."""
        return self._engine.outlook

    @property
    def queued(self) -> int:
        """Requests not yet looked at."""
        return len(self._queue)

    def close(self) -> None:
        """Finish what was asked, keep a snapshot, and end."""
        with self._arrived:
            self._closing = True
            self._arrived.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _enqueue(self, item: _Asked | _Rest, future: Future[Any]) -> None:
        with self._arrived:
            fault = self._fault or ("the node is closing" if self._closing else "")
            if not fault and len(self._queue) >= self._limits.queue_requests:
                fault = f"{len(self._queue)} requests are waiting already"
            if not fault:
                self._queue.append(item)
                self._arrived.notify()
                return
        future.set_exception(Unavailable(fault, mend="ask again, with the same key"))

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while self._live_once():
                pass
        except (Conflict, Different) as error:
            _log.error("the node stops: %s", error)
            self._turn_away(f"the node has stopped: {error}")
        except BaseException:
            # A mistake of ours. Nothing more may be decided on a state that may be wrong.
            self._turn_away("the node has stopped: an internal error, see its output")
            raise

    def _live_once(self) -> bool:
        """One batch, or one try to come back; False when it is time to end."""
        if self._fault:
            return self._mend()
        batch = self._next_batch()
        if batch is None:
            self._keep_snapshot()
            if self._snapshot_thread is not None:
                self._snapshot_thread.join()
            self._turn_away("the node is closed")
            return False
        try:
            self._decide([item for item in batch if isinstance(item, _Asked)])
            for item in batch:
                if isinstance(item, _Rest) and not self._fault:
                    item.granted.set_result(
                        World(self._engine, self._views, self._now_s(), self._next_seq)
                    )
                    item.over.wait()
        finally:
            _turn_away(batch, self.fault or "the node has stopped")
        self._look_at_log()
        # An engine that has run ahead of a log that failed must not be kept as that log's.
        if not self.fault and self._snapshot_events >= self._limits.snapshot_events:
            self._keep_snapshot()
        return True

    def _next_batch(self) -> list[_Asked | _Rest] | None:
        """What has arrived, empty if only time has passed; None when it is time to end."""
        with self._arrived:
            if not self._queue and not self._closing:
                self._arrived.wait(self._wait_s())
            if not self._queue:
                return None if self._closing else []
        self._let_gather()
        with self._arrived:
            count = min(len(self._queue), self._limits.batch_requests)
            batch = [self._queue.popleft() for _ in range(count)]
        asked = sum(isinstance(item, _Asked) for item in batch)
        self._crowd = asked > 1 if asked else self._crowd
        return batch

    def _let_gather(self) -> None:
        """Wait while more requests come, if they come in crowds: they share one append.

        And while they are read nobody decides: the two threads would only take the interpreter
        from each other, at every read and write of the HTTP side.
        """
        began_s = self._clock.monotonic_s()
        seen = 0
        while self._crowd and seen < len(self._queue) < self._limits.batch_requests:
            if self._clock.monotonic_s() - began_s > _GATHER_MOST_S:
                return
            seen = len(self._queue)
            time.sleep(_GATHER_S)

    def _wait_s(self) -> float:
        """How long nothing has to be done by itself. [s]"""
        wait_s = float(_UNATTENDED_EVERY_S if self._views.unattended else _LOOK_EVERY_S)
        wake_s = self._engine.next_wake_s()
        if wake_s is not None:
            wait_s = min(wait_s, max(wake_s, self._told_s + 1) - self._clock.now_s())
        return max(wait_s, 0.01)

    def _now_s(self) -> int:
        return max(self._at_s, self._clock.now_s())

    # ------------------------------------------------------------ deciding

    def _decide(self, batch: Sequence[_Asked]) -> None:
        """Decide a batch and answer it; if the log cannot take it, `fault` says so afterwards."""
        keys = [item.request.key for item in batch if isinstance(item.request, Submit)]
        try:
            turn = self._turn(self._answers.known([key for key in keys if key]))
        except AllodError as error:
            self._turn_away(str(error))
            return
        self._pass_time(turn)
        results: list[tuple[_Asked, Callable[[], Any] | AllodError]] = []
        for asked in batch:
            try:
                results.append((asked, asked.request.decide(turn)))
            except AllodError as error:
                results.append((asked, error))
        if not self._make_durable(turn, len(batch)):
            return
        for asked, result in results:
            if isinstance(result, AllodError):
                self._metrics.requests_refused.labels(result.code).inc()
                asked.future.set_exception(result)
            else:
                asked.future.set_result(result())
        self._metrics.waiting.set(self._views.waiting)
        self._metrics.holding.set(self._views.holding)
        self._metrics.queue.set(len(self._queue))

    def _turn(self, known: dict[str, Answer]) -> OneTurn:
        return OneTurn(
            at_s=self._now_s(),
            next_seq=self._next_seq,
            engine=self._engine,
            views=self._views,
            known=known,
            store=self._store,
            timed=self._metrics.decide_seconds.observe,
            monotonic_s=self._clock.monotonic_s,
        )

    def _pass_time(self, turn: OneTurn) -> None:
        """Tell what the time alone brings: the engine's own dates, ends that nobody reports."""
        wake_s = self._engine.next_wake_s()
        if wake_s is not None and wake_s <= turn.at_s and self._told_s < turn.at_s:
            self._told_s = turn.at_s
            turn.tell(TimePassed(at_s=turn.at_s))
        if self._views.unattended and self._unattended_s < turn.at_s:
            self._unattended_s = turn.at_s
            for standing in tuple(self._views.unattended.values()):
                end = unattended_end(standing, turn.at_s)
                if end is not None:
                    end.decide(turn)

    def _make_durable(self, turn: OneTurn, requests: int) -> bool:
        """Append the turn, then let the world see it; False if the log could not take it."""
        if not turn.leaves:
            return True
        change, acts = self._views.take()
        began_s = self._clock.monotonic_s()
        try:
            self._store.append(turn.leaves, change, acts, turn.new_answers)
        except Conflict:
            raise  # Somebody else writes this log: coming back would only make it worse.
        except AllodError as error:
            _log.warning("the log could not take a batch: %s", error)
            self._turn_away(str(error))
            return False
        self._looked_s = self._clock.monotonic_s()
        self._metrics.append_seconds.observe(self._looked_s - began_s)
        self._metrics.batch_requests.observe(requests)
        self._metrics.leaves.inc(len(turn.leaves))
        for kind, count in turn.decisions.items():
            self._metrics.decisions.labels(kind).inc(count)
        self._next_seq += len(turn.leaves)
        self._at_s = turn.at_s
        self._snapshot_events += turn.events
        self._answers.keep(turn.new_answers)
        self.rows_written(change.workloads, self._next_seq - 1)
        if change.documents or turn.foretold:
            self.sites_changed()
        if acts:
            self.acts_given(acts)
        self._feed.publish(turn.leaves)
        return True

    # ------------------------------------------------------------ failing and coming back

    def _look_at_log(self) -> None:
        """Notice that the log has gone also while there is nothing to write."""
        now_s = self._clock.monotonic_s()
        if self._fault or now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        try:
            next_seq = self._store.tail()
        except AllodError as error:
            _log.warning("the log has gone: %s", error)
            self._turn_away(str(error))
            return
        if next_seq != self._next_seq:
            raise Conflict(f"somebody else writes this log: it ends at {next_seq}")
        if self._idle_seq != next_seq:
            self._idle_seq = next_seq
            self.idle()

    def _begin(self) -> None:
        """Be as the log says, and note that a node decides from here on."""
        recovered = recover(self._store, self._maker)
        self._engine, self._views = recovered.engine, recovered.views
        self._next_seq, self._at_s = recovered.next_seq, recovered.at_s
        self._snapshot_events = recovered.events_since_snapshot
        self._told_s = self._unattended_s = 0
        self._feed.begin(self._next_seq)
        turn = self._turn({})
        turn.tell(NodeStarted(at_s=turn.at_s))
        self._fault = ""
        if not self._make_durable(turn, 0):
            raise Unavailable(self._fault)
        self.sites_changed()
        self.acts_reload()
        self.rows_reload()
        self._metrics.ready.set(1)

    def _mend(self) -> bool:
        """Try to come back from the log; False when it is time to end."""
        with self._arrived:
            if not self._closing:
                self._arrived.wait(self._backoff_s)
            if self._closing:
                return False
        self._backoff_s = min(self._backoff_s * 2, _BACKOFF_LAST_S)
        try:
            self.revive()
            self._begin()
        except (Conflict, Different):
            raise
        except AllodError as error:
            self._turn_away(str(error))
        else:
            _log.warning("the node decides again")
            self._metrics.rebuilds.inc()
            self._backoff_s = _BACKOFF_FIRST_S
        return True

    def _turn_away(self, fault: str) -> None:
        """Take no request until further notice, and answer those that wait."""
        with self._arrived:
            self._fault = fault
            left = tuple(self._queue)
            self._queue.clear()
        self._metrics.ready.set(0)
        _turn_away(left, fault)

    def _keep_snapshot(self) -> None:
        """Keep the engine's state, without holding up what comes next."""
        if self._snapshot_events and (
            self._snapshot_thread is None or not self._snapshot_thread.is_alive()
        ):
            self._snapshot_events = 0
            self._snapshot_thread = threading.Thread(
                target=self._put_snapshot,
                args=(self._next_seq, self._engine.snapshot(), self._at_s),
                name="snapshot",
                daemon=True,
            )
            self._snapshot_thread.start()

    def settle(self) -> None:
        """Leave nothing of before in memory or on its way to the store: answers, a snapshot."""
        with self.at_rest():
            self._answers.forget()
        thread = self._snapshot_thread
        if thread is not None:
            thread.join()

    def _put_snapshot(self, seq: int, body: bytes, at_s: int) -> None:
        try:
            self._store.snapshot_put(seq, body)
            self._store.answers_drop(at_s - self._limits.answers_kept_s)
        except AllodError as error:
            _log.warning("no snapshot was kept, a restart takes longer: %s", error)


def _turn_away(items: Sequence[_Asked | _Rest], fault: str) -> None:
    """Answer those of `items` that have no answer yet."""
    for item in items:
        future: Future[Any] = item.granted if isinstance(item, _Rest) else item.future
        if not future.done():
            future.set_exception(Unavailable(fault, mend="ask again, with the same key"))
