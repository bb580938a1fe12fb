"""C5: whoever had to go never comes back by displacing whom it made room for; all comes to rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allod.decide.kernel import state as k
from allod.domain.decision import Placement, Reclaim
from tests.decide.histories import class_names, classes
from tests.decide.worlds import Json, Story, charter, one_pool, site

WALL_S = 10**7

asks = st.tuples(st.integers(1, 4), st.integers(0, 20), st.sampled_from([0, 0, 5, 40]))


@st.composite
def nested(draw: st.DrawFn) -> list[Json]:
    """One site of six to eight units, in one pool or two, with nested classes."""
    units = draw(st.integers(6, 8))
    tree = draw(classes(units, "s-"))
    found = one_pool(units, tree)
    if draw(st.integers(0, 3)) == 0:
        found[0] = site("s", [{"name": "p"}, {"name": "q"}], [(0, {"p": units - 3, "q": 3})])
    found[1] = charter("s", tree)
    return found


def static(documents: list[Json], asked: list[tuple[int, int, int]]) -> Story:
    """Work that never ends by itself is asked for, and all that is told to go goes."""
    story = Story(documents)
    names = class_names(documents)
    for n, choice, wait_s in asked:
        story.submit(n, WALL_S, access_class=names[choice % len(names)], project="abc"[choice % 3])
        story.go_to(story.now_s + wait_s)
    return story


@given(nested(), st.lists(asks, min_size=3, max_size=14))
def test_a_static_set_of_work_comes_to_rest(
    documents: list[Json], asked: list[tuple[int, int, int]]
):
    story = static(documents, asked)
    quiet = 0
    for _ in range(40 + 4 * len(asked)):
        before = len(story.decisions)
        story.go_to(story.now_s + 30)
        quiet = quiet + 1 if len(story.decisions) == before else 0
        if quiet == 4:
            break
    assert quiet == 4, "still moving: " + str(
        [d for d in story.decisions[-12:] if isinstance(d, Placement | Reclaim)]
    )


@given(nested(), st.lists(asks, min_size=3, max_size=20), st.lists(st.integers(0, 9), max_size=20))
def test_nobody_displaces_whom_it_made_room_for(
    documents: list[Json], asked: list[tuple[int, int, int]], ends: list[int]
):
    story = static(documents, asked)
    for i in ends:
        running = story.in_state("running")
        if running:
            story.end(running[i % len(running)])
        story.go_to(story.now_s + 30)
    made_room: set[tuple[str, str]] = set()
    for decision in story.decisions:
        if isinstance(decision, Reclaim):
            victim, beneficiary = decision.workload_id, decision.for_workload_id
            assert (beneficiary, victim) not in made_room, f"{victim} comes back at {decision}"
            made_room.add((victim, beneficiary))


def test_there_is_displacing_to_speak_of():
    tree = [
        {"name": "o", "floor": 4, "classes": [{"name": "x", "floor": 4}, {"name": "y"}]},
        {"name": "z", "floor": 2},
    ]
    story = Story(one_pool(6, tree))
    lent = story.submit(6, WALL_S, access_class="z")
    first = story.submit(4, WALL_S, access_class="y")  # Within the floor of the outer class.
    story.go_to(400)
    assert (story.state(lent), story.state(first)) == ("waiting", "running")
    own = story.submit(4, WALL_S, access_class="x")  # Takes the backing of the outer class over.
    story.go_to(800)
    assert (story.state(own), story.state(first)) == ("running", "waiting")
    story.go_to(5000)
    reclaims = [
        (d.workload_id, d.for_workload_id) for d in story.decisions if isinstance(d, Reclaim)
    ]
    assert reclaims == [(lent, first), (first, own)]


def test_not_even_when_the_floors_have_changed_hands():
    def floors(y: int, z: int) -> Json:
        notice = {"reclaim_notice_s": 10}
        return charter(
            "s", [{"name": "y", "floor": y, **notice}, {"name": "z", "floor": z, **notice}]
        )

    story = Story([one_pool(4)[0], floors(2, 2), *one_pool(4)[1:]])
    story.submit(2, WALL_S, access_class="z")
    story.go_to(1)
    went = story.submit(2, WALL_S, access_class="z")
    came = story.submit(2, WALL_S, access_class="y")
    story.go_to(20)
    assert (story.state(went), story.state(came)) == ("waiting", "running")
    story.apply(floors(0, 4))
    story.go_to(100)
    assert (story.state(went), story.state(came)) == ("waiting", "running")
    story.end(came)
    assert story.state(went) == "running"


def test_pairs_are_kept_as_long_as_both_live_however_many_there_are():
    classes = [{"name": "y", "floor": 2, "reclaim_notice_s": 10}, {"name": "z"}]
    story = Story(one_pool(2, classes))
    story.checked = False
    went = story.submit(2, WALL_S, access_class="z")
    for _ in range(1200):
        came = story.submit(2, WALL_S, access_class="y")
        story.go_to(story.now_s + 10)
        assert (story.state(went), story.state(came)) == ("waiting", "running")
        story.end(came)
    state = story.engine.state
    assert state.number[k.PAIR_N] <= len(state.pair) <= 2048
    seqs = (story.engine.live[went].seq, story.engine.live[went].seq + 1200)
    kept = state.pair[: int(state.number[k.PAIR_N])].tolist()
    assert list(seqs) in kept, "the last pair must be there"
