"""The catalogue: all of it read and checked against its schema, and every report as a user runs it.

Reading is timed in a fresh process each time, so that nothing of it is there already. A report is
the whole command, from its start to its end, the interpreter and all imports included.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figures import Figure, command

RUNS: Final = 7
ROOT: Final = Path(__file__).resolve().parents[1]
LOAD: Final = """
import time
from allod.catalogue.files import read_shelf
began_s = time.perf_counter()
shelf = read_shelf()
print(time.perf_counter() - began_s, len(shelf.documents))
"""
APPLICANT: Final = str(ROOT / "examples/applicants/irish-start-up.yaml")
REPORTS: Final = (
    ("roadmap",),
    ("control", "narvik"),
    ("dependencies", "--network", "ai-factories", "--without", "US"),
    ("claims", "hauts-de-france"),
    ("regions",),
    ("find", "--for", APPLICANT),
)


def measure() -> list[Figure]:
    """Seconds to read all, then of each report, without and with its page."""
    told = [_printed(sys.executable, "-c", LOAD).split() for _ in range(RUNS)]
    loads_s = [float(seconds) for seconds, _ in told]
    figures = [
        Figure(
            name="the whole catalogue is read",
            value=1000 * statistics.median(loads_s),
            unit="ms",
            at_most=300,
            note=f"{told[0][1]} documents; median of {RUNS} processes",
        )
    ]
    with TemporaryDirectory() as folder:
        page = str(Path(folder) / "page.html")
        for report in REPORTS:
            figures.append(_report(report))
            figures.append(_report((*report, "--html", page)))
    return figures


def _report(words: tuple[str, ...]) -> Figure:
    """The whole command."""
    seconds = []
    for _ in range(RUNS):
        began_s = time.perf_counter()
        _printed(sys.executable, "-m", "allod.cli.main", "report", *words)
        seconds.append(time.perf_counter() - began_s)
    page = " with its page" if "--html" in words else ""
    return Figure(
        name=f"report {words[0]}{page}", value=statistics.median(seconds), unit="s", at_most=1
    )


def _printed(*arguments: str) -> str:
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
