"""Processes that replay beside the node, behind everything that it does for others.

Such a process ends when the node does, however that ends: it reads until nobody is there who
writes.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

from allod.errors import Unavailable
from allod.run.replays.ports import IllEnd, Json

_log = logging.getLogger(__name__)
_NICE = 15  #: Whoever decides or is answered goes first.
_STOP_S = 2.0  #: After being asked to end a process is killed. [s]
#: One core is enough for what waits.
_ONE_THREAD = (
    "POLARS_MAX_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
#: Of the node's environment: what Python and its libraries need to be found. What reads files of
#: strangers is told no secret.
_TOLD = re.compile(
    r"(PATH|HOME|USER|LANG|TZ|TMPDIR|VIRTUAL_ENV|LD_LIBRARY_PATH)$|(LC|XDG|PYTHON|NUMBA)"
)
REPLAY = (sys.executable, "-m", "allod.replay.asked")


class ReplayProcesses:
    """Satisfies `run.replays.ports.Workers`."""

    def __init__(self, folder: Path, command: Sequence[str] = REPLAY) -> None:
        """Have processes of `command` work in `folder`."""
        self._folder, self._command = folder, tuple(command)

    def start(self, task: Json) -> ReplayProcess:
        """See `Workers.start`."""
        kept = {name: text for name, text in os.environ.items() if _TOLD.match(name)}
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=self._folder,
                env=kept | dict.fromkeys(_ONE_THREAD, "1"),
                # Ctrl-C in the node's terminal is for the node, which then ends it.
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("no process for a replay can be started: %s", error)
            raise Unavailable(
                "no process for it can be started", mend="tell the operator; the log says why"
            ) from error
        _put_behind(process.pid)
        return ReplayProcess(process, task)


def _put_behind(pid: int) -> None:
    """Have it wait for all else, and be the first to go where memory runs short."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")


class ReplayProcess:
    """Satisfies `run.replays.ports.Worker`."""

    def __init__(self, process: subprocess.Popen[bytes], task: Json) -> None:
        self._process, self._task = process, task
        self._stopping = False

    def live(self, told: Callable[[Json], None]) -> IllEnd | None:
        """See `Worker.live`."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        said_why = False
        with suppress(BrokenPipeError):  # Its end is told below.
            process.stdin.write(orjson.dumps(self._task) + b"\n")
            process.stdin.flush()
        for line in process.stdout:
            try:
                message = orjson.loads(line)
            except ValueError:
                _log.warning("a replay said what nobody understands: %r", line[:200])
                continue
            said_why = said_why or "error" in message
            told(message)
        status = process.wait()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
        if status == 0 or said_why or self._stopping:
            return None
        if status < 0:
            return IllEnd(f"was ended by signal {signal.Signals(-status).name}", killed=True)
        return IllEnd(f"ended with status {status}", killed=False)

    def stop(self) -> None:
        """See `Worker.stop`."""
        self._stopping = True
        if self._process.poll() is None:
            self._process.terminate()
            killer = threading.Timer(_STOP_S, self._kill)
            killer.daemon = True
            killer.start()

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
