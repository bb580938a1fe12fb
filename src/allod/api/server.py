"""The server: uvicorn, set so that it stops in time and tells nobody what it is."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from allod.api.app import close_streams


class Server(uvicorn.Server):
    """Serves an application of `create_app`; streams end when it stops."""

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Whoever stands before it may not say who the caller is or what host was asked for.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            backlog=1024,
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, end streams, finish what was begun."""
        close_streams(self._app)
        await super().shutdown(sockets)
