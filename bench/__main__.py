"""Measure, one command after the other: `python -m bench [--write] [NAME...]`.

Everything, or the commands that are named. `--write` keeps what was printed in
docs/reference/performance.md; what was not measured stays there as it was.
"""

from __future__ import annotations

import re
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
    ("asleep", "Live decisions beside work that sleeps for clean power"),
    ("http_submit", "Submissions over HTTP"),
    ("node_start", "A node's start"),
    ("workload_lists", "Lists of a million workloads"),
    ("log_append", "The log"),
    ("seal", "The sealed log: proofs and receipts"),
    ("slurm_site", "A site that runs Slurm"),
    ("energy", "A site's energy"),
    ("catalogue", "The catalogue and its reports"),
    ("foretold", "A replay that is told forecasts"),
    ("control_room", "The control room in a browser"),
    ("gateway", "The gateway of AI services, beside nginx and others"),
)

_SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)
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
    asked = [word for word in sys.argv[1:] if word != "--write"]
    if unknown := set(asked) - {name for name, _ in COMMANDS}:
        known = ", ".join(name for name, _ in COMMANDS)
        print(f"error: no command '{min(unknown)}' (one of {known})", file=sys.stderr)
        return 2
    if machine.busy():
        print(f"warning: {machine.busy()}", file=sys.stderr)
    kept = dict(_SECTION.findall(PAGE.read_text(encoding="utf-8"))) if asked else {}
    parts, failed = [HEAD, f"Measured on {machine.described()}.\n"], 0
    for name, title in COMMANDS:
        if asked and name not in asked:
            if title in kept:
                parts.append(f"## {title}\n{kept[title].rstrip()}\n")
            continue
        print(f"== {title}: python -m bench.{name}", flush=True)
        shown, measured = printed(name)
        print(shown, flush=True)
        failed += not measured
        parts.append(f"## {title}\n\n`python -m bench.{name}`\n\n```text\n{shown}\n```\n")
    if "--write" in sys.argv[1:]:
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
