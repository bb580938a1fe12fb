"""A crew: threads that do one thing after the other, for one runner."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from allod.run.log import Act

_log = logging.getLogger(__name__)


class Crew:
    """So many threads that perform what they are given, in that order.

    `ThreadPoolExecutor` would do, but for each task it makes a Future and takes a semaphore of
    Python's, which at hundreds of acts a second is half of what an act costs the node.
    """

    def __init__(self, name: str, count: int, perform: Callable[[Act], None]) -> None:
        self._given: SimpleQueue[Act | None] = SimpleQueue()
        self._perform = perform
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def give(self, act: Act) -> None:
        """Have `act` performed."""
        self._given.put(act)

    def close(self) -> None:
        """Finish what is under way and begin nothing more."""
        self._closing = True
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (act := self._given.get()) is not None and not self._closing:
            try:
                self._perform(act)
            except Exception:  # noqa: BLE001  (the edge: a mistake of ours must be seen)
                _log.exception("a runner thread failed; %s is tried again later", act.act_id)
