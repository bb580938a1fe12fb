"""A minimal engine with the interface of the real one: pools are numbers, first come first served.

Enough of the rules to give every kind of decision: a workload that fits nowhere is refused, one
for which there is no room is held, one of access class 'owner' reclaims room from others, and a
workload of a project named 'barred' is not accepted at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.decision import Decision, Hold, Placement, Reason, Reclaim, Refusal, Step
from allod.domain.document import Document, from_json
from allod.domain.event import (
    DocumentRemoved,
    DocumentsApplied,
    Event,
    NodeStarted,
    Outcome,
    PoolReported,
    TimePassed,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadStarted,
    WorkloadSubmitted,
)
from allod.domain.said import Said
from allod.domain.site import PhaseState, Site
from allod.errors import InvalidInput, NotFound
from allod.run.engine import EngineMaker

NOTICE_S = 2


def live_units(site: Site) -> int:
    return sum(
        count.value or 0
        for phase in site.phases
        if phase.state.value is PhaseState.LIVE
        for count in phase.accelerators.values()
    )


@dataclass
class Job:
    units: int
    wall_time_s: int
    owner: bool
    requeue: bool
    not_before_s: int
    run: int = 0
    site: str = ""  #: Empty while it waits.
    reclaimed: bool = False
    cancelled: bool = False


@dataclass
class FifoEngine:
    now_s: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)  #: In order of asking.
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    reports: dict[tuple[str, str], PoolReported] = field(default_factory=dict)
    outlook: Outlook = NO_OUTLOOK

    def step(self, event: Event) -> tuple[Decision, ...]:
        decisions: list[Decision] = []
        match event:
            case NodeStarted():
                pass
            case DocumentsApplied():
                for item in event.documents:
                    if item["kind"] == "Charter":
                        raise InvalidInput("this engine knows no charters")
                    self.raw[f"{item['kind']}/{item['metadata']['name']}"] = item
                self._read()
            case DocumentRemoved():
                if f"{event.kind}/{event.name}" not in self.raw:
                    raise NotFound(f"no {event.kind}/{event.name}")
                del self.raw[f"{event.kind}/{event.name}"]
                self._read()
            case WorkloadSubmitted():
                return self._submit(event)
            case WorkloadCancelled():
                job = self.jobs.get(event.workload_id)
                if job is not None and not job.site:
                    del self.jobs[event.workload_id]
                elif job is not None:
                    job.cancelled = True
            case WorkloadEnded():
                job = self.jobs.get(event.workload_id)
                if job is None or job.run != event.run or not job.site:
                    return ()
                failed = event.outcome is Outcome.NODE_FAILED
                again = failed or (event.outcome is Outcome.RECLAIMED and job.requeue)
                if again and not job.cancelled:
                    job.site, job.reclaimed = "", False
                    self.jobs[event.workload_id] = self.jobs.pop(event.workload_id)
                else:
                    del self.jobs[event.workload_id]
            case PoolReported():
                self.reports[event.site, event.pool] = event
            case WorkloadStarted() | TimePassed():
                pass
        self.now_s = event.at_s
        for workload_id, job in self.jobs.items():
            if not job.site and (site := self._room(job)):
                decisions.append(self._place(workload_id, job, site))
        return tuple(decisions)

    def _read(self) -> None:
        self.documents = {key: from_json(item) for key, item in sorted(self.raw.items())}

    def _sites(self) -> dict[str, int]:
        return {
            d.name: live_units(d.spec) for d in self.documents.values() if isinstance(d.spec, Site)
        }

    def _room(self, job: Job) -> str:
        if self.now_s < job.not_before_s:
            return ""
        for site, units in self._sites().items():
            used = sum(other.units for other in self.jobs.values() if other.site == site)
            if used + job.units <= units:
                return site
        return ""

    def _place(self, workload_id: str, job: Job, site: str) -> Placement:
        job.site, job.run = site, job.run + 1
        spec = self.documents[f"Site/{site}"].spec
        assert isinstance(spec, Site)
        return Placement(
            at_s=self.now_s,
            workload_id=workload_id,
            run=job.run,
            site=site,
            pool=spec.pools[0].name,
            access_class="owner" if job.owner else "guest",
            accelerators=job.units,
            nodes=((0, job.units),),
            power_w=job.units * 1000,
            ends_at_s=self.now_s + job.wall_time_s,
            lent=not job.owner,
            notice_s=0 if job.owner else NOTICE_S,
        )

    def _submit(self, event: WorkloadSubmitted) -> tuple[Decision, ...]:
        spec = event.workload
        if spec["project"] == "barred":
            raise InvalidInput("project 'barred' is not known", mend="apply it first")
        self.now_s = event.at_s
        job = Job(
            units=spec["accelerators"],
            wall_time_s=spec["wall_time_s"],
            owner=spec.get("access_class") == "owner",
            requeue=spec.get("on_reclaim", "requeue") == "requeue",
            not_before_s=spec.get("flexibility", {}).get("not_before", 0),
        )
        sites = self._sites()
        if not any(job.units <= units for units in sites.values()):
            reasons = tuple(
                self._reason(site, "too-large", f"{units} accelerators there", forever=True)
                for site, units in sites.items()
            )
            return (Refusal(at_s=self.now_s, workload_id=event.workload_id, reasons=reasons),)
        self.jobs[event.workload_id] = job
        if site := self._room(job):
            return (self._place(event.workload_id, job, site),)
        hold = Hold(
            at_s=self.now_s,
            workload_id=event.workload_id,
            reasons=tuple(
                self._reason(site, "no-room", "no room", forever=False) for site in sites
            ),
        )
        return (hold, *(self._reclaims(event.workload_id) if job.owner else ()))

    def _reason(self, site: str, code: str, message: str, *, forever: bool) -> Reason:
        return Reason(site=site, step=Step.ROOM, code=code, message=message, forever=forever)

    def _reclaims(self, for_workload_id: str) -> list[Reclaim]:
        found = []
        for workload_id, job in self.jobs.items():
            if job.site and not job.owner and not job.reclaimed:
                job.reclaimed = True
                found.append(
                    Reclaim(
                        at_s=self.now_s,
                        workload_id=workload_id,
                        run=job.run,
                        site=job.site,
                        pool="p",
                        for_workload_id=for_workload_id,
                        stop_at_s=self.now_s + NOTICE_S,
                    )
                )
                break
        return found

    def snapshot(self) -> bytes:
        jobs = {workload_id: vars(job) for workload_id, job in self.jobs.items()}
        return json.dumps(
            {"now_s": self.now_s, "jobs": list(jobs.items()), "raw": self.raw}
        ).encode()

    @classmethod
    def restore(cls, data: bytes) -> FifoEngine:
        held = json.loads(data)
        jobs = {workload_id: Job(**job) for workload_id, job in held["jobs"]}
        engine = cls(now_s=held["now_s"], jobs=jobs, raw=held["raw"])
        engine._read()
        return engine

    def next_wake_s(self) -> int | None:
        times = [
            job.not_before_s
            for job in self.jobs.values()
            if not job.site and job.not_before_s > self.now_s
        ]
        return min(times, default=None)


@dataclass(frozen=True)
class Answer:
    site: str
    blockers: tuple[Reason, ...]
    change: str
    expected_at_s: int | None
    basis: str
    changes: tuple[Said, ...] = ()
    rests_on: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Explained:
    workload_id: str
    state: str
    sites: tuple[Answer, ...]
    expected_at_s: int | None
    basis: str
    rests_on: tuple[Said, ...] = ()


def explain(engine: FifoEngine, workload_id: str) -> Explained:
    job = engine.jobs[workload_id]
    blocker = Reason(site="here", step=Step.ROOM, code="no-room", message="no room")
    answer = Answer("here", () if job.site else (blocker,), "wait", None, "")
    return Explained(workload_id, "running" if job.site else "waiting", (answer,), None, "")


def may_run_at(engine: FifoEngine, workload_id: str) -> dict[str, str]:
    job = engine.jobs[workload_id]
    return {
        site: "owner" if job.owner else "guest"
        for site, units in engine._sites().items()
        if job.units <= units
    }


def fifo_maker() -> EngineMaker[FifoEngine]:
    return EngineMaker(
        FifoEngine,
        FifoEngine.restore,
        lambda engine: FifoEngine.restore(engine.snapshot()),
        explain,
        may_run_at,
    )
