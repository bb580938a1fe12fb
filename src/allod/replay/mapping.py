"""Jobs of a trace as work of projects: who they belong to and what verdict they have."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide import law
from allod.decide.engine import Engine
from allod.decide.grants import longest_paid_s
from allod.decide.live import Live
from allod.decide.verdict import Verdict
from allod.domain.decision import Reason
from allod.domain.scenario import Portion
from allod.domain.units import UNBOUNDED
from allod.domain.workload import Workload
from allod.errors import InvalidInput
from allod.replay.came import name_of
from allod.replay.loop import ASK
from allod.replay.traces import JobChunk, TraceMeta
from allod.replay.world import ReplayWorld, site_name_of

Ints = npt.NDArray[np.int64]
Kind = tuple[int, ...]  #: Project, accelerators, wall time, partition, class: what a verdict is on.


class Mapper:
    """Makes asks of the kernel out of chunks of a trace; verdicts are made once per kind of job."""

    def __init__(self, engine: Engine, world: ReplayWorld, meta: TraceMeta, seed: int) -> None:
        self._engine, self._world, self._meta, self._seed = engine, world, meta, seed
        self._portions: list[tuple[int, int]] = []  #: (project row, bound), once it is needed.
        self._dealt: dict[str, int] = {}
        self._verdicts: dict[Kind, tuple[int, Verdict]] = {}
        self._alike: dict[int, Live] = {}  #: By row of the kernel: one of those of its verdict.
        projects = [engine.world.projects[name] for name in engine.layout.projects]
        self._bound = any(project.grants for project in projects)

    def _longest_paid_s(self, project: Ints, n: Ints) -> Ints:
        """For each job the longest wall time that the grants of its project ever pay for. [s]"""
        if not self._bound:
            return np.full(len(n), UNBOUNDED)
        kinds, which = np.unique(project * (n.max(initial=0) + 1) + n, return_inverse=True)
        longest_s = np.zeros(len(kinds), np.int64)
        for i, (row, size) in enumerate(zip(*divmod(kinds, n.max(initial=0) + 1), strict=True)):
            named = self._engine.world.projects[self._engine.layout.projects[row]]
            longest_s[i] = longest_paid_s(named, max(int(size), 1))
        return longest_s[which.ravel()]

    def asks(self, chunk: JobChunk, first_row: int) -> tuple[npt.NDArray[Any], list[Refused]]:
        """The jobs of `chunk` that may run somewhere, and those that nowhere may."""
        n = len(chunk)
        asks, none = np.zeros(n, ASK), np.full(n, -1, np.int64)
        asks["submit"] = chunk.submit_s + self._world.starts_s
        asks["run_s"] = chunk.run_s
        asks["wall"] = chunk.wall_s
        asks["n"] = chunk.accelerators
        asks["row"] = np.arange(first_row, first_row + n)
        asks["project"] = self.projects_of(chunk, first_row)
        site = chunk.partition.astype(np.int64) if self._world.mapping.site_by_partition else none
        # Of the wall time a verdict needs only whether the grants could ever pay for it.
        most_s = self._longest_paid_s(asks["project"], asks["n"])
        wall = np.where(asks["wall"] > most_s, most_s + 1, 1)
        wanted = none if chunk.access_class is None else chunk.access_class.astype(np.int64)
        kinds = np.stack([asks["project"], asks["n"], wall, site, wanted])
        distinct, which = np.unique(kinds, axis=1, return_inverse=True)
        found = [self._verdict(tuple(kind)) for kind in distinct.T.tolist()]
        asks["verdict"] = np.array([row for row, _ in found])[which.ravel()]
        anywhere = np.array([verdict.anywhere for _, verdict in found])[which.ravel()]
        refused = [
            Refused(int(asks["row"][i]), int(asks["project"][i]), int(asks["n"][i]), reasons)
            for i in np.flatnonzero(~anywhere)
            for reasons in (found[int(which.ravel()[i])][1].all_against(),)
        ]
        return asks[anywhere], refused

    def projects_of(self, chunk: JobChunk, first_row: int) -> Ints:
        """Project row of each job."""
        if chunk.project is not None:
            return self._named_projects(chunk.project)
        portions = self._dealt_out_to()
        if len(portions) == 1:
            return np.full(len(chunk), portions[0][0], np.int64)
        by = self._world.mapping.by
        if by == "job":
            names = [f"job {row}" for row in range(first_row, first_row + len(chunk))]
            return np.array([self._deal(name) for name in names], np.int64)
        codes, known = {
            "user": (chunk.user, self._meta.users),
            "group": (chunk.group, self._meta.groups),
            "partition": (chunk.partition, self._meta.partitions),
        }[by]
        dealt = np.zeros(len(known), np.int64)
        for code in np.unique(codes):
            name = f"{by} {known[code]}"
            if name not in self._dealt:
                self._dealt[name] = self._deal(name)
            dealt[code] = self._dealt[name]
        return dealt[codes]

    def _named_projects(self, codes: npt.NDArray[np.int32]) -> Ints:
        rows = np.zeros(len(self._meta.projects), np.int64)
        for code in np.unique(codes):
            name = self._meta.projects[code]
            if name not in self._engine.layout.project_row:
                raise InvalidInput(
                    f"the trace names project '{name}', which the scenario does not have",
                    mend="add its document to the scenario",
                )
            rows[code] = self._engine.layout.project_row[name]
        return rows[codes]

    def _dealt_out_to(self) -> list[tuple[int, int]]:
        """The projects that jobs are dealt out to; only for traces that name none themselves.

        Raises:
            InvalidInput: The scenario does not say which.
        """
        if not self._portions:
            layout = self._engine.layout
            portions = self._world.mapping.portions or _whole(layout.projects)
            bounds = accumulate(portion.weight for portion in portions)
            rows = (layout.project_row[portion.project] for portion in portions)
            self._portions = list(zip(rows, bounds, strict=True))
        return self._portions

    def _deal(self, name: str) -> int:
        """The project that `name` is dealt to: by weight, by the seed, and always the same."""
        digest = hashlib.sha256(f"{self._seed} {name}".encode()).digest()
        ticket = int.from_bytes(digest[:8], "big") % self._portions[-1][1]
        return self._portions[bisect_right(self._portions, ticket, key=_bound)][0]

    def _verdict(self, kind: Kind) -> tuple[int, Verdict]:
        found = self._verdicts.get(kind)
        if found is None:
            found = self._verdicts[kind] = self._judge(*kind)
        return found

    def _judge(
        self, project: int, n: int, wall: int, partition: int, access_class: int
    ) -> tuple[int, Verdict]:
        name = self._engine.layout.projects[project]
        workload = Workload.model_construct(
            project=name,
            accelerators=n,
            wall_time_s=wall,
            sites=self.sites_of(partition),
            access_class=self.class_named(access_class),
        )
        live = self._live(name, workload)
        row, live.verdict = self._engine.verdict_of(live)
        self._alike[row] = live
        return row, live.verdict

    def live(self, j: int) -> Live:
        """Job `j` of the kernel as live work of its verdict; of its wall time only that counts."""
        job = self._engine.state.job[j]
        workload_id, alike = name_of(int(job["row"])), self._alike[int(job["verdict"])]
        return replace(
            alike, workload_id=workload_id, submit_s=int(job["submit"]), seq=int(job["seq"]), row=j
        )

    def class_named(self, code: int) -> str | None:
        """The class that a job asks for; None where the trace names none."""
        return self._meta.access_classes[code] or None if code >= 0 else None

    def project_name(self, row: int) -> str:
        """The project in `row`."""
        return self._engine.layout.projects[row]

    def sites_of(self, partition: int) -> tuple[str, ...]:
        """The site that stands for a partition of the trace; none named if `partition` is -1."""
        if partition < 0:
            return ()
        site = site_name_of(self._meta.partitions[partition])
        if site not in self._engine.layout.site_row:
            raise InvalidInput(
                f"partition '{self._meta.partitions[partition]}' has no site '{site}'",
                mend="add its document to the scenario",
            )
        return (site,)

    def _live(self, project: str, workload: Workload) -> Live:
        world = self._engine.world
        rules = law.rules_of("job", workload, project, world.projects[project], world.datasets, {})
        return Live("", "job", {}, workload, 0, 0, rules, Verdict((), (), {}, {}))

    def waiting(self, row: int) -> Live:
        """The job in `row` of the kernel as live work, so that it can be said why it waits."""
        job = self._engine.state.job[row]
        project = self._engine.layout.projects[int(job["project"])]
        workload = Workload.model_construct(
            project=project, accelerators=int(job["n"]), wall_time_s=int(job["wall"])
        )
        live = self._live(project, workload)
        live.row = row
        live.verdict = next(v for r, v in self._verdicts.values() if r == int(job["verdict"]))
        return live


def _bound(portion: tuple[int, int]) -> int:
    return portion[1]


def _whole(projects: list[str]) -> tuple[Portion, ...]:
    """All of the trace for the one project that there is, where the scenario names none.

    Raises:
        InvalidInput: There is no project, or there are several.
    """
    if not projects:
        raise InvalidInput(
            "the scenario has no project that the trace's jobs could be of",
            mend="add a document of kind Project, and spec.mapping.portions with its name",
        )
    if len(projects) > 1:
        raise InvalidInput(
            "the scenario does not say which of its projects the trace's jobs are of",
            mend=f"add spec.mapping.portions; its projects are {', '.join(projects)}",
        )
    return (Portion(project=projects[0]),)


class Refused:
    """A job that may run nowhere."""

    __slots__ = ("n", "project", "reasons", "row")

    def __init__(self, row: int, project: int, n: int, reasons: tuple[Reason, ...]) -> None:
        self.row, self.project, self.n, self.reasons = row, project, n, reasons
