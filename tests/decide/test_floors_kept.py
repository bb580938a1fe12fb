"""C2 in histories: at a site of equal units nobody within a floor waits past its notice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from allod.domain.decision import Placement, Reclaim
from tests.decide.histories import Act, class_names, classes, play
from tests.decide.worlds import Json, Story, charter, one_pool

STOP_S = 5

acts = st.one_of(
    *[
        st.tuples(
            st.just("submit"),
            st.integers(1, 5),
            st.sampled_from([10, 100, 1000]),
            st.sampled_from("abc"),
            st.integers(1, 20),
            st.just("packed"),
            st.just({}),
        )
    ]
    * 3,
    st.tuples(st.just("end"), st.integers(0, 20)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 10, 30, 70])),
)


@st.composite
def plain(draw: st.DrawFn) -> list[Json]:
    """One pool of equal units, and a tree of classes without ceilings."""
    units = draw(st.integers(3, 9))
    tree = draw(classes(units, "s-"))

    def without_ceilings(items: list[Json]) -> None:
        for item in items:
            item.pop("ceiling", None)
            without_ceilings(item.get("classes", []))

    without_ceilings(tree)
    found = one_pool(units, tree)
    found[1] = charter("s", tree)
    return found


def owed(story: Story, w: str) -> bool:
    """True if `w` is within a floor of its class or one around it, as things stand."""
    s, live = story.engine.state, story.engine.live[w]
    c = next(c for c in live.verdict.classes if c >= 0)
    while c >= 0:
        row = s.cls[c]
        if row["use"] + row["claimed"] + live.workload.accelerators <= row["floor"]:
            return True
        c = int(row["parent"])
    return False


@settings(max_examples=150)
@given(plain(), st.lists(acts, min_size=5, max_size=40), st.sampled_from([0, STOP_S]))
def test_whoever_is_within_a_floor_has_room_or_a_claim(
    documents: list[Json], history: list[Act], late_s: int
):
    story = Story(documents)
    story.stop_late_s = late_s
    names = class_names(documents)
    for act in history:
        play(story, act, names)
        displaced = {d.workload_id for d in story.decisions if isinstance(d, Reclaim)}
        for w in story.in_state("waiting"):
            assert w in displaced or not owed(story, w), f"{w} is owed room after {act}"
    assert story.engine.state.cls["late"].sum() == 0


@settings(max_examples=100)
@given(plain(), st.lists(acts, min_size=5, max_size=30))
def test_a_claim_is_met_within_notice_and_stop_time(documents: list[Json], history: list[Act]):
    """Counted by the runner's clock, from the decision that reclaims to the one that places."""
    story = Story(documents)
    story.stop_late_s = STOP_S
    names = class_names(documents)
    for act in history:
        play(story, act, names)
    story.go_to(story.now_s + 3000)
    due: dict[str, int] = {}
    for decision in story.decisions:
        if isinstance(decision, Reclaim):
            due[decision.for_workload_id] = decision.stop_at_s + STOP_S
        elif isinstance(decision, Placement) and decision.workload_id in due:
            assert decision.at_s <= due.pop(decision.workload_id), decision
