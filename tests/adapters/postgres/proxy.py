"""A man in the middle of one server, who can lose what was asked or what was answered."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Loss = Literal["none", "question", "answer"]


class Proxy:
    """Listens in `folder` as the server of `url`; `lose` says what the next exchange loses."""

    def __init__(self, url: str, folder: Path) -> None:
        host = str(conninfo_to_dict(url)["host"])
        self._server = f"{host}/.s.PGSQL.5432"
        self.url = make_conninfo(url, host=str(folder))
        self.lose: Loss = "none"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []
        self._run(self._accept)

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._ends += [client, server]
            self._run(self._forward, client, server, "question")
            self._run(self._forward, server, client, "answer")

    def _forward(self, source: socket.socket, target: socket.socket, what: Loss) -> None:
        """Carry bytes one way; on the loss, end both ways, as a network that breaks does."""
        while data := _receive(source):
            if self.lose == what:
                self.lose = "none"
                break
            try:
                target.sendall(data)
            except OSError:
                break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""
