"""Running commands where a cluster's commands are: here, or on another machine by ssh."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from allod.adapters.slurm.request import PATH
from allod.domain.slurm import SlurmCommand
from allod.errors import RunnerUnknown

_SOCKETS_MAX = 50  #: A unix socket's path has 108 bytes, of which ssh takes some 58.
_SSH_FAILED = 255  #: ssh's own exit status when there is no talking to the other side.


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    exit_status: int
    stdout: bytes
    stderr: str


class Shell(Protocol):
    """Somewhere to run commands."""

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str,
        given: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run a command as `user`, with `given` as its input and nothing else in its environment.

        Raises:
            RunnerUnknown: It may or may not have run.
        """
        ...


class CommandShell:
    """Runs commands as a site's document says; safe to use from several threads."""

    def __init__(
        self, command: SlurmCommand, sockets: Path | None = None, *, answer_s: float = 30.0
    ) -> None:
        """Take where to run; `sockets` is a folder of the node's own for ssh's connection."""
        self._command, self._answer_s = command, answer_s
        self._sockets = sockets

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str,
        given: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """See `Shell.run`."""
        whole = self._argv(argv, user, environment or {})
        try:
            ended = subprocess.run(
                whole,
                input=given.encode(),
                capture_output=True,
                check=False,
                timeout=self._answer_s,
            )
        except FileNotFoundError as error:
            raise RunnerUnknown(f"{whole[0]}: there is no such command here") from error
        except (subprocess.TimeoutExpired, OSError) as error:
            raise RunnerUnknown(f"{argv[0]} has not ended in {self._answer_s:.0f} s") from error
        said = ended.stderr.decode(errors="replace").strip()
        if self._command.ssh and ended.returncode == _SSH_FAILED:
            raise RunnerUnknown(f"ssh {self._command.ssh}: {said}")
        return Ran(ended.returncode, ended.stdout, said)

    def _argv(self, argv: Sequence[str], user: str, environment: Mapping[str, str]) -> list[str]:
        settings = {"PATH": PATH, "TZ": "UTC", **environment}
        if self._command.conf:
            settings["SLURM_CONF"] = self._command.conf
        whole = ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), *argv]
        match self._command.as_user:
            case "sudo":
                whole = ["sudo", "-n", "-u", user, "--", *whole]
            case "runuser":
                whole = ["runuser", "-u", user, "--", *whole]
            case "nobody-else":
                pass
        if not self._command.ssh:
            return whole
        options = ["BatchMode=yes", "ConnectTimeout=10"]
        if self._sockets is not None and len(str(self._sockets)) <= _SOCKETS_MAX:
            # One connection for all commands, which lasts a minute longer than the last of them.
            self._sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = f"ControlPath={self._sockets}/%C"
            options += ["ControlMaster=auto", "ControlPersist=60", path]
        flags = [flag for option in options for flag in ("-o", option)]
        return ["ssh", *flags, self._command.ssh, shlex.join(whole)]


class ShellFiles:
    """`files.Files` by commands, in the name of `user`."""

    def __init__(self, shell: Shell, user: str) -> None:
        self._shell, self._user = shell, user

    def read(self, path: str, offset: int, limit: int) -> bytes | None:
        """See `Files.read`."""
        # Users write there: what is a link or a pipe is not followed, see `files.MountedFiles`.
        how = "iflag=skip_bytes,count_bytes,nofollow,nonblock"
        blocks = [how, f"skip={offset}", f"count={limit}", "status=none"]
        ran = self._shell.run(["dd", f"if={path}", *blocks], user=self._user)
        # Where there is nothing left to skip, dd says so, and that is no error of ours.
        return ran.stdout if ran.exit_status == 0 or "cannot skip" in ran.stderr else None

    def link(self, path: str) -> str | None:
        """See `Files.link`."""
        ran = self._shell.run(["readlink", "--", path], user=self._user)
        return ran.stdout.decode(errors="replace").strip() if ran.exit_status == 0 else None

    def owner(self, path: str) -> str | None:
        """See `Files.owner`."""
        ran = self._shell.run(["stat", "--format=%u", "--", path], user=self._user)
        return ran.stdout.decode(errors="replace").strip() if ran.exit_status == 0 else None
