"""An engine over a real socket that does what a test tells it, and counts what it did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

#: The begin of what every engine answers.
_JSON_HEAD = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


class Told:
    """One request, and the connection that it came by."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.head, self.body, self.writer = head, body, writer
        self.plain: dict[str, Any] = json.loads(body)
        self.sent = 0  #: Tokens of the answer that were sent.
        self.gone = asyncio.Event()  #: The gateway sent its end of the connection.

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def whole(self, answer: bytes, status: int = 200) -> None:
        await self.send(_JSON_HEAD % (status, len(answer)) + answer)

    async def open(self) -> None:
        await self.send(_SSE_HEAD)

    async def event(self, data: bytes) -> None:
        event = b"data: %b\n\n" % data
        await self.send(b"%x\r\n%b\r\n" % (len(event), event))

    async def token(self, word: str = "la") -> None:
        """A part of an answer; as vLLM does, with usage in it where that is asked for."""
        self.sent += 1
        plain: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": word}}]}
        if self.plain.get("stream_options", {}).get("continuous_usage_stats"):
            plain["usage"] = usage(self.sent)
        await self.event(json.dumps(plain, separators=(",", ":")).encode())

    async def close(self) -> None:
        """The end of a stream."""
        if self.plain.get("stream_options", {}).get("include_usage"):
            last = {"choices": [], "usage": usage(self.sent)}
            await self.event(json.dumps(last, separators=(",", ":")).encode())
        await self.event(b"[DONE]")
        await self.send(b"0\r\n\r\n")

    def die(self) -> None:
        self.writer.transport.abort()


Behaviour = Callable[[Told], Awaitable[None]]


def usage(answer: int, prompt: int = 7) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + answer,
        "completion_tokens": answer,
    }


def chat(answer: int = 5) -> bytes:
    message = {"role": "assistant", "content": 'it said "usage":{} and more'}
    plain = {"id": "c1", "choices": [{"index": 0, "message": message}], "usage": usage(answer)}
    return json.dumps(plain, separators=(",", ":")).encode()


async def answers(told: Told) -> None:
    """Five tokens, in a stream if one is asked for."""
    if not told.plain.get("stream"):
        told.sent = 5
        await told.whole(chat())
        return
    await told.open()
    for _ in range(5):
        await told.token()
    await told.close()


class Engine:
    """Listens at a port of its own."""

    opened: ClassVar[list[Engine]] = []

    def __init__(self, behave: Behaviour = answers) -> None:
        self.behave = behave
        self.told: list[Told] = []
        self.connections = 0
        self.bytes_in = 0
        self.busiest = 0  #: Most requests that were here at once.
        self._busy = 0
        self._server: asyncio.Server
        self.port = 0

    async def start(self) -> Engine:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.port = self._server.sockets[0].getsockname()[1]
        self.opened.append(self)
        return self

    def close(self) -> None:
        """Listen no more, and cut what there is."""
        self._server.close()
        for told in self.told:
            told.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.bytes_in += len(head) + length
                told = Told(head, body, writer)
                self.told.append(told)
                await self._answer(told, reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, told: Told, reader: asyncio.StreamReader) -> None:
        """As engines do: what still runs ends once the gateway is gone."""
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        work = asyncio.ensure_future(self.behave(told))
        watch = asyncio.ensure_future(_gone(reader))
        try:
            await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                told.gone.set()
                work.cancel()
                await asyncio.wait([work])
                raise ConnectionError
            work.result()
        finally:
            self._busy -= 1
            watch.cancel()
            await asyncio.wait([watch])


async def _gone(reader: asyncio.StreamReader) -> None:
    # What is buffered stays for the next request; only the end is looked for.
    while not reader.at_eof():
        await asyncio.sleep(0.005)


def live(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario and close its engines."""

    async def run() -> None:
        try:
            await scenario()
        finally:
            while Engine.opened:
                Engine.opened.pop().close()
            # What was accepted just now begins, so that it can end in order.
            await asyncio.sleep(0.01)

    asyncio.run(run())
