"""Calls that wait for an engine of one service: best class first, then who came first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allod.gateway.hot.call import Call
    from allod.gateway.hot.upstream import Engine


class Queue:
    """The waiting calls of one service, in one line for each rule and for its batches."""

    __slots__ = ("_arrivals", "_at", "_classes", "_lines", "count")

    def __init__(self) -> None:
        self._lines: dict[tuple[str, bool], deque[tuple[int, Call]]] = {}
        self._at: dict[Call, tuple[tuple[str, bool], str, str]] = {}
        self._classes: dict[str, int] = {}
        self._arrivals = 0
        self.count = 0  #: Calls that wait.

    def add(self, call: Call, site: str, access_class: str, *, first: bool = False) -> None:
        """Let `call` wait, counted at `site`; `first` if it had its turn already."""
        line = (call.route.rule, call.is_batch)
        calls = self._lines.setdefault(line, deque())
        if first:
            calls.appendleft((calls[0][0] - 1 if calls else self._arrivals, call))
        else:
            self._arrivals += 1
            calls.append((self._arrivals, call))
        self._at[call] = (line, site, access_class)
        self._classes[access_class] = self._classes.get(access_class, 0) + 1
        self.count += 1

    def remove(self, call: Call) -> bool:
        """It waits no more; False if it did not."""
        found = self._at.pop(call, None)
        if found is None:
            return False
        line, _, access_class = found
        calls = self._lines[line]
        if calls[0][1] is call:
            calls.popleft()
        else:
            calls.remove(next(item for item in calls if item[1] is call))
        if not calls:
            del self._lines[line]
        self._classes[access_class] -= 1
        self.count -= 1
        return True

    def waiting(self, access_class: str) -> int:
        """Calls of a class that wait."""
        return self._classes.get(access_class, 0)

    def by_site(self) -> dict[str, int]:
        """Calls that wait, by the site that they are counted at."""
        counts: dict[str, int] = {}
        for _, site, _ in self._at.values():
            counts[site] = counts.get(site, 0) + 1
        return counts

    def calls(self) -> list[Call]:
        """All of them, in no order."""
        return list(self._at)

    def next(self, engine_for: Callable[[Call], Engine | None]) -> tuple[Call, Engine] | None:
        """Whose turn it is, and the engine that `engine_for` has for it; it waits no more."""
        best: tuple[tuple[bool, int, int], Call, Engine] | None = None
        for arrival, call in self._heads():
            engine = engine_for(call)
            if engine is None:
                continue
            rank = (call.is_batch, -call.route.sites[engine.site].priority, arrival)
            if best is None or rank < best[0]:
                best = (rank, call, engine)
        if best is None:
            return None
        self.remove(best[1])
        return best[1], best[2]

    def _heads(self) -> Iterator[tuple[int, Call]]:
        return (calls[0] for calls in self._lines.values())
