"""A small engine: it answers like one, and only to whoever has its key.

`python small_engine.py HOST PORT [READY_AFTER_S]`; its key is in ALLOD_ENGINE_KEY. Asked for
/hang it answers nobody any more; asked for /exit it ends with status 7.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEGAN_S = time.monotonic()
HUNG = threading.Event()


class Engine(BaseHTTPRequestHandler):
    """Answers /health, and tells its process at /pid."""

    def do_GET(self) -> None:
        """Any request."""
        while HUNG.is_set():
            time.sleep(0.05)
        if self.headers["Authorization"] != f"Bearer {os.environ['ALLOD_ENGINE_KEY']}":
            return self._answer(401, "no key")
        if self.path == "/exit":
            print("the model has a wrong shape", file=sys.stderr, flush=True)
            os._exit(7)
        if self.path == "/hang":
            HUNG.set()
        late_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
        ready = time.monotonic() - BEGAN_S >= late_s
        self._answer(200 if ready else 503, str(os.getpid()))

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Engine).serve_forever()
