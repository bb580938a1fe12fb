"""A runner whose runs are jobs of a Slurm cluster.

The id of a run travels in its job, so that whatever was asked can be found again: after a lost
answer, a restart or a time-out it is looked for before it is asked again (X1, X2). Jobs are not
requeued by Slurm: a run is one job, and its next run another (R4).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from allod.adapters.slurm.curtail import Curtailer
from allod.adapters.slurm.driver import About, Driver
from allod.adapters.slurm.energy import with_energy
from allod.adapters.slurm.files import Files
from allod.adapters.slurm.follow import Follower, Listing
from allod.adapters.slurm.futile import Futile, as_stranded
from allod.adapters.slurm.hidden import Hidden
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.limits import PowerLimits
from allod.adapters.slurm.machine import PoolShape, pool_report
from allod.adapters.slurm.marks import Marks
from allod.adapters.slurm.request import NodeSize, request_of
from allod.domain.slurm import Slurm
from allod.errors import NotFound, RunnerRefused, RunnerUnknown
from allod.run.ports import (
    Contact,
    Finding,
    LimitAnswer,
    OutputPart,
    PoolReport,
    PowerLimitOrder,
    RunKey,
    RunReport,
    Seen,
    StartOrder,
    StreamName,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """By what a cluster is reached."""

    driver: Driver
    files: Files
    curtailer: Curtailer | None = None  #: None where nobody may reserve licences.
    limits: PowerLimits | None = None  #: Sets power limits.
    check: Callable[[], tuple[Finding, ...]] = tuple  #: Looks at all that is needed.


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job that was submitted: its id, and when its submission was answered. [monotonic s]"""

    job_id: int
    user: str
    at_s: float


