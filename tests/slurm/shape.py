"""What a test cluster is to look like, and the configuration files that say so to Slurm."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.slurm.counters import SETTINGS
from tests.slurm.machine import slurm_version


@dataclass(frozen=True)
class Partition:
    """A partition; `options` as in slurm.conf, such as `PriorityTier=10 PreemptMode=REQUEUE`."""

    name: str
    nodes: str = "ALL"
    options: str = ""


@dataclass(frozen=True)
class Accounts:
    """What slurmdbd knows at the start.

    `qos`: options of `sacctmgr add qos` by name; `users`: the accounts of each user, of which the
    first is the default, made as unix users too. With it slurmctld takes jobs of these users
    and of root only.
    """

    qos: Mapping[str, str] = field(default_factory=lambda: {"floor": "", "surplus": ""})
    users: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"allod-ada": ("research",), "allod-bo": ("research",)}
    )

    def names(self) -> list[str]:
        """The accounts, each once."""
        return list(dict.fromkeys(name for names in self.users.values() for name in names))


@dataclass(frozen=True)
class Shape:
    """One cluster: how many nodes, of what, and how it behaves.

    The first partition is the default one. `extra` are further lines of slurm.conf.
    `requeue_s` is how long a job waits that was put back into the queue, 120 s in production.
    `silence_s` is SlurmdTimeout: the controller also asks twice, for ten seconds each, before a
    silent node is down. `counters`: nodes have counters of their energy, see `counters`.
    """

    name: str = "test"
    nodes: int = 4
    gpus: int = 8
    gpu_type: str = "b200"
    cpus: int = 32
    partitions: tuple[Partition, ...] = (Partition("main"),)
    licences: Mapping[str, int] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    accounts: Accounts | None = None
    requeue_s: int = 10
    silence_s: int = 6
    counters: bool = False

    def node_names(self) -> list[str]:
        """n1, n2, ..."""
        return [f"n{number}" for number in range(1, self.nodes + 1)]


@dataclass(frozen=True)
class Ports:
    """Where a cluster listens, all on 127.0.0.1."""

    slurmctld: int
    slurmrestd: int
    slurmdbd: int
    slurmd: tuple[int, ...]


def files(shape: Shape, folder: Path, ports: Ports) -> dict[str, str]:
    """The configuration files of a cluster by name."""
    found = {
        "slurm.conf": _slurm(shape, folder, ports),
        "gres.conf": _gres(shape, folder),
        "cgroup.conf": _cgroup(),
    }
    if shape.accounts is not None:
        found["slurmdbd.conf"] = _slurmdbd(folder, ports)
    return found


def _slurm(shape: Shape, folder: Path, ports: Ports) -> str:
    lines = [
        f"ClusterName={shape.name}",
        f"SlurmctldHost={socket.gethostname().partition('.')[0]}(127.0.0.1)",
        f"SlurmctldPort={ports.slurmctld}",
        # Jobs run as who submits them, which only root can arrange.
        "SlurmUser=root",
        "SlurmdUser=root",
        f"StateSaveLocation={folder}/state",
        f"SlurmctldPidFile={folder}/run/slurmctld.pid",
        f"SlurmdPidFile={folder}/run/%n.pid",
        f"SlurmdSpoolDir={folder}/spool/%n",
        # Steps of jobs speak here; slurmd itself also to its standard error.
        f"SlurmdLogFile={folder}/log/%n.steps.log",
        "AuthType=auth/munge",
        # The life of a credential is also how long a job waits after it was requeued.
        f"AuthInfo=socket={folder}/munge/socket,cred_expire={shape.requeue_s}",
        "AuthAltTypes=auth/jwt",
        f"AuthAltParameters=jwt_key={folder}/jwt.key",
        # Every node is this machine, and claims to have more than it has.
        "SlurmdParameters=config_overrides",
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        *(SETTINGS if shape.counters else ("JobAcctGatherType=jobacct_gather/none",)),
        "MpiDefault=none",
        "SwitchType=switch/none",
        "MailProg=/bin/true",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core",
        "DefMemPerCPU=100",
        "GresTypes=gpu",
        "SchedulerType=sched/backfill",
        "SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,"
        "bf_max_job_test=10000,default_queue_depth=10000",
        "JobRequeue=1",
        "MaxJobCount=20000",
        "MinJobAge=300",
        "KillWait=2",
        "CompleteWait=0",
        "InactiveLimit=0",
        "MessageTimeout=10",
        f"SlurmdTimeout={shape.silence_s}",
        # A node that comes back is used again, whatever it was down for.
        "ReturnToService=2",
        *_accounting(shape, folder, ports),
    ]
    if shape.licences:
        have = ",".join(f"{name}:{count}" for name, count in shape.licences.items())
        lines.append(f"Licenses={have}")
    lines += shape.extra
    gres = f" Gres=gpu:{shape.gpu_type}:{shape.gpus}" if shape.gpus else ""
    for name, port in zip(shape.node_names(), ports.slurmd, strict=True):
        lines.append(
            f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port}"
            f" CPUs={shape.cpus} RealMemory={shape.cpus * 1000}{gres} State=UNKNOWN"
        )
    for index, partition in enumerate(shape.partitions):
        default = "YES" if index == 0 else "NO"
        lines.append(
            f"PartitionName={partition.name} Nodes={partition.nodes} Default={default}"
            f" MaxTime=INFINITE State=UP {partition.options}".rstrip()
        )
    return "\n".join(lines) + "\n"


def _accounting(shape: Shape, folder: Path, ports: Ports) -> list[str]:
    if shape.accounts is None:
        return ["AccountingStorageType=accounting_storage/none"]
    counted = [f"gres/gpu,gres/gpu:{shape.gpu_type}"] if shape.gpus else []
    counted += [f"license/{name}" for name in shape.licences]
    return [
        "AccountingStorageType=accounting_storage/slurmdbd",
        "AccountingStorageHost=127.0.0.1",
        f"AccountingStoragePort={ports.slurmdbd}",
        # To slurmdbd all speak through this socket; AuthInfo is not asked.
        f"AccountingStoragePass={folder}/munge/socket",
        "AccountingStorageEnforce=associations,limits,qos",
        *([f"AccountingStorageTRES={','.join(counted)}"] if counted else []),
    ]


def _gres(shape: Shape, folder: Path) -> str:
    """GPUs need files: with a bare count a node says that it has fewer than configured."""
    if not shape.gpus:
        return ""
    device = folder / "gpu" / ("gpu0" if shape.gpus == 1 else f"gpu[0-{shape.gpus - 1}]")
    nodes = f"n[1-{shape.nodes}]"
    return f"NodeName={nodes} Name=gpu Type={shape.gpu_type} File={device}\n"


def _cgroup() -> str:
    """Slurm asks for a cgroup plugin even where nothing uses it; 22.05 knows no `disabled`."""
    return f"CgroupPlugin={'disabled' if slurm_version() >= (23, 2) else 'cgroup/v1'}\n"


def _slurmdbd(folder: Path, ports: Ports) -> str:
    return f"""\
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports.slurmdbd}
SlurmUser=root
PidFile={folder}/run/slurmdbd.pid
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
"""
