"""A runner whose replicas really answer: each start opens a small server in this process."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from allod.run.ports import EndCause, OutputPart, RunKey, RunReport, StartOrder, StreamName
from tests.run.world import ScriptedRunner


class Engine(ThreadingHTTPServer):
    """One replica's server; it answers 200 to its key, while it is `well`."""

    daemon_threads = True

    def __init__(self, port: int, key: str) -> None:
        self.key = key
        self.asked = 0  #: How often it was.
        self.well = threading.Event()
        self.asleep = threading.Event()  #: Set: it takes connections and answers none.
        self.well.set()
        super().__init__(("127.0.0.1", port), _Answers)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Answers(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.asleep.is_set():
            threading.Event().wait(2.0)
            return
        known = self.headers["Authorization"] == f"Bearer {self.server.key}"
        self.send_response((200 if self.server.well.is_set() else 503) if known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        """Say nothing."""


class EngineRunner(ScriptedRunner):
    """Starts an `Engine` for every replica."""

    def __init__(self) -> None:
        super().__init__()
        self.engines: dict[str, Engine] = {}
        self.sick = False  #: True: engines that start now do not become ready.

    def start(self, order: StartOrder) -> RunReport:
        known = (order.workload_id, order.run) in self.runs
        report = super().start(order)
        given = dict(order.environment)
        if not known and "ALLOD_PORT" in given:
            engine = Engine(int(given["ALLOD_PORT"]), given["ALLOD_ENGINE_KEY"])
            if self.sick:
                engine.well.clear()
            self.engines[order.workload_id] = engine
        return report

    def end(self, key: RunKey, cause: EndCause = "exited", exit_status: int | None = 0) -> None:
        engine = self.engines.pop(key[0], None)
        if engine is not None:
            engine.shutdown()
            engine.server_close()
        super().end(key, cause, exit_status)

    def logs(
        self, workload_id: str, run: int, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        text = f"loading\n{workload_id} ran out of memory\n" if stream == "stderr" else ""
        return OutputPart(offset, text.encode()[offset : offset + limit])
