"""Clusters that another process started, ended by what they left in their folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.slurm.processes import Processes
from tests.slurm.steps import end_steps

# Short, as it holds sockets, and in one place, so that leftovers are found.
_FOLDERS = Path("/tmp")
_PREFIX = "allod-slurm-"


def new_folder() -> Path:
    """A new folder for a cluster of this process, which a later one may clear up after it."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_FOLDERS))
    (folder / "owner").write_text(str(os.getpid()))
    return folder


def end_leftovers() -> None:
    """End the clusters of processes that were killed before they could."""
    for folder in _FOLDERS.glob(f"{_PREFIX}*"):
        try:
            ours = folder.stat().st_uid == os.geteuid() and not folder.is_symlink()
            owner = (folder / "owner").read_text()
        except FileNotFoundError:
            continue
        if ours and owner and not Path(f"/proc/{owner}").exists():
            end_cluster(folder)


def end_cluster(folder: Path) -> None:
    """Kill the daemons and jobs of the cluster in a folder, and remove it."""
    left = Processes(folder)
    left.end(left.names(), kill=True)
    end_steps(folder / "spool")
    shutil.rmtree(folder, ignore_errors=True)
