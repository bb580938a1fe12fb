"""P1 and C8 second by second: power at the meter, ceilings that follow a ramp, and grants."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.worlds import Json, Story, charter, document, project, site

HORIZON_S = 240
WATTS = 100


def cap_w(limit: Json, at_s: int) -> int:
    """What a node of the envelope leaves for work at that second."""
    caps = [limit["power_w"]]
    caps += [w["power_w"] for w in limit.get("windows", ()) if w["starts"] <= at_s < w["ends"]]
    return max(0, min(caps) - limit.get("base_load_w", 0))


@st.composite
def limits(draw: st.DrawFn) -> Json:
    windows = [
        {"starts": start, "ends": start + length, "power_w": draw(st.integers(0, 900))}
        for start, length in draw(
            st.lists(st.tuples(st.integers(0, 120), st.integers(1, 80)), max_size=3)
        )
    ]
    base_w = draw(st.sampled_from([0, 0, 130]))
    return {"power_w": draw(st.integers(300, 1200)), "base_load_w": base_w, "windows": windows}


@st.composite
def envelopes(draw: st.DrawFn) -> Json:
    return {
        "site": draw(limits()),
        "halls": {name: draw(limits()) for name in ("east", "west") if draw(st.booleans())},
        "pools": {name: draw(limits()) for name in ("p", "q") if draw(st.booleans())},
    }


HALLS = {"p": "east", "q": "west"}
asks = st.tuples(st.integers(1, 5), st.integers(1, 100), st.integers(0, 25))


def committed(story: Story, at_s: int, each: dict[str, int]) -> dict[str, int]:
    """What placed work may draw or hold at that second, by pool."""
    found = dict.fromkeys(each, 0)
    for w in story.in_state("running"):
        standing = story.engine.standing(w)
        assert standing is not None
        if story.now_s <= at_s < standing.ends_s:
            n = story.engine.live[w].workload.accelerators
            found[standing.pool] += n * each[standing.pool]
    return found


def leaves_room(envelope: Json, used: dict[str, int], at_s: int) -> bool:
    """True if nothing is over its limit at that second."""
    groups = [(envelope["site"], ["p", "q"])]
    groups += [
        (limit, [p for p in used if HALLS[p] == h]) for h, limit in envelope["halls"].items()
    ]
    groups += [(limit, [p]) for p, limit in envelope["pools"].items()]
    return all(sum(used[p] for p in pools) <= cap_w(limit, at_s) for limit, pools in groups)


@settings(max_examples=150)
@given(envelopes(), st.sampled_from([1000, 1001, 1234, 1999]), st.lists(asks, max_size=12))
def test_power_is_kept_second_by_second_and_none_is_left_idle(
    envelope: Json, pue_milli: int, asked: list[tuple[int, int, int]]
):
    each_w = -(-WATTS * pue_milli // 1000)
    each = {"p": each_w, "q": each_w}
    pools = [{"name": p, "hall": h} for p, h in HALLS.items()]
    envelope = {**envelope, "halls": {h: x for h, x in envelope["halls"].items()}}
    world = [
        site("s", pools, [(0, {"p": 6, "q": 4})], envelope=envelope, pue_milli=pue_milli),
        project("a"),
    ]
    story = Story(world)
    for n, wall_s, wait_s in asked:
        name = story.submit(n, wall_s)
        for at_s in range(story.now_s, story.now_s + HORIZON_S):
            assert leaves_room(envelope, committed(story, at_s, each), at_s), at_s
        if story.in_state("waiting") == [name]:
            for pool, units in (("p", 6), ("q", 4)):
                assert not could_run(story, envelope, each, pool, units, n, wall_s), pool
        story.go_to(story.now_s + wait_s)


def could_run(
    story: Story, envelope: Json, each: dict[str, int], pool: str, units: int, n: int, wall_s: int
) -> bool:
    """True if `n` more could run in `pool` from now on."""
    held = committed(story, story.now_s, dict.fromkeys(each, 1))
    if held[pool] + n > units:
        return False
    for at_s in range(story.now_s, story.now_s + wall_s):
        used = committed(story, at_s, each)
        used[pool] += n * each[pool]
        if not leaves_room(envelope, used, at_s):
            return False
    return True


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4),
    st.integers(100, 200),
    st.lists(st.tuples(asks, st.booleans()), max_size=14),
)
def test_a_ramp_bounds_its_class_at_every_second_and_the_rest_can_be_asked(
    ramp: list[tuple[int, int]], ends_s: int, asked: list[tuple[tuple[int, int, int], bool]]
):
    steps = [
        {"starts": 40 * i, "floor": min(pair), "ceiling": max(pair)} for i, pair in enumerate(ramp)
    ]
    anchor = {"party": "op", "ramp": steps, "ends": ends_s}
    world = [
        document("Party", "op", {"title": "op", "seat": "NO"}),
        site("s", [{"name": "p"}], [(0, {"p": 8})]),
        charter("s", [{"name": "anchor", "anchor": anchor}, {"name": "rest"}]),
        project("a", party="op"),
        project("b"),
    ]

    def ceiling(at_s: int) -> int:
        begun = [step["ceiling"] for step in steps if step["starts"] <= at_s < ends_s]
        return begun[-1] if begun else 0

    story = Story(world)
    for (n, wall_s, wait_s), is_anchor in asked:
        project_name, name = ("a", "anchor") if is_anchor else ("b", "rest")
        asked_id = story.submit(n, wall_s, project=project_name, access_class=name)
        standings: list[Any] = [story.engine.standing(w) for w in story.in_state("running")]
        sizes = [story.engine.live[w].workload.accelerators for w in story.in_state("running")]
        for at_s in range(story.now_s, story.now_s + HORIZON_S):
            held = sum(
                size
                for one, size in zip(standings, sizes, strict=True)
                if one.access_class == "anchor" and at_s < one.ends_s
            )
            assert held <= ceiling(at_s), at_s
        if not is_anchor and story.in_state("waiting") == [asked_id]:
            assert sum(sizes) + n > 8, "there was room, and no ceiling on the rest"
        story.go_to(story.now_s + wait_s)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 20_000), st.integers(1, 20_000)),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6000), st.integers(0, 4000)), max_size=14),
    st.data(),
)
def test_grants_bound_what_a_project_uses(
    grants: list[tuple[int, int, int]], asked: list[tuple[int, int, int]], data: st.DataObject
):
    written = [
        {"accelerator_hours": hours, "starts": start, "ends": start + length}
        for hours, start, length in grants
    ]
    story = Story(
        [site("s", [{"name": "p"}], [(0, {"p": 8})]), project("a", grants=written)], at_s=0
    )
    used: dict[tuple[str, int], tuple[int, int, int]] = {}  # run -> n, start, last second
    for n, wall_s, wait_s in asked:
        name = story.submit(n, wall_s)
        for w in story.in_state("running"):
            one = story.engine.standing(w)
            assert one is not None
            size = story.engine.live[w].workload.accelerators
            used[w, one.run] = (size, one.start_s, one.ends_s)
            holds = [g for g in written if g["starts"] <= one.start_s < g["ends"]]
            assert holds and one.ends_s <= max(g["ends"] for g in holds), "runs past its grants"
        total = sum(size * (end - start) for size, start, end in used.values())
        begun = [g["accelerator_hours"] for g in written if g["starts"] <= story.now_s]
        assert total <= 3600 * sum(begun)
        if story.state(name) == "running" and data.draw(st.booleans()):
            story.go_to(story.now_s + min(wait_s, wall_s) // 2)
            if story.state(name) == "running":
                story.end(name)
                size, start, _ = used[name, 1]
                used[name, 1] = (size, start, story.now_s)
        story.go_to(story.now_s + wait_s)


def test_a_grant_that_follows_another_at_once_is_there_in_full():
    grants = [
        {"accelerator_hours": 1, "starts": 0, "ends": 7200},
        {"accelerator_hours": 1, "starts": 7200, "ends": 14_400},
    ]
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 1})]), project("a", grants=grants)])
    story.go_to(7200)
    assert story.state(story.submit(1, 3600)) == "running"


def test_work_without_a_budget_keeps_no_room_from_others():
    poor = project("a", grants=[{"accelerator_hours": 1, "starts": 0, "ends": 10**6}])
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 2})]), poor, project("b")])
    story.submit(1, 3600)
    waits = story.submit(1, 3600)
    assert story.state(waits) == "waiting"
    assert story.state(story.submit(1, 10**5, project="b")) == "running"


def test_what_comes_back_after_its_grant_has_ended_does_not_swell_the_next():
    grants = [
        {"accelerator_hours": 2, "starts": 0, "ends": 3600},
        {"accelerator_hours": 1, "starts": 0, "ends": 10_000},
    ]
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 8})]), project("a", grants=grants)])
    first = story.submit(1, 7200)
    story.go_to(3700)
    story.end(first)
    assert story.state(story.submit(2, 1800)) == "running"
    assert story.state(story.submit(1, 1)) == "waiting"
