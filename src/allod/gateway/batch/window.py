"""How many calls of batches may be in flight: more only as long as no one waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_FIRST, _MOST = 2, 512


class Window:
    """Room for calls of all batches of a gateway together."""

    def __init__(self, anyone_waits: Callable[[], bool]) -> None:
        self._anyone_waits = anyone_waits
        self._freed = asyncio.Condition()
        self.width = _FIRST
        self.in_flight = 0

    async def enter(self) -> None:
        """Wait until there is room for one call, and take it."""
        async with self._freed:
            await self._freed.wait_for(lambda: self.in_flight < self.width)
            self.in_flight += 1

    async def leave(self) -> None:
        """The call is over."""
        self.in_flight -= 1
        if self._anyone_waits():
            self.narrow()
        elif self.width < _MOST:
            self.width += 1
        async with self._freed:
            self._freed.notify_all()

    def narrow(self) -> None:
        """Somebody waits, or an engine has no room."""
        self.width = max(1, self.width // 2)
