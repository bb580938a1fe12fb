"""Who sleeps for clean power (P3), by site, with the sums by which their room is found to be sure.

All of it follows from live work and the state: a snapshot holds none of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.kernel import asleep as kernel
from allod.decide.kernel.handle import Array
from allod.decide.kernel.state import State
from allod.decide.live import Live
from allod.decide.verdict import Verdict
from allod.domain.workload import Topology

if TYPE_CHECKING:
    from allod.decide.layout import Layout

_SPARE = 64  #: So many ends of who sleeps no more may be kept, beside as many as sleep.
_NOBODY = np.empty(0, np.int64)


class Asleep:
    """The sleepers of one state; another state, with other rows, needs another."""

    def __init__(self, state: State, layout: Layout) -> None:
        self.sums = kernel.empty(state)
        self.lives: dict[str, Live] = {}
        self._state, self._layout = state, layout
        self._at: list[dict[str, Live]] = [{} for _ in layout.sites]
        self._ends: list[list[tuple[int, str]]] = [[] for _ in layout.sites]  # Heaps, latest first.
        self._places: dict[tuple[int, ...], tuple[int, Array]] = {}
        self._entered: dict[str, tuple[int, ...]] = {}  # The classes with which each is counted.
        self._found = np.empty(len(layout.sites), np.int64)
        self._site_of_pool = state.pool["site"].tolist()

    def site_of(self, verdict: Verdict) -> int:
        """The row of the only site where work of `verdict` may run; -1 if there are more."""
        return self._place(verdict.classes)[0]

    def _place(self, classes: tuple[int, ...]) -> tuple[int, Array]:
        """The only site of `classes`, or -1, and these as an array."""
        if classes not in self._places:
            sites = {self._site_of_pool[p] for p, c in enumerate(classes) if c >= 0}
            only = sites.pop() if len(sites) == 1 else -1
            self._places[classes] = (only, np.array(classes, np.int64))
        return self._places[classes]

    def add(self, live: Live) -> None:
        """Count `live`, which may run at one site alone, among those who sleep there."""
        t, _ = self._place(live.verdict.classes)
        deadline_s = live.workload.flexibility.deadline
        self.lives[live.workload_id] = self._at[t][live.workload_id] = live
        self._entered[live.workload_id] = live.verdict.classes
        self._count(live, 1)
        heapq.heappush(self._ends[t], (-deadline_s, live.workload_id))
        self.sums.site["ends"][t] = -self._ends[t][0][0]

    def remove(self, live: Live) -> None:
        """Count `live` no longer, if it sleeps."""
        if self.lives.pop(live.workload_id, None) is None:
            return
        t, _ = self._place(self._entered[live.workload_id])
        del self._at[t][live.workload_id]
        self._count(live, -1)
        del self._entered[live.workload_id]
        self._drop_ends(t)

    def _count(self, live: Live, sign: int) -> None:
        t, classes = self._place(self._entered[live.workload_id])
        workload = live.workload
        row = self._layout.project_row[workload.project]
        n, wall_s = workload.accelerators, workload.wall_time_s
        kernel.enter(self._state, self.sums, t, classes, n, row, wall_s, sign)
        if workload.topology is Topology.NVLINK_DOMAIN:
            self.sums.site["whole"][t] += sign

    def _drop_ends(self, t: int) -> None:
        """Let the latest deadline at site `t` be one of somebody who sleeps there."""
        ends, here = self._ends[t], self._at[t]
        if len(ends) > 2 * len(here) + _SPARE:
            ends[:] = [(-live.workload.flexibility.deadline, w) for w, live in here.items()]
            heapq.heapify(ends)
        while ends and not self._is_end(t, *ends[0]):
            heapq.heappop(ends)
        self.sums.site["ends"][t] = -ends[0][0] if ends else 0

    def _is_end(self, t: int, latest_first: int, workload_id: str) -> bool:
        """True if that entry of the heap of site `t` is of somebody who still sleeps."""
        live = self._at[t].get(workload_id)
        return live is not None and live.workload.flexibility.deadline == -latest_first

    def at(self, t: int) -> list[Live]:
        """Who sleeps at site `t`, in order of asking."""
        return sorted(self._at[t].values(), key=lambda live: live.seq)

    def in_order(self) -> list[Live]:
        """All who sleep, in order of asking."""
        return sorted(self.lives.values(), key=lambda live: live.seq)

    def is_sure(self, t: int) -> bool:
        """True if all who sleep at site `t` can start there at any time until they must.

        Known is what runs, its latest ends, and every date of documents, calls and forecast.
        """
        ends_s = int(self.sums.site["ends"][t])
        return bool(kernel.is_sure(self._state, self.sums, t, ends_s))

    def unsure(self, other: Live | None) -> Iterator[int]:
        """The sites where somebody sleeps whose room is not sure, beside `other` if it is given."""
        n, row, wall_s, classes = 0, 0, 0, _NOBODY
        if other is not None:
            n, wall_s = other.workload.accelerators, other.workload.wall_time_s
            row = self._layout.project_row[other.workload.project]
            _, classes = self._place(other.verdict.classes)
        count = kernel.unsure(self._state, self.sums, classes, n, row, wall_s, self._found)
        return iter(self._found[:count].tolist())
