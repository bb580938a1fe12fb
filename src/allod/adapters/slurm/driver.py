"""What the adapter asks of a cluster, whether by slurmrestd or by Slurm's commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import Machine
from allod.adapters.slurm.request import JobRequest


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as the cluster counts it now."""

    name: str
    total: int
    used: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation that holds licences back for a time."""

    name: str
    starts_s: int
    ends_s: int
    licences: int


@dataclass(frozen=True, slots=True)
class Books:
    """What the cluster's accounting knows."""

    qos: frozenset[str]
    accounts: dict[str, frozenset[str]]  #: Of each user that it knows.
    operators: frozenset[str]  #: Users whose AdminLevel is Operator or Administrator.


@dataclass(frozen=True, slots=True)
class About:
    """Whom one speaks to."""

    release: str  #: Slurm's, such as '22.05.8'.
    spoken: str  #: 'slurmrestd v0.0.38' or 'its commands'.
    clock_s: int | None  #: Its time now; None if it does not say. [epoch s]


class Driver(Protocol):
    """A cluster. Every call raises RunnerRefused or RunnerUnknown (X1)."""

    def about(self) -> About:
        """Whom one speaks to."""
        ...

    def jobs(self, user: str | None = None) -> tuple[Job, ...]:
        """All jobs that Slurm remembers and shows to `user`, by id; default: to the watcher."""
        ...

    def machines(self) -> dict[str, Machine]:
        """All nodes, by name."""
        ...

    def submit(self, request: JobRequest) -> int:
        """Submit a job as its user; its id."""
        ...

    def signal(self, job_id: int, user: str, signal: str | None) -> None:
        """Send `signal` to all of a job, or end it (None); a job that has ended is left alone."""
        ...

    def ended_job(self, job_id: int) -> Job | None:
        """A job that Slurm no longer remembers, from the accounting; None if it does not know."""
        ...

    def licences(self) -> tuple[Licence, ...]:
        """All licences."""
        ...

    def books(self) -> Books | None:
        """What the accounting knows; None where there is none."""
        ...

    def close(self) -> None:
        """Let go of what is kept open."""
        ...


class Keeper(Protocol):
    """Whoever may hold licences back in a cluster. Calls raise as those of a `Driver`."""

    def holds(self) -> tuple[Hold, ...]:
        """Reservations that there are, of licences."""
        ...

    def hold(self, hold: Hold, licence: str) -> None:
        """Reserve so many of `licence`; one of that name that is there already is left as it is."""
        ...

    def release(self, name: str) -> None:
        """Give up a reservation; one that is not there is no error."""
        ...
