"""A cluster with the adapter in front of it, and a way to ask slurmrestd past the adapter."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.files import MountedFiles
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.machine import PoolShape
from allod.adapters.slurm.rest import RestCluster
from allod.adapters.slurm.runner import Means, SlurmRunner
from allod.adapters.slurm.tokens import TokenMaker
from allod.domain.slurm import Slurm
from allod.run.ports import RunKey, RunReport, StartOrder
from tests.slurm.cluster import Cluster
from tests.slurm.machine import api_version, need_user
from tests.slurm.processes import ClusterError
from tests.slurm.world import work_folder

T = TypeVar("T")
_numbers = count(1)
ADA, BO = "allod-ada", "allod-bo"
#: The runner believes that time runs faster, so that its pauses between two looks are short.
_HASTE = 20


def order(*command: str, workload_id: str = "w-1", run: int = 1, **fields: Any) -> StartOrder:
    """One accelerator of the cluster's first node for a minute, of the project `research`."""
    standard: dict[str, Any] = {
        "environment": (),
        "wall_time_s": 600,
        "grace_s": 0,
        "site": "narvik",
        "pool": "gpus",
        "accelerators": 1,
        "nodes": ((0, 1),),
        "project": "research",
        "person": "ada",
    }
    return StartOrder(workload_id=workload_id, run=run, command=command, **(standard | fields))


def shell(script: str, **fields: Any) -> StartOrder:
    return order("sh", "-c", script, **fields)


def wait_for(look: Callable[[], T | None], what: str, patience_s: float = 15.0) -> T:
    until_s = time.monotonic() + patience_s
    while True:
        if found := look():
            return found
        assert time.monotonic() < until_s, f"waited in vain for {what}"
        time.sleep(0.05)


def section(rest: str = "http://127.0.0.1:1", **changes: Any) -> Slurm:
    """`spec.slurm` of a site."""
    standard: dict[str, Any] = {
        "rest": rest,
        "pools": {"gpus": {"partition": "main", "nodes": "n[1-4]", "gres": "gpu:b200"}},
        "projects": {"research": {"user": ADA, "people": {"bo": BO}}},
        "folder": "/data",
    }
    return Slurm.model_validate(standard | changes)


