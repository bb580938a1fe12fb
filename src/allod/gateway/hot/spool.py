"""The spool: one line for each call that ended, on its way to the database.

Lines wait for a few milliseconds, so that many calls cost one write; the flight book lets a call go
only after that. So of a worker that is killed each call is in the book or in the spool, or in both,
and the desk knows them by their ids.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic, time_ns

from allod.gateway.flight import FlightBook
from allod.gateway.inside import spool_path

_log = logging.getLogger(__name__)
_DELAY_S = 0.005
_BYTES_MAX = 64 << 20
_AGE_MAX_S = 600.0


class Spool:
    """What one worker writes; the desk ships a file once a later one is in use."""

    def __init__(
        self, folder: Path, number: int, book: FlightBook, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._folder, self._number, self._book, self._loop = folder, number, book, loop
        self._lines: list[bytes] = []
        self._slots: list[int] = []
        self._file = -1
        self._size = 0
        self._is_full = False  #: True while the disk takes no more; what waits is written later.
        self._opened_at_s = 0.0
        self._started_at_ms = 0
        self._open()

    def add(self, line: bytes, slot: int) -> None:
        """Write `line` soon, then let go of `slot`; -1: there is none."""
        if not self._lines:
            self._loop.call_later(_DELAY_S, self.flush)
        self._lines.append(line)
        if slot >= 0:
            self._slots.append(slot)

    def flush(self) -> None:
        """Write what waits."""
        if not self._lines:
            return
        content = b"".join(self._lines)
        done = 0
        try:
            while done < len(content):
                done += os.write(self._file, memoryview(content)[done:])
        except OSError as error:
            # The rest waits for `turn`, in its place: a line of which half is there gets its end.
            self._lines = [content[done:]]
            if not self._is_full:
                _log.error("records wait in memory: %s", error.strerror)
            self._is_full = True
            return
        self._is_full = False
        self._lines.clear()
        for slot in self._slots:
            self._book.leave(slot)
        self._slots.clear()
        self._size += len(content)
        if self._size >= _BYTES_MAX:
            self._go_on()

    def turn(self) -> None:
        """Each second: try again if the disk was full, and leave a file that is old."""
        if self._is_full:
            self.flush()
        elif self._size and monotonic() - self._opened_at_s > _AGE_MAX_S:
            self._go_on()

    def close(self) -> None:
        """Write what waits, and end."""
        self.flush()
        os.close(self._file)

    def _go_on(self) -> None:
        """Go on to a new file; where none can be made, the old one goes on."""
        with suppress(OSError):
            self._open()

    def _open(self) -> None:
        # The name must be later than the last one, also where two are begun in one millisecond.
        self._started_at_ms = max(time_ns() // 1_000_000, self._started_at_ms + 1)
        path = spool_path(self._folder, self._number, self._started_at_ms)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self._size = 0
        self._opened_at_s = monotonic()
