"""What a job drew, as Slurm counted it.

Slurm counts at the nodes, by the plugin that AcctGatherEnergyType names, and sums it up as the
trackable resource 'energy' of the job. Where nothing is counted that resource is not there; only
sacct's ConsumedEnergyRaw says 0 then, which is why it is not asked.

A node is counted as a whole: what others draw on it is in the figure too. And with
PrologFlags=Contain all nodes of a job are counted from its begin to its end; without it, what
`srun` ran and no more, which may be little of it (seen with 22.05).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import Machine
from allod.run.ports import Finding, RunReport

_NO_COUNTER = frozenset(("", "(null)", "none"))


def with_energy(report: RunReport, job: Job, machines: Mapping[str, Machine]) -> RunReport:
    """`report` of `job` with what it drew, if it is over and its nodes were counted."""
    if not job.ended or job.energy_j is None:
        return report
    shared = not _alone(job, machines)
    return replace(report, seen=replace(report.seen, energy_j=job.energy_j, energy_shared=shared))


def _alone(job: Job, machines: Mapping[str, Machine]) -> bool:
    """True if the job held all accelerators and all CPUs of each of its nodes."""
    found = [(share, machines.get(share.node)) for share in job.shares]
    return bool(found) and all(
        machine is not None
        and share.accelerators >= machine.accelerators
        and share.cpus >= machine.cpus
        for share, machine in found
    )


def of_counting(settings: Mapping[str, str]) -> Finding:
    """Whether Slurm counts what jobs draw, and all of it, by what slurm.conf says."""
    plugin = settings.get("AcctGatherEnergyType", "").rpartition("/")[2]
    if plugin in _NO_COUNTER:
        said = "Slurm counts no energy (AcctGatherEnergyType): what runs draw is modelled"
        return Finding("energy", "works", said)
    if "contain" in settings.get("PrologFlags", "").lower().split(","):
        said = f"Slurm counts what nodes draw ({plugin}), from the begin of a job to its end"
        return Finding("energy", "works", said)
    said = f"Slurm counts what nodes draw ({plugin}), but only while `srun` runs something on them"
    return Finding("energy", "warning", said, "PrologFlags=Contain in slurm.conf")
