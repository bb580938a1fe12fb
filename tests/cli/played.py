"""A node that is played: a real HTTP server that answers what the test says, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What is answered; `lost` closes the connection in its place."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


def problem(status: int, code: str, detail: str, mend: str = "", ask_again: bool = False) -> Answer:
    return Answer(
        {
            "type": f"urn:allod:problem:{code}",
            "title": code,
            "status": status,
            "detail": detail,
            "mend": mend,
            "ask_again": ask_again,
        },
        status,
    )


Reply = Answer | Callable[[Asked], Answer]


class PlayedNode:
    """Answers by method and path; a list of answers is gone through one by one."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        played = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                length = int(self.headers.get("content-length", 0))
                raw = self.rfile.read(length)
                url = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    url.path,
                    parse_qs(url.query),
                    {name.lower(): value for name, value in self.headers.items()},
                    json.loads(raw) if raw else None,
                )
                answer = played.reply(asked)
                if answer.lost:
                    self.close_connection = True
                    return
                body = answer.body if isinstance(answer.body, bytes) else b""
                if answer.body is not None and not isinstance(answer.body, bytes):
                    body = json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = _any

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def on(self, method: str, path: str, *replies: Reply | dict[str, Any]) -> None:
        """Answer so from now on; the last answer stays."""
        self._replies[method, path] = [
            Answer(reply) if isinstance(reply, dict) else reply for reply in replies
        ]

    def reply(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        replies = self._replies.get((asked.method, asked.path))
        if not replies:
            return problem(404, "not-found", f"nothing is played at {asked.path}")
        reply = replies[0] if len(replies) == 1 else replies.pop(0)
        return reply if isinstance(reply, Answer) else reply(asked)

    def bodies(self, method: str, path: str) -> list[Any]:
        return [asked.body for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def reason(**changed: Any) -> dict[str, Any]:
    return {
        "site": "narvik",
        "step": "room",
        "code": "no-room",
        "message": "12 accelerators are free, 16 are asked for",
        "forever": False,
        "pool": "gb300",
        "needed": "16",
        "actual": "12",
        "origin": "",
    } | changed


def workload(**changed: Any) -> dict[str, Any]:
    """A workload as the API shows it: one that waits."""
    return {
        "id": "w1",
        "name": "train",
        "state": "waiting",
        "project": "fjord",
        "kind": "batch",
        "accelerators": 16,
        "wall_time_s": 5400,
        "submitted_at_s": 1_800_000_000,
        "run": 0,
        "site": "",
        "pool": "",
        "access_class": "startups",
        "nodes": [],
        "power_w": 0,
        "lent": False,
        "placed_at_s": None,
        "started_at_s": None,
        "ends_at_s": None,
        "stop_at_s": None,
        "ended_at_s": None,
        "limit_w": None,
        "limit_set": False,
        "limit_ends_at_s": None,
        "expected": None,
        "modelled_wh": None,
        "modelled_carbon_g": None,
        "modelled_water_l": None,
        "measured_j": None,
        "measured_shared": False,
        "outcome": None,
        "exit_status": None,
        "detail": "",
        "job": "",
        "node_names": [],
        "restarts": 0,
        "cancelled_by": "",
        "actor": "cli",
        "expected_at_s": None,
        "basis": "",
        "reasons": [reason()],
        "spec": {"project": "fjord", "accelerators": 16, "wall_time_s": 5400, "command": ["true"]},
        "seq": 7,
        "changed_seq": 8,
        "out_of_reach": False,
    } | changed


def decision(kind: str, **changed: Any) -> dict[str, Any]:
    """A decision as the API shows it."""
    base: dict[str, Any] = {"kind": kind, "at_s": 1_800_000_000, "workload_id": "w1", "reasons": []}
    own: dict[str, dict[str, Any]] = {
        "placement": {
            "run": 1,
            "site": "narvik",
            "pool": "gb300",
            "access_class": "startups",
            "accelerators": 16,
            "nodes": [[0, 4]],
            "power_w": 36_000,
            "ends_at_s": 1_800_005_400,
            "lent": False,
            "notice_s": 0,
        },
        "hold": {"expected_at_s": None, "basis": "", "reasons": [reason()]},
        "refusal": {"reasons": [reason(step="law", message="storage is not permitted in NO")]},
    }
    return base | own[kind] | changed
