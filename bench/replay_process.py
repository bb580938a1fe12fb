"""The same replay as a whole process, as a user starts it: `allod replay TRACE --pool 800`.

Wall time of the command from its start to its end, the trace read and the report printed; the
median of some runs, the kernels compiled before.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Final

from bench.figures import Figure, command
from bench.traces import HELIOS

RUNS: Final = 5
COMMAND: Final = (
    *(sys.executable, "-m", "allod.cli.main", "replay", str(HELIOS)),
    *("--pool", "800", "--policy", "easy"),
)


def measure() -> list[Figure]:
    """Seconds of the whole command."""
    seconds = []
    for _ in range(RUNS + 1):
        began_s = time.perf_counter()
        subprocess.run(COMMAND, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began_s)
    return [
        Figure(
            name="replay easy, whole process",
            value=statistics.median(seconds[1:]),
            unit="s",
            at_most=4,
            beside="pyss 56 s, Batsim 158 s",
        )
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
