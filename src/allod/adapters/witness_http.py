"""Requests to witnesses over HTTP."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from ssl import SSLContext

import httpx

from allod import __version__
from allod.errors import Unavailable

#: For all of it once its name is looked up: a witness that drips bytes would else never be late.
_ANSWER_S = 8.0
_ANSWER_BYTES_MAX = 100_000
_HEADERS = {
    "Content-Type": "text/plain",
    "User-Agent": f"allod/{__version__}",
    "Accept-Encoding": "identity",  # So that no answer grows when it is read.
}


class HttpWitnessClient:
    """Satisfies `run.witnessing.WitnessClient`."""

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """See `WitnessClient.post`. Redirects are not followed: the policy names who is asked."""
        try:
            return asyncio.run(_asked(url, body))
        except TimeoutError:
            raise Unavailable(f"{url} has not answered in {_ANSWER_S:.0f} s") from None
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{url} does not answer: {error!r}") from error


async def _asked(url: str, body: bytes) -> tuple[int, bytes]:
    found = bytearray()
    async with (
        asyncio.timeout(_ANSWER_S),
        httpx.AsyncClient(timeout=None, verify=_context()) as client,
        client.stream("POST", url, content=body, headers=_HEADERS) as response,
    ):
        async for part in response.aiter_raw():
            found += part
            if len(found) >= _ANSWER_BYTES_MAX:
                break
    return response.status_code, bytes(found[:_ANSWER_BYTES_MAX])


@lru_cache(1)
def _context() -> SSLContext:
    return httpx.create_ssl_context()
