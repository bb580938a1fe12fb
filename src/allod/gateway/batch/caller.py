"""Calls of batches, made through the gateway's own workers as the last in every queue."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from allod.gateway.batch.lines import Call
from allod.gateway.inside import BATCH_HEADER, KEY_HEADER, RECORD_HEADER
from allod.run.serving.kept import Batch

_log = logging.getLogger("allod.gateway.batch")
#: No room now, or no engine: asked again as long as the batch lives.
_AGAIN = frozenset({429, 503})
#: An engine that failed is asked so often; it may be the call's own fault.
_FAILED = frozenset({500, 502, 504})
_FAILED_TRIES = 3
_WAIT_FIRST_S, _WAIT_LAST_S = 0.2, 15.0
#: An answer may take long; a batch ends by its own time. [s]
_ANSWER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    request_id: str
    body: Any


class Caller:
    """Makes calls at the public port."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def once(self, batch: Batch, call: Call) -> Answer | None:
        """One attempt; None if the gateway did not answer.

        The record of a call that was answered has an id that follows from its batch and line: an
        answer that was counted and then lost with the desk is not counted a second time.
        """
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
            timeout = httpx.Timeout(_ANSWER_S, connect=10)
            # Of the environment a proxy would be taken, for calls that never leave this machine.
            self._client = httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False)
        headers = {
            "authorization": f"Bearer {self._secret}",
            "content-type": "application/json",
            KEY_HEADER: batch.key,
            BATCH_HEADER: batch.id,
            RECORD_HEADER: f"{batch.id}-{call.line}",
        }
        try:
            answer = await self._client.post(
                self._url + batch.endpoint, content=orjson.dumps(call.body), headers=headers
            )
            body = orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            _log.info("batch %s, line %d: %s", batch.id, call.line, type(error).__name__)
            return None
        return Answer(answer.status_code, answer.headers.get("x-request-id", ""), body)


def is_final(answer: Answer, attempt: int) -> bool:
    """True if asking again would not help."""
    if answer.status in _AGAIN:
        return False
    return answer.status not in _FAILED or attempt + 1 >= _FAILED_TRIES


async def pause(attempt: int) -> None:
    """Wait before asking again, longer each time."""
    await asyncio.sleep(min(_WAIT_FIRST_S * 2 ** min(attempt, 10), _WAIT_LAST_S))
