# ruff: noqa: TID252, PTH110, SIM105
"""A supervisor's life: take the lock, look, begin, tell the node, watch, record the end."""

import _signal  # type: ignore[import-not-found]  # typeshed knows it as `signal`
import ctypes
import fcntl
import os
import sys
import time

from .record import (
    BEGUN,
    BUSY,
    CONTROL,
    DISK_FULL,
    KNOWN,
    LOCK,
    REFUSED,
    STARTED,
    STATUS,
    STOP,
    status_json,
    write_durably,
)
from .run import Run

_PR_SET_CHILD_SUBREAPER = 36
_LOCK_TRIES, _LOCK_WAIT_S = 400, 0.005


def take_lock() -> bool:
    """True if we are the only supervisor; false if another is, or was until now.

    Who merely looks at the run holds the lock for an instant, hence the patience.
    """
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if os.path.exists(STARTED) or os.path.exists(STATUS):
                return False
            time.sleep(_LOCK_WAIT_S)
    return False


def open_control() -> int:
    """The fifo that wakes us; open for both ways, so that it never ends."""
    try:
        os.mkfifo(CONTROL, 0o600)
    except FileExistsError:
        pass
    return os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK)


def record_end(content: bytes, marker: str) -> None:
    """Record the end and drop the marker; waits for a full disk, for the end must not be lost."""
    while True:
        try:
            write_durably(STATUS, content)
            os.close(os.open(marker, os.O_WRONLY | os.O_CREAT, 0o600))
            return
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            time.sleep(1)


def answer(number: int, line: str) -> None:
    """Tell the node, if it is still there, and part from it."""
    try:
        os.write(1, f"{number} {line}\n".encode())
    except OSError:
        pass  # The node was killed; it will find the run in its folder.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        log = os.open("supervisor.log", flags, 0o600)
    except OSError:
        log = os.open(os.devnull, flags)  # The disk is full; the run goes on without a log of ours.
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def begin_once(marker: str, cap_bytes: int) -> tuple[str, Run | None]:
    """The answer to the node, and the run if we are the one to supervise it."""
    if not take_lock():
        return (KNOWN if os.path.exists(STARTED) or os.path.exists(STATUS) else BUSY), None
    if os.path.exists(STARTED) or os.path.exists(STATUS):
        return KNOWN, None
    run = Run(cap_bytes)
    try:
        # Opened before looking for `stop`: a request is either there or will wake us.
        run.control = open_control()
        if os.path.exists(STOP):
            now_s = int(time.time())
            record_end(status_json("stopped", started_at_s=None, ended_at_s=now_s), marker)
            return KNOWN, None
        run.begin()
    except OSError as error:
        run.call_off()
        return f"{REFUSED} {error.errno} {error.strerror}: {error.filename or 'run folder'}", None
    return BEGUN, run


def supervise(number: int, run_folder: str, marker: str, cap_bytes: int) -> None:
    """Supervise the run in `run_folder`, unless it has been; `marker` is made when it has ended."""
    os.chdir(run_folder)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    line, run = begin_once(marker, cap_bytes)
    answer(number, line)
    if run is None:
        return
    run.release()
    exit_code = run.watch()
    content = status_json(
        run.cause,
        started_at_s=run.started_at_s,
        ended_at_s=int(time.time()),
        exit_code=exit_code,
        truncated_bytes=sum(output.truncated_bytes for output in run.outputs.values()),
    )
    record_end(content, marker)


def main_from_arguments() -> None:
    """Fork a supervisor for each run on the command line (commands.supervisor_argv).

    They are nobody's children: the node neither waits for them nor takes them with it.
    """
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    cap_bytes, *pairs = sys.argv[1:]
    for number in range(len(pairs) // 2):
        if not os.fork():
            supervise(number, pairs[2 * number], pairs[2 * number + 1], int(cap_bytes))
            break
    os._exit(0)  # Nothing to tidy up; taking Python down costs as much as recording an end.
