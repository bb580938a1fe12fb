"""Connections of callers: requests read, answers written, one at a time and in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import cast

import httptools

from allod.gateway.hot.again import Again, again
from allod.gateway.hot.call import Call
from allod.gateway.hot.cold import Cold
from allod.gateway.hot.errors import REASONS, Refused, head_too_long, status_line
from allod.gateway.hot.paths import admit, admit_again, answer_here
from allod.gateway.hot.request import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    HEADERS_MAX,
    Request,
    is_head_long,
    is_too_long,
    too_long,
)
from allod.gateway.hot.room import no_room
from allod.gateway.hot.state import State

#: A caller who is refused before it said all it had to say is listened to for so long. [s]
_LINGER_S = 2.0
#: A head or body of which nothing more comes, and a connection that nobody uses. [s]
_STALLED_S = 60
_UNUSED_S = 300
#: What a piece of a body needs beside its bytes, which may be as few as two. [bytes]
_PIECE_BYTES = 64
_JSON = b"application/json"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: %b\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nx-accel-buffering: no\r\n%b%b\r\n"
)


class Caller:
    """One connection of a caller, an `asyncio.Protocol` but for the name.

    With that as its base it could not be compiled whole. httptools calls the methods `on_...`.
    """

    __slots__ = (
        "_again",
        "_begun",
        "_coming",
        "_deaf",
        "_got",
        "_headers",
        "_held",
        "_inside",
        "_parser",
        "_parts",
        "_pipeline",
        "_state",
        "_taken",
        "_taken_coming",
        "_target",
        "_work",
        "on_body",
        "on_header",
        "pass_on",
        "quiet_s",
        "request",
        "takes_chunks",
        "transport",
    )

    def __init__(self, state: State) -> None:
        self._state = state
        self.transport: asyncio.Transport
        #: Takes more of a stream, in the chunks that it is in.
        self.pass_on: Callable[[bytes], None]
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        # Straight into the containers: no Python runs for a header or a part of a body.
        self.on_header = self._headers.__setitem__
        self.on_body = self._parts.append
        self._target = b""
        self._got = 0  #: Bytes of the request that is coming.
        self._taken_coming = 0  #: Of the room that all callers share, for that request.
        self._taken = 0  #: For all that are here.
        self._coming: Request | None = None  #: Its head is read, its body not yet.
        self._pipeline: deque[Request] = deque()
        self._work: Call | Cold | None = None  #: What is being answered.
        self._again: Again | None = None
        self._inside = False  #: True if the parser has a part of a request.
        self._begun = 0  #: Requests that began in what came last.
        self._held = False  #: True while nothing more is read.
        self.request: Request | None = None
        self.takes_chunks = True
        self._deaf = False
        self.quiet_s = 0
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)

    # ------------------------------------------------------------ asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)
        self.pass_on = partial(self._state.outbox.add, self.transport.write)
        self._state.callers.add(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        parser = self._parser
        if self._deaf or parser is None:
            return
        known = self._again
        if (
            known is not None
            and data.startswith(known.before)
            and self._work is None
            and not self._inside
            and not self._pipeline
            and known.keys is self._state.keys
            and known.request is self.request
            and (body := known.body_of(data)) is not None
        ):
            # Clients repeat their heads; nothing is new but the body.
            self.quiet_s = 0
            known.request.body = body
            self._call(known.request)
            return
        coming = self._coming
        if not self._got or (coming is not None and coming.refused is None):
            # A head that comes byte by byte has its time as a whole, and what is refused too.
            self.quiet_s = 0
        alone = not (self._inside or self._pipeline or self._work)
        self._begun = 0
        self._got += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse_and_close(Refused(400, "The protocol cannot be changed here."))
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            self._refuse_and_close(Refused(400, f"This is no HTTP request: {error}."))
        else:
            if self._got:
                self._check_size()
            elif alone and self._begun == 1 and not self._inside and self.request is not None:
                self._again = again(self.request, data)
            if isinstance(self._work, Cold) and self._parts and self._coming is self.request:
                self._work.more(self._parts)
                self._parts.clear()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the connection closes: whoever says no more has left."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._deaf = True
        self._parser = None  # It knows us and we it; so both go now and not at some collection.
        self._pipeline.clear()
        self._state.callers.discard(self)
        self._free_room()
        work, self._work = self._work, None
        if work is not None:
            work.left()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self._work is not None:
            self._work.pause()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self._work is not None:
            self._work.resume()

    # ------------------------------------------------------------ httptools

    def on_message_begin(self) -> None:
        """A request begins; what trailed the last one is no header of it."""
        self._inside = True
        self._begun += 1
        self._target = b""
        self._headers.clear()

    def on_url(self, target: bytes) -> None:
        """Its target, or a part of it."""
        self._target += target

    def on_headers_complete(self) -> None:
        """Its head is whole: whatever can be refused is known now."""
        parser = self._parser
        assert parser is not None
        headers = {name.lower(): value for name, value in self._headers.items()}
        self._headers.clear()
        keep = parser.should_keep_alive()
        request = self._coming = Request(
            parser.get_method(),
            self._target,
            headers,
            keep and not self._state.draining,
            # HTTP/1.0 that is kept alive says so.
            (keep and b"connection" not in headers) or parser.get_http_version() != "1.0",
        )
        last = self.request
        if len(headers) > HEADERS_MAX or (self._got > HEAD_BYTES_MAX and is_head_long(headers)):
            # It came in one piece, so nobody has looked at it yet.
            request.refused, request.headers = head_too_long(), {}
        elif last is None or not admit_again(self._state, request, last):
            try:
                admit(self._state, request)
            except Refused as refused:
                request.refused = refused
        if is_too_long(headers) and request.operation and request.refused is None:
            request.refused = too_long()
        if self._work is not None:
            self._held = True
            self.transport.pause_reading()
        elif request.cold:
            self._begin(request)
        if b"expect" in headers and (request is self.request or not self._is_busy()):
            self._expected(request)

    def on_message_complete(self) -> None:
        """Its body is whole."""
        self._inside = False
        request, self._coming = self._coming, None
        assert request is not None and self._parser is not None
        request.taken = self._taken_coming
        self._got = self._taken_coming = 0
        if self._parser.should_upgrade():
            return  # What follows is no HTTP; `data_received` is told so next, and refuses.
        if request is self.request and isinstance(self._work, Cold):
            self._work.more(self._parts)
            self._parts.clear()
            self._work.all_came()
            return
        request.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if self._deaf:
            return
        if self._work is None and not self._pipeline:
            self._begin(request)
        else:
            self._pipeline.append(request)

    # ------------------------------------------------------------ requests

    def _begin(self, request: Request) -> None:
        """Answer `request`; nothing else is being answered."""
        if self._deaf:
            return  # The rest of what came with a request that was refused.
        self.request = request
        self.takes_chunks = request.chunked
        if request.refused is not None:
            self.refuse(request.refused, self._id_line())
            self._next()
            return
        if request.cold:
            self._work = Cold(self._state, self, request)
            self._work.start()
            if request is not self._coming:  # It came whole while another was answered.
                self._work.more([request.body])
                self._work.all_came()
                request.body = b""
            return
        if request.operation:
            self._call(request)
            return
        try:
            self.answer(200, self._id_line(), answer_here(self._state, request), _JSON)
        except Refused as refused:
            self.refuse(refused, self._id_line())
        self._next()

    def _call(self, request: Request) -> None:
        assert request.entry is not None
        call = self._work = Call(self._state, self, request.entry, request.operation, request.body)
        request.body = b""
        call.start(request.batch, request.record)

    def ended(self, work: Call | Cold) -> None:
        """What was being answered is answered."""
        if self._work is work:
            self._work = None
            self._next()

    def _next(self) -> None:
        """On to what came meanwhile, or the end."""
        request = self.request
        if request is None or self._deaf:
            return
        if request.taken:
            # Its own alone: of the one behind it, some may have come already.
            self._state.room.give_back(request.taken)
            self._taken -= request.taken
            request.taken = 0
        if not request.keep:
            self._close()
        elif self._pipeline or (
            self._coming is not None and self._coming is not request and self._coming.cold
        ):
            self._state.loop.call_soon(self._begin_waiting)
        elif self._held or request.cold:
            self._held = False
            self.transport.resume_reading()
            if (coming := self._coming) is not None and b"expect" in coming.headers:
                self._expected(coming)

    def _begin_waiting(self) -> None:
        if self._work is not None or self._deaf:
            return
        if self._pipeline:
            self._begin(self._pipeline.popleft())
        elif self._is_cold_next() and self._coming is not None:
            self._held = False
            self.transport.resume_reading()
            coming = self._coming
            self._begin(coming)
            if b"expect" in coming.headers:
                self._expected(coming)

    def _is_busy(self) -> bool:
        """True while the answer to another request comes first: nothing may be written into it."""
        return self._work is not None or bool(self._pipeline)

    def _is_cold_next(self) -> bool:
        """True if the head of a cold request waits, whose body is yet to be read."""
        coming = self._coming
        return coming is not None and coming is not self.request and coming.cold

    def _expected(self, request: Request) -> None:
        """The caller waits to be told to send the body."""
        if self._deaf:
            return
        if request.refused is not None and self._work is None:
            self._refuse_and_close(request.refused)
        elif request.headers[b"expect"].lower() == b"100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _check_size(self) -> None:
        coming = self._coming
        if len(self._headers) > HEADERS_MAX or (coming is None and self._got > HEAD_BYTES_MAX):
            # Also while another is answered: nobody waits for what would follow it.
            self._headers.clear()
            self._refuse_and_close(head_too_long())
        elif coming is None:
            return
        elif coming.refused is not None:
            self._parts.clear()
            if self._got > BODY_BYTES_MAX and self._work is None:
                self._refuse_and_close(coming.refused)
        elif self._got > BODY_BYTES_MAX + HEAD_BYTES_MAX and not coming.cold:
            coming.refused = too_long()
            self._check_size()
        elif not coming.cold:
            more = self._got + _PIECE_BYTES * len(self._parts) - self._taken_coming
            if self._state.room.take(more):
                self._taken_coming += more
                self._taken += more
            else:
                coming.refused = no_room()
                self._taken -= self._taken_coming
                self._state.room.give_back(self._taken_coming)
                self._taken_coming = 0
                self._check_size()

    def _free_room(self) -> None:
        """None of what was sent is held any more."""
        self._state.room.give_back(self._taken)
        self._taken = self._taken_coming = 0

    # ------------------------------------------------------------ answers

    def answer(self, status: int, lines: bytes, body: bytes, kind: bytes) -> None:
        """A whole answer; `lines` are headers beside those that each has."""
        if self._deaf:
            return
        request = self.request
        usual = request is not None and request.keep and self.takes_chunks
        self.transport.write(
            b"HTTP/1.1 %b\r\ndate: %b\r\ncontent-type: %b\r\n%b%bcontent-length: %d\r\n\r\n%b"
            % (
                REASONS.get(status) or status_line(status),
                self._state.date,
                kind,
                lines,
                b"" if usual else self._connection(),
                len(body),
                b"" if request is not None and request.method == b"HEAD" else body,
            )
        )

    def refuse(self, refused: Refused, lines: bytes) -> None:
        """The answer that says no."""
        if refused.retry_after_s is not None:
            lines += b"retry-after: %d\r\n" % refused.retry_after_s
        if refused.status == 401:
            lines += b"www-authenticate: Bearer\r\n"
        self.answer(refused.status, lines, refused.body(), _JSON)

    def open_stream(self, lines: bytes, first: bytes = b"") -> None:
        """The head of a stream, with what comes first in it."""
        how = b"transfer-encoding: chunked\r\n" if self.takes_chunks else b""
        head = _STREAM_HEAD % (self._state.date, lines, how + self._connection())
        if first:
            head += b"%x\r\n%b\r\n" % (len(first), first) if self.takes_chunks else first
        self.transport.write(head)

    def give(self, payload: bytes) -> None:
        """More of a stream."""
        if self.takes_chunks:
            payload = b"%x\r\n%b\r\n" % (len(payload), payload)
        self.pass_on(payload)

    def close_stream(self, *, abruptly: bool = False) -> None:
        """The end of a stream; `abruptly`: the connection ends with it."""
        self._state.outbox.flush()
        if self.takes_chunks:
            self.transport.write(b"0\r\n\r\n")
        if self.request is not None and (abruptly or not self.takes_chunks):
            self.request.keep = False

    def stop(self) -> None:
        """Take no more requests: at once if none is being answered, else after that one."""
        if self._work is None and self._coming is None and not self._pipeline:
            self._close()
            return
        for request in (self.request, self._coming, *self._pipeline):
            if request is not None:
                request.keep = False

    def tick(self) -> None:
        """Each second: a connection on which nothing comes is closed."""
        if self._work is not None:
            return
        self.quiet_s += 1
        if self._got and self.quiet_s > _STALLED_S:
            self._refuse_and_close(Refused(408, "The rest of the request did not come."))
        elif self.quiet_s > _UNUSED_S:
            self._close()

    def _connection(self) -> bytes:
        request = self.request
        if request is None or not request.keep:
            return b"connection: close\r\n"
        return b"" if self.takes_chunks else b"connection: keep-alive\r\n"

    def _id_line(self) -> bytes:
        return b"x-request-id: %b\r\n" % self._state.new_id()

    def _refuse_and_close(self, refused: Refused) -> None:
        """Say no to a request that has not come whole, and be ready for the rest to be lost."""
        if self._deaf:
            return
        if self._work is not None:
            # The answer that is under way would be cut by it; this ends with that one.
            if self.request is not None:
                self.request.keep = False
            self._pipeline.clear()
            self._parser = None
            return
        self.request = None
        self.refuse(refused, self._id_line())
        self._close(linger=True)

    def _close(self, *, linger: bool = False) -> None:
        self._deaf = True
        self._parts.clear()
        if linger and self.transport.can_write_eof():
            # Closing with bytes unread resets the connection, and the answer may be lost in that.
            self.transport.resume_reading()
            self.transport.write_eof()
            self._state.loop.call_later(_LINGER_S, self.transport.abort)
        else:
            self.transport.close()