class SlurmRunner:
    """A `run.ports.Runner` and `Cluster`; safe to use from several threads."""

    def __init__(
        self,
        slurm: Slurm,
        pools: Iterable[PoolShape],
        means: Means,
        node: str,
        now_s: Callable[[], int],
        monotonic_s: Callable[[], float],
        before: SlurmRunner | None = None,
    ) -> None:
        """Take what it works with; `before` is whom it takes over from, with what it has asked."""
        self._slurm, self._pools = slurm, tuple(pools)
        self._check = means.check
        self._driver, self._curtailer, self._node = means.driver, means.curtailer, node
        self._limits = means.limits
        self._marks = Marks(slurm, means.files, node)
        self._hidden = Hidden(slurm, means.driver, node)
        self._futile = Futile(means.driver)
        self._follower = Follower(means.driver, node, now_s, monotonic_s)
        self._monotonic_s = monotonic_s
        self._lock: threading.Lock = before._lock if before else threading.Lock()
        #: Submitted in this life, not yet listed.
        self._asked: dict[RunKey, _Asked] = before._asked if before else {}
        #: Ends that are durable in the log.
        self._told: set[RunKey] = before._told if before else set()
        self._gone: dict[RunKey, RunReport] = {}  #: Of runs that Slurm has forgotten.
        self._about: About | None = None
        self._tidied = self._follower.listing
        #: What was made of which listing.
        self._reported: tuple[Listing, tuple[PoolReport, ...]] = (self._follower.listing, ())
        self._sized: tuple[Listing, dict[str, NodeSize]] = (self._follower.listing, {})

    # ------------------------------------------------------------ the runner

    def start(self, order: StartOrder) -> RunReport:
        """See `Runner.start`."""
        key = (order.workload_id, order.run)
        request = request_of(order, self._slurm, self._node, self._sizes())
        if order.again:
            known = self._find(key, request.user)
            if known is not None:
                return known
        elif key in self._follower.listing.ours:
            raise RunnerRefused(
                "the cluster has a job of this very run, which this node has never asked for",
                mend="was its data restored from a backup? Let a new node take over its documents",
            )
        with self._follower.submitting():
            job_id = self._driver.submit(request)
        with self._lock:
            self._asked[key] = _Asked(job_id, request.user, self._monotonic_s())
        return RunReport(*key, "queued", seen=Seen(job=str(job_id)))

    def _find(self, key: RunKey, user: str) -> RunReport | None:
        """The run, if it has been asked for already: looked for in what the cluster says now."""
        listing = self._follower.look_after(self._monotonic_s())
        for job in listing.ours.get(key) or self._hidden.jobs(key, listing, user):
            return job.report(key)
        return self._marks.end_of(key)

    def stop(self, workload_id: str, run: int, grace_s: int, cause: str) -> RunReport:
        """See `Runner.stop`; the grace is the cluster's KillWait."""
        key = (workload_id, run)
        self._follower.expect()
        return self._signal(key, None)

    def notify(self, workload_id: str, run: int, signal: str) -> None:
        """See `Cluster.notify`."""
        self._signal((workload_id, run), signal)

    def _signal(self, key: RunKey, signal: str | None) -> RunReport:
        """Signal every job that is this run, and say how it stands."""
        asked = self._asked.get(key)
        if asked is not None:
            self._driver.signal(asked.job_id, asked.user, signal)
            return RunReport(*key, "queued", seen=Seen(job=str(asked.job_id)))
        jobs: Sequence[Job] = self._follower.listing.ours.get(key, ())
        if not jobs:
            listing = self._follower.look_after(self._monotonic_s())
            jobs = listing.ours.get(key) or self._hidden.jobs(key, listing)
        if not jobs:
            return self._marks.end_of(key) or RunReport(*key, "absent")
        for job in jobs:
            if not job.ended:
                self._driver.signal(job.job_id, job.user, signal)
        return jobs[0].report(key)

    def set_power_limit(self, order: PowerLimitOrder) -> LimitAnswer:
        """See `PowerLimiter.set_power_limit`."""
        if self._limits is None:
            raise RunnerRefused("nobody here sets power limits")
        return self._limits.set(order, self._job_of)

    def _job_of(self, key: RunKey) -> str:
        """The number of the job that is this run, '' if it is not known any more."""
        asked, jobs = self._asked.get(key), self._follower.listing.ours.get(key)
        if asked is not None:
            return str(asked.job_id)
        return str(jobs[0].job_id) if jobs else ""

    def observe(self, keys: Iterable[RunKey]) -> dict[RunKey, RunReport]:
        """See `Runner.observe`."""
        listing = self._follower.look()
        self._tidy(listing)
        return {key: self._report(key, listing) for key in keys}

    def _report(self, key: RunKey, listing: Listing) -> RunReport:
        jobs = listing.ours.get(key)
        if jobs:
            self._futile.end_doubles(jobs[1:])
            report = with_energy(jobs[0].report(key), jobs[0], listing.machines)
            return as_stranded(report, jobs[0], listing.machines)
        asked = self._asked.get(key)
        if asked is not None and asked.at_s >= listing.begun_s:
            return RunReport(*key, "queued", seen=Seen(job=str(asked.job_id)))
        if key not in self._gone:
            report = self._last_words(key, asked.job_id if asked else None, listing)
            if report.state != "ended":
                return report
            self._gone[key] = report
        return self._gone[key]

    def _last_words(self, key: RunKey, job_id: int | None, listing: Listing) -> RunReport:
        """How a run stands that the listing lacks: by what its user is shown, the accounting, or
        its own mark. Nothing is said of it if one of them does not answer.
        """
        for job in self._hidden.jobs(key, listing):
            return job.report(key)
        job_id = job_id or self._marks.job_of(key)
        known = self._driver.ended_job(job_id) if job_id is not None else None
        if known is not None:
            return with_energy(known.report(key), known, listing.machines)
        ended = self._marks.end_of(key)
        if ended is not None:
            return ended
        if job_id is None:
            return RunReport(*key, "absent")
        return RunReport(
            *key,
            "ended",
            cause="lost",
            seen=Seen(job=str(job_id)),
            detail=f"Slurm no longer knows job {job_id}, and it left no mark of its end",
        )

    def ended(self) -> tuple[RunKey, ...]:
        """See `Runner.ended`; asks the cluster when that is due."""
        listing = self._follower.look()
        if self._about is None:
            self._about = self._driver.about()
        self._tidy(listing)
        self._futile.end_stranded(listing)
        self._keep_envelope()
        return tuple(key for key in listing.ended if key not in self._told)

    def _keep_envelope(self) -> None:
        """Let Slurm hold the envelope's windows; if it will not, work is placed all the same."""
        try:
            if self._curtailer is not None:
                self._curtailer.keep()
        except (RunnerRefused, RunnerUnknown) as error:
            _log.warning("the envelope's windows are not reserved in Slurm: %s", error)

    def curb(self, caps: Sequence[tuple[int, int]]) -> None:
        """See `Curbed.curb`."""
        if self._curtailer is not None:
            self._curtailer.curb(caps)

    def acknowledge(self, workload_id: str, run: int) -> None:
        """See `Runner.acknowledge`."""
        with self._lock:
            self._told.add((workload_id, run))
            self._gone.pop((workload_id, run), None)

    def _tidy(self, listing: Listing) -> None:
        """Forget what the listing says anyway."""
        if self._tidied is listing:
            return
        self._tidied = listing
        with self._lock:
            listed = listing.ours.keys()
            self._told &= listed
            for key in [key for key in self._asked if key in listed]:
                del self._asked[key]

    def logs(
        self, workload_id: str, run: int, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        """See `Runner.logs`."""
        part = self._marks.output((workload_id, run), stream, offset, limit)
        if part is not None:
            return part
        key = (workload_id, run)
        if key in self._follower.listing.ours or key in self._asked:
            return OutputPart(offset, b"")
        raise NotFound(f"run {run} of workload '{workload_id}' has left no output that can be read")

    # ------------------------------------------------------------ the cluster

    def unended(self) -> frozenset[RunKey]:
        """See `Cluster.unended`."""
        ours = self._follower.listing.ours
        return frozenset(key for key, jobs in ours.items() if any(not job.ended for job in jobs))

    def waits_for(self, workload_id: str, run: int) -> str:
        """See `Cluster.waits_for`."""
        jobs = self._follower.listing.ours.get((workload_id, run))
        if not jobs or not jobs[0].waits:
            return ""
        return f"Slurm job {jobs[0].job_id} waits: {jobs[0].reason or 'it has not said what for'}"

    def pools(self) -> tuple[PoolReport, ...]:
        """See `Cluster.pools`."""
        listing = self._follower.look()
        if self._reported[0] is not listing:
            reports = tuple(
                pool_report(shape, listing.machines, listing.others, self._slurm.power_licence)
                for shape in self._pools
            )
            self._reported = (listing, reports)
        return self._reported[1]

    def address_of(self, node: str) -> str:
        """See `Located.address_of`."""
        machine = self._follower.listing.machines.get(node)
        return (machine.address or machine.name) if machine is not None else ""

    def contact(self) -> Contact:
        """See `Cluster.contact`."""
        about = self._about
        return Contact(
            version=f"Slurm {about.release} ({about.spoken})" if about else "",
            poll_s=self._follower.poll_s,
            looked_at_s=self._follower.listing.at_s or None,
        )

    def check(self) -> tuple[Finding, ...]:
        """See `Cluster.check`."""
        return self._check()

    def close(self) -> None:
        """See `Cluster.close`."""
        self._driver.close()

    def _sizes(self) -> dict[str, NodeSize]:
        """The nodes as last seen; asked for if they never were."""
        listing = self._follower.listing
        if not listing.machines:
            listing = self._follower.look_after(float("-inf"))
        if self._sized[0] is not listing:
            sizes = {
                name: NodeSize(machine.accelerators, machine.cpus, machine.memory_mb)
                for name, machine in listing.machines.items()
            }
            self._sized = (listing, sizes)
        return self._sized[1]
