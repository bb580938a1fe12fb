"""Shipping in the background: a thread that brings spools into the database, again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from allod.errors import AllodError
from allod.gateway.spools import RecordStore, Shipper

_log = logging.getLogger("allod.gateway.shipping")
#: What comes meanwhile goes together, so that much of it costs little for each.
_EVERY_S = 0.5
#: While the database does not answer. [s]
_AGAIN_LAST_S = 5.0


class Shipping:
    """The thread; it never ends by an error, for records wait on the disk as long as it takes."""

    def __init__(self, shipper: Shipper, store: Callable[[], RecordStore]) -> None:
        self._shipper, self._store = shipper, store
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipping", daemon=True)
        self._told = ""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Ship what there is once more, and end; what cannot be shipped waits on the disk."""
        self._ending.set()
        self._thread.join()
        self._once()

    def _run(self) -> None:
        wait_s = _EVERY_S
        while not self._ending.wait(wait_s):
            wait_s = _EVERY_S if self._once() else min(2 * wait_s, _AGAIN_LAST_S)

    def _once(self) -> bool:
        try:
            self._shipper.ship(self._store)
        except (AllodError, OSError) as error:
            if str(error) != self._told:
                _log.warning("records wait on the disk: %s", error)
            self._told = str(error)
            return False
        except Exception:  # noqa: BLE001  (the edge: a mistake of ours must be seen)
            _log.exception("records wait on the disk")
            return False
        if self._told:
            _log.info("records are shipped again")
        self._told = ""
        return True
