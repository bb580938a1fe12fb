"""Small worlds for the engine, and a runner that does what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allod.decide.engine import Engine
from allod.decide.invariants import check
from allod.domain.decision import Decision
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
    WorkloadSubmitted,
)
from allod.domain.units import NEVER_S

Json = dict[str, Any]


def document(kind: str, name: str, spec: Json) -> Json:
    """A document as plain values."""
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def site(
    name: str,
    pools: Sequence[Json],
    phases: Sequence[tuple[int, dict[str, int]]],
    **spec: Any,
) -> Json:
    """A site; `phases` are (start, accelerators by pool)."""
    return document(
        "Site",
        name,
        {
            "title": name,
            "country": "NO",
            "operator": "op",
            "management": ["NO"],
            "metadata": ["NO"],
            "runner": "none",
            "stop_time_s": 5,
            "pools": [{"accelerator": "unit", "power_per_accelerator_w": 100, **p} for p in pools],
            "phases": [
                {
                    "name": f"p{i}",
                    "state": "live",
                    "starts": {"value": start, "source": "test", "date": "2026-01-01"},
                    "accelerators": counts,
                }
                for i, (start, counts) in enumerate(phases)
            ],
            **spec,
        },
    )


def charter(site_name: str, classes: Sequence[Json], **spec: Any) -> Json:
    """A charter."""
    return document("Charter", site_name, {"site": site_name, "classes": list(classes), **spec})


def project(name: str, **spec: Any) -> Json:
    """A project."""
    return document("Project", name, spec)


def one_pool(units: int, classes: Sequence[Json] = (), **spec: Any) -> list[Json]:
    """Site 's' with one pool 'p' of equal units, its classes, and projects 'a' to 'c'."""
    found = [site("s", [{"name": "p"}], [(0, {"p": units})], **spec)]
    if classes:
        found.append(charter("s", classes))
    return found + [project(name) for name in "abc"]


class Story:
    """An engine, the events that it was told, and what it said; checked after each."""

    def __init__(
        self,
        documents: Sequence[Json],
        *,
        policy: str = "charter",
        checked: bool = True,
        at_s: int = 0,
    ) -> None:
        self.engine = Engine(policy=policy)
        self.policy, self.checked = policy, checked
        self.events: list[Event] = []
        self.decisions: list[Decision] = []
        self.stop_late_s = 0  #: How long after its notice a workload takes to stop. [s]
        self.count = 0
        self.tell(NodeStarted(at_s=at_s, policy=policy))
        self.tell(DocumentsApplied(at_s=at_s, documents=tuple(documents)))

    @property
    def now_s(self) -> int:
        """The engine's time."""
        return self.engine.now_s

    def tell(self, event: Event) -> tuple[Decision, ...]:
        """What the engine decides because of `event`."""
        made = self.engine.step(event)
        self.events.append(event)
        self.decisions += made
        if self.checked:
            check(self.engine)
        return made

    def submit(self, n: int, wall_s: int = 100, **spec: Any) -> str:
        """Ask for work now; its id."""
        self.tell_submit(n, wall_s, **spec)
        return f"w{self.count}"

    def tell_submit(self, n: int, wall_s: int = 100, **spec: Any) -> tuple[Decision, ...]:
        """Ask for work now; what is decided."""
        self.count += 1
        name = f"w{self.count}"
        workload = {"project": "a", "accelerators": n, "wall_time_s": wall_s, **spec}
        return self.tell(
            WorkloadSubmitted(at_s=self.now_s, workload_id=name, name=name, workload=workload)
        )

    def apply(self, *documents: Json) -> tuple[Decision, ...]:
        """Apply documents now."""
        return self.tell(DocumentsApplied(at_s=self.now_s, documents=documents))

    def remove(self, kind: str, name: str) -> tuple[Decision, ...]:
        """Remove a document now."""
        return self.tell(DocumentRemoved(at_s=self.now_s, kind=kind, name=name))

    def cancel(self, workload_id: str) -> tuple[Decision, ...]:
        """Cancel work now; what runs is ended at once."""
        made = self.tell(WorkloadCancelled(at_s=self.now_s, workload_id=workload_id))
        if self.state(workload_id) == "running":
            made += self.end(workload_id, Outcome.CANCELLED)
        return made

    def end(self, workload_id: str, outcome: Outcome = Outcome.COMPLETED) -> tuple[Decision, ...]:
        """End the run of `workload_id` now."""
        standing = self.engine.standing(workload_id)
        assert standing is not None
        return self.tell(
            WorkloadEnded(
                at_s=self.now_s, workload_id=workload_id, run=standing.run, outcome=outcome
            )
        )

    def report(
        self,
        *out: tuple[int, int],
        others_w: int = 0,
        site: str = "s",
        pool: str = "p",
        why: tuple[str, ...] = (),
    ) -> tuple[Decision, ...]:
        """The runner says what may not be given away in a pool."""
        return self.tell(
            PoolReported(at_s=self.now_s, site=site, pool=pool, out=out, others_w=others_w, why=why)
        )

    def state(self, workload_id: str) -> str:
        """Where it stands, in a word; 'gone' if it is not live."""
        standing = self.engine.standing(workload_id)
        return standing.state if standing else "gone"

    def in_state(self, state: str) -> list[str]:
        """Live work in that state, in order of asking."""
        return [w for w in self.engine.live if self.state(w) == state]

    def _next_stop(self) -> tuple[int, str, Outcome] | None:
        """Who stops next, because its notice or its wall time is over."""
        stops = []
        for w in self.in_state("running"):
            standing = self.engine.standing(w)
            assert standing is not None
            if standing.stop_at_s:
                stop_s = standing.stop_at_s + self.stop_late_s
                if stop_s < standing.ends_s:
                    stops.append((stop_s, w, Outcome.RECLAIMED))
                    continue
            stops.append((standing.ends_s, w, Outcome.TIMEOUT))
        return min(stops, default=None)

    def go_to(self, at_s: int) -> None:
        """Let time pass; what must stop on the way does, and the engine is woken when it asks."""
        while True:
            stop, wake_s = self._next_stop(), self.engine.next_wake_s()
            due_s = min(
                at_s,
                NEVER_S if stop is None else max(stop[0], self.now_s),
                NEVER_S if wake_s is None else max(wake_s, self.now_s),
            )
            if stop is not None and stop[0] <= due_s:
                self.tell(TimePassed(at_s=due_s))
                if self.state(stop[1]) == "running":
                    self.end(stop[1], stop[2])
                continue
            self.tell(TimePassed(at_s=due_s))
            if due_s >= at_s:
                return
