"""An sshd of the tests' own: on a free port of this machine, with keys and settings in a folder.

`bin` has an `ssh` that knows where it is. A site's document names only the other machine; where
and how it is reached is in the user's own configuration of ssh, whose place this takes.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.slurm.machine import PATH, free_ports

HOST = "login.example"
_START_S = 10.0


def why_no_sshd() -> str:
    """Why none can be started here, in one sentence; empty if one can."""
    missing = [
        name for name in ("sshd", "ssh", "ssh-keygen") if shutil.which(name, path=PATH) is None
    ]
    if missing:
        return f"there is no {' and no '.join(missing)} here (package openssh-server)"
    return "" if os.geteuid() == 0 else "only root can let others in by ssh"


class Sshd:
    """It lets root in, by a key."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self.bin = folder / "bin"
        self._log = folder / "sshd.log"
        # Debian's wants this folder of root's; a systemd would have made it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("host", "user"):
            _keygen(folder / name)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        host_key = (folder / "host.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self._port} {host_key}")
        settings = folder / "sshd_config"
        settings.write_text(
            f"Port {self._port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\nUseDNS no\n"
        )
        (folder / "ssh_config").write_text(
            f"Host {HOST}\n  HostName 127.0.0.1\n  Port {self._port}\n  User root\n"
            f"  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n  LogLevel ERROR\n"
        )
        self._wrap(folder / "ssh_config")
        program = shutil.which("sshd", path=PATH)
        assert program is not None
        command = [program, "-D", "-f", str(settings), "-E", str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._until_it_listens()

    def _wrap(self, settings: Path) -> None:
        self.bin.mkdir()
        ssh = self.bin / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh", path=PATH)} -F {settings} "$@"\n')
        ssh.chmod(0o755)

    def _until_it_listens(self) -> None:
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"sshd does not listen: {self._log.read_text()}")

    def stop(self) -> None:
        """End it; connections that are open go on until their commands end."""
        self._process.terminate()
        self._process.wait(timeout=10)


def _keygen(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)],
        check=True,
        env={**os.environ, "PATH": PATH},
        timeout=30,
    )
