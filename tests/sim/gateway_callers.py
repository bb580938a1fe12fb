"""Callers of the gateway, of whom some leave without a word, at any moment of a call."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

_OFF_AT_ONCE = struct.pack("ii", 1, 0)
_READ = 1 << 16
_AGAIN_S = 0.02
PATIENCE_S = 60.0
_ID = re.compile(rb"(?i)\r\nx-request-id: *([^\r\n]+)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one caller will do."""

    call: int
    model: str
    tokens: int
    stream: bool
    leaves_bytes: int | None  #: Bytes of the answer after which it goes; None: not by that.
    leaves_s: float | None  #: Time after its asking at which it goes; None: not by that.
    by_reset: bool  #: It goes by a reset in place of an orderly end.


@dataclass(slots=True)
class Fate:
    """What became of a call, as its caller saw it."""

    sent: bool = False  #: All of the request was handed to the system.
    status: int = 0
    request_id: str = ""
    whole: bool = False  #: The answer came to its end.
    left: bool = False  #: The caller went by its plan.
    parts: int = 0  #: Parts of the stream that it got.
    got: bytes = b""  #: The first bytes of an answer that was no success.


@dataclass(slots=True)
class Callers:
    """Some callers at once, each with connections of its own."""

    port: int
    secret: str
    plans: list[Plan]
    fates: dict[int, Fate] = field(default_factory=dict)
    done: int = 0

    async def run(self, at_once: int) -> None:
        """Make all calls."""
        waiting = iter(self.plans)
        await asyncio.gather(*(self._caller(waiting) for _ in range(at_once)))

    async def _caller(self, waiting: object) -> None:
        link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for plan in waiting:  # type: ignore[attr-defined]
            fate = self.fates[plan.call] = Fate()
            if link is None or link[1].is_closing():
                link = await self._connected()
            reader, writer = link
            try:
                async with asyncio.timeout(PATIENCE_S):
                    stays = await self._call(plan, fate, reader, writer)
            except (OSError, asyncio.IncompleteReadError, EOFError):
                stays = False
            if not stays:
                _go(writer, by_reset=plan.by_reset and fate.left)
                link = None
            self.done += 1
        if link is not None:
            link[1].close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection, waiting for a gateway that starts again."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(OSError):
                    return await asyncio.open_connection("127.0.0.1", self.port)
                await asyncio.sleep(_AGAIN_S)

    async def _call(
        self,
        plan: Plan,
        fate: Fate,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """True if the connection may be used again."""
        writer.write(self._request(plan))
        await writer.drain()
        fate.sent = True
        try:
            async with asyncio.timeout(plan.leaves_s):
                return await self._read(plan, fate, reader)
        except TimeoutError:
            fate.left = True
            return False

    async def _read(self, plan: Plan, fate: Fate, reader: asyncio.StreamReader) -> bool:
        got = b""
        while True:
            data = await reader.read(_READ)
            if not data:
                raise EOFError
            got += data
            fate.parts = got.count(b'"delta":{"content"') or got.count(b'"delta":{')
            _note_head(got, fate)
            if _is_whole(got):
                # A stream that was broken off ends too, but says so.
                fate.whole = not plan.stream or b"[DONE]" in got
                return b"onnection: close" not in got
            if plan.leaves_bytes is not None and len(got) >= plan.leaves_bytes:
                fate.left = True
                return False

    def _request(self, plan: Plan) -> bytes:
        body = {
            "model": plan.model,
            "messages": [{"role": "user", "content": f"Say {plan.tokens} words, {plan.call}."}],
            "max_tokens": plan.tokens,
            "user": f"call-{plan.call}",
            "stream": plan.stream,
        }
        sent = orjson.dumps(body)
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
            f"Authorization: Bearer {self.secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n"
        )
        return head.encode() + sent


def plans(count: int, seed: int, models: dict[str, int], leaves_bp: int = 1_250) -> list[Plan]:
    """`count` calls; `models` are weights, `leaves_bp` how many mean to leave. [basis points]

    Of eight who mean to, some six do: for the others the answer was faster.
    """
    dice = random.Random(seed)
    names, weights = list(models), list(models.values())
    return [
        _plan(call, dice.choices(names, weights)[0], dice, leaves_bp)
        for call in range(1, count + 1)
    ]


def _plan(call: int, model: str, dice: random.Random, leaves_bp: int) -> Plan:
    tokens, stream = dice.randint(1, 24), dice.random() < 0.7
    leaves_bytes = leaves_s = None
    if dice.randrange(10_000) < leaves_bp:
        # At once, as the head comes, within a part, or at any time of the answer's making.
        leaves_bytes = dice.choice((None, None, 1, dice.randint(300, 300 + 150 * tokens)))
        if leaves_bytes is None or not stream:
            leaves_bytes, leaves_s = None, dice.choice((0.0, dice.random() * 0.002 * tokens))
    return Plan(call, model, tokens, stream, leaves_bytes, leaves_s, dice.random() < 0.5)


def _note_head(got: bytes, fate: Fate) -> None:
    if fate.status or b"\r\n\r\n" not in got:
        return
    fate.status = int(got[9:12])
    head = got.partition(b"\r\n\r\n")[0]
    if found := _ID.search(head):
        fate.request_id = found[1].decode()
    if fate.status != 200:
        fate.got = got[:2_000]


def _is_whole(got: bytes) -> bool:
    head, ended, body = got.partition(b"\r\n\r\n")
    if not ended:
        return False
    if length := _LENGTH.search(head):
        return len(body) >= int(length[1])
    return body.endswith(b"0\r\n\r\n")


def _go(writer: asyncio.StreamWriter, *, by_reset: bool) -> None:
    found: socket.socket | None = writer.get_extra_info("socket")
    if by_reset and found is not None:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _OFF_AT_ONCE)
    writer.transport.abort() if by_reset else writer.close()
