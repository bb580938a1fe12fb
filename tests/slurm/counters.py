"""Nodes that count their energy: `pm_counters` as a Cray has them, which a test writes.

Slurm's plugin acct_gather_energy/pm_counters reads them at /sys/cray, where nobody can make a
folder. So each slurmd gets a view of the files of its own, in which /sys has one more.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

#: Lines of slurm.conf with which every step of a job is measured, its batch script too.
SETTINGS = (
    "AcctGatherEnergyType=acct_gather_energy/pm_counters",
    "JobAcctGatherType=jobacct_gather/linux",
    "JobAcctGatherFrequency=task=1,energy=1",
)

# `$1`: a folder for the new /sys, `$2`: the counters; the rest is the daemon. What lies in /sys is
# bound into the new one, so that the daemon finds it all.
_WITH_COUNTERS = """
set -e
new=$1 counters=$2
shift 2
mkdir -p "$new"
mount -t tmpfs none "$new"
for each in /sys/*; do
    mkdir "$new/${each##*/}"
    mount --rbind "$each" "$new/${each##*/}"
done
mkdir -p "$new/cray/pm_counters"
mount --bind "$counters" "$new/cray/pm_counters"
mount --rbind "$new" /sys
exec "$@"
"""


def why_not() -> str:
    """Why no daemon can have a view of the files of its own; empty if it can."""
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine lets nobody mount anything"


def with_counters(command: list[str], folder: Path, node: str) -> list[str]:
    """`command`, as it is run where /sys has the counters of `node`; they begin here."""
    counters = folder / "counters" / node
    if not counters.is_dir():
        counters.mkdir(parents=True)
        count(folder, node, 1_000_000)
    inside = ["sh", "-c", _WITH_COUNTERS, "with-counters", str(folder / "sys" / node)]
    return ["unshare", "--mount", *inside, str(counters), *command]


def count(folder: Path, node: str, energy_j: int, power_w: int = 500) -> None:
    """Let the counters of `node` stand at `energy_j`."""
    for name, text in (("energy", f"{energy_j} J\n"), ("power", f"{power_w} W\n")):
        path = folder / "counters" / node / name
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)
