"""A worker as a process of its own, with a table made by hand and engines beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from allod.gateway.flight import Left, left_in
from allod.gateway.inside import Begin, Message, flight_path, line_of, message_of
from allod.run.serving.link import LoadTold
from allod.run.serving.table import (
    Access,
    ClassShare,
    Estimate,
    KeyEntry,
    Replica,
    ServiceEntry,
    SiteEntry,
    Table,
)
from allod.run.serving.usage import UsageRecord
from tests.gateway.hot.engines import Engine

SECRET = "sk-allod-of-the-school"
DESK_SECRET = "known-to-desk-and-worker"
#: Generous: machines are slow at times.
PATIENCE_S = 30.0
CHAT = "/v1/chat/completions"


def key(name: str = "k1", secret: str = SECRET, rule: str = "school", **limits: Any) -> KeyEntry:
    digest = sha256(secret.encode()).hexdigest()
    return KeyEntry(id=name, sha256=digest, project="school", rule=rule, **limits)


def replica(name: str, engine: Engine | int, site: str = "narvik", state: Any = "ready") -> Replica:
    port = engine if isinstance(engine, int) else engine.port
    return Replica(id=name, site=site, host="127.0.0.1", port=port, key="ek", state=state)


def service(*replicas: Replica, **given: Any) -> ServiceEntry:
    made = ServiceEntry(
        name="chat", model="tiny", engine="vllm",
        operations=("chat", "completions", "embeddings", "responses"), in_flight=8,
        context_tokens=1000, answer_tokens=100, hold_s=10, batches=True, classes={},
        replicas=replicas, estimates={},
    )  # fmt: skip
    return replace(made, **given)


def table(*services: ServiceEntry, **given: Any) -> Table:
    """Every site of every service is open to the rule `school`, in one class."""
    rules = {
        "school": {
            entry.name: {
                one.site: Access(access_class="research", priority=5) for one in entry.replicas
            }
            or {"narvik": Access(access_class="research", priority=5)}
            for entry in services
        }
    }
    made = Table(
        revision=1, made_at_s=int(time.time()), good_for_s=600, keys=(key(),), services=services,
        sites={"narvik": SiteEntry(pue_milli=1200, carbon_mg_per_kwh=30_000)}, rules=rules,
        files_against={},
    )  # fmt: skip
    return replace(made, **given)


def priced(entry: ServiceEntry) -> ServiceEntry:
    """1 mJ for a call, 1 mJ for each token."""
    cost = Estimate(
        per_call_nj=1_000_000, per_prompt_token_nj=1_000_000, per_answer_token_nj=1_000_000,
        method="estimated",
    )  # fmt: skip
    return replace(entry, estimates={"narvik": cost})


def share(
    in_flight_max_bp: int = 10_000, waiting_max: int = 1000, wait_max_s: int = 60, **kept: int
) -> ClassShare:
    return ClassShare(
        in_flight_max_bp=in_flight_max_bp, waiting_max=waiting_max, wait_max_s=wait_max_s, **kept
    )


class Answer:
    """What a caller got."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def plain(self) -> Any:
        return json.loads(self.body)

    def code(self) -> str:
        """The code of an error object; '' if it has none."""
        return self.plain()["error"]["code"] or ""

    def events(self) -> list[str]:
        return [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]


class Caller:
    """One connection to the gateway, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        line, *lines = (await self._until(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (one.partition(": ") for one in lines if one)
        return int(line.split()[1]), {name.lower(): value for name, _, value in pairs}

    async def chunk(self) -> bytes:
        size = int(await self._until(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self) -> Answer:
        async with asyncio.timeout(PATIENCE_S):
            status, headers = await self.head()
            if headers.get("transfer-encoding") != "chunked":
                length = int(headers["content-length"])
                return Answer(status, headers, await self.reader.readexactly(length))
            pieces = []
            while piece := await self.chunk():
                pieces.append(piece)
            return Answer(status, headers, b"".join(pieces))

    async def ended(self) -> bool:
        """True once the gateway closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(1 << 16):
                    pass
            except ConnectionError:
                pass
            return True

    def close(self) -> None:
        self.writer.close()

    async def _until(self, mark: bytes) -> bytes:
        return (await self.reader.readuntil(mark))[: -len(mark)]


