"""The daemons of one cluster: started in the foreground, found again by their pid files."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.05
GRACE_S = 10.0
START_S = 60.0


class ClusterError(Exception):
    """A daemon did not do what it was asked; the text quotes the end of its log."""


@dataclass
class Processes:
    """Daemons by name, with `pid/NAME` and `log/NAME.log` each in a folder.

    A pid file also holds when the process began, so that another one that has got the same
    number since is never taken for it. Any other process can end what this one started.
    """

    folder: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        """Start a daemon that stays in the foreground and speaks to its standard error."""
        if self.alive(name):
            return
        for part in ("pid", "log"):
            (self.folder / part).mkdir(exist_ok=True)
        with self._log(name).open("ab") as log:
            child = subprocess.Popen(
                argv,
                env=dict(environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal is for who started the cluster, not for the daemons.
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        self._children[name] = child
        self._pid_file(name).write_text(f"{child.pid} {_began(child.pid)}\n")

    def pid(self, name: str) -> int | None:
        """The process number of a daemon that lives."""
        try:
            pid, _, began = self._pid_file(name).read_text().strip().partition(" ")
        except FileNotFoundError:
            return None
        if (child := self._children.get(name)) is not None and child.poll() is not None:
            return None
        return int(pid) if began and _began(int(pid)) == began else None

    def alive(self, name: str) -> bool:
        """Whether that daemon runs."""
        return self.pid(name) is not None

    def names(self) -> list[str]:
        """All daemons that were started and not ended."""
        return sorted(path.name for path in (self.folder / "pid").glob("*"))

    def end(self, names: Iterable[str], *, kill: bool = False) -> None:
        """End these daemons: all are asked at once, and those that do not go are killed."""
        names = list(names)
        pids = {name: pid for name in names if (pid := self.pid(name)) is not None}
        for pid in pids.values():
            send(pid, signal.SIGKILL if kill else signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(self.alive(name) for name in pids):
            if time.monotonic() > deadline:
                for name, pid in pids.items():
                    if self.alive(name):
                        send(pid, signal.SIGKILL)
            time.sleep(POLL_S)
        for name in names:
            self._pid_file(name).unlink(missing_ok=True)
            if (child := self._children.pop(name, None)) is not None:
                child.wait()

    def until(self, what: str, met: Callable[[], bool], *daemons: str) -> None:
        """Wait until `met`, at most for START_S; an error quotes these daemons' logs."""
        deadline = time.monotonic() + START_S
        while not met():
            dead = [name for name in daemons if not self.alive(name)]
            if dead or time.monotonic() > deadline:
                why = f"{dead[0]} ended" if dead else f"not within {START_S:.0f} s"
                logs = "".join(f"\n--- {name}\n{self.tail(name)}" for name in dead or daemons)
                raise ClusterError(f"waited until {what}, but {why}{logs}")
            time.sleep(POLL_S)

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines that a daemon said."""
        try:
            said = self._log(name).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return "(it said nothing)"
        return "\n".join(said[-lines:])

    def _pid_file(self, name: str) -> Path:
        return self.folder / "pid" / name

    def _log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have gone by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def families(roots: Iterable[int]) -> list[int]:
    """These processes and all that they started, parents first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(path.name)):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found = list(roots)
    for pid in found:
        found += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none where the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The name before them is in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    return [] if fields[0] in "ZX" else fields


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty where it has ended."""
    fields = _stat(pid)
    return fields[19] if fields else ""
