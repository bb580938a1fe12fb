"""Notes of how acts went, written many at a time, so that runners need not wait for the disk.

A note that is lost in a crash does no harm: the act is open then, and is done again by its id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from allod.errors import AllodError, Unavailable
from allod.run.log import ActNote, Outbox

_log = logging.getLogger(__name__)

_AGAIN_S = 0.5
_GATHER_S = 0.05  #: Acts are answered in crowds, and a note of one costs as much as of fifty.


class Notes:
    """One thread that writes what it is given; `put` may be called from any thread."""

    def __init__(self, store: Outbox) -> None:
        self._store = store
        self._given = threading.Condition()
        self._waiting: list[ActNote] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="notes", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, note: ActNote) -> None:
        """Have a note written soon."""
        with self._given:
            self._waiting.append(note)
            if len(self._waiting) == 1:
                self._given.notify()

    def close(self) -> None:
        """Write what was put, if that can be done now, and end."""
        with self._given:
            self._closing = True
            self._given.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._given:
                while not self._waiting and not self._closing:
                    self._given.wait()
            if not self._closing:
                time.sleep(_GATHER_S)
            with self._given:
                taken, self._waiting = self._waiting, []
                closing = self._closing
            if taken and not self._wrote(taken) and not closing:
                with self._given:
                    self._waiting = taken + self._waiting
                    self._given.wait(_AGAIN_S)
            elif closing:
                return

    def _wrote(self, notes: Sequence[ActNote]) -> bool:
        try:
            for act_id in self._store.acts_done(notes):
                _log.warning("%s was noted otherwise before", act_id)
        except Unavailable as error:
            _log.info("%d acts are not noted yet: %s", len(notes), error)
            return False
        except AllodError as error:
            _log.error("%d acts cannot be noted: %s", len(notes), error)
        return True
