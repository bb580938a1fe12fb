"""C7: start times are those of a small EASY simulator; no backfill ever delays the head."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.engine import Engine
from allod.decide.kernel import passes, place, steps
from allod.decide.kernel import state as k
from allod.decide.layout import lay_out
from allod.domain.document import from_json
from allod.domain.event import DocumentsApplied
from allod.replay import loop
from tests.decide.worlds import one_pool, project, site


@dataclass
class Job:
    """A job of the simulator."""

    n: int
    wall_s: int
    run_s: int
    submit_s: int
    start_s: int = -1


@dataclass
class Easy:
    """One pool of equal units, one pass for each event, in the plainest words there are."""

    units: int
    strict: bool
    now_s: int = 0
    waiting: list[Job] = field(default_factory=list)
    running: list[Job] = field(default_factory=list)

    def live(self, jobs: list[Job]) -> None:
        """Live through `jobs`.

        At one instant who is at its wall time goes first and in silence; then each submission and
        each other end is followed by a pass, ends in the order of their starts.
        """
        times = sorted({job.submit_s for job in jobs})
        started: list[Job] = []
        while times or self.running:
            ends = [job.start_s + job.run_s for job in self.running]
            self.now_s = min([*times[:1], *ends])
            times = [at for at in times if at > self.now_s]
            ending = [job for job in self.running if job.start_s + job.run_s == self.now_s]
            silent = [job for job in ending if job.run_s == job.wall_s]
            for job in silent:
                self.running.remove(job)
            for job in jobs:
                if job.submit_s == self.now_s:
                    self.waiting.append(job)
                    self.make_pass(started)
            for job in sorted((j for j in ending if j not in silent), key=started.index):
                self.running.remove(job)
                self.make_pass(started)
            self.make_pass(started)

    def free_at(self, at_s: int) -> int:
        """Units that are free at `at_s` if everyone stays for all of its wall time."""
        return self.units - sum(j.n for j in self.running if j.start_s + j.wall_s > at_s)

    def make_pass(self, started: list[Job]) -> None:
        """Start the head as long as it fits; then whoever does not delay it."""
        while self.waiting and self.waiting[0].n <= self.free_at(self.now_s):
            self.start(self.waiting[0], started)
        if self.strict or not self.waiting:
            return
        head = self.waiting[0]
        ends = sorted(job.start_s + job.wall_s for job in self.running)
        shadow_s = next(at for at in ends if self.free_at(at) >= head.n)
        extra = self.free_at(shadow_s) - head.n
        for job in self.waiting[1:]:
            if job.n > self.free_at(self.now_s):
                continue
            if self.now_s + job.wall_s > shadow_s:
                if job.n > extra:
                    continue
                extra -= job.n
            self.start(job, started)

    def start(self, job: Job, started: list[Job]) -> None:
        """Run `job` from now on."""
        job.start_s = self.now_s
        self.waiting.remove(job)
        self.running.append(job)
        started.append(job)


def engine_starts(units: int, policy: str, jobs: list[Job]) -> list[int]:
    """When the engine's kernel starts each of `jobs`, in the virtual loop of replay."""
    engine = Engine(policy=policy)
    engine.step(DocumentsApplied(at_s=0, documents=tuple(one_pool(units))))
    engine.state.verdict[0] = 0
    asks = np.zeros(len(jobs), loop.ASK)
    for i, job in enumerate(jobs):
        asks[i]["submit"], asks[i]["run_s"], asks[i]["wall"] = job.submit_s, job.run_s, job.wall_s
        asks[i]["n"], asks[i]["row"] = job.n, i
    virtual = loop.new_loop()
    at, why = loop.live_through(engine.state, virtual, asks, 0, 1 << 53)
    assert (at, why) == (len(jobs), loop.DONE)
    out = virtual.out[: int(virtual.number[loop.OUT_N])]
    starts = dict(zip(out["row"].tolist(), out["start"].tolist(), strict=True))
    return [starts[i] for i in range(len(jobs))]


