"""Following: what the cluster last said, asked again at a pace, for all runs at once.

One listing a cycle, however many jobs. Every second while something of ours runs or was asked for,
every fifteen seconds else; and never so often that listing takes more than a fifth of the time.
While a crowd of jobs is being submitted it is every four seconds, for slurmctld takes no job while
it lists those it has. A cluster that does not answer is asked later and later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import Machine
from allod.adapters.slurm.tag import parse_tag
from allod.errors import AllodError, RunnerUnknown
from allod.run.ports import RunKey

BUSY_S = 1.0
IDLE_S = 15.0
CROWD_S = 4.0
_CROWD = 8  #: So many submissions at once are one.
_STAYS_BUSY_S = 30.0  #: How long after the last thing asked for. [s]
_SHARE = 4  #: A listing that took 1 s is followed by 4 s of rest.


@dataclass(frozen=True, slots=True)
class Listing:
    """What the cluster said at one time."""

    begun_s: float = float("-inf")  #: When it was asked. [monotonic s]
    at_s: int = 0  #: The same. [epoch s]
    ours: dict[RunKey, tuple[Job, ...]] = field(default_factory=dict)  #: First the one that counts.
    others: tuple[Job, ...] = ()  #: Jobs of others that hold nodes.
    machines: dict[str, Machine] = field(default_factory=dict)
    ended: tuple[RunKey, ...] = ()  #: Those of `ours` that are over, in order.


class Follower:
    """Keeps the latest listing; safe to use from several threads, which share one request."""

    def __init__(
        self,
        driver: Driver,
        node: str,
        now_s: Callable[[], int],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._driver, self._node = driver, node
        self._now_s, self._monotonic_s = now_s, monotonic_s
        self._asking = threading.Lock()
        self._listing = Listing()
        self._fault: AllodError | None = None
        self._failures = 0
        self._took_s = 0.0
        self._tried_s = float("-inf")
        self._busy_until_s = float("-inf")
        self._counting = threading.Lock()
        self._submitting = 0

    @property
    def listing(self) -> Listing:
        """The latest one."""
        return self._listing

    @property
    def poll_s(self) -> float:
        """How long the cluster is left alone now. [s]"""
        if self._failures:
            return min(BUSY_S * 2.0 ** min(self._failures - 1, 8), IDLE_S)
        if self._submitting >= _CROWD:
            return max(CROWD_S, _SHARE * self._took_s)
        busy = self._monotonic_s() < self._busy_until_s or any(
            not jobs[0].ended for jobs in self._listing.ours.values()
        )
        return max(BUSY_S if busy else IDLE_S, _SHARE * self._took_s)

    def expect(self) -> None:
        """Look often from now on: something was asked for."""
        self._busy_until_s = self._monotonic_s() + _STAYS_BUSY_S

    @contextmanager
    def submitting(self) -> Iterator[None]:
        """While a job is being submitted."""
        self.expect()
        with self._counting:
            self._submitting += 1
        try:
            yield
        finally:
            with self._counting:
                self._submitting -= 1

    def look(self) -> Listing:
        """The latest listing, asked for anew if that is due.

        Raises:
            RunnerUnknown: The last time that the cluster was asked it did not answer.
        """
        due = self._monotonic_s() - self._tried_s >= self.poll_s
        if not self._has_looked() and self._fault is None:
            # Whoever asks now is waited for: to have no listing is not to have no jobs.
            self.look_after(float("-inf"))
        elif due and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        if self._fault is not None:
            raise RunnerUnknown(str(self._fault))
        return self._listing

    def _has_looked(self) -> bool:
        return self._listing.begun_s > float("-inf")

    def look_after(self, since_s: float) -> Listing:
        """A listing that was begun after `since_s`. [monotonic s]

        Raises:
            RunnerUnknown: There is none, for the cluster does not answer.
        """
        with self._asking:
            if self._listing.begun_s <= since_s:
                if self._fault is not None and self._tried_s > since_s:
                    raise RunnerUnknown(str(self._fault))
                self._ask()
                if self._fault is not None:
                    raise RunnerUnknown(str(self._fault))
            return self._listing

    def _ask(self) -> None:
        begun_s, at_s = self._monotonic_s(), self._now_s()
        self._tried_s = begun_s
        try:
            jobs, machines = self._driver.jobs(), self._driver.machines()
        except AllodError as error:
            self._fault, self._failures = error, self._failures + 1
            return
        self._took_s = self._monotonic_s() - begun_s
        self._listing = sorted_out(jobs, machines, self._node, begun_s, at_s)
        self._fault, self._failures = None, 0


def sorted_out(
    jobs: tuple[Job, ...], machines: dict[str, Machine], node: str, begun_s: float, at_s: int
) -> Listing:
    """`jobs` by whose they are: runs of the node with tag `node`, and what others hold."""
    ours: dict[RunKey, list[Job]] = {}
    others: list[Job] = []
    for job in jobs:
        key = parse_tag(job.comment, node) if job.comment else None
        if key is not None:
            ours.setdefault(key, []).append(job)
        elif job.holds:
            others.append(job)
    runs = {}
    for run, found in ours.items():
        # Who has copied the comment of a job that others can see comes after it.
        user = min(found, key=lambda job: job.job_id).user
        runs[run] = tuple(sorted((job for job in found if job.user == user), key=_counts_first))
        others += (job for job in found if job.user != user and job.holds)
    ended = tuple(sorted(run for run, jobs_ in runs.items() if jobs_[0].ended))
    return Listing(begun_s, at_s, runs, tuple(others), machines, ended)


def _counts_first(job: Job) -> tuple[bool, bool, int]:
    """Of several jobs that are one run, the one that runs it, or that was asked for first."""
    return job.ran_nothing, job.waits, job.job_id
