"""Probes: whether a replica takes calls, asked of its engine again and again.

One answer is enough to take a replica in, one without an answer to take it out, so that an engine
that died or hangs gets no call for longer than a second or so. Where a gateway says that it got no
answer, the engine must answer several times before it is believed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

STARTING_EVERY_S = 0.25
READY_EVERY_S = 0.5
ANSWER_WITHIN_S = 0.7
_TRUST_AGAIN = 3  #: Answers after a gateway got none.
_LINE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Where a replica is asked."""

    host: str
    port: int
    path: str
    key: str

    def request(self) -> bytes:
        """What is sent."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: {host}:{self.port}\r\n"
            f"Authorization: Bearer {self.key}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        ).encode()


@dataclass(slots=True)
class Health:
    """What is known of a replica."""

    ready: bool = False
    since_s: float = 0.0  #: Since when that is so. [monotonic s]
    was_ready: bool = False  #: True if it ever was.
    asked: bool = False  #: True once there was an answer, or none in time.
    said: str = "it has not been asked yet"  #: What the last probe came to, if not ready.
    doubts: int = 0  #: Answers that it still owes.


@dataclass(slots=True)
class _Watched:
    target: Target
    health: Health
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Probes:
    """Asks all replicas that it is given. But for `health`, call it in its loop's thread."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever one begins or ceases to be ready."""
        self._changed = changed
        self._watched: dict[str, _Watched] = {}

    def watch(self, targets: Mapping[str, Target]) -> None:
        """Ask these, and no others."""
        for name in [name for name in self._watched if targets.get(name) is None]:
            self._drop(name)
        for name, target in targets.items():
            known = self._watched.get(name)
            if known is not None and known.target != target:
                self._drop(name)
                known = None
            if known is None:
                watched = _Watched(target, Health(since_s=time.monotonic()))
                self._watched[name] = watched
                watched.task = asyncio.get_running_loop().create_task(self._ask_on(watched))

    def _drop(self, name: str) -> None:
        task = self._watched.pop(name).task
        if task is not None:
            task.cancel()

    def doubt(self, name: str, why: str) -> None:
        """A gateway got no answer from it: take it out at once, and ask it anew."""
        watched = self._watched.get(name)
        if watched is not None:
            watched.health.doubts = _TRUST_AGAIN
            self._note(watched.health, why)
            watched.woken.set()

    def health(self, name: str) -> Health | None:
        """How a replica is; None if it is not asked. From any thread."""
        watched = self._watched.get(name)
        return watched.health if watched is not None else None

    async def _ask_on(self, watched: _Watched) -> None:
        while True:
            fault = await asked(watched.target)
            self._note(watched.health, fault)
            wait_s = READY_EVERY_S if watched.health.ready else STARTING_EVERY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(watched.woken.wait(), wait_s)
            watched.woken.clear()

    def _note(self, health: Health, fault: str) -> None:
        health.asked, health.said = True, fault
        if not fault and health.doubts:
            health.doubts -= 1
        ready = not fault and not health.doubts
        if ready != health.ready:
            health.ready, health.since_s = ready, time.monotonic()
            health.was_ready |= ready
            self._changed()


async def asked(target: Target) -> str:
    """Ask once: '' if it answered 200 in time, or what came in its place."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            status = await _status(target)
    except TimeoutError:
        return f"no answer within {ANSWER_WITHIN_S} s"
    except (OSError, ValueError) as error:
        return f"no answer: {getattr(error, 'strerror', None) or error}"
    parts = status.split(None, 2)
    if len(parts) >= 2 and parts[0].startswith(b"HTTP/1.") and parts[1] == b"200":
        return ""
    return f"it answered '{status[:80].decode(errors='replace').strip()}'"


async def _status(target: Target) -> bytes:
    """The first line of its answer."""
    reader, writer = await asyncio.open_connection(target.host, target.port, limit=_LINE_BYTES)
    try:
        writer.write(target.request())
        return await reader.readline()
    finally:
        writer.transport.abort()
