"""The machine that a figure was measured on, and whether it had anything else to do."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

LOAD_PER_CORE_MAX: Final = 0.25

#: Taken when the first figure of this process is, before it makes load of its own.
_LOAD: Final = os.getloadavg()[0]


def described() -> str:
    """Cores, processor, versions and date, on one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "psycopg"))
    return (
        f"{cores()} cores of {_processor()}, {_memory_gib()} GiB, Linux {platform.release()}; "
        f"Python {platform.python_version()}, {versions}, allod {version('allod')}; "
        f"{datetime.now(UTC):%Y-%m-%d}; load average at the start {_LOAD:.2f}"
    )


def cores() -> int:
    """Cores that this process may use. [1]"""
    return len(os.sched_getaffinity(0))


def busy() -> str:
    """Why a measurement would be noisy now; '' if it would not."""
    if LOAD_PER_CORE_MAX * cores() >= _LOAD:
        return ""
    return f"the load average was {_LOAD:.2f} at the start, so the figures are noisy"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30))
