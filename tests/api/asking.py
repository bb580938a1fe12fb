"""How the tests ask the API, and what they send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

Call = Callable[..., httpx.Response]


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def calling(app: FastAPI) -> Call:
    def call(method: str, path: str, *, role: str = "", **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer secret-of-{role}"

        async def ask() -> httpx.Response:
            async with client_of(app) as client:
                return await client.request(method, path, headers=headers, **more)

        return anyio.run(ask)

    return call


def workload(name: str = "hello", accelerators: int = 4, **spec: Any) -> dict[str, Any]:
    """A document of kind Workload."""
    return {
        "apiVersion": "allod/v1",
        "kind": "Workload",
        "metadata": {"name": name},
        "spec": {
            "project": "fjord",
            "accelerators": accelerators,
            "wall_time_s": 60,
            "command": ["echo", "hello"],
            **spec,
        },
    }


def project(name: str = "fjord", **spec: Any) -> dict[str, Any]:
    """A document of kind Project."""
    return {
        "apiVersion": "allod/v1",
        "kind": "Project",
        "metadata": {"name": name},
        "spec": {"country": "NO", **spec},
    }
