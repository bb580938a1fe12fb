"""Connections to engines: kept and used again, one call at a time on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from allod.gateway.hot.body import PATHS, beside
from allod.gateway.hot.chunks import Chunks
from allod.gateway.hot.relay import Relay
from allod.run.serving.table import Estimate, Replica, SiteEntry

if TYPE_CHECKING:
    from allod.gateway.hot.call import Call

CONNECT_S = 2.0
_HEAD_BYTES_MAX = 64 << 10
_ANSWER_BYTES_MAX = 256 << 20
_IDLE_MAX = 1024
_LENGTH = b"\r\ncontent-length:"
_LENGTH_DIGITS_MAX = 8

#: What a token costs, and the meter of the site; None where the table does not say.
Rates = tuple[Estimate | None, SiteEntry | None]


class Engine:
    """One replica: where it is, and the connections to it that nobody uses now."""

    __slots__ = (
        "_beginnings",
        "_heads",
        "_idle",
        "_kind",
        "_loop",
        "id",
        "in_flight",
        "lot",
        "rates",
        "records",
        "shape",
        "site",
        "site_line",
        "state",
        "stream_head",
        "stream_kind",
        "told",
    )

    def __init__(self, replica: Replica, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.told = replica
        self._kind = ""
        self.id = replica.id
        #: Of the replica alone, so that all workers have the same favourites.
        self.lot = int.from_bytes(sha256(replica.id.encode()).digest()[:8], "big") >> 3 | 1
        self.site = replica.site
        self.site_line = b"x-allod-site: %b\r\n" % replica.site.encode()
        self.state: str = replica.state
        self.in_flight = 0
        self._idle: list[Upstream] = []
        self._heads = {operation: _head(replica, path) for operation, path in PATHS.items()}
        #: (key, operation, stream, batch) -> what their records begin with.
        self.records: dict[tuple[str, str, bool, str], bytes] = {}
        #: (operation, stream, priority) -> head of requests, and what goes at their bodies' end.
        self._beginnings: dict[tuple[str, bool, int | None], tuple[bytes, bytes]] = {}
        #: What calls cost here and what that comes to at the meter, by the table of now.
        self.rates: Rates = (None, None)
        self.shape = Shape()  #: Of the last head that it answered.
        #: The last head of a stream in chunks on a connection that is kept, and the kind it says.
        self.stream_head = self.stream_kind = b""

    def renew(self, state: str, kind: str, rates: Rates) -> None:
        """What a new table says of it."""
        self.state, self._kind, self.rates = state, kind, rates
        self.records.clear()
        self._beginnings.clear()

    def request(self, operation: str, stream: bool, priority: int | None, body: bytes) -> bytes:
        """The whole request for a caller's body; its head is all our own."""
        found = self._beginnings.get((operation, stream, priority))
        if found is None:
            ours = beside(self._kind, operation, stream, priority)
            found = self._beginnings[operation, stream, priority] = (self._heads[operation], ours)
        head, ours = found
        if not ours:
            return b"%b%d\r\n\r\n%b" % (head, len(body), body)
        # The object was parsed and has a model in it, so what ends it follows a value.
        body = body[:-1] if body.endswith(b"}") else body.rstrip()[:-1]
        return b"%b%d\r\n\r\n%b%b}" % (head, len(body) + len(ours) + 1, body, ours)

    def take(self) -> Upstream | None:
        """A connection that is open, the one that was used last."""
        return self._idle.pop() if self._idle else None

    def keep(self, upstream: Upstream) -> None:
        """A connection may be used again."""
        if len(self._idle) < _IDLE_MAX and self.state != "gone":
            upstream.reused = True
            self._idle.append(upstream)
        else:
            upstream.close()

    def forget(self, upstream: Upstream) -> None:
        """A connection that nobody used has gone."""
        if upstream in self._idle:
            self._idle.remove(upstream)

    def close(self) -> None:
        """Nobody will call it any more."""
        self.state = "gone"
        while self._idle:
            self._idle.pop().close()

    def connect(self, call: Call) -> asyncio.Task[None]:
        """Open a connection for `call`, which is told how it went."""
        return self._loop.create_task(self._connect(call))

    async def _connect(self, call: Call) -> None:
        made = cast(Callable[[], asyncio.Protocol], lambda: Upstream(self))
        opening = self._loop.create_connection(made, self.told.host, self.told.port)
        try:
            _, protocol = await asyncio.wait_for(opening, CONNECT_S)
        except (OSError, TimeoutError) as error:
            call.unreached(str(error) or type(error).__name__)
        else:
            call.reached(cast(Upstream, protocol))


