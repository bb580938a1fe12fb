"""The steps of jobs: Slurm has them outlive their slurmd, so they must be ended apart.

A slurmstepd belongs to no daemon's process tree and hides its environment, but it listens on
`spool/NODE/NODE_JOB.STEP`, and the kernel tells who does.
"""

from __future__ import annotations

import signal
import socket
import struct
import time
from pathlib import Path

from tests.slurm.processes import POLL_S, families, send

_UCRED = struct.Struct("3i")
_GONE_S = 5.0


def end_steps(spool: Path, node: str = "*") -> None:
    """Kill the steps of a node, or of all, with every process of theirs; returns when gone."""
    # The sockets stay: by them slurmd finds, and removes, what a lost job left in its spool.
    sockets = [path for path in spool.glob(f"{node}/*_*.*") if path.is_socket()]
    steps = {path: pid for path in sockets if (pid := _listener(path)) is not None}
    # Steps first: one that sees its task end would go on to report it.
    for pid in families(steps.values()):
        send(pid, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_S
    while any(_listener(path) is not None for path in steps) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _listener(path: Path) -> int | None:
    """The process that listens on a unix socket, if there is one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_GONE_S)
        try:
            asking.connect(str(path))
        except OSError:
            return None
        told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid: int = _UCRED.unpack(told)[0]
    return pid
