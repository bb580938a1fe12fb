"""The server of the cold paths: uvicorn on a socket of loopback, in the desk's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI


class ColdServer(uvicorn.Server):
    """Serves until its task is cancelled."""

    def __init__(self, app: FastAPI) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.host, self.port = self._socket.getsockname()
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the desk's."""
        yield

    async def main_loop(self) -> None:
        """Keep the header `date`; uvicorn's own looks ten times a second whether it is to end."""
        while not await self.on_tick(0):
            await asyncio.sleep(1)

    async def run_here(self) -> None:
        """Serve in the running loop."""
        with self._socket:
            await self.serve(sockets=[self._socket])
