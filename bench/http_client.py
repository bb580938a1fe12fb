"""Clients that submit workloads over kept connections, as lean as can be: a process of its own.

`python -m bench.http_client URL CLIENTS COUNT PROJECT... < token` prints one JSON object: seconds
of every answer, seconds in all, and what was decided.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit


@dataclass(slots=True)
class Work:
    """What all clients share."""

    head: str
    projects: list[str]
    wanted: int
    numbers: count[int] = field(default_factory=count)
    seconds: list[float] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)

    def request(self) -> bytes | None:
        """The next request; None when there are enough."""
        number = next(self.numbers)
        if number >= self.wanted:
            return None
        document = {
            "apiVersion": "allod/v1",
            "kind": "Workload",
            "metadata": {"name": f"job-{number}"},
            "spec": {
                "project": self.projects[number % len(self.projects)],
                "accelerators": 1,
                "wall_time_s": 86_400,
                "command": ["train"],
            },
        }
        body = json.dumps(document).encode()
        key, length = f"{os.getpid()}-{number}", len(body)
        head = f"{self.head}Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n"
        return head.encode() + body


class Client(asyncio.Protocol):
    """Sends one request, waits for its answer, sends the next."""

    def __init__(self, work: Work, over: asyncio.Future[None]) -> None:
        self._work, self._over = work, over
        self._got = b""
        self._began_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        request = self._work.request()
        if request is None:
            self._transport.close()
            return
        self._got = b""
        self._began_s = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Go on when the answer is complete."""
        self._got += data
        head, there, body = self._got.partition(b"\r\n\r\n")
        if not there:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        self._work.seconds.append(time.perf_counter() - self._began_s)
        status = head[9:12].decode()
        kind = str(json.loads(body)["decision"]["kind"]) if status == "201" else f"status {status}"
        self._work.decided[kind] += 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that this client is done; an error if it was not."""
        if not self._over.done():
            self._over.set_result(None)


async def submit(url: str, token: str, clients: int, wanted: int, projects: list[str]) -> Work:
    """Submit `wanted` workloads, one at a time from each of `clients`."""
    at = urlsplit(url)
    head = (
        f"POST /v1/workloads HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n"
    )
    work, loop = Work(head, projects, wanted), asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(clients)]
    for over in done:
        await loop.create_connection(lambda over=over: Client(work, over), at.hostname, at.port)  # type: ignore[misc]
    await asyncio.gather(*done)
    return work


def main() -> None:
    """Submit, and print what came of it."""
    url, clients, wanted, *projects = sys.argv[1:]
    token = sys.stdin.readline().strip()
    began_s = time.perf_counter()
    work = asyncio.run(submit(url, token, int(clients), int(wanted), projects))
    spent_s = time.perf_counter() - began_s
    print(json.dumps({"seconds": work.seconds, "spent_s": spent_s, "decided": work.decided}))


if __name__ == "__main__":
    main()
