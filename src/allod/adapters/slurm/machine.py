"""The nodes of a cluster as Slurm lists them, and what of a pool is not Allod's to give.

What others hold is read off the jobs, not off the nodes' `gres_used`: jobs and nodes are two
answers, and a job of ours that begins between them would be taken for somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from allod.adapters.slurm.job import Job, gpus
from allod.adapters.slurm.values import Json, number, text, words
from allod.domain.hostlist import expand
from allod.domain.slurm import PowerLicence, SlurmPool
from allod.errors import RunnerUnknown
from allod.run.ports import PoolReport

#: A node with one of these words takes no new work.
_OUT = frozenset(
    """DOWN DRAIN DRAINED DRAINING FAIL FAILING ERROR UNKNOWN FUTURE NOT_RESPONDING MAINTENANCE
    MAINT INVALID_REG INVAL BLOCKED POWERING_DOWN POWER_DOWN RESERVED""".split()
)


@dataclass(frozen=True, slots=True)
class Machine:
    """One node."""

    name: str
    accelerators: int
    cpus: int
    memory_mb: int
    states: tuple[str, ...]
    reason: str
    partitions: tuple[str, ...] = ()
    gres: str = ""  #: As Slurm writes it, such as 'gpu:b200:8(S:0-1)'.
    address: str = ""  #: Where the cluster itself reaches it (NodeAddr).

    @property
    def out(self) -> str:
        """Why it takes no work, '' if it does."""
        bad = [word for word in self.states if word.rstrip("*") in _OUT]
        if not bad:
            return ""
        said = " ".join(dict.fromkeys(word.rstrip("*").lower().replace("_", " ") for word in bad))
        return f"{self.name} is {said}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True)
class PoolShape:
    """What is to be known of a pool to say what is left of it."""

    site: str
    name: str
    slurm: SlurmPool
    per_node: int
    power_per_accelerator_w: int  #: At the meter; 0 if not known. [W]
    models_nodes: bool
    most: int = 1 << 30  #: Accelerators that its live phases will ever have.


def machines_of(body: Json) -> dict[str, Machine]:
    """The nodes in an answer to GET nodes or of `sinfo --json`, by name."""
    listed = body.get("nodes")
    if not isinstance(listed, list):
        raise RunnerUnknown("Slurm: an answer without a list of nodes")
    found = (_machine(item) for item in listed if isinstance(item, dict))
    return {machine.name: machine for machine in found}


def _machine(item: Json) -> Machine:
    partitions = item.get("partitions")
    return Machine(
        name=text(item.get("name")),
        accelerators=gpus(text(item.get("gres"))),
        cpus=number(item.get("cpus")) or 0,
        memory_mb=number(item.get("real_memory")) or 0,
        states=(*words(item.get("state")), *words(item.get("state_flags"))),
        reason=text(item.get("reason")),
        partitions=tuple(map(str, partitions)) if isinstance(partitions, list) else (),
        gres=text(item.get("gres")),
        address=text(item.get("address")),
    )


def pool_report(
    shape: PoolShape,
    machines: Mapping[str, Machine],
    others: Iterable[Job],
    licence: PowerLicence | None,
) -> PoolReport:
    """What of a pool is down, drained, or held by `others`: jobs that Allod did not place."""
    names = expand(shape.slurm.nodes)
    if shape.models_nodes:
        names = names[: shape.most // shape.per_node]  # The site has no more of them now.
    held, cpus, draws_w = _held(names, others, shape, licence)
    out: list[tuple[int, int]] = []
    why: list[str] = []
    for place, name in enumerate(names):
        machine = machines.get(name)
        whole = shape.per_node
        if not shape.models_nodes:
            whole = machine.accelerators if machine else 1
        if machine is None or machine.out:
            out.append((place, whole))
            why.append(machine.out if machine else f"{name} is not in the cluster")
            continue
        left = min(whole, machine.accelerators) - held.get(name, 0)
        if cpus.get(name):
            each = shape.slurm.cpus_per_accelerator or max(1, machine.cpus // max(1, whole))
            left = min(left, (machine.cpus - cpus[name]) // each)
        if left < whole:
            out.append((place, whole - max(0, left)))
        if machine.accelerators < whole:
            why.append(f"{name} has {machine.accelerators} of {whole} accelerators")
    taken = sum(held.values())
    if taken:
        why.append(f"work that Allod did not place holds {taken} accelerators")
    if not shape.models_nodes:
        total = min(shape.most, sum(count for _, count in out))
        out = [(0, total)] if total else []
    return PoolReport(shape.site, shape.name, tuple(out), draws_w, tuple(why))


def _held(
    names: tuple[str, ...], others: Iterable[Job], shape: PoolShape, licence: PowerLicence | None
) -> tuple[dict[str, int], dict[str, int], int]:
    """(accelerators by node, CPUs by node, watts) that others hold of the nodes `names`."""
    ours = frozenset(names)
    held: dict[str, int] = {}
    cpus: dict[str, int] = {}
    draws_w = 0
    for job in others:
        units = 0
        for share in job.shares:
            if share.node in ours:
                held[share.node] = held.get(share.node, 0) + share.accelerators
                cpus[share.node] = cpus.get(share.node, 0) + share.cpus
                units += share.accelerators
        declared = _licences(job.licences, licence) if units else 0
        draws_w += declared or units * shape.power_per_accelerator_w
    return held, cpus, draws_w


def _licences(listed: str, licence: PowerLicence | None) -> int:
    """What a job itself says that it draws, by its licences. [W]"""
    if licence is None:
        return 0
    for part in listed.split(","):
        name, _, count = part.partition(":")
        if name.partition("@")[0] == licence.name:
            return (int(count) if count.isdigit() else 1) * licence.unit_w
    return 0
