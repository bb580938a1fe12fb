"""A real worker of the gateway, with this process in the place of its desk."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from allod.gateway.inside import Begin, LeaseGiven, LeaseWanted, line_of, message_of
from allod.run.serving.table import Table
from bench import gateway_node

START_S = 30.0
DESK_SECRET = "known-to-desk-and-worker"
PROBE = "sk-allod-" + "probe" * 8 + "pro"
NO_HEADERS: Mapping[str, str] = {}
_PROBE_MODEL = "revision-{}"


class WorkerAlone:
    """The worker, its port, and what it is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._revision = 0
        self._say = threading.Lock()

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = listening.getsockname()[1]
        self._pair, theirs = socket.socketpair()
        numbers = (listening.fileno(), theirs.fileno())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "allod.gateway.worker", *map(str, numbers)], pass_fds=numbers
        )
        for given in (listening, theirs):
            given.close()
        self._send(
            line_of(
                Begin(
                    number=0,
                    workers=1,
                    folder=str(self._folder),
                    desk_host="127.0.0.1",
                    desk_port=9,
                    secret=DESK_SECRET,
                    bodies_bytes_max=512 << 20,
                )
            )
        )
        threading.Thread(target=self._hear, daemon=True).start()
        return self

    def __exit__(self, *failed: object) -> None:
        self._pair.close()
        self._process.terminate()
        self._process.wait(START_S)

    def table(self, new: Table) -> None:
        """Have the worker know `new`; returns when it surely does."""
        self._revision += 1
        name = _PROBE_MODEL.format(self._revision)
        mark = gateway_node.service(name, [gateway_node.replica(name, "probe", 9)])
        rules = {"probe": {name: {"probe": gateway_node.Access(access_class="c")}}}
        told = replace(
            new,
            revision=self._revision,
            keys=(*new.keys, gateway_node.key("probe", PROBE, "probe")),
            services=(*new.services, mark),
            rules={**new.rules, **rules},
            files_against={**new.files_against, "probe": ()},
        )
        self._send(line_of(told))
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            with suppress(OSError, http.client.HTTPException, ValueError):
                if name in json.dumps(self.ask("GET", "/v1/models", PROBE)[1]):
                    return
            time.sleep(0.002)
        raise AssertionError(f"the worker does not take its table (ended: {self._process.poll()})")

    def ask(
        self,
        method: str,
        path: str,
        secret: str,
        body: Any = None,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        timeout_s: float = START_S,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers; status 0 if the caller went before there was one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        whole = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        sent = json.dumps(body, separators=(",", ":")) if body is not None else None
        try:
            connection.request(method, path, sent, {**whole, **headers})
            response = connection.getresponse()
            content = response.read()
        except TimeoutError:
            return 0, None, {}
        except http.client.IncompleteRead:
            return response.status, None, {}
        finally:
            connection.close()
        told = {name.lower(): value for name, value in response.getheaders()}
        with suppress(ValueError):
            return response.status, json.loads(content), told
        return response.status, content.decode(), told

    def _send(self, line: bytes) -> None:
        with self._say:
            self._pair.sendall(line)

    def _hear(self) -> None:
        """Give every lease that is wanted, whole."""
        with suppress(OSError, ValueError), self._pair.makefile("rb") as lines:
            for line in lines:
                message = message_of(line)
                if isinstance(message, LeaseWanted):
                    self._send(
                        line_of(
                            LeaseGiven(
                                key=message.key,
                                requests=message.requests,
                                tokens=message.tokens,
                                good_for_ms=1_000,
                            )
                        )
                    )
