"""A thread with an asyncio loop of its own: probes and the link to gateways wait there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Loop:
    """Runs coroutines beside the node's threads; `start` first."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def runs(self) -> bool:
        """True from its start until it is closed."""
        return self._thread.is_alive()

    def soon(self, call: Callable[..., object], *given: object) -> None:
        """Have `call` called in the loop's thread; from any thread, also when it has closed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *given)

    def done(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait until `work` is done in the loop; its errors are the caller's."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End all that runs in it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
