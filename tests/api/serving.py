"""An application behind a real server on a free port of the loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic, sleep
from typing import Any

import httpx
from fastapi import FastAPI

from allod.api.server import Server


class Served:
    """A running server."""

    def __init__(self, server: Server, thread: threading.Thread) -> None:
        self._server, self._thread = server, thread
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stream(self, path: str, **more: Any) -> AbstractContextManager[httpx.Response]:
        return httpx.stream("GET", self.url + path, timeout=10, trust_env=False, **more)

    def wait_for(self, holds: Callable[[], bool]) -> None:
        end = monotonic() + 10
        while not holds():
            assert monotonic() < end, "it did not come true within 10 s"
            sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive(), "the server did not stop within 10 s"


@contextmanager
def serving(app: FastAPI, *, port: int = 0) -> Iterator[Served]:
    server = Server(app, port=port)
    thread = threading.Thread(target=server.run, name="test-server")
    thread.start()
    end = monotonic() + 10
    while not server.started:
        assert thread.is_alive() and monotonic() < end, "the server did not start"
        sleep(0.005)
    served = Served(server, thread)
    try:
        yield served
    finally:
        served.stop()
