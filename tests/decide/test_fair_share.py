"""C6: inside a class who has least decayed use for its share goes first, then who asked first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.decide.worlds import Story, charter, project, site

HALF_LIFE_S = 7200
turns = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.sampled_from([600, 3600, 9000])),
    min_size=4,
    max_size=25,
)


@given(turns, st.tuples(*[st.integers(1, 3)] * 3))
def test_the_least_served_project_goes_first(
    asked: list[tuple[str, int, int]], shares: tuple[int, int, int]
):
    """One unit, so that one starts at a time; use is written down here and fades by the hour."""
    share = dict(zip("abc", shares, strict=True))
    story = Story(
        [
            site("s", [{"name": "p"}], [(0, {"p": 1})]),
            charter("s", [{"name": "all"}], use_half_life_s=HALF_LIFE_S),
            *(project(name, share=share[name]) for name in "abc"),
        ]
    )
    used: list[tuple[str, int, int]] = []  # project, accelerator-seconds, when
    submit_s: dict[str, tuple[int, int]] = {}

    def use_of(name: str, at_s: int) -> float:
        return sum(
            amount * 0.5 ** ((at_s // 3600 - when // 3600) * 3600 / HALF_LIFE_S)
            for who, amount, when in used
            if who == name
        )

    def next_start() -> None:
        """Let the one that runs end, and see who is next."""
        before = story.in_state("waiting")
        (running,) = story.in_state("running")
        standing = story.engine.standing(running)
        assert standing is not None
        story.go_to(standing.ends_s)
        if not before:
            return
        (started,) = story.in_state("running")
        keys = {}
        for w in before:
            name = story.engine.live[w].workload.project
            keys[w] = use_of(name, story.now_s) / share[name]
        least = min(keys.values())
        assert keys[started] <= least * 1.001 + 1, (started, keys)
        own = story.engine.live[started].workload
        rivals = [w for w in before if story.engine.live[w].workload.project == own.project]
        assert started == min(rivals, key=lambda w: submit_s[w]), "asked later, goes earlier"
        used.append((own.project, own.wall_time_s, story.now_s))

    for count, (name, wait, wall_s) in enumerate(asked):
        w = story.submit(1, wall_s, project=name)
        submit_s[w] = (story.now_s, count)
        if story.state(w) == "running":
            used.append((name, wall_s, story.now_s))
        if count % wait == 0:
            next_start()
    while story.in_state("waiting"):
        next_start()


def test_time_that_was_paid_and_not_used_comes_back_as_it_has_faded():
    """A long wall time that is cut short does not wipe out what was really used."""
    story = Story(
        [
            site("s", [{"name": "p"}], [(0, {"p": 1})]),
            charter("s", [{"name": "all"}], use_half_life_s=HALF_LIFE_S),
            project("a"),
            project("b"),
        ]
    )
    long = story.submit(1, 10 * HALF_LIFE_S, project="a")
    story.go_to(HALF_LIFE_S)
    later = story.submit(1, 60, project="a")
    other = story.submit(1, 60, project="b")
    story.end(long)
    assert (story.state(later), story.state(other)) == ("waiting", "running")


def test_priority_of_the_class_comes_before_fair_share():
    story = Story(
        [
            site("s", [{"name": "p"}], [(0, {"p": 1})]),
            charter("s", [{"name": "high", "priority": 1}, {"name": "low"}]),
            project("a"),
            project("b"),
        ]
    )
    first = story.submit(1, 60, project="a", access_class="high")
    low = story.submit(1, 60, project="b", access_class="low")
    high = story.submit(1, 60, project="a", access_class="high")
    story.end(first)
    assert (story.state(low), story.state(high)) == ("waiting", "running")
