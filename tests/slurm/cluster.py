"""One complete Slurm cluster on this machine, in one folder, on ports of its own.

The daemons are real, only the GPUs are made up. Several clusters may run side by side, also
beside a Slurm that the machine itself runs: nothing but the programs is shared.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.slurm.accounting import start_accounting
from tests.slurm.counters import with_counters
from tests.slurm.machine import PATH, free_ports, need_user, openapi
from tests.slurm.processes import ClusterError, Processes
from tests.slurm.shape import Ports, Shape, files
from tests.slurm.steps import end_steps

__all__ = ["Cluster", "ClusterError"]

# Unix sockets have 108 bytes for their path, and those of steps add some 30 to the folder's.
_FOLDER_MAX = 64
_COMMAND_S = 60.0

# Root's own may name folders that a user cannot look into.
_USER_PATH = "/usr/local/bin:/usr/bin:/bin"
# Ended after the others: who writes to the database, the database, who signs for all.
_BASE = ("slurmdbd", "mariadbd", "munged")


class Cluster:
    """A cluster in a folder, of a shape; `Cluster(folder, name="a", nodes=2)` also does."""

    def __init__(
        self,
        folder: Path,
        shape: Shape | None = None,
        ports: range = range(0),
        **changes: Any,
    ) -> None:
        """Nothing is started yet; `ports` are taken if they are free."""
        if len(os.fsencode(folder)) > _FOLDER_MAX:
            raise ClusterError(f"{folder} is too long for sockets; at most {_FOLDER_MAX} bytes")
        self.folder = folder
        self.shape = replace(shape or Shape(), **changes)
        control, rest, accounting, *nodes = free_ports(3 + self.shape.nodes, ports)
        self.ports = Ports(control, rest, accounting, tuple(nodes))
        self.conf = folder / "slurm.conf"
        self.jwt_key = folder / "jwt.key"
        self.rest_url = f"http://127.0.0.1:{rest}"
        self.processes = Processes(folder)

    @property
    def name(self) -> str:
        """ClusterName."""
        return self.shape.name

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to speak to this cluster and to no other."""
        ours = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("SLURM_", "SBATCH_", "SQUEUE_", "SINFO_", "SACCT_"))
        }
        return {**ours, "PATH": PATH, "SLURM_CONF": str(self.conf)}

    # ------------------------------------------------------------------ all of it

    def start(self) -> None:
        """Start all daemons; returns when nodes are idle and slurmrestd answers."""
        self._lay_out()
        try:
            self._launch_munged()
            if self.shape.accounts is not None:
                start_accounting(self.shape.accounts, self)
            self._launch_slurmctld()
            for node in self.shape.node_names():
                self._launch_slurmd(node)
            self._until_up()
            self.start_slurmrestd()
        except BaseException:
            self.stop()
            raise

    def stop(self, *, remove: bool = False) -> None:
        """End all daemons and what jobs left running; a start() after it goes on where it was."""
        running = self.processes.names()
        self.processes.end(name for name in running if name not in _BASE)
        end_steps(self.folder / "spool")
        for name in _BASE:
            self.processes.end([name])
        if remove:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------ one daemon

    def start_slurmctld(self) -> None:
        """Start the controller and wait until it answers."""
        self._launch_slurmctld()
        self.processes.until("slurmctld answers", self._answers, "slurmctld")

    def stop_slurmctld(self, *, kill: bool = False) -> None:
        """End the controller; jobs run on. With `kill` it cannot save its state first."""
        self.processes.end(["slurmctld"], kill=kill)

    def restart_slurmctld(self, *, kill: bool = False) -> None:
        """End the controller and start it with the state that it saved."""
        self.stop_slurmctld(kill=kill)
        self.start_slurmctld()

    def start_slurmrestd(self) -> None:
        """Start slurmrestd and wait until it answers HTTP."""
        command = ["slurmrestd", "-u", "nobody", "-g", "nogroup", "-a", "rest_auth/jwt"]
        command += ["-s", openapi(self.shape.accounts is not None)]
        command += [f"127.0.0.1:{self.ports.slurmrestd}"]
        # Without this word it speaks to slurmctld by munge, and turns every token away.
        environment = {**self.environment, "SLURM_JWT": "daemon"}
        self.processes.start("slurmrestd", command, environment)
        self.processes.until("slurmrestd answers", self._rest_answers, "slurmrestd")

    def stop_slurmrestd(self) -> None:
        """End slurmrestd: its port refuses connections."""
        self.processes.end(["slurmrestd"])

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node and wait until the controller would use it."""
        self._launch_slurmd(node)
        self.processes.until(f"{node} is up", lambda: self._usable([node]), node, "slurmctld")

    def stop_node(self, node: str) -> None:
        """End the slurmd of a node. Its jobs run on; it is down after `Shape.silence_s`."""
        self.processes.end([node])

    def kill_node(self, node: str) -> None:
        """Let a node lose power: slurmd and all its jobs end at once, without a word."""
        self.processes.end([node], kill=True)
        end_steps(self.folder / "spool", node)

    def node_state(self, node: str) -> str:
        """What sinfo says of a node, such as `idle`, `mixed` or `down*`."""
        return self.sinfo("--noheader", "--nodes", node, "--format", "%T").split()[0]

    # ------------------------------------------------------------------ commands

    def run(
        self, *argv: str, user: str | None = None, cwd: Path | None = None, given: str | None = None
    ) -> str:
        """What a command prints, run as `user` with this cluster's settings.

        `given` is its standard input. A user is made if there is none, and is in its home.
        """
        environment = self.environment
        if user is not None:
            home = self.home(user)
            environment |= {"HOME": str(home), "USER": user, "LOGNAME": user, "PATH": _USER_PATH}
            cwd = cwd or home
        ended = subprocess.run(
            argv,
            env=environment,
            cwd=cwd or self.folder,
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_S,
            user=user,
            group=user and need_user(user).pw_gid,
            extra_groups=None if user is None else [],
        )
        if ended.returncode:
            raise ClusterError(f"{' '.join(argv)} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def scontrol(self, *args: str) -> str:
        """What `scontrol` prints."""
        return self.run("scontrol", *args)

    def squeue(self, *args: str) -> str:
        """What `squeue` prints."""
        return self.run("squeue", *args)

    def sinfo(self, *args: str) -> str:
        """What `sinfo` prints."""
        return self.run("sinfo", *args)

    def sacct(self, *args: str) -> str:
        """What `sacct` prints; only with accounting."""
        return self.run("sacct", *args)

    def sacctmgr(self, *args: str) -> str:
        """What `sacctmgr` prints, asking nothing; only with accounting."""
        return self.run("sacctmgr", "--immediate", *args)

    def sbatch(self, script: str, *options: str, user: str | None = None) -> int:
        """Submit a script as a user, in the user's home; the number of its job."""
        text = script if script.startswith("#!") else f"#!/bin/sh\n{script}\n"
        printed = self.run("sbatch", "--parsable", *options, user=user, given=text)
        return int(printed.split(";")[0])

    def job(self, job_id: int) -> Mapping[str, str]:
        """The fields of a job as `scontrol show job` names them, such as JobState."""
        text = self.scontrol("--oneliner", "show", "job", str(job_id))
        pairs = (word.partition("=") for word in text.split() if "=" in word)
        return {key: value for key, _, value in pairs}

    def token(self, user: str = "root", lifespan_s: int = 3600) -> str:
        """A JWT of that user, made by the controller."""
        printed = self.scontrol("token", f"username={user}", f"lifespan={lifespan_s}")
        return printed.strip().partition("=")[2]

    def home(self, user: str) -> Path:
        """The folder of a user in this cluster, made if there is none; the user's alone."""
        known = need_user(user)
        path = self.folder / "home" / user
        if not path.is_dir():
            path.mkdir(parents=True, mode=0o700)
            os.chown(path, known.pw_uid, known.pw_gid)
        return path

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        """Write all files and folders that the daemons expect."""
        for part in ("", "munge", "state", "spool", "run", "gpu", "home", "pid", "log"):
            path = self.folder / part
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        for number in range(self.shape.gpus):
            _make_gpu(self.folder / "gpu" / f"gpu{number}")
        for name, text in files(self.shape, self.folder, self.ports).items():
            (self.folder / name).write_text(text)
        if self.shape.accounts is not None:
            # slurmdbd refuses one that others may read.
            (self.folder / "slurmdbd.conf").chmod(0o600)
        for key in (self.jwt_key, self.folder / "munge" / "key"):
            if not key.exists():
                key.touch(mode=0o600)
                key.write_bytes(secrets.token_bytes(32))
        for path in (self.folder / "munge", self.folder / "munge" / "key"):
            shutil.chown(path, "munge", "munge")

    def _launch_munged(self) -> None:
        inside = self.folder / "munge"
        command = [
            "munged",
            "--foreground",
            f"--socket={inside}/socket",
            f"--key-file={inside}/key",
        ]
        command += [f"--pid-file={inside}/pid", f"--seed-file={inside}/seed"]
        command += [f"--log-file={inside}/log"]
        self.processes.start("munged", command, self.environment, user="munge")
        self.processes.until("munged listens", (inside / "socket").exists, "munged")

    def _launch_slurmctld(self) -> None:
        self.processes.start("slurmctld", ["slurmctld", "-D"], self.environment)

    def _launch_slurmd(self, node: str) -> None:
        command = ["slurmd", "-D", "-N", node]
        if self.shape.counters:
            command = with_counters(command, self.folder, node)
        self.processes.start(node, command, self.environment)

    def _until_up(self) -> None:
        nodes = self.shape.node_names()
        self.processes.until("slurmctld answers", self._answers, "slurmctld")
        self.processes.until("all nodes are up", lambda: self._usable(nodes), "slurmctld", *nodes)

    def _answers(self) -> bool:
        try:
            return "is UP" in self.scontrol("ping")
        except ClusterError:
            return False

    def _usable(self, nodes: list[str]) -> bool:
        """Whether the controller would start jobs on all of these."""
        try:
            said = self.sinfo("--noheader", "--Node", "--nodes", ",".join(nodes), "--format", "%T")
        except ClusterError:
            return False
        # A star says that the node does not answer.
        return set(said.split()) <= {"idle", "mixed", "allocated", "completing"}

    def _rest_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.rest_url}/openapi/v3", timeout=10):
                return True
        except urllib.error.HTTPError as error:
            # It wants a token; that it says so is an answer.
            error.close()
            return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def _make_gpu(path: Path) -> None:
    """What passes for a GPU: another /dev/null, as Slurm names only devices to a job.

    Where the machine lets nobody make devices, a plain file will do: jobs get their GPUs
    counted, but no CUDA_VISIBLE_DEVICES.
    """
    if path.exists():
        return
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        path.touch()
