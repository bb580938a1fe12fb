"""slurmdbd on a private MariaDB server, with the accounts, users and QOS that a test wants."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from tests.slurm.machine import need_user
from tests.slurm.processes import ClusterError, Processes
from tests.slurm.shape import Accounts


class Accounting(Protocol):
    """What of a cluster is needed to give it accounting."""

    folder: Path
    processes: Processes

    @property
    def name(self) -> str:
        """ClusterName."""

    @property
    def environment(self) -> dict[str, str]:
        """What its commands need."""

    def run(self, *argv: str) -> str:
        """What a command prints."""

    def sacctmgr(self, *args: str) -> str:
        """What `sacctmgr` prints."""


def start_accounting(accounts: Accounts, cluster: Accounting) -> None:
    """Start the database and slurmdbd, and let it know the cluster; munged must run."""
    new = not (cluster.folder / "db").exists()
    _start_database(cluster, new)
    # The client library takes the socket of `localhost` from here.
    environment = {**cluster.environment, "MYSQL_UNIX_PORT": str(cluster.folder / "db.sock")}
    cluster.processes.start("slurmdbd", ["slurmdbd", "-D"], environment)
    cluster.processes.until("slurmdbd answers", lambda: _answers(cluster), "slurmdbd", "mariadbd")
    if new:
        _fill(accounts, cluster)


def _start_database(cluster: Accounting, new: bool) -> None:
    # `--no-defaults` keeps the settings of a server of the machine's own away from ours.
    data, socket = cluster.folder / "db", cluster.folder / "db.sock"
    if new:
        data.mkdir(mode=0o700)
        shutil.chown(data, "mysql", "mysql")
        options = ["--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db"]
        cluster.run("mariadb-install-db", *options, "--innodb-log-file-size=8M")
    # It makes its socket as mysql, who may not write into the cluster's folder.
    inside = data / "socket"
    command = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={inside}"]
    command += [f"--pid-file={data}/pid", "--user=mysql", "--skip-networking"]
    # slurmdbd asks for long lock waits; nothing here is worth a disk's flush.
    command += ["--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0"]
    command += ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"]
    cluster.processes.start("mariadbd", command, cluster.environment)
    cluster.processes.until("MariaDB listens", inside.exists, "mariadbd")
    socket.unlink(missing_ok=True)
    socket.symlink_to(inside)


def _answers(cluster: Accounting) -> bool:
    try:
        cluster.sacctmgr("show", "cluster")
    except ClusterError:
        return False
    return True


def _fill(accounts: Accounts, cluster: Accounting) -> None:
    """Add what the accounts say, each user with all QOS."""
    cluster.sacctmgr("add", "cluster", cluster.name)
    for name, options in accounts.qos.items():
        cluster.sacctmgr("add", "qos", name, *options.split())
    allowed = f"qos={','.join(['normal', *accounts.qos])}"
    for account in accounts.names():
        cluster.sacctmgr("add", "account", account, f"cluster={cluster.name}", allowed)
    for user, names in accounts.users.items():
        need_user(user)
        for account in names:
            cluster.sacctmgr("add", "user", user, f"account={account}", f"cluster={cluster.name}")
        cluster.sacctmgr("modify", "user", user, "set", f"defaultaccount={names[0]}")
