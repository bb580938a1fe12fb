"""What is left of a run whose supervisor died: finds its processes and kills them, no others."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from allod.adapters.local.commands import (
    RUN_FOLDER_VARIABLE,
    ProcessStat,
    Started,
    parse_stat,
)
from allod.adapters.local.supervisor import record

_PROC = Path("/proc")
_PAUSE_S = 0.005


def kill_remains(folder: Path, started: Started | None, patience_s: float) -> bool:
    """Kill what is left of the run; False if some of it is still there after `patience_s`.

    A process id alone proves nothing, for ids are used again. A process is the run's if it carries
    the run's folder in its environment, or is in the session of the run's command while that lives,
    known by id and start time. After a reboot nothing is left.
    """
    if started is not None and started.boot_id != record.boot_id():
        return True
    until_s = time.monotonic() + patience_s
    while left := _processes_of(folder, started):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                continue  # It changed its user; it counts as there until it ends.
        if time.monotonic() >= until_s:
            return False
        time.sleep(_PAUSE_S)
    return True


def _processes_of(folder: Path, started: Started | None) -> list[int]:
    setting = f"{RUN_FOLDER_VARIABLE}={folder}".encode()
    stats = [stat for stat in _all_stats() if stat.lives]
    session = _session_of(started)
    return [stat.pid for stat in stats if stat.session == session or _carries(stat.pid, setting)]


def _session_of(started: Started | None) -> int | None:
    """The session of the run's command, if that process is still the same one."""
    if started is None:
        return None
    stat = _stat(started.pid)
    if stat is None or stat.start_ticks != started.start_ticks:
        return None
    return stat.session if stat.session == stat.pid else None


def _all_stats() -> list[ProcessStat]:
    stats = (_stat(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [stat for stat in stats if stat is not None]


def _stat(pid: int) -> ProcessStat | None:
    try:
        return parse_stat((_PROC / str(pid) / "stat").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return None


def _carries(pid: int, setting: bytes) -> bool:
    try:
        return setting in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
