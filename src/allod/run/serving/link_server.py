"""The node's end of the link: a Unix socket that any number of gateways connect to.

Each is sent the newest table when it comes, when the table changes, and every second. One that
does not read gets none until it does, and then the newest: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from allod.run.serving import link
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.table import Table

_log = logging.getLogger(__name__)

_LINE_BYTES_MAX = 4 << 20
_UNREAD_BYTES = 1 << 16


class LinkServer:
    """Listens at a path; everything here belongs to one asyncio loop."""

    def __init__(
        self,
        path: Path,
        line: Callable[[], bytes],
        told: Callable[[int, LoadTold], None],
        failed: Callable[[ReplicaFailed], None],
        gone: Callable[[int], None],
    ) -> None:
        """Take where to listen, what gives the newest table as a line, and who hears gateways.

        The line is empty while there is no table yet.
        """
        self._path, self._line = path, line
        self._told, self._failed, self._gone = told, failed, gone
        self._numbers = itertools.count(1)
        self._woken: set[asyncio.Event] = set()
        self._met: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: There cannot be a socket at this path.
        """
        self._path.unlink(missing_ok=True)  # What a node before has left; its folder is ours.
        listener = socket.socket(socket.AF_UNIX)
        with link.short(self._path) as path:
            listener.bind(path)
        self._path.chmod(0o600)  # Before it listens nobody can have come.
        self._server = await asyncio.start_unix_server(
            self._meet, sock=listener, limit=_LINE_BYTES_MAX
        )

    @property
    def gateways(self) -> int:
        """How many are connected; from any thread."""
        return len(self._met)

    def changed(self) -> None:
        """Send the table to all soon."""
        for woken in self._woken:
            woken.set()

    async def close(self) -> None:
        """Listen no more, and let all go."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for writer in self._met:
            writer.transport.abort()
        while self._met:
            await asyncio.sleep(0)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        self._met.add(writer)
        sending = asyncio.create_task(self._send(writer))
        try:
            await self._hear(number, reader)
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.warning("a gateway is let go: %s", error)
        finally:
            self._met.discard(writer)
            sending.cancel()
            writer.close()
            self._gone(number)

    async def _hear(self, number: int, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            match link.message_of(line):
                case LoadTold() as load:
                    self._told(number, load)
                case ReplicaFailed() as failed:
                    self._failed(failed)
                case Table():
                    raise ValueError("it sent a table, which only a node does")

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        woken = asyncio.Event()
        self._woken.add(woken)
        writer.transport.set_write_buffer_limits(high=_UNREAD_BYTES)
        try:
            while True:
                woken.clear()
                writer.write(self._line())
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), link.EVERY_S)
        except OSError:
            pass  # It has gone; who hears it notices too.
        finally:
            self._woken.discard(woken)
