"""What goes to callers of streams, written once all that came in one turn of the loop is read.

Engines send in bursts. Read and written in turns, each part would wake its caller by itself; those
of a burst that are written together find it awake, and its wakings are what a part mostly costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: What came first waits no longer than it takes to read so many.
_WAITING_MAX = 64


class Outbox:
    """Of one worker; what it has for one caller keeps its order."""

    __slots__ = ("_soon", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._soon = loop.call_soon
        self._waiting: list[tuple[Callable[[bytes], None], bytes]] = []

    def add(self, write: Callable[[bytes], None], data: bytes) -> None:
        """Have `data` written in this turn of the loop."""
        waiting = self._waiting
        if not waiting:
            self._soon(self.flush)
        waiting.append((write, data))
        if len(waiting) >= _WAITING_MAX:
            self.flush()

    def flush(self) -> None:
        """Write it now, for what follows it is written past this box."""
        waiting = self._waiting
        for write, data in waiting:
            try:
                write(data)
            except RuntimeError:
                # The caller left in this turn, and its connection is closed. It is counted as any
                # that leaves; what the others wait for goes on.
                continue
        waiting.clear()
