"""What floors owe now to the work of their classes (C2).

Only read: nothing here moves the engine, so that asking changes no decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.kernel import state as k
from allod.decide.layout import class_steps

if TYPE_CHECKING:
    from allod.decide.engine import Engine

ClassKey = tuple[str, str]  #: (site, class)


@dataclass(frozen=True, slots=True)
class FloorAccount:
    """What the floor of a class, and of those around it, owes work of that very class."""

    claimed: int = 0  #: Accelerators for which room is being made. [1]
    owed: int = 0  #: Of work that waits within the floor, the claimed among them. [1]
    broken: int = 0  #: Of these, of work that has waited longer than is promised. [1]
    broken_since_s: int | None = None  #: Since when, of the first of them. [epoch s]
    met: int = 0  #: Claims that were met so far. [1]
    late: int = 0  #: Of these, later than promised. [1]
    wait_s_max: int = 0  #: The longest that a claim took. [s]


@dataclass(slots=True)
class _Owed:
    """What is owed to the work of one class, as it is added up."""

    claimed: int = 0
    owed: int = 0
    broken: int = 0
    since_s: int | None = None

    def add(self, n: int, kept_until_s: int, now_s: int) -> None:
        """`n` accelerators within the floor, to be had by `kept_until_s`."""
        self.owed += n
        if kept_until_s < now_s:
            self.broken += n
            self.since_s = min(kept_until_s, self.since_s or kept_until_s)


def floor_accounts(engine: Engine) -> dict[ClassKey, FloorAccount]:
    """By class, wherever floors are promised."""
    if engine.policy != "charter":
        return {}
    s, found = engine.state, {}
    for t, site in enumerate(engine.layout.sites):
        if site not in engine.world.charters:
            continue
        first, last = int(s.site[t]["class0"]), int(s.site[t]["class1"])
        owed = {c: _Owed() for c in range(first, last)}
        _add_claimed(engine, t, owed)
        _add_waiting(engine, t, owed)
        for c, one in owed.items():
            row = s.cls[c]
            found[engine.layout.classes[c]] = FloorAccount(
                claimed=one.claimed,
                owed=one.owed,
                broken=one.broken,
                broken_since_s=one.since_s,
                met=int(row["claims"]),
                late=int(row["late"]),
                wait_s_max=int(row["wait"]),
            )
    return found


def _promise_s(s: k.State, t: int, c: int) -> int:
    """How soon class `c` has its floor: its notice, and the time that the runner takes. [s]"""
    return int(s.cls[c]["notice"]) + int(s.site[t]["stop"])


def _add_claimed(engine: Engine, t: int, owed: dict[int, _Owed]) -> None:
    """Work for which others are leaving."""
    s = engine.state
    for j in s.claim[t, : int(s.site[t]["claim_n"])].tolist():
        job = s.job[j]
        c, n = int(job["cls"]), int(job["n"])
        owed[c].claimed += n
        owed[c].add(n, int(job["start"]) + _promise_s(s, t, c), engine.now_s)


def _add_waiting(engine: Engine, t: int, owed: dict[int, _Owed]) -> None:
    """Work within a floor for which nobody leaves, in the order of asking of its bucket."""
    s = engine.state
    line = s.line[t, : int(s.site[t]["active"])]
    taken = dict.fromkeys(owed, 0)
    rooms = np.array([_room(s, c, taken) for c in owed], np.int64)
    first = int(s.site[t]["class0"])
    fits = np.flatnonzero(rooms[line["cls"] - first] >= line["n"])
    begins_s = _floor_since_s(engine, t)
    for x in fits[np.argsort(s.bucket[line["bucket"][fits]]["seq"], kind="stable")].tolist():
        c, n = int(line[x]["cls"]), int(line[x]["n"])
        for j in _in_bucket(s, int(line[x]["bucket"])):
            if _room(s, c, taken) < n:
                break
            if not _is_paid(s, j, engine.now_s):
                continue
            for a in _path(s, c):
                taken[a] += n
            owed[c].add(n, _asked_s(engine, j, begins_s[c]) + _promise_s(s, t, c), engine.now_s)


def _asked_s(engine: Engine, j: int, begins_s: int) -> int:
    """Since when job `j` waits within a floor that is so since `begins_s`. [epoch s]

    Of work that waits again nobody keeps since when, so it counts as if it had just asked.
    """
    if engine.state.job[j]["run"] > 0:
        return engine.now_s
    not_before_s = engine.by_row[j].workload.flexibility.not_before
    return max(int(engine.state.job[j]["submit"]), not_before_s, begins_s)


def _floor_since_s(engine: Engine, t: int) -> dict[int, int]:
    """Since when each class of site `t` has the floor that it has. [epoch s]"""
    site = engine.layout.sites[t]
    found = {}
    for top in engine.world.charters[site].classes:
        for item in top.walk():
            steps = [start for start, _, _ in class_steps(item) if start <= engine.now_s]
            found[engine.layout.class_row[site, item.name]] = steps[-1]
    return found


def _in_bucket(s: k.State, b: int) -> Iterator[int]:
    j = int(s.bucket[b]["head"])
    while j >= 0:
        yield j
        j = int(s.job[j]["next"])


def _path(s: k.State, c: int) -> Iterator[int]:
    """Class `c` and all around it."""
    while c >= 0:
        yield c
        c = int(s.cls[c]["parent"])


def _room(s: k.State, c: int, taken: Mapping[int, int]) -> int:
    """What class `c` may still take within a floor, as `kernel.limits.floor_room` has it."""
    return max(
        int(s.cls[a]["floor"]) - int(s.cls[a]["use"]) - int(s.cls[a]["claimed"]) - taken[a]
        for a in _path(s, c)
    )


def _is_paid(s: k.State, j: int, now_s: int) -> bool:
    """True if the project of job `j` has a grant left for it, as `kernel.place.in_budget` asks."""
    job = s.job[j]
    project = s.project[int(job["project"])]
    n, wall_s = int(job["n"]), int(job["wall"])
    return n * wall_s <= int(project["budget"]) and now_s + wall_s <= int(project["until"])
