"""C2 to C4 where power, ceilings or the right pool are scarce: victims are found where they are."""

from __future__ import annotations

from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from allod.domain.decision import Reclaim
from tests.decide.worlds import Json, Story, charter, project, site

NAMES = ("x", "y", "z")
POOLS = {"p": 4, "q": 3}
EACH_W = 100

asks = st.tuples(
    st.sampled_from(NAMES), st.integers(1, 3), st.sampled_from([["p"], ["q"], ["p", "q"]])
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Json], dict[str, int], dict[str, int], dict[str, int]]:
    """A flat charter over two pools, with power for the site and for each pool."""
    left, floors = sum(POOLS.values()), {}
    for name in NAMES:
        floors[name] = draw(st.integers(0, left))
        left -= floors[name]
    ceilings = {name: draw(st.integers(max(1, floors[name]), 7)) for name in NAMES}
    power = {
        "s": draw(st.integers(3, 7)),
        "p": draw(st.integers(2, 4)),
        "q": draw(st.integers(2, 3)),
    }
    envelope = {
        "site": {"power_w": EACH_W * power["s"]},
        "pools": {name: {"power_w": EACH_W * power[name]} for name in POOLS},
    }
    documents = [
        site(
            "s",
            [{"name": name, "accelerator": name} for name in POOLS],
            [(0, POOLS)],
            envelope=envelope,
        ),
        charter(
            "s",
            [
                {
                    "name": name,
                    "floor": floors[name],
                    "ceiling": ceilings[name],
                    "reclaim_notice_s": 10,
                }
                for name in NAMES
            ],
        ),
        project("a"),
    ]
    return documents, floors, ceilings, power


class Held:
    """What runs, as plain values, oldest first; and what could be made of it."""

    def __init__(self, story: Story) -> None:
        self.jobs: list[tuple[str, str, int, str]] = []
        for w in story.in_state("running"):
            standing = story.engine.standing(w)
            assert standing is not None
            n = story.engine.live[w].workload.accelerators
            self.jobs.append((standing.access_class, standing.pool, n, w))

    def use(self, gone: tuple[int, ...], name: str = "", pool: str = "") -> int:
        return sum(
            n
            for i, (own, where, n, _) in enumerate(self.jobs)
            if i not in gone and name in ("", own) and pool in ("", where)
        )

    def covered(self, name: str, floor: int) -> set[int]:
        found: set[int] = set()
        held = 0
        for i, (own, _, n, _) in enumerate(self.jobs):
            if own == name and held + n <= floor:
                found.add(i)
                held += n
        return found

    def fair(self, victims: tuple[int, ...], ask: str, floors: dict[str, int]) -> bool:
        def one(i: int, gone: tuple[int, ...]) -> bool:
            own = self.jobs[i][0]
            over = self.use(gone, own) > floors[own]
            return own != ask and over and i not in self.covered(own, floors[own])

        return any(
            all(one(i, order[:at]) for at, i in enumerate(order)) for order in permutations(victims)
        )


@settings(max_examples=400)
@given(worlds(), st.lists(asks, min_size=1, max_size=7), asks)
def test_room_comes_back_exactly_if_somebody_can_fairly_go(
    world: tuple[list[Json], dict[str, int], dict[str, int], dict[str, int]],
    before: list[tuple[str, int, list[str]]],
    last: tuple[str, int, list[str]],
):
    documents, floors, ceilings, power = world
    story = Story(documents)
    for name, n, models in before:
        asked = story.submit(n, 10**6, access_class=name, models=models)
        if story.state(asked) == "waiting":
            story.cancel(asked)
        story.go_to(story.now_s + 20)
    for w in story.in_state("waiting"):  # Who had to go does not come back.
        story.cancel(w)
    held = Held(story)
    ask, n, models = last

    def fits(gone: tuple[int, ...], pool: str) -> bool:
        in_pool = held.use(gone, pool=pool) + n
        return (
            in_pool <= min(POOLS[pool], power[pool])
            and held.use(gone) + n <= power["s"]
            and held.use(gone, ask) + n <= ceilings[ask]
        )

    told = len(story.decisions)
    asked = story.submit(n, 10**6, access_class=ask, models=models)
    state = story.state(asked)
    if any(fits((), pool) for pool in models):
        assert state == "running"
        return
    chosen = tuple(
        i
        for i, job in enumerate(held.jobs)
        if job[3] in {d.workload_id for d in story.decisions[told:] if isinstance(d, Reclaim)}
    )
    is_owed = held.use((), ask) + n <= floors[ask]
    everyone = range(len(held.jobs))
    found = [
        victims
        for size in range(1, len(held.jobs) + 1)
        for victims in combinations(everyone, size)
        if is_owed
        and held.fair(victims, ask, floors)
        and any(fits(victims, pool) for pool in models)
    ]
    assert (state == "claimed") == bool(found), (state, held.jobs, found)
    if chosen:
        assert chosen in found
        standing = story.engine.standing(asked)
        assert standing is not None
        for i in chosen:
            less = tuple(x for x in chosen if x != i)
            assert not fits(less, standing.pool), f"{held.jobs[i]} need not have gone"
