"""What is asked of Slurm for a run: one value, from which every version's body is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allod.adapters.slurm.script import mark, script
from allod.adapters.slurm.tag import tag
from allod.domain.hostlist import expand
from allod.domain.slurm import Slurm, SlurmClass, SlurmPool
from allod.errors import RunnerRefused, RunnerUnknown
from allod.run.ports import RunKey, StartOrder

#: Where programs are looked for, in jobs and by Slurm's own commands.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class NodeSize:
    """What a node of the cluster has, as far as a job asks for a share of it."""

    accelerators: int
    cpus: int
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One job to submit."""

    user: str
    account: str | None
    partition: str
    qos: str | None
    name: str
    comment: str
    script: str
    folder: str
    output: str
    error: str
    environment: tuple[tuple[str, str], ...]
    time_limit_min: int
    nodes: int
    node_names: tuple[str, ...]  #: Empty: any nodes of the partition.
    gres: str  #: For each node, such as 'gpu:b200:8'; '' if the nodes differ.
    gpus: str  #: For the whole job, such as 'b200:20'; '' if `gres` says it.
    cpus_per_node: int | None
    cpus_per_gpu: int | None
    memory_mb_per_node: int | None
    memory_mb_per_gpu: int | None
    licences: str | None


def user_of(slurm: Slurm, project: str, person: str) -> str:
    """The Slurm user whose job it is.

    Raises:
        RunnerRefused: The project has none at the site.
    """
    return _who(slurm, project, person)[0]


def _who(slurm: Slurm, project: str, person: str) -> tuple[str, str | None]:
    entry = slurm.who(project)
    if entry is None:
        raise RunnerRefused(
            f"project '{project}' has no Slurm user at this site",
            mend=f"add slurm.projects.{project} to the site's document",
        )
    return entry.people.get(person, entry.user), entry.account


def request_of(
    order: StartOrder, slurm: Slurm, node: str, sizes: Mapping[str, NodeSize]
) -> JobRequest:
    """The job that carries out `order` for the node with tag `node`.

    Raises:
        RunnerRefused: The site's document has no words for it.
        RunnerUnknown: The size of the nodes is not known yet.
    """
    pool = slurm.pools.get(order.pool)
    if pool is None:
        raise RunnerRefused(f"the site's document names no partition for pool '{order.pool}'")
    user, account = _who(slurm, order.project, order.person)
    access_class = slurm.classes.get(order.access_class, SlurmClass())
    names = _names(order, pool)
    counts = [count for _, count in order.nodes]
    cpus, memory_mb = _share(pool, names or expand(pool.nodes), sizes)
    each = counts[0] if counts and len(set(counts)) == 1 else None
    kind = pool.gres.partition(":")[2]
    key: RunKey = (order.workload_id, order.run)
    folder = slurm.folder.replace("{user}", user)
    path = mark(folder, node, key)
    return JobRequest(
        user=user,
        account=account,
        partition=access_class.partition or pool.partition,
        qos=access_class.qos,
        name=order.name or order.workload_id,
        comment=tag(node, key),
        script=script(folder, node, key, _command(order, slurm)),
        folder=folder,
        output=f"{path}.out",
        error=f"{path}.err",
        environment=_environment(order),
        time_limit_min=max(1, -(-order.wall_time_s // 60)),
        nodes=len(names) or 1,
        node_names=names,
        gres=f"{pool.gres}:{each}" if each else "",
        gpus="" if each else f"{kind}:{order.accelerators}" if kind else str(order.accelerators),
        cpus_per_node=cpus * each if each else None,
        cpus_per_gpu=None if each else cpus,
        memory_mb_per_node=memory_mb * each if each else None,
        memory_mb_per_gpu=None if each else memory_mb,
        licences=_licences(slurm, order.power_w),
    )


def _names(order: StartOrder, pool: SlurmPool) -> tuple[str, ...]:
    """Slurm's names of the nodes that the engine chose."""
    names = expand(pool.nodes)
    for node, _ in order.nodes:
        if node >= len(names):
            raise RunnerRefused(
                f"pool '{order.pool}' has a node {node}, but slurm.pools.{order.pool}.nodes names "
                f"only {len(names)}",
                mend="name all of its nodes",
            )
    return tuple(names[node] for node, _ in order.nodes)


def _share(
    pool: SlurmPool, names: tuple[str, ...], sizes: Mapping[str, NodeSize]
) -> tuple[int, int]:
    """(CPUs, MiB) that come with one accelerator: as the document says, or an even share."""
    cpus, memory_mb = pool.cpus_per_accelerator, pool.memory_mb_per_accelerator
    if cpus is None or memory_mb is None:
        known = [sizes[name] for name in names if name in sizes and sizes[name].accelerators]
        if not known:
            raise RunnerUnknown("the cluster has not said yet how large its nodes are")
        cpus = cpus or max(1, min(size.cpus // size.accelerators for size in known))
        memory_mb = memory_mb or max(1, min(size.memory_mb // size.accelerators for size in known))
    return cpus, memory_mb


def _command(order: StartOrder, slurm: Slurm) -> tuple[str, ...]:
    if not order.command or not order.command[0]:
        raise RunnerRefused("it has no command", mend="give 'command:' in its spec")
    if any("\0" in word for word in order.command):
        raise RunnerRefused("its command has a NUL", mend="leave it out")
    if not order.container:
        return order.command
    if not slurm.container:
        raise RunnerRefused(
            "this site runs no containers", mend="give a command alone, or ask for slurm.container"
        )
    return (
        *(word.replace("{image}", order.container) for word in slurm.container),
        *order.command,
    )


def _environment(order: StartOrder) -> tuple[tuple[str, str], ...]:
    """What Slurm adds its own variables to; slurmrestd refuses an empty one."""
    return tuple(
        sorted(
            {
                "LANG": "C.UTF-8",
                "PATH": PATH,
                **dict(order.environment),
                "ALLOD_WORKLOAD_ID": order.workload_id,
                "ALLOD_RUN": str(order.run),
                "ALLOD_SITE": order.site,
                "ALLOD_POOL": order.pool,
                "ALLOD_ACCELERATORS": str(order.accelerators),
            }.items()
        )
    )


def _licences(slurm: Slurm, power_w: int) -> str | None:
    licence = slurm.power_licence
    if licence is None or power_w <= 0:
        return None
    return f"{licence.name}:{-(-power_w // licence.unit_w)}"
