"""What a project keeps at the gateway: files, and batches in each of the ways in which they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.engines.gateway_world import GatewayWorld, wait_for
from tests.engines.llama_gaps import PLAIN


class Kept:
    """Names of what is there, and a way to add to it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.files: list[str] = []
        self.batches: list[str] = []

    def file(self, content: bytes = b"") -> str:
        """A new file."""
        files = {"file": ("calls.jsonl", content)}
        return self._made(self._client.post("/files", files=files, data={"purpose": "batch"}))

    def batch(self, content: bytes) -> str:
        """A new batch of a new file."""
        asked = {
            "input_file_id": self.file(content),
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
        }
        return self._made(self._client.post("/batches", json=asked))

    def cancel(self, batch: str) -> None:
        """Have a batch cancelled."""
        self._made(self._client.post(f"/batches/{batch}/cancel"))

    def status(self, batch: str) -> str:
        """How far a batch is."""
        return str(self._client.get(f"/batches/{batch}").json()["status"])

    @staticmethod
    def _made(answer: httpx.Response) -> str:
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])


@contextmanager
def kept_by(world: GatewayWorld, key: str) -> Iterator[Kept]:
    """Files and batches of the project of `key`: done, failed and cancelled, in this order."""
    body = {**PLAIN["/chat/completions"], "max_completion_tokens": 4}
    call = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    wrong = {**call, "custom_id": "b", "body": {**body, "messages": "hello"}}
    calls = "\n".join(map(json.dumps, [call, wrong])).encode()
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=world.base_url, headers=headers, timeout=60) as client:
        kept = Kept(client)
        kept.files += [kept.file(calls), kept.file(b"\0")]
        done, failed, left = kept.batch(calls), kept.batch(b"{"), kept.batch(calls)
        kept.cancel(left)
        kept.batches += [done, failed, left]
        ends = ["completed", "failed", "cancelled"]
        wait_for(lambda: [kept.status(each) for each in kept.batches] == ends, world.told)
        yield kept
