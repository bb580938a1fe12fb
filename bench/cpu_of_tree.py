"""CPU time and memory of processes with all their children, as the kernel accounts for them."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def cpu_s(*roots: int) -> float:
    """What the processes `roots` and all below them have used, those that ended included. [s]"""
    return sum(_used_s(process) for process in tree(*roots))


def tree(*roots: int) -> list[psutil.Process]:
    """The processes `roots` and all below them, each once."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
    return list(found.values())


def _used_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        used = process.cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)
    return 0.0


def pss_mb(pid: int) -> float:
    """Memory of one process, with its share of what it has in common with others. [MB]"""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    found = re.search(r"^Pss:\s+(\d+) kB", said, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What the whole machine had used at an instant."""

    at_s: float
    busy_s: float  #: Over all cores.

    @classmethod
    def now(cls) -> Machine:
        """As /proc/stat says."""
        first = Path("/proc/stat").read_text(encoding="utf-8").partition("\n")[0]
        ticks = [int(word) for word in first.split()[1:9]]
        idle = ticks[3] + ticks[4]
        return cls(time.monotonic(), (sum(ticks) - idle) * _TICK_S)

    def foreign_cores(self, before: Machine, ours_s: float) -> float:
        """Cores that others used since `before`, where `ours_s` was used by what is measured."""
        return max(0.0, self.busy_s - before.busy_s - ours_s) / (self.at_s - before.at_s)
