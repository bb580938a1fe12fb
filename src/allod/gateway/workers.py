"""The workers of a desk: started, told, heard, and started again when one dies."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from allod.gateway import inside
from allod.gateway.inside import Begin, Message
from allod.gateway.place import GatewayPlace
from allod.gateway.settling import settle

_log = logging.getLogger("allod.gateway.workers")
#: A worker that died at once is started again after so long, then twice as long. [s]
_BACKOFF_FIRST_S, _BACKOFF_LAST_S = 0.1, 5.0
#: One that lived so long had no trouble starting. [s]
_STEADY_S = 10.0
#: A message from a worker; tables go only the other way. [bytes]
_LINE_BYTES_MAX = 4 << 20
#: The program; it is told two file descriptors.
COMMAND = (sys.executable, "-m", "allod.gateway.worker")

Heard = Callable[[int, Message], None]


@dataclass(slots=True)
class _Living:
    number: int
    process: subprocess.Popen[bytes]
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader


class Workers:
    """So many workers on one public socket, each of which is replaced when it dies."""

    def __init__(
        self,
        place: GatewayPlace,
        public: socket.socket,
        begin: Begin,
        heard: Heard,
        *,
        table: Callable[[], bytes] = lambda: b"",
        gone: Callable[[int], None] = lambda worker: None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """`heard` gets what workers say, `gone` is told of one that died.

        `table` gives the line for a worker that begins; empty if there is none that is good.
        """
        self._place, self._public, self._begin = place, public, begin
        self._heard, self._gone, self._command = heard, gone, command
        self._table = table
        self._living: dict[int, _Living] = {}
        self._ending = False
        self._keeping: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start them, and keep them up until `end`."""
        self._keeping = [asyncio.create_task(self._keep()) for _ in range(self._begin.workers)]

    def pids(self) -> dict[int, int]:
        """The process of each worker that lives, by its number."""
        return {number: one.process.pid for number, one in self._living.items()}

    def tell(self, worker: int, message: Message) -> None:
        """Tell one worker, if it lives."""
        if (one := self._living.get(worker)) is not None:
            one.writer.write(inside.line_of(message))

    def tell_all(self, line: bytes) -> None:
        """Tell all of them a message, as a whole line."""
        for one in self._living.values():
            one.writer.write(line)

    async def end(self, within_s: float) -> None:
        """Ask all to end their calls and themselves; those that have not by then are killed."""
        self._ending = True
        for one in self._living.values():
            with suppress(ProcessLookupError):
                one.process.send_signal(signal.SIGTERM)
        _, late = await asyncio.wait(self._keeping, timeout=within_s) if self._keeping else ({}, {})
        if late:
            for one in list(self._living.values()):
                with suppress(ProcessLookupError):
                    one.process.kill()
            await asyncio.wait(late)

    # ------------------------------------------------------------ one of them

    async def _keep(self) -> None:
        """Have a worker, again and again."""
        backoff_s = 0.0
        while not self._ending:
            await asyncio.sleep(backoff_s)
            began = time.monotonic()
            try:
                taken = self._free_number()
                if taken is None:
                    backoff_s = _BACKOFF_LAST_S
                    continue
                await self._live(*taken)
            except OSError as error:
                _log.error("a worker cannot be started: %s", error.strerror)
            steady = time.monotonic() - began > _STEADY_S
            backoff_s = min(
                _BACKOFF_FIRST_S if steady else max(2 * backoff_s, _BACKOFF_FIRST_S),
                _BACKOFF_LAST_S,
            )

    def _free_number(self) -> tuple[int, int] | None:
        """A number that no living worker has, also none of a desk that died, and its lock."""
        for number in range(4 * self._begin.workers + 64):
            if number in self._living:
                continue
            if (lock := self._place.worker_lock(number).take()) is not None:
                return number, lock
        return None

    async def _live(self, number: int, lock: int) -> None:
        """The life of one worker, from start to settled end; gives the lock back."""
        try:
            settle(self._place, number, int(time.time() * 1000))
            one = await self._spawn(number, lock)
            self._living[number] = one
            try:
                self.tell(number, replace(self._begin, number=number))
                one.writer.write(self._table())
                if self._ending:
                    one.process.terminate()
                await self._hear(one)
                status = await asyncio.to_thread(one.process.wait)
            finally:
                del self._living[number]
                one.writer.close()
                self._gone(number)
            if not self._ending:
                _log.warning("worker %d ended (status %d); it is replaced", number, status)
            settle(self._place, number, int(time.time() * 1000))
        finally:
            os.close(lock)

    async def _spawn(self, number: int, lock: int) -> _Living:
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (self._public.fileno(), theirs.fileno())
            process = subprocess.Popen(
                [*self._command, *map(str, fds)],
                stdin=subprocess.DEVNULL,
                # The lock goes with it: it is free once the worker is gone, whatever became of us.
                pass_fds=(*fds, lock),
                # Signals meant for the desk's terminal are not meant for it.
                start_new_session=True,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_BYTES_MAX)
        _log.info("worker %d is process %d", number, process.pid)
        return _Living(number, process, writer, reader)

    async def _hear(self, one: _Living) -> None:
        """Hear it until it is gone."""
        with suppress(ConnectionError):
            while line := await one.reader.readline():
                try:
                    message = inside.message_of(line)
                except (ValueError, TypeError, KeyError):
                    _log.error("worker %d said what nobody understands", one.number)
                    continue
                self._heard(one.number, message)
        if one.process.poll() is None and not self._ending:
            # It is of no use any more without its end of the pair; it has a moment to end.
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(one.process.wait, 5)
            one.process.kill()
