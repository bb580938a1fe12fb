"""C2, C3 and C4 over every small site: who must go, and that nobody must go who need not.

What is fair is stated here once more, over plain lists: who is covered by which floor, and in which
order people could be asked to go. The engine must find victims if and only if some order exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any

import pytest

from allod.decide.engine import Engine
from allod.decide.kernel import passes, place, steps
from allod.decide.kernel import state as k
from allod.domain.decision import Reclaim
from allod.domain.event import DocumentsApplied
from tests.decide.worlds import Json, Story, one_pool

UNITS = 4
YOUNG_S = 50

#: Trees of classes: name -> parent.
TREES: dict[str, dict[str, str]] = {
    "two": {"x": "", "y": ""},
    "three": {"x": "", "y": "", "z": ""},
    "nested": {"o": "", "x": "o", "y": "o", "z": ""},
    "twice": {"o": "", "x": "o", "y": "o", "i": "", "z": "i"},
    "deep": {"o": "", "i": "o", "x": "i", "y": "i", "z": "o", "w": ""},
}


@dataclass(frozen=True)
class Running:
    """Work that runs: its class, size and start; earlier in the list is older."""

    name: str
    n: int
    start_s: int


@dataclass(frozen=True)
class Case:
    """A tree with floors, what runs, and what is asked for."""

    parents: dict[str, str]
    floors: dict[str, int]
    running: tuple[Running, ...]
    ask: str
    n: int
    now_s: int

    def path(self, name: str) -> list[str]:
        """From `name` outwards."""
        found = []
        while name:
            found.append(name)
            name = self.parents[name]
        return found

    def use(self, name: str, gone: frozenset[int]) -> int:
        """Accelerators in use in a class and all inside it."""
        return sum(
            job.n
            for i, job in enumerate(self.running)
            if i not in gone and name in self.path(job.name)
        )

    def covered(self, name: str) -> frozenset[int]:
        """Who is within the floor of class `name`: what is covered inside it, then the oldest."""
        inside = [child for child, parent in self.parents.items() if parent == name]
        found = frozenset().union(*(self.covered(child) for child in inside))
        held = sum(self.running[i].n for i in found)
        for i, job in enumerate(self.running):
            if i not in found and name in self.path(job.name) and held + job.n <= self.floors[name]:
                found |= {i}
                held += job.n
        return found

    def branches(self, victim: str) -> tuple[str, str] | None:
        """Where the paths of who asks and of `victim` part."""
        own = [name for name in self.path(self.ask) if name not in self.path(victim)]
        other = [name for name in self.path(victim) if name not in self.path(self.ask)]
        return (own[-1], other[-1]) if own and other else None

    def fair(self, i: int, gone: frozenset[int]) -> bool:
        """True if `i` may be asked to go when `gone` already have been."""
        parts = self.branches(self.running[i].name)
        if parts is None or i in self.covered(parts[1]):
            return False
        owed = self.use(parts[0], gone) + self.n <= self.floors[parts[0]]
        return owed and self.use(parts[1], gone) > self.floors[parts[1]]

    def in_some_order(self, victims: tuple[int, ...]) -> bool:
        """True if they can be asked to go one after the other."""
        return any(
            all(self.fair(i, frozenset(order[:at])) for at, i in enumerate(order))
            for order in permutations(victims)
        )

    def young(self, i: int) -> bool:
        """True if it has not run for its minimum run time."""
        return self.now_s - self.running[i].start_s < YOUNG_S

    @property
    def owed(self) -> bool:
        """True if what is asked for is within a floor."""
        return any(
            self.use(name, frozenset()) + self.n <= self.floors[name]
            for name in self.path(self.ask)
        )

    @property
    def free(self) -> int:
        """Accelerators that nobody uses."""
        return UNITS - sum(job.n for job in self.running)

    def fair_sets(self) -> list[tuple[int, ...]]:
        """Every set of victims that makes room, fairly."""
        everyone = range(len(self.running))
        return [
            victims
            for size in range(1, len(self.running) + 1)
            for victims in combinations(everyone, size)
            if self.free + sum(self.running[i].n for i in victims) >= self.n
            and self.in_some_order(victims)
        ]


def floors_of(parents: dict[str, str]) -> Iterator[dict[str, int]]:
    """Every way to promise up to all accelerators, inside each other too."""
    names = list(parents)
    for values in product(range(UNITS + 1), repeat=len(names)):
        floors = dict(zip(names, values, strict=True))
        if all(
            sum(floors[name] for name in names if parents[name] == around)
            <= (floors[around] if around else UNITS)
            for around in ["", *names]
        ):
            yield floors


def runs(leaves: list[str], left: int) -> Iterator[tuple[tuple[str, int], ...]]:
    """Every way to fill up to `left` accelerators, oldest first."""
    yield ()
    for name in leaves:
        for n in range(1, left + 1):
            for rest in runs(leaves, left - n):
                yield ((name, n), *rest)


def documents_for(parents: dict[str, str], floors: dict[str, int]) -> list[Json]:
    def inside(around: str) -> list[Json]:
        return [
            {
                "name": name,
                "floor": floors[name],
                "reclaim_notice_s": 10,
                "run_time_min_s": YOUNG_S,
                **({"classes": inside(name)} if name in parents.values() else {}),
            }
            for name, parent in parents.items()
            if parent == around
        ]

    return one_pool(UNITS, inside(""))


class Site:
    """The kernel's state for a tree with floors; copied for each case."""

    def __init__(self, parents: dict[str, str], floors: dict[str, int]) -> None:
        engine = Engine()
        engine.step(DocumentsApplied(at_s=0, documents=tuple(documents_for(parents, floors))))
        self.state, self.layout = engine.state, engine.layout
        self.leaves = [name for name in parents if name not in parents.values()]
        for row, name in enumerate(self.leaves):
            self.state.verdict[row] = self.state.home[row] = self.layout.class_row["s", name]
            self.state.rank[row] = 0

    def submit(self, s: k.State, name: str, n: int, seq: int) -> int:
        row = place.new_job(s, self.leaves.index(name), 0, n, k.PACKED, 1000, 0, seq)
        steps.submit(s, row)
        passes.settle(s)
        return int(row)

    def filled(self, running: tuple[tuple[str, int], ...], old: int) -> tuple[k.State, list[int]]:
        """What runs, the first `old` of it for a minute; fills up without any reclaim."""
        s = self.state.copy()
        rows = []
        for seq, (name, n) in enumerate(running):
            if seq == old:
                steps.advance(s, 60)
            rows.append(self.submit(s, name, n, seq))
        steps.advance(s, 60)
        s.number[k.DECIDED_N] = 0
        return s, rows


