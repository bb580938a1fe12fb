"""What the tests of services share: a service to deploy, and a gateway's end of the link."""

from __future__ import annotations

import socket
import sys
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from allod.domain.document import Document, from_json
from allod.run.serving import link
from allod.run.serving.link import Load, LoadTold, ReplicaFailed
from allod.run.serving.table import Replica, Table

AGAIN_S = 0.3
ENGINE = Path(__file__).with_name("small_engine.py")


def service(name: str = "chat", **spec: Any) -> Document:
    """A service that the small engine runs."""
    return from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {
                "project": "ours",
                "model": f"{name}-model",
                "engine": "openai",
                "command": [sys.executable, str(ENGINE), "{host}", "{port}"],
                "sites": ["here"],
                "replicas": {"min": 1, "max": 2, "in_flight": 2, "idle_s": 1},
                **spec,
            },
        }
    )


class Gateway:
    """A gateway as far as the link goes: it reads tables, and says again and again how many calls
    there are, as it was told.
    """

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        with link.short(folder / link.SOCKET) as path:
            self._socket.connect(path)
        self.tables: list[Table] = []
        self._loads = LoadTold(loads=())
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._read, self._tell_on)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        # A node that is killed resets the connection.
        with suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                message = link.message_of(line)
                assert isinstance(message, Table)
                self.tables.append(message)

    @property
    def table(self) -> Table:
        """The newest one."""
        return self.tables[-1]

    def replicas(self, service: str = "chat", state: str = "ready") -> list[Replica]:
        """The replicas of a service in a state, by the newest table."""
        if not self.tables:
            return []
        entries = (entry for entry in self.table.services if entry.name == service)
        return [one for entry in entries for one in entry.replicas if one.state == state]

    def _tell_on(self) -> None:
        with suppress(OSError):
            while not self._closing.wait(AGAIN_S):
                self._tell()

    def _tell(self) -> None:
        self._socket.sendall(link.line_of(self._loads))

    def load(self, *loads: Load) -> None:
        """Say how many calls there are, from here on."""
        self._loads = LoadTold(loads=loads)
        self._tell()

    def failed(self, replica: str) -> None:
        """Say that a replica does not answer."""
        self._socket.sendall(link.line_of(ReplicaFailed(replica=replica, why="reset")))

    def close(self) -> None:
        """Go."""
        self._closing.set()
        with suppress(OSError):  # The node may have gone first.
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()


def load(
    service: str = "chat",
    site: str = "here",
    in_flight: int = 0,
    waiting: int = 0,
    arrived: int = 0,
    **replicas: int,
) -> Load:
    """The load of a service at a site."""
    return Load(
        service=service,
        site=site,
        in_flight=in_flight,
        waiting=waiting,
        arrived=arrived,
        replicas=replicas,
    )


def ask(replica: Replica, path: str = "/pid", within_s: float = 5.0) -> str:
    """What the engine of a replica answers to whoever has its key."""
    request = urllib.request.Request(f"http://{replica.host}:{replica.port}{path}")
    request.add_header("Authorization", f"Bearer {replica.key}")
    with urllib.request.urlopen(request, timeout=within_s) as answer:
        found: bytes = answer.read()
    return found.decode()
