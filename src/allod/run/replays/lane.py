"""A lane: processes that do one task after the other, each watched until it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from allod.errors import AllodError
from allod.run.replays.ports import Json, Worker, Workers
from allod.run.replays.views import ReplayFault

_log = logging.getLogger(__name__)
#: After a mistake of ours, or a full disk, the next thing is tried so much later. [s]
_AFTER_FAULT_S = 5.0
OWN_FAULT = ReplayFault(
    message="the node met an error of its own; its log says more",
    mend="tell the operator the time and the id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much replays may use."""

    traces_kept: int = 16
    replays_kept: int = 50
    replays_queued: int = 8
    time_max_s: int = 3_600  #: Of one process. [s]
    memory_max_bytes: int = 4 << 30  #: Of one process. [bytes]


class Turn(Protocol):
    """A task whose turn has come."""

    @property
    def id(self) -> str:
        """By which it is stopped."""

    def begin(self) -> Json | None:
        """Note that it begins; what its process is told. None: nobody wants it any more."""

    def told(self, message: Json) -> None:
        """What its process says."""

    def ended(self, fault: ReplayFault | None, *, closing: bool) -> None:
        """It has ended; `closing`: because the node does."""


class Lane:
    """A thread that takes turns, one at a time."""

    def __init__(
        self, name: str, workers: Workers, limits: Limits, following: Callable[[], Turn | None]
    ) -> None:
        self._workers, self._limits, self._following = workers, limits, following
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._more = threading.Event()
        self._turn = threading.Lock()
        self._closing = False
        self._id = ""  #: Of what has its turn now.
        self._worker: Worker | None = None
        self._stopped = self._late = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is more to do."""
        self._more.set()

    def stop(self, id: str) -> None:
        """End the process of `id`, if it is its turn."""
        with self._turn:
            if id and id == self._id:
                self._end_worker()

    def close(self) -> None:
        """End what runs, and begin nothing more."""
        self._closing = True
        with self._turn:
            self._end_worker()
        self._more.set()
        if self._thread.is_alive():
            self._thread.join()

    def _end_worker(self) -> None:
        self._stopped = True
        if self._worker is not None:
            self._worker.stop()

    def _run(self) -> None:
        while not self._closing:
            self._more.clear()
            try:
                turn = self._following()
                if turn is None:
                    self._more.wait()
                else:
                    self._do(turn)
            except Exception:  # noqa: BLE001  (the edge: a mistake of ours must be seen)
                _log.exception("a replay was not looked after; the next one comes later")
                self._more.wait(_AFTER_FAULT_S)

    def _do(self, turn: Turn) -> None:
        with self._turn:
            self._id, self._stopped, self._late = turn.id, False, False
        fault: ReplayFault | None = OWN_FAULT
        try:
            fault = self._lived(turn)
        except AllodError as error:
            fault = ReplayFault(
                message=error.message, mend=error.mend, field=error.field, value=error.value
            )
        except Exception:  # noqa: BLE001  (the edge: a mistake of ours must be seen)
            _log.exception("%s failed", turn.id)
        finally:
            with self._turn:
                self._id, self._worker = "", None
            turn.ended(fault, closing=self._closing)

    def _lived(self, turn: Turn) -> ReplayFault | None:
        task = turn.begin()
        if task is None or self._is_over():
            return None
        worker = self._workers.start({**task, "memory_bytes": self._limits.memory_max_bytes})
        with self._turn:
            self._worker = worker
            if self._is_over():
                worker.stop()
        clock = threading.Timer(self._limits.time_max_s, self._too_late)
        clock.daemon = True
        clock.start()
        try:
            ill = worker.live(turn.told)
        finally:
            clock.cancel()
            worker.stop()  # Nothing, unless it was we who failed.
        if self._was_late():
            return ReplayFault(
                message=f"it took more than {self._limits.time_max_s} s",
                mend="ask for a part of the trace with 'from' and 'to', or raise replay_time_max_s",
            )
        if ill is None or self._is_over():
            return None
        _log.warning("the process of %s %s", turn.id, ill.how)
        if not ill.killed:
            return OWN_FAULT
        return ReplayFault(
            message=f"its process {ill.how}",
            mend="it may have needed more memory than there is: ask for a part of the trace",
        )

    def _is_over(self) -> bool:
        """True if nobody waits for what has its turn."""
        return self._stopped or self._closing

    def _was_late(self) -> bool:
        return self._late

    def _too_late(self) -> None:
        with self._turn:
            self._late = True
            self._end_worker()
