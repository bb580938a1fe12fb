"""The bell: answers of the node's threads, brought to the event loop many at a time.

A batch of the controller answers many requests at once. Waking the loop for each would cost more
than deciding: every wake is a system call, and hands the interpreter to another thread meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


async def answer(future: Future[T]) -> T:
    """What `future` comes to. A caller who goes away does not cancel what the node works on."""
    if not future.done():
        loop = asyncio.get_running_loop()
        bell = _BELLS.get(loop)
        if bell is None:
            bell = _BELLS[loop] = _Bell(loop)
        waiter: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(_Ring(bell, waiter))
        await waiter
    return future.result()


class _Bell:
    """Wakes the waiters of one loop, which is itself woken once for all that came until then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._came: deque[asyncio.Future[None]] = deque()
        self._rung = False

    def ring(self, waiter: asyncio.Future[None]) -> None:
        """Have `waiter` go on; from any thread."""
        self._came.append(waiter)
        if not self._rung and not self._loop.is_closed():
            self._rung = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        # In this order: what comes after the last look has seen that nobody is on the way.
        self._rung = False
        while self._came:
            waiter = self._came.popleft()
            if not waiter.done():  # Its caller may have gone away.
                waiter.set_result(None)


class _Ring:
    """Rings for one waiter when its Future is done."""

    __slots__ = ("_bell", "_waiter")

    def __init__(self, bell: _Bell, waiter: asyncio.Future[None]) -> None:
        self._bell, self._waiter = bell, waiter

    def __call__(self, future: Future[Any]) -> None:
        self._bell.ring(self._waiter)


_BELLS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()
