"""What this machine brings: Slurm's programs and plugins, free ports, unix users to run jobs as."""

from __future__ import annotations

import os
import pwd
import random
import re
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from shutil import which

#: Each program that a cluster is made of, and the package of Debian and Ubuntu that brings it.
PROGRAMS = {
    "munged": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "slurmdbd": "slurmdbd",
    "slurmrestd": "slurmrestd",
    "sbatch": "slurm-client",
    "mariadbd": "mariadb-server",
}
PLUGINS = {"auth_jwt.so": "slurm-wlm-jwt-plugin", "rest_auth_jwt.so": "slurm-wlm-basic-plugins"}

#: The daemons lie where a user's own PATH may not look.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])

# Below the ports that the kernel gives to connections, so that none of those takes one from us.
_PORTS = range(20_000, 32_000)


def why_not() -> str:
    """Why no cluster can be started here, in one sentence; empty if one can."""
    if os.geteuid() != 0:
        return "a Slurm cluster is started by root only, as its jobs run as other users"
    missing = [package for name, package in PROGRAMS.items() if which(name, path=PATH) is None]
    folder = plugins()
    missing += [
        package for name, package in PLUGINS.items() if not folder or not (folder / name).exists()
    ]
    if missing:
        return f"packages of Slurm are missing, named as Debian does: {' '.join(sorted(missing))}"
    return ""


def plugins() -> Path | None:
    """The folder of Slurm's plugins, where Debian and Ubuntu put it."""
    return next(iter(sorted(Path("/usr/lib").glob("*/slurm-wlm"))), None)


def api_version() -> str:
    """The newest version of its HTTP interface that the Slurm installed speaks, as v0.0.38."""
    found = [int(path.stem.rpartition("_")[2]) for path in _plugins_of("openapi", "data_parser")]
    return f"v0.0.{max(found)}"


def openapi(accounting: bool) -> str:
    """What `slurmrestd -s` is to load: without slurmdbd it ends at once if it loads all."""
    if _plugins_of("openapi"):
        version = api_version()
        return f"openapi/{version},openapi/db{version}" if accounting else f"openapi/{version}"
    # From 23.11 on there is no longer one of each version.
    return "slurmctld,slurmdbd" if accounting else "slurmctld"


def _plugins_of(*kinds: str) -> list[Path]:
    folder = plugins() or Path("/nonexistent")
    return [path for kind in kinds for path in folder.glob(f"{kind}_v0_0_*.so")]


def slurm_version() -> tuple[int, int]:
    """The release of the Slurm installed, such as (22, 5)."""
    said = subprocess.run(
        ["slurmctld", "-V"],
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


def free_ports(count: int, wished: range = range(0)) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nothing listens; first those of `wished`.

    The others are chosen by chance, so that two who ask at the same time hardly ever get the same.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in (*wished, *random.sample(_PORTS, len(_PORTS))):
            if len(found) == count:
                break
            taken = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


def need_user(name: str) -> pwd.struct_passwd:
    """The unix user of that name, made if there is none.

    Users stay on the machine when the clusters are gone, as files may still be theirs: an entry
    in /etc/passwd, /etc/group and /etc/shadow each, with no password and no folder. Their home
    is `/`, which is there and not theirs; `Cluster.home` gives them a folder in each cluster.
    """
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    # `*` is a password that nothing matches; without it sshd takes the user for locked out.
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/"]
    command += ["--shell", "/bin/bash", "--password", "*", name]
    made = subprocess.run(
        command,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise RuntimeError(f"no user {name} could be made: {made.stderr.strip()}") from None