@st.composite
def traces(draw: st.DrawFn) -> tuple[int, list[Job]]:
    """Few units, many jobs, times that meet often."""
    units = draw(st.integers(1, 8))
    found, at_s = [], 0
    for _ in range(draw(st.integers(1, 30))):
        at_s += draw(st.sampled_from([0, 0, 1, 2, 5]))
        wall_s = draw(st.integers(1, 12))
        run_s = draw(st.integers(1, wall_s))
        found.append(Job(draw(st.integers(1, units)), wall_s, run_s, at_s))
    return units, found


@settings(max_examples=400)
@given(traces(), st.sampled_from(["easy", "fcfs"]))
def test_starts_are_those_of_the_plain_simulator(trace: tuple[int, list[Job]], policy: str):
    units, jobs = trace
    Easy(units, policy == "fcfs").live(jobs)
    assert engine_starts(units, policy, jobs) == [job.start_s for job in jobs]


WORLDS = {
    "plain": site("s", [{"name": "p"}, {"name": "q"}], [(0, {"p": 5, "q": 3})]),
    "nodes": site(
        "s",
        [
            {"name": "p", "accelerators_per_node": 2, "nodes_per_nvlink_domain": 2},
            {"name": "q", "accelerators_per_node": 3},
        ],
        [(0, {"p": 8, "q": 6})],
    ),
    "power": site(
        "s",
        [{"name": "p"}, {"name": "q"}],
        [(0, {"p": 5, "q": 3})],
        envelope={
            "site": {"power_w": 600, "windows": [{"starts": 30, "ends": 70, "power_w": 400}]},
            "pools": {"p": {"power_w": 400}},
        },
    ),
}
asks = st.tuples(st.integers(1, 4), st.integers(1, 60), st.sampled_from([k.PACKED, k.DOMAIN]))


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(WORLDS)),
    st.lists(asks, min_size=1, max_size=12),
    st.lists(asks, min_size=1, max_size=12),
    st.integers(0, 40),
)
def test_backfill_never_delays_the_head(
    world: str, before: list[tuple[int, int, int]], after: list[tuple[int, int, int]], later_s: int
):
    """Whoever comes after the head, it starts as soon as it would have without them."""
    alone, crowded = Queue(world, before, later_s), Queue(world, before, later_s)
    for ask in after:
        crowded.ask(*ask)
    assert crowded.start_of_head() <= alone.start_of_head()


class Queue:
    """A site with a head that waits, some time after it came."""

    def __init__(self, world: str, before: list[tuple[int, int, int]], later_s: int) -> None:
        known = {d.key: d for d in map(from_json, [WORLDS[world], project("a")])}
        self.state, _ = lay_out(known, 0, "easy")
        self.seq, self.start_s = 0, -1
        rows = [self.ask(*ask) for ask in before]
        self.head = next((r for r in rows if self.state.job[r]["state"] == k.WAITING), -1)
        self.go_to(later_s)

    def ask(self, n: int, wall_s: int, topology: int) -> int:
        """Ask for work now."""
        s = self.state
        row = place.new_job(s, 0, 0, n, topology, wall_s, int(s.number[k.NOW]), self.seq)
        self.seq += 1
        steps.submit(s, row)
        passes.settle(s)
        return int(row)

    def go_to(self, at_s: int) -> None:
        """Let everyone stay for all of their wall time."""
        s = self.state
        while True:
            ends = s.job["ends"][s.job["state"] == k.RUNNING].tolist()
            changes = s.change["t"][int(s.number[k.CHANGE_AT]) :].tolist()
            next_s = min([at_s, *ends, *changes])
            steps.advance(s, next_s)
            for row in range(len(s.job)):
                if s.job[row]["state"] == k.RUNNING and s.job[row]["ends"] <= next_s:
                    steps.ended(s, row, False)
            passes.settle(s)
            if self.start_s < 0 and s.job[self.head]["state"] == k.RUNNING:
                self.start_s = next_s  # Its row is another's when it has ended.
            if next_s == at_s:
                return

    def start_of_head(self) -> int:
        """When the head starts, if nobody else comes."""
        while self.head >= 0 and self.start_s < 0:
            self.go_to(int(self.state.number[k.NOW]) + 1)
            assert self.state.number[k.NOW] < 10_000, "it never starts"
        return self.start_s
