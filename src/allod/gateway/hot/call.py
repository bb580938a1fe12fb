"""One call's life: admitted, perhaps waiting, at an engine, answered, recorded.

Before its first byte was given to the caller it may move to another engine; never after. However it
ends, `_end` runs once: the engine is free again, limits are settled, the record is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allod.gateway.hot import answer, balance, body, errors
from allod.gateway.hot.bill import Bill
from allod.gateway.hot.errors import Refused, engine_failed, unavailable
from allod.gateway.hot.models import unknown
from allod.gateway.hot.stream import Stream
from allod.run.serving.table import Access, KeyEntry

if TYPE_CHECKING:
    from allod.gateway.hot.pool import Pool
    from allod.gateway.hot.routes import Route
    from allod.gateway.hot.server import Caller
    from allod.gateway.hot.state import State
    from allod.gateway.hot.upstream import Engine, Upstream

#: Replicas that are tried after the first one.
_OTHERS_MAX = 2
#: Of a class that says nothing about it. [s]
_WAIT_MAX_S = 60
#: What an engine still sends to a caller who has left is counted for so long. [s]
_DRAIN_S = 1.0
_COMMENT_FIRST_S, _COMMENT_S = 1.0, 5.0
_LEFT = 499  #: nginx's: the caller closed the connection.
_NOTHING: dict[str, Any] = {}


class Call:
    """See above. The methods are called by its caller, its engine's connection, and the clock."""

    __slots__ = (
        "_access", "_asked", "_bill", "_body", "_caller", "_connecting", "_ended", "_engine",
        "_generation", "_kept", "_left", "_operation", "_payload", "_pool", "_state", "_status",
        "_stream", "_timers", "_upstream", "account", "entry", "given", "is_batch", "quiet_s",
        "reserved", "route", "streams", "tried",
    )  # fmt: skip

    def __init__(
        self, state: State, caller: Caller, entry: KeyEntry, operation: str, request: bytes
    ) -> None:
        self._state = state
        self._caller = caller
        self._operation = operation
        self._body = request
        self._payload = b""
        self._pool: Pool | None = None
        self._engine: Engine | None = None
        self._upstream: Upstream | None = None
        self._stream: Stream | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._access: Access
        self._asked: body.Asked
        self._generation = -1
        self._status = 0  #: What the caller was told; 0: nothing yet.
        self._left = False
        self._ended = False
        self._timers: tuple[asyncio.TimerHandle, ...] = ()
        self.entry = entry
        self.route: Route
        self.is_batch = False
        self.streams = False
        self.tried: tuple[str, ...] = ()  #: Replicas that failed it.
        self.given = False  #: True once a byte of the answer went to the caller.
        self.quiet_s = 0  #: How long its engine has said nothing.
        self.reserved = 0  #: Tokens that it may come to.
        self.account = state.ledger.account(entry)
        self._bill = Bill(state, self.account, state.new_id())
        #: The answer, for a project that has its content logged.
        self._kept: list[bytes] | None = [] if entry.content else None

    # ------------------------------------------------------------ admission

    def start(self, batch: str = "", record: str = "") -> None:
        """Go as far as it goes. `batch` and `record` are of calls that the desk makes."""
        bill = self._bill
        if record:
            bill.id = record.encode()
        bill.kind = (self.entry.id, self._operation, False, batch)
        self.is_batch = bool(batch)
        try:
            self._state.check_fresh()
            asked = self._asked = body.read(self._operation, self._body)
            if asked.stream:
                self.streams = True
                bill.kind = (self.entry.id, self._operation, True, batch)
            if self._admit(asked):
                self._go()
        except Refused as refused:
            self.refuse(refused)

    def _admit(self, asked: body.Asked) -> bool:
        """Reserve for it; False if the desk must be asked first."""
        state = self._state
        pool = self._pool = state.pools.get(asked.model)
        if pool is None:
            raise unknown(asked.model)
        entry = pool.entry
        if self._operation not in entry.operations:
            raise errors.unsupported(asked.model, self._operation)
        if self.is_batch and not entry.batches:
            raise Refused(400, f"The model '{asked.model}' takes no batches.", param="model")
        self.permit(pool)
        reserved = body.prompt_tokens(self._body, self._operation, entry.context_tokens)
        if asked.answer_tokens is None:
            reserved = min(reserved + entry.answer_tokens, entry.context_tokens)
            reserved += entry.answer_tokens * (asked.choices - 1)
        else:
            reserved += asked.answer_tokens
        self.reserved = reserved
        if not state.ledger.take(self, reserved):
            return False
        self._bill.reserve(reserved)
        return True

    def permit(self, pool: Pool) -> None:
        """Look up where it may go, by the table of now.

        Raises:
            Refused: Nowhere, or its key or the service has gone since it came.
        """
        state = self._state
        entry = state.keys.now(self.entry)
        if entry is None:
            raise errors.revoked()
        self.entry = entry
        self._generation, self.route = state.generation, state.route(entry.rule, pool)
        if not self.route.sites:
            raise self.route.refusal(pool.entry.model)

    def leased(self) -> None:
        """The desk gave what was to be reserved."""
        assert self._pool is not None
        self._bill.reserve(self.reserved)
        try:
            self._state.check_fresh()
            self.permit(self._pool)
            self._go()
        except Refused as refused:
            self.refuse(refused)

    def alike(self) -> int:
        """See `body.Asked.alike`."""
        return self._asked.alike()

    # ------------------------------------------------------------ waiting

    def _go(self, *, again: bool = False) -> None:
        pool = self._pool
        assert pool is not None
        engine = balance.choose(pool, self.route, self.tried, self.alike)
        site = engine.site if engine is not None else balance.preferred(pool, self.route)
        if not again:
            pool.arrived[site] = pool.arrived.get(site, 0) + 1
        if engine is not None:
            self.send(engine)
        else:
            self._wait(pool, site, again)

    def _wait(self, pool: Pool, site: str, again: bool) -> None:
        entry, access_class = pool.entry, self.route.sites[site].access_class
        share = entry.classes.get(access_class)
        cold = balance.is_cold(pool, self.route)
        if cold:
            self._state.tell_loads_soon()
            if not entry.hold_s:
                raise errors.starting(entry.model)
        if (
            share is not None
            and not again
            and pool.queue.waiting(access_class) >= share.waiting_max
        ):
            raise errors.queue_full(entry.model, access_class, share.waiting_max)
        wait_s = entry.hold_s if cold else (share.wait_max_s if share else _WAIT_MAX_S)
        pool.queue.add(self, site, access_class, first=again)
        self._after(wait_s, self._waited_out)
        if cold and self.streams:
            self._after(_COMMENT_FIRST_S, self._comment)

    def _waited_out(self) -> None:
        assert self._pool is not None
        cold = balance.is_cold(self._pool, self.route)
        self.refuse((errors.starting if cold else errors.busy)(self._pool.entry.model))

    def _comment(self) -> None:
        """A stream is told that it waits; from here on its status is 200."""
        assert self._pool is not None
        if self._status == 0:
            self._status = 200
            self._caller.open_stream(self._bill.head_lines(None))
        self._caller.give(b": waiting for a replica of %b\n\n" % self._pool.entry.model.encode())
        self._after(_COMMENT_S, self._comment)

    # ------------------------------------------------------------ at an engine

    def send(self, engine: Engine) -> None:
        """Its turn has come: it goes to `engine`."""
        self._stop_timers()
        state, pool = self._state, self._pool
        assert pool is not None
        access = self._access = self.route.sites[engine.site]
        pool.enter(engine, access.access_class)
        self._engine = engine
        state.active.add(self)
        if not self._bill.enter(pool, engine, access.access_class, again=bool(self.tried)):
            self.refuse(unavailable("Too many calls are in flight here.", "overloaded", 1))
            return
        priority = None if self.is_batch else access.priority
        self._payload = engine.request(self._operation, self.streams, priority, self._body)
        upstream = self._upstream = engine.take()
        if upstream is None:
            self._connecting = engine.connect(self)
        else:
            upstream.ask(self, self._payload)

    def reached(self, upstream: Upstream) -> None:
        """A fresh connection is there, for it if it still wants one."""
        self._connecting = None
        engine = self._engine
        if self._ended or engine is None:
            upstream.close()
        elif self._generation != self._state.generation and not self._stays(engine, upstream):
            return
        elif upstream.closed:
            self._engine_failed("it closed the connection at once")
        else:
            self._upstream = upstream
            upstream.ask(self, self._payload)

    def recall(self) -> None:
        """The table changed: what was not sent yet goes nowhere that is excluded now."""
        upstream, engine = self._upstream, self._engine
        if upstream is not None and engine is not None and not self.given and upstream.sends():
            self._stays(engine, upstream)

    def _stays(self, engine: Engine, upstream: Upstream) -> bool:
        """True if it may be at `engine` by the table of now; else it goes elsewhere."""
        assert self._pool is not None
        try:
            self.permit(self._pool)
        except Refused as refused:
            upstream.drop()
            self.refuse(refused)
            return False
        # Where it was, another may listen by now, for somebody else.
        stays = engine.state != "gone" and engine.site in self.route.sites
        if not stays:
            upstream.drop()
            self._elsewhere(None)
        return stays

    def unreached(self, why: str) -> None:
        """No connection could be made."""
        self._connecting = None
        if not self._ended:
            self._engine_failed(f"it cannot be reached: {why}")

    def broke(self, upstream: Upstream, why: str) -> None:
        """The connection ended before the answer did."""
        engine = self._engine
        assert engine is not None
        if self._left:
            self._end("left")
        elif self.given:
            self._break_off(why)
        elif upstream.reused and not upstream.got:
            # It was closed while nobody used it, as engines do; that says nothing of the engine.
            self._connecting = engine.connect(self)
        else:
            self._engine_failed(why)

    def silent(self) -> None:
        """Nothing came for too long."""
        if self._upstream is not None:
            self._upstream.drop()
        if self.given:
            self._break_off("it said nothing for too long")
        else:
            self.refuse(engine_failed("The engine did not answer in time.", 504))

    def _engine_failed(self, why: str) -> None:
        engine, pool = self._engine, self._pool
        assert engine is not None and pool is not None
        self._state.failed(pool, engine, why)
        self._elsewhere(engine_failed("The engine that had the call failed, and no other may."))

    def _elsewhere(self, refusal: Refused | None) -> None:
        """Before the first byte: to another engine that is permitted, or no further."""
        if self._ended:
            return
        engine, pool = self._engine, self._pool
        assert engine is not None and pool is not None
        self.tried = (*self.tried, engine.id)
        self._release()
        self._bill.retract()
        try:
            self._state.check_fresh()
            self.permit(pool)
            others = any(
                other.site in self.route.sites and other.id not in self.tried
                for other in pool.ready
            )
            may = len(self.tried) <= _OTHERS_MAX and (others or balance.is_cold(pool, self.route))
            if refusal is not None and not may:
                raise refusal
            self._go(again=True)
        except Refused as refused:
            self.refuse(refused)
        self._state.pump(pool)

    def _release(self) -> None:
        """The engine is through with it."""
        engine, pool = self._engine, self._pool
        if engine is not None and pool is not None:
            pool.leave(engine, self._access.access_class)
            self._engine = self._upstream = None
        self._state.active.discard(self)

    # ------------------------------------------------------------ the answer

    def came(self, payload: bytes, raw: bytes | None) -> None:
        """Events of a stream; `raw` are the chunks that they came in, if these may pass as is."""
        stream = self._stream
        if stream is None:
            stream = self._stream = self._begin_stream()
        given = stream.feed(payload)
        bill = self._bill
        counted = bill.counted
        self._state.book.count(bill.slot, counted.prompt, counted.cached, counted.answer)
        if not given or self._left:
            return
        if self._kept is not None:
            self._kept.append(given)
        caller = self._caller
        if self.given:
            if raw is None or not caller.takes_chunks:
                caller.give(given)
                return
            if given is payload:
                caller.pass_on(raw)
            else:
                caller.give(given)
            if self._kept is None and self._upstream is not None:
                book = self._state.book
                at = book.place_of_answer(bill.slot)
                self._upstream.relay = stream.relay(raw, book.numbers, at, caller.pass_on)
            return
        self._first()
        if self._status == 0:
            self._status = 200
            caller.open_stream(self._bill.head_lines(self._engine), given)
        else:
            caller.give(given)

    def over(self) -> None:
        """The stream came to its end."""
        stream = self._stream or self._begin_stream()
        rest = stream.rest()
        if not self._left:
            if self._status == 0:
                self._status = 200
                self._caller.open_stream(self._bill.head_lines(self._engine))
            if rest:
                self._caller.give(rest)
            self._caller.close_stream()
        self._end("left" if self._left else "completed")

    def answered(self, status: int, kind: bytes, said: bytes) -> None:
        """An answer that is no stream."""
        if self._left:
            answer.whole_answer(said, self._operation, self._bill.counted)
            self._end("left")
            return
        if status != 200 and (status >= 500 or status in (401, 403) or 300 <= status < 400):
            # Not the caller's fault: the gateway has the key, and chose the engine.
            self._elsewhere(engine_failed(f"The engine answered {status}."))
            return
        if status >= 400:
            said = errors.in_our_form(status, said)
        else:
            place = answer.whole_answer(said, self._operation, self._bill.counted)
            if place is not None:
                said = answer.with_energy(said, place[1], self._bill.members())
        if self._kept is not None:
            self._kept.append(said)
        self.given = self._bill.at_once = True
        if self._status:
            self._caller.give(b"data: %b\n\n" % said)
            self._caller.close_stream()
        else:
            self._status = status
            lines = self._bill.head_lines(self._engine)
            self._caller.answer(status, lines, said, kind or b"application/json")
        self._end("completed")

    def _begin_stream(self) -> Stream:
        assert self._pool is not None
        engine, bill = self._pool.entry.engine, self._bill
        return Stream(self._operation, engine, self._asked, bill.counted, bill.members)

    def _first(self) -> None:
        """It can go nowhere else now; long prompts need not lie here as long as answers take."""
        self.given = True
        self._bill.first()
        self._payload = b""
        if self._kept is None:
            self._body = b""
        self._asked.plain = _NOTHING

    def _break_off(self, why: str) -> None:
        """After the first byte: the caller hears that this is not the end that was meant."""
        refused = engine_failed(f"The engine broke off: {why}.")
        self._caller.give(b"data: %b\n\n" % refused.body())
        self._caller.close_stream(abruptly=True)
        self._end("failed")

    def refuse(self, refused: Refused) -> None:
        """It gets no answer of an engine."""
        if self._ended:
            return
        if self._left:
            self._end("left")
            return
        if self._status:
            self._caller.give(b"data: %b\n\n" % refused.body())
            self._caller.close_stream()
        else:
            self._status = refused.status
            self._caller.refuse(refused, self._bill.head_lines(None))
        self._end("failed" if self.tried or self._engine else "refused")

    # ------------------------------------------------------------ the caller

    def left(self) -> None:
        """The caller closed the connection."""
        if self._ended or self._left:
            return
        self._left = True
        self._status = self._status or _LEFT
        self._stop_timers()
        upstream = self._upstream
        if upstream is None or upstream.closed or upstream.sends():
            self._drained()
            return
        upstream.relay = None
        upstream.half_close()
        self._after(_DRAIN_S, self._drained)

    def _drained(self) -> None:
        if self._upstream is not None:
            self._upstream.drop()
        self._end("left")

    def pause(self) -> None:
        """The caller takes no more at the moment."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume(self) -> None:
        """The caller takes more again."""
        if self._upstream is not None:
            self._upstream.resume()

    # ------------------------------------------------------------ the end

    def _end(self, outcome: str) -> None:
        if self._ended:
            return
        self._ended = True
        if self._timers:
            self._stop_timers()
        pool, bill = self._pool, self._bill
        bill.close(pool, outcome, self._status)
        if self._kept is not None:
            bill.keep_content(self._body, self._kept)
        self._release()
        if pool is None or bill.reserved is None:
            bill.forget(self)
        elif pool.queue.count:
            pool.queue.remove(self)
            self._state.pump(pool)
        if not self._left:
            self._caller.ended(self)

    def _after(self, delay_s: float, then: Callable[[], None]) -> None:
        self._timers = (*self._timers, self._state.loop.call_later(delay_s, then))

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = ()
