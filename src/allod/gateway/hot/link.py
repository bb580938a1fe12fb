"""What a worker hears from its desk, and tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import cast

import orjson

from allod.gateway.hot.state import State
from allod.gateway.inside import Begin, LeaseGiven, Message, line_of, message_of
from allod.run.serving.table import Table

_TABLE = b'"kind":"Table"'


class DeskLink(asyncio.Protocol):
    """The worker's end of the pair. `began` and `ended` are called once each."""

    def __init__(self, began: Callable[[Begin], State], ended: Callable[[], None]) -> None:
        self._began, self._ended = began, ended
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._state: State | None = None
        self._heard = b""  #: Hash of the table of now, but for when it was made.

    def send(self, message: Message) -> None:
        """Tell the desk."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(line_of(message))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if b"\n" not in data:
            self._parts.append(data)
            return
        *lines, rest = b"".join((*self._parts, data)).split(b"\n")
        self._parts = [rest] if rest else []
        for line in lines:
            if line:
                self._hear(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._transport = None
        self._ended()

    def _hear(self, line: bytes) -> None:
        if _TABLE in line[:64] and self._state is not None:
            self._hear_table(self._state, line)
            return
        match message_of(line):
            case Begin() as begin:
                self._state = self._began(begin)
            case Table() as table if self._state is not None:
                self._state.renew(table)
            case LeaseGiven() as given if self._state is not None:
                self._state.ledger.given(given)
            case _:
                pass

    def _hear_table(self, state: State, line: bytes) -> None:
        """It comes each second and seldom says something new, so it is seldom read."""
        begin, _, rest = line.partition(b',"made_at_s":')
        heard = sha256(begin + rest.partition(b",")[2]).digest()
        if heard == self._heard:
            state.heard()
            return
        self._heard = heard
        plain = orjson.loads(line)
        del plain["kind"]
        state.renew(Table.of(plain))