class Shape:
    """A head that an engine answered and what it meant, all but a length in it.

    Engines repeat their heads, and one that is the same byte for byte means the same.
    """

    __slots__ = ("after", "before", "kind", "status")

    def __init__(self) -> None:
        self.before = b"\n"  #: Up to the length. No head begins like that.
        self.after = b""  #: What follows the length, the empty line included.
        self.status = 0
        self.kind = b""

    def learn(self, head: bytes, low: bytes, length: bytes, status: int, kind: bytes) -> None:
        """Remember `head`, of an answer with a length after which the connection is kept."""
        begin = low.find(_LENGTH) + len(_LENGTH)
        begin = low.find(length, begin)
        self.before, self.after = head[:begin], head[begin + len(length) :]
        self.status, self.kind = status, kind


class Upstream:
    """One connection; reads an answer as far as it must, and hands it on.

    A protocol without that name, as `server.Caller` is.
    """

    __slots__ = (
        "_body",
        "_call",
        "_chunks",
        "_engine",
        "_events",
        "_half_closed",
        "_head",
        "_keep",
        "_kind",
        "_left",
        "_size",
        "_status",
        "_streams",
        "_transport",
        "_used",
        "closed",
        "got",
        "relay",
        "reused",
    )

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._call: Call | None = None
        self._transport: asyncio.Transport
        self.reused = False
        self.closed = False
        self.relay: Relay | None = None  #: Takes the next part, if it is like the last one.
        self._half_closed = False
        self._body: list[bytes] = []
        self._clear()

    def _clear(self) -> None:
        self._used = False
        self.got = False  #: True once a byte of the answer came.
        self._head: bytes | None = b""  #: None once it is read.
        self._body.clear()
        self._size = 0
        self._chunks: Chunks | None = None
        self._events: Chunks | None = None  #: The same, if the call hears of each by itself.
        self._left = -1  #: Bytes of the body to come; -1: as many as come until the end.
        self._streams = False
        self._keep = True
        self._status = 0
        self._kind = b""

    def ask(self, call: Call, request: bytes) -> None:
        """Send the request of `call`, which hears what comes back."""
        if self._used:
            self._clear()
        self.got = False
        self._call = call
        self._transport.write(request)

    def sends(self) -> bool:
        """True while a part of the request waits for the engine to take it."""
        return not self.closed and self._transport.get_write_buffer_size() > 0

    def pause(self) -> None:
        """The caller takes no more at the moment."""
        if not self.closed:
            self._transport.pause_reading()

    def resume(self) -> None:
        """The caller takes more again."""
        if not self.closed:
            self._transport.resume_reading()

    def half_close(self) -> None:
        """Tell the engine that nobody waits for more; what it has sent still comes."""
        if not self.closed:
            self._half_closed = True
            self._transport.resume_reading()
            if self._transport.can_write_eof():
                self._transport.write_eof()

    def drop(self) -> None:
        """End it; nobody is told."""
        self._call = self.relay = None
        if not self.closed:
            self._transport.abort()

    def close(self) -> None:
        """End it in order."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        call = self._call
        if call is None:
            # Nobody asked. What an engine says out of turn must not become the next one's answer.
            self._engine.forget(self)
            self._transport.abort()
            return
        call.quiet_s = 0
        if self.relay is not None:
            if self.relay(data):
                return
            self.relay = None
        self.got = True
        if not self._used:
            shape = self._engine.shape
            if data.startswith(shape.before) and self._all_came(call, shape, data):
                return
        self._used = True
        events = self._events
        if events is not None and (payload := events.one(data)):
            call.came(payload, data)
            return
        try:
            if self._head is not None:
                rest = self._read_head(data)
                if rest is None:
                    return
                data = rest
                if self._streams and call.streams:
                    self._events = self._chunks
            self._take(call, data)
        except ValueError as error:
            self._break(call, f"its answer is no HTTP: {error}")

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`; a request is written whole, for all of it is here."""

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the connection closes, which `connection_lost` tells."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.closed = True
        call = self._call
        if call is None:
            self._engine.forget(self)
        elif self._head is None and self._chunks is None and self._left < 0:
            self._keep = False
            self._finish(call)
        else:
            self._call = None
            call.broke(self, str(exc) if exc else "it closed the connection")

    def _all_came(self, call: Call, shape: Shape, data: bytes) -> bool:
        """True if `data` is a whole answer whose head is like the last one; it was handed on."""
        begin = len(shape.before)
        end = data.find(b"\r", begin, begin + _LENGTH_DIGITS_MAX + 1)
        length = data[begin:end]
        if end < 0 or not length.isdigit() or not data.startswith(shape.after, end):
            return False
        body = data[end + len(shape.after) :]
        if not body or len(body) != int(length) or self._half_closed:
            return False
        self._call = None
        self._engine.keep(self)
        call.answered(shape.status, shape.kind, body)
        return True

    def _read_head(self, data: bytes) -> bytes | None:
        """What follows the head; None if the head is not whole."""
        known = self._engine.stream_head
        if known and not self._head and data.startswith(known):
            # It means what it meant the last time.
            self._head, self._status, self._kind = None, 200, self._engine.stream_kind
            self._chunks, self._streams = Chunks(), True
            return data[len(known) :]
        data = (self._head or b"") + data
        begin = 0
        while True:
            end = data.find(b"\r\n\r\n", begin)
            if end < 0:
                if len(data) - begin > _HEAD_BYTES_MAX:
                    raise ValueError("the head is too long")
                self._head = data[begin:]
                return None
            self._status = _status(data[begin : begin + 12])
            if not 100 <= self._status < 200:
                break
            begin = end + 4  # It only says that there is more to come.
        rest, data = data[end + 4 :], data[begin : end + 4]
        low = data[:-2].lower()
        self._head = None
        self._kind = _value(data, low, b"\r\ncontent-type:")
        if length := _value(low, low, _LENGTH):
            self._left = int(length)
        if b"\r\ntransfer-encoding:" in low:
            if b"chunked" in _value(low, low, b"\r\ntransfer-encoding:"):
                self._chunks = Chunks()
        elif self._status in (204, 304):
            self._left = 0
        self._keep = low.startswith(b"http/1.1") and (
            b"\r\nconnection:" not in low or b"close" not in _value(low, low, b"\r\nconnection:")
        )
        self._streams = self._status == 200 and self._kind.startswith(b"text/event-stream")
        self._learn(data, low, length)
        return rest

    def _learn(self, head: bytes, low: bytes, length: bytes) -> None:
        """Remember the head if the next one that is like it can be taken for the same."""
        if self._streams:
            if self._keep and self._chunks is not None:
                self._engine.stream_head, self._engine.stream_kind = head, self._kind
        elif (
            length.isdigit()
            and self._keep
            # Their length is not that of a body.
            and self._status not in (204, 304)
            and low.count(b"content-length") == 1
            and b"transfer-encoding" not in low
        ):
            self._engine.shape.learn(head, low, length, self._status, self._kind)

    def _take(self, call: Call, data: bytes) -> None:
        raw = None
        if self._chunks is not None:
            payload = self._chunks.feed(data)
            done = self._chunks.done
            if self._chunks.whole:
                raw = data
            # What an engine says out of turn must not become the next one's answer.
            self._keep = self._keep and not self._chunks.excess
        elif self._left >= 0:
            payload = data if len(data) <= self._left else data[: self._left]
            self._keep = self._keep and len(data) <= self._left
            self._left -= len(payload)
            done = self._left == 0
        else:
            payload, done = data, False
        if self._streams and call.streams:
            if payload:
                call.came(payload, raw)
        elif payload:
            self._body.append(payload)
            self._size += len(payload)
            if self._size > _ANSWER_BYTES_MAX:
                raise ValueError("it is too long")
        if done and self._call is call:
            self._finish(call)

    def _finish(self, call: Call) -> None:
        self._call = self.relay = None
        # Nothing more can be asked where our own end is closed.
        if self._keep and not self._half_closed and not self.closed:
            self._engine.keep(self)
        else:
            self.drop()
        if self._streams and call.streams:
            call.over()
        else:
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._body.clear()
            call.answered(self._status, self._kind, body)

    def _break(self, call: Call, why: str) -> None:
        self.drop()
        call.broke(self, why)


def _head(replica: Replica, path: bytes) -> bytes:
    host = f"[{replica.host}]" if ":" in replica.host else replica.host
    shown = b"authorization: Bearer %b\r\n" % replica.key.encode() if replica.key else b""
    return (
        b"POST %b HTTP/1.1\r\nhost: %b:%d\r\n%bcontent-type: application/json\r\n"
        b"accept: application/json, text/event-stream\r\ncontent-length: "
    ) % (path, host.encode(), replica.port, shown)


def _status(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.") or not head[9:12].isdigit():
        raise ValueError("it has no status")
    return int(head[9:12])


def _value(head: bytes, low: bytes, mark: bytes) -> bytes:
    """The value that follows `mark`; `low` is the head in lower case."""
    begin = low.find(mark)
    if begin < 0:
        return b""
    begin += len(mark)
    return head[begin : low.find(b"\r\n", begin)].strip()
