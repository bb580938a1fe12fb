"""Jobs that are ended before they begin: a run's second, and one whose node takes no work.

The node of Allod chose the nodes when they were in order. Slurm would let a job wait for them for
ever, and Allod would hold room for it; ended, it comes back and is placed where there are nodes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.follow import Listing
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import Machine
from allod.domain.hostlist import expand
from allod.errors import InvalidInput, RunnerRefused, RunnerUnknown
from allod.run.ports import RunReport

_log = logging.getLogger(__name__)

_REASON = "ReqNodeNotAvail"  #: What Slurm says of those that wait for such a node.


class Futile:
    """Ends such jobs; a cluster that will not has them stay as they are."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._seen: Listing | None = None

    def end_doubles(self, jobs: Iterable[Job]) -> None:
        """Of `jobs` that have a run already, end those that have yet to begin."""
        for job in jobs:
            if job.waits:
                self._end(job, "a run's second")

    def end_stranded(self, listing: Listing) -> None:
        """End runs that wait for a node which takes no work, once in each listing."""
        if self._seen is listing:
            return
        self._seen = listing
        if not any(machine.out for machine in listing.machines.values()):
            return
        for jobs in listing.ours.values():
            job = jobs[0]
            out = _out(job, listing.machines) if job.waits else ""
            # Slurm has to say so too: nodes seem away for a moment when slurmctld starts.
            if out and job.reason.startswith(_REASON):
                self._end(job, out)

    def _end(self, job: Job, why: str) -> None:
        try:
            self._driver.signal(job.job_id, job.user, None)
        except (RunnerRefused, RunnerUnknown) as error:
            _log.warning("job %d cannot begin (%s), and stays: %s", job.job_id, why, error)


def as_stranded(report: RunReport, job: Job, machines: Mapping[str, Machine]) -> RunReport:
    """`report`, whose cause is the node if the job was ended before it could begin on it.

    Read off what the cluster says and not remembered, so that a restart forgets nothing.
    """
    if report.cause != "stopped" or job.shares:
        return report
    out = _out(job, machines)
    if not out:
        return report
    return replace(report, cause="node-failed", detail=f"{report.detail}: {out}")


def _out(job: Job, machines: Mapping[str, Machine]) -> str:
    """Why one of the nodes that it is pinned to takes no work, '' if all do."""
    try:
        names = expand(job.pinned_to) if job.pinned_to else ()
    except InvalidInput:  # Not of our making: we write lists that can be read.
        return ""
    found = (machines[name].out for name in names if name in machines)
    return next((said for said in found if said), "")
