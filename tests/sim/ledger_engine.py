"""An engine that keeps a ledger of every token it sends: `python -m tests.sim.ledger_engine`.

It says as many words as it is asked for, a few at a time, and stops when it sees that its caller
has gone. A prompt counts as many tokens as the call's number says, so that records tell their
calls. Each line of the ledger is written before and again after the bytes leave, so that a kill -9
in between costs certainty of one part, and no more.
"""

from __future__ import annotations

import asyncio
import os
import re
import struct
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import uvloop

_LINE = struct.Struct("<IHB")
#: About to send a part; sent it; saw its caller go.
_MEANT, _SENT, _ENDED = 0, 1, 2
_PART_EVERY_S = 0.002
_CALL = re.compile(rb'"user":"call-(\d+)"')
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(slots=True)
class Count:
    """What one engine, or all of them, sent of a call."""

    answer: int = 0  #: Surely sent. [tokens]
    answer_meant: int = 0  #: More than that only where the engine was killed as it sent.


def ledger(*files: Path) -> dict[int, Count]:
    """What the engines of these ledgers sent, by call."""
    total: dict[int, Count] = defaultdict(Count)
    for file in files:
        one: dict[int, Count] = defaultdict(Count)
        content = file.read_bytes() if file.exists() else b""
        whole = content[: len(content) // _LINE.size * _LINE.size]
        for call, answer, what in _LINE.iter_unpack(whole):
            count = one[call]
            if what == _MEANT:
                count.answer_meant = answer
            elif what == _SENT:
                count.answer = answer
        for call, count in one.items():
            total[call].answer += count.answer
            total[call].answer_meant += count.answer_meant
    return dict(total)


class _Connection(asyncio.Protocol):
    """One caller; its requests come one after the other."""

    def __init__(self, ledger_file: int, kind: str) -> None:
        self._ledger, self._kind = ledger_file, kind
        self._data = b""
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, ended, rest = self._data.partition(b"\r\n\r\n")
        if not ended:
            return
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self._data = rest[size:]
        if head.startswith(b"GET"):
            self._transport.write(_answer(b'{"status":"ok"}'))
        else:
            self._begin(rest[:size])

    def eof_received(self) -> bool:
        """The caller has gone: no token more, and the connection ends."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
            self._note(_ENDED)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.eof_received()

    def _begin(self, body: bytes) -> None:
        asked: dict[str, Any] = orjson.loads(body)
        said = _CALL.search(body)
        self._call = int(said[1]) if said else 0
        options = asked.get("stream_options") or {}
        self._usage_at_end = bool(options.get("include_usage"))
        self._usage_always = self._kind == "vllm" and bool(options.get("continuous_usage_stats"))
        self._tokens, self._sent = int(asked["max_tokens"]), 0
        self._prompt = self._call
        loop = asyncio.get_running_loop()
        if asked.get("stream"):
            self._transport.write(_STREAM_HEAD)
            self._due = loop.call_later(_PART_EVERY_S, self._part)
        else:
            self._due = loop.call_later(_PART_EVERY_S * self._tokens, self._whole)

    def _part(self) -> None:
        """One part: one token, or up to three as engines do that guess ahead."""
        more = 1 if self._kind != "vllm" else 1 + (self._call + self._sent) % 3
        self._sent = min(self._tokens, self._sent + more)
        last = self._sent == self._tokens
        part: dict[str, Any] = {
            **_PART,
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": "word " * more},
                    "finish_reason": "length" if last else None,
                }
            ],
        }
        if self._usage_always:
            part["usage"] = self._usage()
        sent = _event(part)
        if last and self._usage_at_end:
            sent += _event({**_PART, "choices": [], "usage": self._usage()})
        if last:
            sent += b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
        self._send(sent)
        self._due = (
            None if last else asyncio.get_running_loop().call_later(_PART_EVERY_S, self._part)
        )

    def _whole(self) -> None:
        self._due, self._sent = None, self._tokens
        message = {"role": "assistant", "content": "word " * self._tokens}
        choice = {"index": 0, "message": message, "finish_reason": "length"}
        body = {**_PART, "object": "chat.completion", "choices": [choice], "usage": self._usage()}
        self._send(_answer(orjson.dumps(body)))

    def _send(self, data: bytes) -> None:
        self._note(_MEANT)
        self._transport.write(data)
        self._note(_SENT)

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self._prompt,
            "completion_tokens": self._sent,
            "total_tokens": self._prompt + self._sent,
            "prompt_tokens_details": {"cached_tokens": self._prompt // 2},
        }

    def _note(self, what: int) -> None:
        os.write(self._ledger, _LINE.pack(self._call, self._sent, what))


_PART = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "ledger"}
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def _answer(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


def _event(value: dict[str, Any]) -> bytes:
    data = b"data: " + orjson.dumps(value) + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


async def _serve(port: int, file: int, kind: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(file, kind), "127.0.0.1", port, backlog=1024
    )
    print("ready", flush=True)
    await server.serve_forever()


def main() -> None:
    """PORT LEDGER KIND: 'vllm' says its count in every part, 'openai' at the end."""
    port, path, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    uvloop.run(_serve(port, file, kind))


if __name__ == "__main__":
    main()
