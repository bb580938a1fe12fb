"""Streams: answers that go on until the reader leaves or the node stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fastapi import Request

from allod.errors import Unavailable


class Stream:
    """One open stream; it can be woken from any thread."""

    def __init__(self) -> None:
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()

    def wake(self) -> None:
        """There is more to send."""
        # The loop may have ended since: then nobody listens any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._more.set)

    def rest(self) -> None:
        """From now on `wake` counts again; to be called before looking for more."""
        self._more.clear()

    async def wait(self, timeout_s: float) -> bool:
        """True if the stream was woken within `timeout_s`."""
        if self.closed:
            return True
        try:
            await asyncio.wait_for(self._more.wait(), timeout_s)
        except TimeoutError:
            return False
        return True


class Streams:
    """All open streams, counted, so that there are not too many and a stopping node ends them."""

    def __init__(self, *, most: int, heartbeat_s: float, poll_s: float) -> None:
        self.heartbeat_s, self.poll_s = heartbeat_s, poll_s
        self._most = most
        self._closed = False
        self._open: set[Stream] = set()

    def check(self) -> None:
        """Raises Unavailable if one more stream would be too many."""
        if self._closed or len(self._open) >= self._most:
            raise Unavailable(
                f"{len(self._open)} streams are open, and no more than {self._most} may be",
                mend="close one, or ask again later",
            )

    @contextmanager
    def open(self) -> Iterator[Stream]:
        """A stream that counts among the open ones."""
        stream = Stream()
        stream.closed = self._closed
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)

    def close(self) -> None:
        """End all streams, and take no new ones."""
        self._closed = True
        for stream in tuple(self._open):
            stream.closed = True
            stream.wake()


def streams_of(request: Request) -> Streams:
    """The streams of the application, if one more may be opened."""
    streams: Streams = request.app.state.streams
    streams.check()
    return streams