def victims_of(s: k.State, rows: list[int]) -> tuple[int, ...]:
    decided: Any = s.decided[: int(s.number[k.DECIDED_N])]
    return tuple(sorted(rows.index(int(d["job"])) for d in decided if d["kind"] == k.RECLAIMED))


@pytest.mark.parametrize("tree", TREES)
def test_the_engine_reclaims_exactly_if_there_are_fair_victims(tree: str):
    parents = TREES[tree]
    seen = reclaims = 0
    stride = {"two": 1, "three": 23, "nested": 29, "twice": 31, "deep": 331}[tree]
    turn = 0
    for floors in floors_of(parents):
        site = None
        for running in runs([name for name in parents if name not in parents.values()], UNITS):
            turn += 1
            if turn % stride:
                continue
            site = site or Site(parents, floors)
            old = turn // stride % (len(running) + 1)
            s, rows = site.filled(running, old)
            jobs = tuple(
                Running(name, n, 0 if i < old else 60) for i, (name, n) in enumerate(running)
            )
            for ask in site.leaves:
                for n in range(1, UNITS + 1):
                    case = Case(parents, floors, jobs, ask, n, 60)
                    if n <= case.free:
                        continue
                    seen += 1
                    reclaims += judge(case, site, s, rows)
    assert seen > 2000 and reclaims > 200, (seen, reclaims)


def judge(case: Case, site: Site, before: k.State, rows: list[int]) -> bool:
    """Compare the engine with what is fair in one case; True if it reclaims."""
    s = before.copy()
    asked = site.submit(s, case.ask, case.n, 99)
    chosen = victims_of(s, rows)
    fair = case.fair_sets() if case.owed else []
    assert bool(chosen) == bool(fair), f"{case}: chosen {chosen}, fair are {fair}"
    assert (int(s.job[asked]["state"]) == k.CLAIMED) == bool(chosen), case
    if not chosen:
        return False
    assert chosen in fair, f"{case}: chosen {chosen}, fair are {fair}"
    for i in chosen:  # C3: nobody goes who could have been left out.
        less = tuple(x for x in chosen if x != i)
        assert less not in fair, f"{case}: chosen {chosen}, though {less} would do"
    if any(case.young(i) for i in chosen):  # C3: young work only if nothing else serves.
        old = [some for some in fair if not any(case.young(i) for i in some)]
        assert not old, f"{case}: chosen {chosen}, though {old} are old enough"
    for i, other in product(chosen, range(len(case.running))):
        if case.young(i) and other not in chosen and not case.young(other):
            swapped = tuple(sorted({*chosen, other} - {i}))
            assert swapped not in fair, f"{case}: chosen {chosen}, though {swapped} would do"
    return True


def test_young_work_is_spared_before_work_that_has_run_its_time():
    """Three go at first, one of them for nothing: the young one of the two that could stay."""
    classes: list[Json] = [
        {"name": "x", "run_time_min_s": YOUNG_S},
        {"name": "y", "floor": 5, "reclaim_notice_s": 10},
    ]
    story = Story(one_pool(6, classes))
    old = story.submit(1, 1000, access_class="x")
    story.go_to(60)
    large = story.submit(3, 1000, access_class="x")
    story.go_to(61)
    young = story.submit(1, 1000, access_class="x")
    story.submit(5, 1000, access_class="y")
    gone = {d.workload_id for d in story.decisions if isinstance(d, Reclaim)}
    assert gone == {old, large}, f"{young} could have stayed"
