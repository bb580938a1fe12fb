"""Makes the runner of a site that names a Slurm cluster."""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path

from allod.adapters.slurm.check import Check
from allod.adapters.slurm.command import CommandCluster
from allod.adapters.slurm.curtail import Curtailer
from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.files import Files, MountedFiles
from allod.adapters.slurm.limits import PowerLimits
from allod.adapters.slurm.machine import PoolShape
from allod.adapters.slurm.rest import RestCluster
from allod.adapters.slurm.runner import Means, SlurmRunner
from allod.adapters.slurm.shell import CommandShell, ShellFiles
from allod.adapters.slurm.tokens import TokenMaker
from allod.decide.layout import live_units, power_per_accelerator_w
from allod.domain.site import Site
from allod.domain.slurm import Slurm
from allod.domain.units import NEVER_S
from allod.run.clock import Clock
from allod.run.ports import Runner

KEYS = "keys"  #: Folder of the node's data in which keys that sign tokens are looked for.


def connect(
    data_dir: Path, node: str, clock: Clock, name: str, site: Site, before: Runner | None
) -> SlurmRunner:
    """The runner of site `name`; nothing is asked of the cluster yet.

    `node` is the tag of this node's jobs, `before` the runner of the same site until now.
    """
    slurm = site.slurm
    assert slurm is not None
    shell = CommandShell(slurm.command, data_dir / "ssh") if slurm.command else None
    speaks = driver(data_dir, clock, name, slurm, shell)
    key = data_dir / KEYS / (slurm.key or name)
    return SlurmRunner(
        slurm,
        shapes(name, site, slurm),
        Means(
            speaks,
            files(slurm, shell),
            curtailer(name, site, node, clock, shell),
            PowerLimits(slurm, shell),
            Check(
                site,
                slurm,
                partial(driver, data_dir, clock, name, slurm, shell),
                key,
                clock.now_s,
            ),
        ),
        node,
        clock.now_s,
        clock.monotonic_s,
        before if isinstance(before, SlurmRunner) else None,
    )


def shapes(name: str, site: Site, slurm: Slurm) -> tuple[PoolShape, ...]:
    """What is to be known of each pool to say what is left of it."""
    return tuple(
        PoolShape(
            site=name,
            name=pool.name,
            slurm=slurm.pools[pool.name],
            per_node=pool.accelerators_per_node,
            power_per_accelerator_w=power_per_accelerator_w(site, pool) or 0,
            models_nodes=pool.accelerators_per_node > 1,
            most=live_units(site, pool.name, NEVER_S),
        )
        for pool in site.pools
    )


def driver(
    data_dir: Path, clock: Clock, name: str, slurm: Slurm, shell: CommandShell | None
) -> Driver:
    """How the cluster is spoken to: by slurmrestd, or by its commands where there is none."""
    if slurm.rest is not None:
        tokens = TokenMaker(data_dir / KEYS / (slurm.key or name), clock.now_s)
        return RestCluster(slurm.rest, tokens, slurm.watcher)
    assert shell is not None
    return CommandCluster(shell, slurm.watcher)


def curtailer(
    name: str, site: Site, node: str, clock: Clock, shell: CommandShell | None
) -> Curtailer | None:
    """Who keeps the envelope's windows in Slurm; None where nobody can."""
    slurm = site.slurm
    if slurm is None or slurm.power_licence is None or shell is None:
        return None
    keeper = CommandCluster(shell, slurm.operator or "root")
    owner = f"{node[:8]}_{zlib.crc32(name.encode()):08x}"  # Two sites may share a cluster.
    return Curtailer(site, slurm.power_licence, keeper, clock.now_s, clock.monotonic_s, owner)


def files(slurm: Slurm, shell: CommandShell | None) -> Files:
    """Where output is read: through the commands if they are on another machine."""
    if slurm.command is not None and slurm.command.ssh and shell is not None:
        return ShellFiles(shell, slurm.watcher)
    return MountedFiles()
