"""The desk's end of the link to its node: tables come down, loads and failures go up.

It connects again for ever: a node that was stopped or killed is found again when it is back, and
until then the workers answer by the last table, as long as that is good.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from allod.run.serving import link
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.table import Table

_log = logging.getLogger("allod.gateway.node_link")
#: [s]
_AGAIN_FIRST_S, _AGAIN_LAST_S = 0.05, 1.0
#: A table of 100,000 keys fits. [bytes]
_LINE_BYTES_MAX = 64 << 20


class NodeLink:
    """One connection at a time, for ever."""

    def __init__(self, data: Path, heard: Callable[[Table, bytes], None]) -> None:
        """`heard` gets each table, and the line that it came as."""
        self._socket, self._heard = data / link.SOCKET, heard
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_up(self) -> bool:
        """True while the node is there."""
        return self._writer is not None

    def tell(self, message: LoadTold | ReplicaFailed) -> None:
        """Tell the node, if it is there; if not, it hears of loads anew once it is."""
        if self._writer is not None:
            self._writer.write(link.line_of(message))

    async def keep(self) -> None:
        """Be linked until cancelled."""
        again_s = _AGAIN_FIRST_S
        while True:
            try:
                # Not by a path relative to elsewhere: names of such sockets must be short.
                reader, writer = await asyncio.open_unix_connection(
                    str(self._socket), limit=_LINE_BYTES_MAX
                )
            except OSError:
                await asyncio.sleep(again_s)
                again_s = min(2 * again_s, _AGAIN_LAST_S)
                continue
            again_s = _AGAIN_FIRST_S
            _log.info("linked to the node")
            self._writer = writer
            try:
                await self._hear(reader)
            finally:
                self._writer = None
                writer.close()
            _log.info("the node is gone; looking for it")

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    message = link.message_of(line)
                except (ValueError, TypeError, KeyError) as error:
                    # One of another version; the connection may still bring better ones.
                    _log.error("the node said what this gateway does not understand: %s", error)
                    continue
                if isinstance(message, Table):
                    self._heard(message, line)
