"""What a desk has around it: a node that tells tables, an engine that answers, its process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg

from allod.adapters.postgres import GatewayStore
from allod.gateway.place import GatewayPlace
from allod.run.serving import link
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.table import (
    Access,
    KeyEntry,
    Replica,
    ServiceEntry,
    SiteEntry,
    Table,
)

SECRET = "sk-allod-of-the-school"
OTHER = "sk-allod-of-the-ministry"
#: Generous: machines are slow at times.
PATIENCE_S = 30.0


def until(true: Callable[[], Any], what: str) -> Any:
    """What `true` says once that is true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not in {PATIENCE_S} s: {what}")


def key(name: str, secret: str, project: str, **limits: Any) -> KeyEntry:
    digest = sha256(secret.encode()).hexdigest()
    return KeyEntry(id=name, sha256=digest, project=project, rule=f"of-{project}", **limits)


def table(engine_port: int, **given: Any) -> Table:
    """One service at one site, and keys of two projects."""
    replica = Replica(
        id="w1", site="narvik", host="127.0.0.1", port=engine_port, key="", state="ready"
    )
    service = ServiceEntry(
        name="chat", model="tiny", engine="openai", operations=("chat", "embeddings"),
        in_flight=8, context_tokens=1000, answer_tokens=100, hold_s=5, batches=True, classes={},
        replicas=(replica,), estimates={},
    )  # fmt: skip
    access = {"chat": {"narvik": Access(access_class="research", priority=1)}}
    made = Table(
        revision=1, made_at_s=int(time.time()), good_for_s=30,
        keys=(key("k1", SECRET, "school"), key("k2", OTHER, "ministry")),
        services=(service,), sites={"narvik": SiteEntry()},
        rules={"of-school": access, "of-ministry": access}, 
        files_against={"of-school": (), "of-ministry": ("narvik is in Norway, not in Morocco",)},
    )  # fmt: skip
    return replace(made, **given)


class Engine:
    """Answers chats with what it was told; `hold` in a body keeps a call until it is let go."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.holding = threading.Event()
        self.let_go = threading.Event()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                engine.calls.append(body)
                said = body.get("user", "")
                if said == "hold" and not engine.let_go.is_set():
                    engine.holding.set()
                    engine.let_go.wait(PATIENCE_S)
                status = 400 if said == "bad" else 200
                answer = json.dumps(
                    {
                        "id": "chatcmpl-1", "object": "chat.completion", "model": body["model"],
                        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}],
                        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
                    }
                ).encode()  # fmt: skip
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *said: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Node:
    """The node's end of the link: tells the table as often as it likes, hears loads."""

    def __init__(self, data: Path, told: Table) -> None:
        self.table = told
        self.loads = LoadTold(loads=())
        self.failed: list[ReplicaFailed] = []
        self.links = 0
        self._path = data / link.SOCKET
        self._ending = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    async def _run(self) -> None:
        self._path.unlink(missing_ok=True)
        async with await asyncio.start_unix_server(self._serve, str(self._path)) as server:
            while not self._ending.is_set():
                await asyncio.sleep(0.02)
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        hearing = asyncio.create_task(self._hear(reader))
        try:
            while not self._ending.is_set() and not hearing.done():
                writer.write(link.line_of(self.table))
                await writer.drain()
                await asyncio.sleep(0.1)
        except ConnectionError:
            pass
        finally:
            hearing.cancel()
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message = link.message_of(line)
            if isinstance(message, LoadTold):
                self.loads = message
            elif isinstance(message, ReplicaFailed):
                self.failed.append(message)


class Desk:
    """The process, and what it leaves."""

    def __init__(self, data: Path, database: str) -> None:
        self.place = GatewayPlace(data)
        self._database = database
        self.process: subprocess.Popen[bytes] | None = None
        self.store = GatewayStore(database)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        data = self.place.data
        with (data / "desk.log").open("ab") as log:
            self.process = process = subprocess.Popen(
                [sys.executable, "-m", "allod.gateway.desk", "--data", str(data)],
                env=os.environ | {"ALLOD_DATABASE": self._database},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def up() -> bool:
            assert process.poll() is None, self.said()
            address = self.place.address()
            return address is not None and address.pid == process.pid and self.answers()

        until(up, f"the desk answers; {self.said()}")

    @staticmethod
    def opened(database: str) -> GatewayStore:
        """The store, to look into it."""
        return GatewayStore(database)

    def said(self) -> str:
        """Its log."""
        return (self.place.data / "desk.log").read_text()

    def answers(self) -> bool:
        """True if a worker answers."""
        try:
            return self.get("/v1/models").status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        address = self.place.address()
        assert address is not None
        return address.url

    def worker_pids(self) -> list[int]:
        """Processes of workers that the desk started."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def kill(self) -> None:
        """kill -9, the desk alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """As `allod down` asks it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)

    def get(self, path: str, secret: str = SECRET) -> httpx.Response:
        return self.ask("GET", path, secret)

    def ask(self, method: str, path: str, secret: str = SECRET, **given: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {secret}"}
        return httpx.request(
            method, self.url + path, headers=headers, timeout=PATIENCE_S, trust_env=False, **given
        )

    def chat(self, user: str = "", secret: str = SECRET) -> httpx.Response:
        body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "user": user}
        return self.ask("POST", "/v1/chat/completions", secret, json=body)


@contextmanager
def held_call(desk: Desk, engine: Engine) -> Iterator[None]:
    """A call that is in flight at the engine as long as the block lasts, or longer."""

    def call() -> None:
        with suppress(httpx.HTTPError):
            desk.chat("hold")

    engine.holding.clear()
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    assert engine.holding.wait(PATIENCE_S)
    yield
    thread.join(PATIENCE_S)


def ids_of(database: str) -> list[str]:
    with psycopg.connect(database) as session:
        return [row[0] for row in session.execute("SELECT id FROM allod.usage_record")]
