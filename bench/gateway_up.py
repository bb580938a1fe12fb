"""A real gateway, desk and worker and database, before a node's end that is made by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import httpx
import psutil
import yaml

from allod.adapters.postgres import EmbeddedServer, GatewayStore, Store
from allod.run.serving.kept import UsageFilter
from allod.run.serving.table import Table
from allod.run.serving.usage import UsageRecord
from bench.gateway_node import NodeSide

START_S = 60.0
DRAIN_S = 120.0
_PAGE = 10_000


class GatewayUp:
    """Everything of one gateway in a folder, started by entering it."""

    def __init__(self, folder: Path, port: int, first: Table, prefix: Sequence[str] = ()) -> None:
        self.port = port
        self._folder, self._prefix = folder, list(prefix)
        self._server = EmbeddedServer(folder)
        self.node = NodeSide(folder, first)
        self._until = ExitStack()
        self._desk: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        file = self._folder / "config.yaml"
        file.write_text(yaml.safe_dump({"gateway_port": self.port}), encoding="utf-8")
        self._server.start()
        self._until.callback(self._server.stop)
        url = self._server.url()
        # Makes the tables, as a node does.
        Store.open(url).close()
        self.store = GatewayStore(url, "bench")
        self._until.callback(self.store.close)
        self._until.enter_context(self.node)
        self._until.callback(self.end)
        self.start()
        return self

    def __exit__(self, *failed: object) -> None:
        self._until.close()

    # ------------------------------------------------------------ its processes

    def start(self) -> None:
        """Start the desk; returns when calls are answered."""
        command = [*self._prefix, sys.executable, "-m", "allod.gateway.desk"]
        with (self._folder / "desk.log").open("ab") as log:
            self._desk = subprocess.Popen(
                [*command, "--data", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            if self._desk.poll() is not None:
                raise RuntimeError(f"the desk ended by itself:\n{self._said()}")
            with suppress(httpx.HTTPError):
                answer = httpx.get(f"http://127.0.0.1:{self.port}/v1/models", timeout=5)
                # Without a key: whoever has the table says that one is missing.
                if answer.status_code == 401:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the gateway does not answer:\n{self._said()}")

    def end(self) -> None:
        """Have the desk end in order."""
        if self._desk is not None and self._desk.poll() is None:
            self._desk.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._desk.wait(START_S)
            self._desk.kill()
            self._desk.wait()

    @property
    def database(self) -> str:
        """Where its database answers."""
        return self._server.url()

    @property
    def desk_pid(self) -> int:
        """Process of the desk."""
        assert self._desk is not None
        return self._desk.pid

    def worker_pids(self) -> list[int]:
        """Processes of its workers."""
        return [
            child.pid
            for child in psutil.Process(self.desk_pid).children(recursive=True)
            if "allod.gateway.worker" in child.cmdline()
        ]

    def postgres_pid(self) -> int:
        """Process of the database."""
        return int((self._folder / "postgres/postmaster.pid").read_text().split()[0])

    def kill_worker(self) -> None:
        """End a worker in the middle of whatever it does."""
        os.kill(self.worker_pids()[0], signal.SIGKILL)

    def kill_desk(self) -> None:
        """The same of the desk."""
        assert self._desk is not None
        self._desk.kill()
        self._desk.wait()

    def _said(self) -> str:
        return (self._folder / "desk.log").read_text(errors="replace")[-3_000:]

    # ------------------------------------------------------------ its records

    def records_count(self) -> int:
        """Records that are durable."""
        return sum(one.calls for one in self.store.usage())

    def drained(self, at_least: int) -> int:
        """Wait until so many records are durable; returns how many there are."""
        end_s = time.monotonic() + DRAIN_S
        while (found := self.records_count()) < at_least and time.monotonic() < end_s:
            time.sleep(0.05)
        return found

    def records(self) -> Iterator[UsageRecord]:
        """All of them, newest first."""
        after = ""
        while page := self.store.records(UsageFilter(), _PAGE, after):
            yield from page
            after = page[-1].id