@dataclass
class Bench:
    """A cluster, and what a test does with it."""

    cluster: Cluster
    folder: Path = field(init=False)
    #: Of its own: Slurm remembers jobs of the tests before.
    node: str = field(default_factory=lambda: f"{next(_numbers):08x}")
    _drivers: list[RestCluster] = field(default_factory=list)

    def __post_init__(self) -> None:
        for user in (ADA, BO):
            need_user(user)
        self.folder = work_folder(self.cluster)

    # ------------------------------------------------------------ the adapter

    def slurm(self, **changes: Any) -> Slurm:
        shape = self.cluster.shape
        pool = {
            "partition": shape.partitions[0].name,
            "nodes": f"n[1-{shape.nodes}]",
            "gres": f"gpu:{shape.gpu_type}",
        }
        standard = {"pools": {"gpus": pool}, "folder": str(self.folder)}
        return section(self.cluster.rest_url, **(standard | changes))

    def driver(self, operator: str = "root", key: Path | None = None) -> RestCluster:
        tokens = TokenMaker(key or self.cluster.jwt_key, lambda: int(time.time()))
        self._drivers.append(RestCluster(self.cluster.rest_url, tokens, operator))
        return self._drivers[-1]

    def runner(self, driver: Driver | None = None, **changes: Any) -> SlurmRunner:
        slurm = self.slurm(**changes)
        shape = PoolShape(
            "narvik", "gpus", slurm.pools["gpus"], self.cluster.shape.gpus, 1000, True
        )
        return SlurmRunner(
            slurm,
            (shape,),
            Means(driver or self.driver(), MountedFiles()),
            self.node,
            lambda: int(time.time()),
            lambda: _HASTE * time.monotonic(),
        )

    def until(self, runner: SlurmRunner, state: str, key: RunKey = ("w-1", 1)) -> RunReport:
        """The report of a run, once it is in that state."""

        def look() -> RunReport | None:
            report = runner.observe([key])[key]
            return report if report.state == state else None

        return wait_for(look, f"{key} to be {state}")

    @cached_property
    def root(self) -> RestCluster:
        """One that a test may ask often: slurmrestd keeps silent beyond 124 connections."""
        return self.driver()

    def listed(self, job_id: int) -> Job:
        """A job as the adapter reads it."""
        return next(job for job in self.root.jobs() if job.job_id == job_id)

    # ------------------------------------------------------------ past the adapter

    def ask(
        self,
        method: str,
        what: str,
        body: Any = None,
        *,
        user: str = "root",
        token: str | None = None,
        kind: str = "slurm",
    ) -> tuple[int, dict[str, Any]]:
        """(HTTP status, body) of a request; {} if the body is empty."""
        headers = {
            "X-SLURM-USER-NAME": user,
            "X-SLURM-USER-TOKEN": self.cluster.token() if token is None else token,
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(
            f"{self.cluster.rest_url}/{kind}/{api_version()}/{what}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={name: value for name, value in headers.items() if value},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _json(error.read())

    def submit(
        self, script: str = "sleep 600", *, user: str = "root", **job: Any
    ) -> tuple[int, dict[str, Any]]:
        """The answer to a submission by somebody else than the adapter."""
        standard = {
            "name": "raw",
            "environment": {"PATH": "/usr/bin:/bin"},
            "current_working_directory": str(self.folder),
            "standard_output": "/dev/null",
        }
        text = script if script.startswith("#!") else f"#!/bin/sh\n{script}\n"
        return self.ask("POST", "job/submit", {"script": text, "job": standard | job}, user=user)

    def submitted(self, script: str = "sleep 600", **job: Any) -> int:
        status, body = self.submit(script, **job)
        assert status == 200, body
        job_id: int = body["job_id"]
        return job_id

    def raw(self, job_id: int) -> dict[str, Any]:
        """A job as slurmrestd lists it."""
        listed = self.ask("GET", "jobs")[1]["jobs"]
        found: dict[str, Any] = next(job for job in listed if job["job_id"] == job_id)
        return found

    def until_raw(self, job_id: int, *states: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            job = self.raw(job_id)
            return job if job["job_state"] in states else None

        return wait_for(look, f"job {job_id} to be {' or '.join(states)}")

    @contextmanager
    def configured(self, *lines: str) -> Iterator[None]:
        """The cluster with further lines in slurm.conf, which count more than those before."""
        before = self.cluster.conf.read_text()
        self.cluster.conf.write_text(before + "".join(f"{line}\n" for line in lines))
        try:
            self.cluster.scontrol("reconfigure")
            yield
        finally:
            self.cluster.conf.write_text(before)
            self.cluster.scontrol("reconfigure")

    def clear(self) -> None:
        """End all jobs; returns when nodes are free of them."""
        for driver in self._drivers:
            driver.close()

        def listed() -> list[str]:
            return self.cluster.squeue("--noheader", "--format", "%i").split()

        if jobs := listed():
            with suppress(ClusterError):  # A job that has ended meanwhile is no longer known.
                self.cluster.run("scancel", "--signal=KILL", "--full", *jobs)
            with suppress(ClusterError):
                self.cluster.run("scancel", *jobs)
            wait_for(lambda: not listed(), "all jobs to have ended")
        for path in self.folder.glob("allod-*"):
            path.unlink(missing_ok=True)


def codes(body: dict[str, Any]) -> set[int]:
    """Slurm's numbers of the errors in an answer, under whichever name."""
    names = ("error_code", "error_number", "errno")
    return {item[name] for item in body.get("errors", ()) for name in names if item.get(name)}


def _json(content: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(content or b"{}")
    except json.JSONDecodeError:
        return {"text": content.decode(errors="replace")}
    return found
