"""Starts supervisors, several with one start of Python where several are asked for at once."""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path

from allod.adapters.local import commands

#: Starts of Python under way at once; more only take turns on a small machine.
_BOOTS = 2
_BATCH_MAX = 32

_Waiting = tuple[Path, Path, "Future[str]"]


class Spawner:
    """Turns run folders into supervised runs; threads that ask at the same time share the cost.

    Most of what a start costs is the start of Python. A thread whose turn it is takes all that is
    waiting with it, as databases do with commits.
    """

    def __init__(self, python: str, output_cap_bytes: int, answer_s: float) -> None:
        self.python = python
        self.output_cap_bytes = output_cap_bytes
        self.answer_s = answer_s
        self._turn = threading.BoundedSemaphore(_BOOTS)
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []

    def spawn(self, folder: Path, marker: Path) -> str:
        """Start a supervisor and return its answer; empty if none came in time."""
        answer: Future[str] = Future()
        with self._lock:
            self._waiting.append((folder, marker, answer))
        with self._turn:
            with self._lock:
                # Whoever is waiting for the answer of another's turn leaves the rest to the next.
                count = 0 if answer.running() or answer.done() else _BATCH_MAX
                batch, self._waiting = self._waiting[:count], self._waiting[count:]
                for _, _, other in batch:
                    other.set_running_or_notify_cancel()
            if batch:
                self._boot(batch)
        return answer.result()

    def _boot(self, batch: list[_Waiting]) -> None:
        runs = [(folder, marker) for folder, marker, _ in batch]
        try:
            output = self._run(commands.supervisor_argv(self.python, runs, self.output_cap_bytes))
        except OSError as error:
            for _, _, answer in batch:
                answer.set_exception(error)
            return
        for (_, _, answer), text in zip(batch, commands.answers(output, len(batch)), strict=True):
            answer.set_result(text)

    def _run(self, argv: list[str]) -> str:
        # What Python itself may need to load; the command gets none of it.
        path = os.environ.get("LD_LIBRARY_PATH")
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"LC_ALL": "C.UTF-8", **({"LD_LIBRARY_PATH": path} if path else {})},
                start_new_session=True,
                timeout=self.answer_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return (error.stdout or b"").decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "replace")