def request(
    body: Any, *, path: str = CHAT, secret: str = SECRET, method: str = "POST", extra: str = ""
) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\n{extra}content-length: {len(content)}\r\n"
    if secret:
        head += f"authorization: Bearer {secret}\r\n"
    return head.encode() + b"\r\n" + content


def said(text: str = "hello", **given: Any) -> dict[str, Any]:
    """A chat."""
    return {"model": "tiny", "messages": [{"role": "user", "content": text}], **given}


class House:
    """The worker and its desk's end of the pair."""

    #: What the worker is told beside its descriptors; see `conftest.py`.
    words: tuple[str, ...] = ()
    bodies_bytes_max = 512 << 20

    def __init__(self, folder: Path, told: Table, *, workers: int = 1, desk_port: int = 1) -> None:
        self.folder, self.table = folder, told
        self._workers, self._desk_port = workers, desk_port
        self.heard: list[Message] = []
        self.port = 0

    async def __aenter__(self) -> House:
        with socket.socket() as listen:
            listen.bind(("127.0.0.1", 0))
            listen.listen(128)
            self.port = listen.getsockname()[1]
            ours, theirs = socket.socketpair()
            with theirs:
                numbers = (listen.fileno(), theirs.fileno())
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "allod.gateway.worker", *map(str, numbers), *self.words],
                    pass_fds=numbers,
                    env=dict(os.environ),
                )
        reader, self._desk = await asyncio.open_connection(sock=ours, limit=1 << 26)
        self._hearing = asyncio.create_task(self._hear(reader))
        self.tell(
            Begin(
                number=0, workers=self._workers, folder=str(self.folder), desk_host="127.0.0.1",
                desk_port=self._desk_port, secret=DESK_SECRET,
                bodies_bytes_max=self.bodies_bytes_max,
            )
        )  # fmt: skip
        self.tell(self.table)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._hearing.cancel()
        self._desk.close()

    def tell(self, message: Message) -> None:
        self._desk.write(line_of(message))

    async def renew(self, told: Table) -> None:
        """Tell another table, and wait until the worker goes by it: a model in it says so."""
        revision = self.table.revision + 1
        self.table = replace(told, revision=revision)
        mark = service(name="mark", model=f"mark-{revision}")
        access = {"mark": {"narvik": Access(access_class="research", priority=1)}}
        self.tell(
            replace(
                self.table,
                services=(*told.services, mark),
                keys=(*told.keys, key("probe", "sk-probe", rule="probe")),
                rules=told.rules | {"probe": access},
            )
        )
        async with asyncio.timeout(PATIENCE_S):
            while True:
                listed = await self.ask(b"", path="/v1/models", method="GET", secret="sk-probe")
                if mark.model.encode() in listed.body:
                    return

    def waiting(self) -> int:
        """Calls that wait, as the worker told last."""
        told = self.loads()
        return sum(load.waiting for load in told[-1].loads) if told else 0

    def loads(self) -> list[LoadTold]:
        return [message for message in self.heard if isinstance(message, LoadTold)]

    async def until(self, true: Callable[[], Any]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := true()):
                await asyncio.sleep(0.01)
            return found

    async def open(self) -> Caller:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 26)
        return Caller(reader, writer)

    async def ask(self, body: Any, **given: Any) -> Answer:
        """One request on a connection of its own."""
        caller = await self.open()
        try:
            await caller.send(request(body, **given))
            return await caller.answer()
        finally:
            caller.close()

    def records(self) -> list[UsageRecord]:
        lines: list[bytes] = []
        for path in sorted(self.folder.glob("spool-*.jsonl")):
            lines += path.read_bytes().splitlines()
        return [UsageRecord.decode(line) for line in lines]

    async def record(self, count: int = 1) -> list[UsageRecord]:
        """The records, once there are so many."""
        await self.until(lambda: len(self.records()) >= count)
        return self.records()

    def in_book(self) -> list[Left]:
        return list(left_in(flight_path(self.folder, 0)))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self.heard.append(message_of(line))
