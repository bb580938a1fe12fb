"""Engines at real ports that note every byte they get, and fail as they are told.

A request carries a mark in its prompt. What a site got, and when, is judged by whoever asks.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Self

MARK = re.compile(rb"mark-(\d{6})-")
#: What an engine does with a request, once the gate is open. `refuse` is no listener at all.
FAILURES = ("answer", "error", "reset", "reset_early", "stall", "cut", "shut", "refuse")
_OFF_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Got:
    """What reached an engine in one request, as far as it came."""

    port: int
    data: bytearray = field(default_factory=bytearray)
    age: int = 0  #: Of the table, when the last byte came.

    @property
    def mark(self) -> int | None:
        """Of the request; None if that part has not come."""
        found = MARK.search(self.data)
        return int(found[1]) if found else None


class Engines:
    """Some listeners, in a thread of their own."""

    def __init__(self, count: int) -> None:
        self.got: list[Got] = []  #: In the order of coming; only ever grows.
        self.does: dict[int, str] = {}  #: By port.
        self.age = 0  #: Counts the tables that the gateway is known to have.
        self._bound = [_bound() for _ in range(count)]
        self.ports = [bound.getsockname()[1] for bound in self._bound]
        self.refusing = _refusing()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._opened = asyncio.Event()
        self._servers: list[asyncio.Server] = []
        self.connections: set[_Engine] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        for bound in self._bound:
            asyncio.run_coroutine_threadsafe(self._serve(bound), self._loop).result()
        self.open()
        return self

    def __exit__(self, *failed: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.refusing.close()

    async def _serve(self, bound: socket.socket) -> None:
        port = bound.getsockname()[1]
        made = await self._loop.create_server(lambda: _Engine(self, port), sock=bound)
        self._servers.append(made)

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for engine in list(self.connections):
            engine.end()
        # A turn for what they still have to say about their ends.
        await asyncio.sleep(0)

    def open(self) -> None:
        """Let requests that came be dealt with."""
        self._loop.call_soon_threadsafe(self._opened.set)

    def shut(self) -> None:
        """Keep requests until `open`."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()

    async def _shut(self) -> None:
        self._opened.clear()

    async def wait_open(self) -> None:
        """Return once the gate is open."""
        await self._opened.wait()


class _Engine(asyncio.Protocol):
    """One connection."""

    def __init__(self, engines: Engines, port: int) -> None:
        self._engines, self._port = engines, port
        self._now: Got | None = None
        self._work: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._engines.connections.add(self)
        if self._engines.does[self._port] == "shut":
            self._transport.abort()

    def end(self) -> None:
        """Close it now."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._now is None:
            self._now = Got(self._port)
            self._engines.got.append(self._now)
        self._now.data += data
        self._now.age = self._engines.age
        if self._work is None:
            does = self._engines.does[self._port]
            if does == "reset_early":
                self._reset()
            elif _whole(bytes(self._now.data)):
                self._work = asyncio.get_running_loop().create_task(self._deal(does))

    def connection_lost(self, exc: Exception | None) -> None:
        self._engines.connections.discard(self)
        if self._work is not None:
            self._work.cancel()

    async def _deal(self, does: str) -> None:
        assert self._now is not None
        await self._engines.wait_open()
        streams = b'"stream":true' in self._now.data
        if does == "stall":
            return
        if does == "reset":
            self._reset()
        elif does == "error":
            self._transport.write(_answer(500, b'{"error":{"message":"no"}}'))
        elif does == "cut":
            self._transport.write(_STREAM_HEAD + _chunk(_PART) if streams else _JSON_HEAD + b"{")
            self._reset()
        elif streams:
            parts = _chunk(_PART) + _chunk(_USAGE) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
            self._transport.write(_STREAM_HEAD + parts)
        else:
            self._transport.write(_answer(200, _JSON))
        self._now, self._work = None, None

    def _reset(self) -> None:
        found: socket.socket = self._transport.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _OFF_AT_ONCE)
        self._transport.abort()


def _whole(data: bytes) -> bool:
    head, ended, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(ended) and len(body) >= int(length[1] if length else 0)


def _bound() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _refusing() -> socket.socket:
    """A port that is taken, and where nobody listens."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


def _answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_JSON = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)
_PART = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":null}]}\n\n'
)
_USAGE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}\n\n'
)
