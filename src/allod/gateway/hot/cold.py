"""Cold paths: files, batches and what else the desk answers, passed on piece by piece.

The desk believes us about whose call it is; so the head that it gets is our own, and of the
caller's only what says what the body is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from allod.gateway.hot.errors import status_line, unavailable
from allod.gateway.inside import KEY_HEADER

if TYPE_CHECKING:
    from allod.gateway.hot.request import Request
    from allod.gateway.hot.server import Caller
    from allod.gateway.hot.state import State

_CONNECT_S = 2.0
_PASSED_ON = (b"content-type", b"accept", b"range", b"if-none-match")
#: Between two neighbours only; we write our own.
_HOP = (b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server", b"upgrade")


class Cold(asyncio.Protocol):
    """One request to the desk, and what comes back. httptools calls the methods `on_...`."""

    def __init__(self, state: State, caller: Caller, request: Request) -> None:
        self._state, self._caller, self._request = state, caller, request
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: list[bytes] = []  #: Of the body, until the connection is there.
        self._has_length = b"content-length" in request.headers
        self._all_came = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._begun = False  #: True once the caller has a head.
        self._chunks = False
        self._over = False

    # ------------------------------------------------------------ from the caller

    def start(self) -> None:
        """Go to the desk."""
        self._state.loop.create_task(self._connect())

    def more(self, parts: list[bytes]) -> None:
        """More of the body."""
        if self._has_length:
            pieces = list(parts)
        else:
            pieces = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]
        if self._transport is None:
            self._waiting.extend(pieces)
            self._caller.transport.pause_reading()
        elif pieces and not self._over:
            self._transport.writelines(pieces)

    def all_came(self) -> None:
        """The body is whole."""
        self._all_came = True
        if self._has_body() and not self._has_length:
            if self._transport is None:
                self._waiting.append(b"0\r\n\r\n")
            elif not self._over:
                self._transport.write(b"0\r\n\r\n")

    def left(self) -> None:
        """The caller closed the connection."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """The caller takes no more at the moment."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """The caller takes more again."""
        if self._transport is not None:
            self._transport.resume_reading()

    # ------------------------------------------------------------ to and from the desk

    async def _connect(self) -> None:
        begin = self._state.begin
        opening = self._state.loop.create_connection(lambda: self, begin.desk_host, begin.desk_port)
        try:
            await asyncio.wait_for(opening, _CONNECT_S)
        except (OSError, TimeoutError):
            self._fail()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        if self._over:
            self._transport.abort()
            return
        self._transport.write(self._head())
        self._transport.writelines(self._waiting)
        self._waiting.clear()
        self._caller.transport.resume_reading()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._caller.transport.pause_reading()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if not self._over:
            self._caller.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._fail()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer."""
        name = name.lower()
        if name not in _HOP and not name.startswith(b"x-allod-"):
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of the answer is whole."""
        if self._parser.get_status_code() < 200 or self._over:
            self._headers.clear()
            return
        caller, request = self._caller, self._request
        names = {name for name, _ in self._headers}
        lines = b"".join(b"%b: %b\r\n" % header for header in self._headers)
        if b"content-length" not in names and request.method != b"HEAD":
            self._chunks = caller.takes_chunks
            lines += b"transfer-encoding: chunked\r\n" if self._chunks else b""
            request.keep = request.keep and self._chunks
        if b"x-request-id" not in names:
            lines += b"x-request-id: %b\r\n" % self._state.new_id()
        request.keep = request.keep and self._all_came
        lines += b"" if request.keep else b"connection: close\r\n"
        self._begun = True
        caller.transport.write(
            b"HTTP/1.1 %b\r\ndate: %b\r\n%b\r\n"
            % (status_line(self._parser.get_status_code()), self._state.date, lines)
        )
        if request.method == b"HEAD":
            self._end()

    def on_body(self, body: bytes) -> None:
        """A part of the answer."""
        if not self._over:
            self._caller.transport.write(
                b"%x\r\n%b\r\n" % (len(body), body) if self._chunks else body
            )

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._begun and not self._over:
            if self._chunks:
                self._caller.transport.write(b"0\r\n\r\n")
            self._end()

    def _end(self) -> None:
        self._over = True
        if self._transport is not None:
            self._transport.close()
        self._caller.ended(self)

    def _fail(self) -> None:
        """The desk does not answer, or not to the end."""
        if self._over:
            return
        self._over = True
        if self._transport is not None:
            self._transport.abort()
        if self._begun:
            self._caller.transport.abort()
            return
        self._request.keep = self._request.keep and self._all_came
        id_line = b"x-request-id: %b\r\n" % self._state.new_id()
        self._caller.refuse(
            unavailable("The desk of this gateway does not answer; ask again soon.", "no_desk"),
            id_line,
        )
        self._caller.ended(self)

    def _has_body(self) -> bool:
        return b"content-length" in self._request.headers or (
            b"transfer-encoding" in self._request.headers
        )

    def _head(self) -> bytes:
        request, begin = self._request, self._state.begin
        lines = [
            b"%b %b HTTP/1.1" % (request.method, request.target),
            b"host: %b:%d" % (begin.desk_host.encode(), begin.desk_port),
            b"authorization: Bearer %b" % begin.secret.encode(),
            b"connection: close",
        ]
        if request.entry is not None:
            lines.append(b"%b: %b" % (KEY_HEADER.encode(), request.entry.id.encode()))
        lines += [
            b"%b: %b" % (name, request.headers[name])
            for name in _PASSED_ON
            if name in request.headers
        ]
        if self._has_length:
            lines.append(b"content-length: %b" % request.headers[b"content-length"])
        elif self._has_body():
            lines.append(b"transfer-encoding: chunked")
        return b"\r\n".join(lines) + b"\r\n\r\n"
