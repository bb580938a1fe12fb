"""Ends what the node of a data folder has running on this machine: `end_work.py DATA`.

For `make clean`: once the folder is gone, no node would ever find that work again.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from allod.adapters.local.runner import LocalRunner

_GRACE_S, _PATIENCE_S = 10, 30.0


def main(data: Path) -> int:
    """End all of it; 1 if some of it goes on."""
    if not (data / "runs").is_dir():
        return 0
    runner = LocalRunner(data / "runs")
    keys = [
        (folder.parent.name, int(folder.name.removeprefix("run-")))
        for folder in runner.workloads.glob("*/run-*")
    ]
    until_s = time.monotonic() + _PATIENCE_S
    told: set[tuple[str, int]] = set()
    while left := [key for key, run in runner.observe(keys).items() if run.state == "running"]:
        for workload, run in sorted(set(left) - told):
            print(f"allod: ending {workload}", flush=True)
            runner.stop(workload, run, _GRACE_S, "stopped")
            told.add((workload, run))
        if time.monotonic() > until_s:
            print(f"allod: {', '.join(sorted(name for name, _ in left))} would not end")
            return 1
        time.sleep(0.1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
