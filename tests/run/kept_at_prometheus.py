"""A small HTTP server that answers as Prometheus does, with what a test lets it have."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: The value of a series at a time, and when it was read; None: it has none.
Series = Callable[[float], tuple[float, float] | None]


class KeptAtPrometheus:
    """Answers instant queries; close it, or use it in a `with` block."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.body: Any = None  #: What it says instead, if anything.
        self.status = 200
        self.asked: list[str] = []
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(ours.answer(self.path)).encode()
                self.send_response(ours.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str) -> Any:
        """The body for a request."""
        given = parse_qs(urlsplit(path).query)
        query, at_s = given["query"][0], float(given["time"][0])
        self.asked.append(query)
        if self.body is not None:
            return self.body
        name = query.removeprefix("timestamp(").removesuffix(")")
        found = self.series.get(name, lambda _: None)(at_s)
        if found is None:
            return {"status": "success", "data": {"resultType": "vector", "result": []}}
        value = found[1] if query != name else found[0]
        result = [{"metric": {}, "value": [at_s, str(value)]}]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}

    def close(self) -> None:
        """Answer no more; may be called again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> KeptAtPrometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
