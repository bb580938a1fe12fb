"""Measure everything, one command after the other: `python -m bench [--write]`.

`--write` keeps what was printed in docs/reference/performance.md.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench import machine

LONGEST_S = 900  #: For one command, the making of its world included.
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"

#: Command and what it shows, in the order of the page.
COMMANDS = (
    ("equality", "Start times against the reference simulator"),
    ("replay_easy", "A real trace of 125,303 GPU jobs, backfilled"),
    ("replay_process", "The same, as a whole process"),
    ("overload", "A queue without end"),
    ("federation", "A federation under its charters"),
    ("decisions", "Live decisions and explanations in a crowd"),
    ("http_submit", "Submissions over HTTP"),
    ("node_start", "A node's start"),
    ("log_append", "The log"),
    ("slurm_site", "A site that runs Slurm"),
)

HEAD = """# Performance

What the shipped engine and node do per second, each figure beside its limit and beside what others
reach. `make bench` runs everything; each part is one command. Where a trace is needed and absent,
the command says so. Figures are of one run on the machine named below; ratios count more.
"""


def printed(name: str) -> tuple[str, bool]:
    """What `python -m bench.NAME` prints, and whether it came to its end."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return f"could not be measured: not done in {LONGEST_S} s", False
    if done.returncode in (0, 1) and done.stdout.strip():
        return done.stdout.strip(), True
    return f"could not be measured: {done.stderr.strip()[-300:]}", False


def main() -> int:
    """0 if every command came to its end."""
    write = "--write" in sys.argv[1:]
    if machine.busy():
        print(f"warning: {machine.busy()}", file=sys.stderr)
    parts, failed = [HEAD, f"Measured on {machine.described()}.\n"], 0
    for name, title in COMMANDS:
        print(f"== {title}: python -m bench.{name}", flush=True)
        shown, measured = printed(name)
        print(shown, flush=True)
        failed += not measured
        parts.append(f"## {title}\n\n`python -m bench.{name}`\n\n```text\n{shown}\n```\n")
    if write:
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
