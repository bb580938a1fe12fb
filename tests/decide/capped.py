"""A site whose accelerators can be capped, and a runner that sets their limits, or does not."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

from allod.domain.decision import PowerCap, PowerUncap
from allod.domain.event import CapState, CurtailmentCalled, PowerLimitReported
from tests.decide.worlds import Json, Story, charter, project, site

USUAL_W, FLOOR_W, LEAD_S = 60, 20, 40
CAPPING: Json = {
    "command": ["set-limit"],
    "limit_w": USUAL_W,
    "floor_w": FLOOR_W,
    "lead_s": LEAD_S,
}
CLASSES: list[Json] = [
    {"name": "x", "floor": 4, "reclaim_notice_s": 10},
    {"name": "y", "floor": 0, "priority": 1},
    {"name": "z", "floor": 0},
]
#: What becomes of an order, and how long after it the runner says so; None: it never does.
Fate = tuple[CapState, int | None]
SET: Fate = (CapState.SET, 1)


def world(units: int = 10, *, pools: Sequence[Json] = (), **spec: Any) -> list[Json]:
    """Site 's' with a pool of nodes of two that can be capped; 100 W for each accelerator."""
    place: Json = {"runner": "local", "envelope": {"site": {"power_w": 100 * units}}, **spec}
    found = [{"name": "p", "accelerators_per_node": 2, "capping": CAPPING}, *pools]
    live = {pool["name"]: units for pool in found}
    return [
        site("s", found, [(0, live)], **place),
        charter("s", CLASSES),
        *(project(name) for name in "abc"),
    ]


def call(power_w: int, starts_s: int = 100, ends_s: int = 400, **more: Any) -> CurtailmentCalled:
    """A call for the whole site."""
    values: Json = {
        "at_s": 0,
        "site": "s",
        "name": "grid",
        "path": "site",
        "starts_s": starts_s,
        "ends_s": ends_s,
        "power_w": power_w,
        **more,
    }
    return CurtailmentCalled(**values)


class Machine:
    """The runner of a story: what limits its nodes have, as it was told and as fate had it."""

    def __init__(self, story: Story, fate: Callable[[PowerCap], Fate] = lambda cap: SET) -> None:
        self.story, self.fate = story, fate
        self.limit_w: dict[int, int] = {}  #: By node, if it is not the usual one. [W]
        self.slow_s = 0  #: How long it takes to take a cap off. [s]
        self.look: Callable[[], None] = lambda: None  #: Called whenever time has passed.
        self._read = self._number = 0
        self._due: list[tuple[int, int, PowerCap | PowerUncap]] = []
        self._answers: list[tuple[int, int, PowerLimitReported]] = []

    def go_to(self, at_s: int) -> None:
        """Let time pass, and do and say on the way what is due."""
        while True:
            self._look()
            times = [queue[0][0] for queue in (self._due, self._answers) if queue]
            next_s = min(times, default=at_s + 1)
            wake_s = self.story.engine.next_wake_s()
            if wake_s is not None and wake_s < min(next_s, at_s):
                self.story.go_to(max(wake_s, self.story.now_s + 1))
                self.look()
                continue
            if next_s > at_s:
                break
            self.story.go_to(max(next_s, self.story.now_s))
            self._look()
            self._do()
            self.look()
        self.story.go_to(max(at_s, self.story.now_s))
        self._look()
        self.look()

    def _look(self) -> None:
        for decision in self.story.decisions[self._read :]:
            if isinstance(decision, PowerCap | PowerUncap):
                capping = isinstance(decision, PowerCap)
                at_s = decision.order_at_s if capping else decision.at_s + self.slow_s
                if not capping:  # What it overtakes is never tried.
                    self._due = [
                        entry
                        for entry in self._due
                        if (entry[2].workload_id, entry[2].run)
                        != (decision.workload_id, decision.run)
                    ]
                    heapq.heapify(self._due)
                self._number += 1
                heapq.heappush(self._due, (at_s, self._number, decision))
        self._read = len(self.story.decisions)

    def _do(self) -> None:
        now_s = self.story.now_s
        while self._due and self._due[0][0] <= now_s:
            _, number, decision = heapq.heappop(self._due)
            touched = {node for node, _ in decision.nodes}
            before = [
                entry[0]
                for entry in self._due
                if entry[1] < number and touched & {node for node, _ in entry[2].nodes}
            ]
            if before:  # What is set last is what holds: it waits for what was asked before it.
                heapq.heappush(self._due, (max(before) + 1, number, decision))
                continue
            if isinstance(decision, PowerUncap):
                for node, _ in decision.nodes:
                    self.limit_w.pop(node, None)
                continue
            state, after_s = self.fate(decision)
            half = 2 if state is CapState.FAILED else 1
            if state is not CapState.REFUSED:
                for node, _ in decision.nodes[: len(decision.nodes) // half]:
                    self.limit_w[node] = decision.limit_w
            if after_s is not None:
                said = PowerLimitReported(
                    at_s=0,
                    workload_id=decision.workload_id,
                    run=decision.run,
                    number=decision.number,
                    limit_w=decision.limit_w,
                    state=state,
                    detail="as fate had it",
                )
                self._number += 1
                heapq.heappush(self._answers, (now_s + after_s, self._number, said))
        while self._answers and self._answers[0][0] <= now_s:
            _, _, said = heapq.heappop(self._answers)
            values = {name: getattr(said, name) for name in said.__dataclass_fields__}
            self.story.tell(PowerLimitReported(**{**values, "at_s": now_s}))

    @property
    def draw_w(self) -> int:
        """What all that runs may draw under the limits that its nodes really have. [W]"""
        engine, total = self.story.engine, 0
        for live in engine.live.values():
            if live.row >= 0 and self.story.state(live.workload_id) == "running":
                for node, n in engine.nodes_of(live.row):
                    total += n * (100 - USUAL_W + self.limit_w.get(node, USUAL_W))
        return total
