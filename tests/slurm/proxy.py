"""Stands between a node and slurmrestd and loses, cuts or refuses what it is told to."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

#: What becomes of a request. lost: it is done and nobody hears of it; cut: half of the answer
#: comes; unsent: half of it reaches slurmrestd; late: it is done after its asker has given up.
Fault = Literal["", "lost", "cut", "unsent", "late"]


class Proxy:
    """Passes everything on, but for the faults that it is given, each by (method, part of path)."""

    def __init__(self, rest_url: str) -> None:
        self.target = urlsplit(rest_url)
        self.faults: dict[tuple[str, str], tuple[Fault, int]] = {}
        self.seen: Counter[str] = Counter()  #: How often each fault has struck.
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def strike(self, fault: Fault, method: str, part: str, times: int = 1) -> None:
        """Let the next `times` requests like this meet `fault`."""
        with self._lock:
            self.faults[method, part] = (fault, times)

    def fault_of(self, method: str, path: str) -> Fault:
        """What this request meets."""
        with self._lock:
            for (of, part), (fault, times) in self.faults.items():
                if of == method and part in path and times > 0:
                    self.faults[of, part] = (fault, times - 1)
                    self.seen[f"{method} {part} {fault}"] += 1
                    return fault
        return ""

    def close(self) -> None:
        """Refuse every connection from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    proxy: Proxy
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.fault_of(self.command, self.path)
        if fault == "late":
            threading.Timer(3.0, self._ask, (body,)).start()
        elif fault == "unsent":
            self._ask_half(body)
        else:
            self._answer(*self._ask(body), fault)
        if fault:
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _pass

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        target = self.server.proxy.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            connection.request(self.command, self.path, body or None, self._headers())
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 502, b""
        finally:
            connection.close()

    def _ask_half(self, body: bytes) -> None:
        target = self.server.proxy.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        connection.putrequest(self.command, self.path)
        for name, value in {**self._headers(), "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[: len(body) // 2])
        connection.close()

    def _headers(self) -> dict[str, str]:
        kept = ("x-slurm-user-name", "x-slurm-user-token", "content-type")
        return {name: value for name, value in self.headers.items() if name.lower() in kept}

    def _answer(self, status: int, content: bytes, fault: Fault) -> None:
        if fault == "lost":
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
