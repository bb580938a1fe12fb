"""A cluster that does as the test says, and a clock that only the test turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from allod.adapters.slurm.driver import About, Licence
from allod.adapters.slurm.job import Job, Share
from allod.adapters.slurm.machine import Machine, PoolShape
from allod.adapters.slurm.request import JobRequest
from allod.adapters.slurm.runner import Means, SlurmRunner
from allod.adapters.slurm.tag import tag
from allod.errors import AllodError
from allod.run.ports import RunKey
from tests.adapters.slurm.bench import section

NODE = "00000001"
KEY: RunKey = ("w-1", 1)


def job(job_id: int = 1, state: str = "RUNNING", key: RunKey | None = KEY, **changes: Any) -> Job:
    """A job on the first node; of nobody that we know if `key` is None."""
    standard: dict[str, Any] = {
        "job_id": job_id,
        "comment": tag(NODE, key) if key else "",
        "user": "allod-ada",
        "partition": "main",
        "states": (state,),
        "reason": "",
        "exit_status": 0 if state == "COMPLETED" else None,
        "signal": None,
        "restarts": 0,
        "submitted_at_s": 100,
        "began_at_s": None if state == "PENDING" else 100 + job_id,
        "finished_at_s": None,
        "shares": (Share("n1", 1, 4),),
        "licences": "",
        "output": "",
    }
    return Job(**(standard | changes))


def machine(name: str, **changes: Any) -> Machine:
    standard: dict[str, Any] = {
        "name": name,
        "accelerators": 8,
        "cpus": 32,
        "memory_mb": 32_000,
        "states": ("IDLE",),
        "reason": "",
    }
    return Machine(**(standard | changes))


@dataclass
class Time:
    """A clock for both kinds of time."""

    monotonic: float = 50.0

    def now_s(self) -> int:
        return 1_000_000 + int(self.monotonic)

    def monotonic_s(self) -> float:
        return self.monotonic


@dataclass
class Scripted:
    """A `Driver`; `faults` are raised by the calls of that name, one each, before or after."""

    time: Time
    listed: list[Job] = field(default_factory=list)
    nodes: dict[str, Machine] = field(
        default_factory=lambda: {f"n{i}": machine(f"n{i}") for i in range(1, 5)}
    )
    accounted: dict[int, Job] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)  #: Jobs that the watcher is not shown.
    takes_s: float = 0.0
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    faults: list[tuple[str, AllodError]] = field(default_factory=list)
    #: Raised when the call has been carried out: its answer was lost.
    lost: list[tuple[str, AllodError]] = field(default_factory=list)
    while_listing: Callable[[], None] = lambda: None

    def about(self) -> About:
        return About("22.05.8", "slurmrestd v0.0.38", self.time.now_s())

    def jobs(self, user: str | None = None) -> tuple[Job, ...]:
        self._ask("jobs")
        found = tuple(
            one for one in self.listed if user is not None or one.job_id not in self.hidden
        )
        self.time.monotonic += self.takes_s
        self.while_listing()
        return found

    def machines(self) -> dict[str, Machine]:
        return self.nodes

    def submit(self, request: JobRequest) -> int:
        self._ask("submit", request.comment, request.user)
        job_id = max((each.job_id for each in self.listed), default=0) + 1
        new = job(job_id, "PENDING", None, comment=request.comment, user=request.user, shares=())
        self.listed.append(new)
        self._lose("submit")
        return job_id

    def signal(self, job_id: int, user: str, signal: str | None) -> None:
        self._ask("signal", job_id, user, signal)
        if signal is None:
            self.listed = [
                replace(each, states=("CANCELLED",), reason="")
                if each.job_id == job_id and not each.ended
                else each
                for each in self.listed
            ]
        self._lose("signal")

    def ended_job(self, job_id: int) -> Job | None:
        self._ask("ended_job", job_id)
        return self.accounted.get(job_id)

    def licences(self) -> tuple[Licence, ...]:
        return ()

    def count(self, what: str) -> int:
        """How often it was asked for that."""
        return sum(ask[0] == what for ask in self.asked)

    def _ask(self, what: str, *details: Any) -> None:
        self.asked.append((what, *details))
        _raise(self.faults, what)

    def _lose(self, what: str) -> None:
        _raise(self.lost, what)


class NoFiles:
    """A shared folder by path."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.links: dict[str, str] = {}

    def read(self, path: str, offset: int, limit: int) -> bytes | None:
        found = self.contents.get(path)
        return None if found is None else found[offset : offset + limit]

    def link(self, path: str) -> str | None:
        return self.links.get(path)

    def owner(self, path: str) -> str | None:
        return "ada" if path in self.contents or path in self.links else None


def runner(driver: Scripted, files: NoFiles | None = None, **options: Any) -> SlurmRunner:
    slurm = section(**options.pop("slurm", {}))
    shape = PoolShape("narvik", "gpus", slurm.pools["gpus"], 8, 1000, True)
    return SlurmRunner(
        slurm,
        (shape,),
        Means(driver, files or NoFiles(), options.pop("curtailer", None)),
        NODE,
        driver.time.now_s,
        driver.time.monotonic_s,
        **options,
    )


def _raise(faults: list[tuple[str, AllodError]], what: str) -> None:
    for fault in faults:
        if fault[0] == what:
            faults.remove(fault)
            raise fault[1]
