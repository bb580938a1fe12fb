"""Orders, waits and looks for the tests of the local runner; all of it runs real processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from allod.adapters.local import LocalRunner
from allod.adapters.local.commands import RUN_FOLDER_VARIABLE
from allod.run.ports import OutputPart, RunKey, RunReport, StartOrder, StreamName

T = TypeVar("T")
KEY: RunKey = ("w-1", 1)


def order(*command: str, workload_id: str = "w-1", run: int = 1, **fields: Any) -> StartOrder:
    standard: dict[str, Any] = {
        "environment": (),
        "wall_time_s": 60,
        "grace_s": 0,
        "site": "narvik",
        "pool": "gb300",
        "accelerators": 4,
    }
    return StartOrder(workload_id=workload_id, run=run, command=command, **(standard | fields))


def shell(script: str, **fields: Any) -> StartOrder:
    return order("sh", "-c", script, **fields)


def wait_for(look: Callable[[], T | None], what: str, patience_s: float = 20.0) -> T:
    until_s = time.monotonic() + patience_s
    while True:
        if found := look():
            return found
        assert time.monotonic() < until_s, f"waited in vain for {what}"
        time.sleep(0.003)


def end_of(runner: LocalRunner, key: RunKey = KEY) -> RunReport:
    """The report of a run, once its marker is there."""
    wait_for(lambda: key in runner.ended(), f"the end of {key}")
    return runner.observe([key])[key]


def run_to_end(runner: LocalRunner, start_order: StartOrder) -> RunReport:
    runner.start(start_order)
    return end_of(runner, (start_order.workload_id, start_order.run))


def parts_of(
    runner: LocalRunner, stream: StreamName = "stdout", key: RunKey = KEY, limit: int = 1 << 20
) -> list[OutputPart]:
    parts: list[OutputPart] = []
    while True:
        part = runner.logs(*key, stream, parts[-1].next_offset if parts else 0, limit)
        if not part.data:
            return parts
        parts.append(part)


def text_of(runner: LocalRunner, stream: StreamName = "stdout", key: RunKey = KEY) -> str:
    return b"".join(part.data for part in parts_of(runner, stream, key)).decode()


def folder_of(runner: LocalRunner, key: RunKey = KEY) -> Path:
    return runner.workloads / key[0] / f"run-{key[1]}"


def started_json(runner: LocalRunner, key: RunKey = KEY) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder_of(runner, key) / "started.json").read_text())
    return content


def living(runner: LocalRunner, key: RunKey = KEY) -> list[int]:
    """Processes that carry the run's folder in their environment: all but its supervisor."""
    setting = f"{RUN_FOLDER_VARIABLE}={folder_of(runner, key)}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if setting in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except (OSError, ProcessLookupError):
                continue
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
