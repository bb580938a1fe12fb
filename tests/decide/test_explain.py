"""L5 and L6: explain names every site, all that is in the way, in order, and what comes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.explain import explain
from allod.domain.decision import Hold, Refusal
from tests.decide.histories import acts, class_names, play, worlds
from tests.decide.worlds import Json, Story, charter, document, one_pool, project, site

lists_of_acts = st.lists(acts, min_size=5, max_size=30)


def units_in(story: Story, site_name: str, pool: str, state: str) -> int:
    """Accelerators of a pool that live work in `state` holds."""
    total = 0
    for w in story.in_state(state):
        standing = story.engine.standing(w)
        assert standing is not None
        if (standing.site, standing.pool) == (site_name, pool):
            total += story.engine.live[w].workload.accelerators
    return total


def live_units(story: Story, site_name: str, pool: str) -> int:
    """Accelerators of a pool that are live now, from its document."""
    phases = story.engine.world.sites[site_name].phases
    return sum(
        phase.accelerators[pool].value or 0
        for phase in phases
        if (phase.starts.value or 0) <= story.now_s and pool in phase.accelerators
    )


@given(worlds(), lists_of_acts)
def test_every_site_is_there_with_all_that_is_in_the_way(
    documents: list[Json], history: list[object]
):
    story = Story(documents)
    names = class_names(documents)
    for act in history:
        play(story, act, names)  # type: ignore[arg-type]
    for w, live in list(story.engine.live.items()):
        found = explain(story.engine, w)
        assert [answer.site for answer in found.sites] == story.engine.layout.sites
        for answer in found.sites:
            steps = [reason.step for reason in answer.blockers]
            assert steps == sorted(steps), "L5"
            if any(reason.forever for reason in answer.blockers):
                assert answer.expected_at_s is None, "nobody waits where it may never run"
        if story.state(w) != "waiting":
            continue
        n = live.workload.accelerators
        for answer in found.sites:
            assert answer.blockers, f"{w} waits and nothing is in the way at {answer.site}"
            if answer.site in live.verdict.against:
                assert set(answer.blockers) == set(live.verdict.against[answer.site])
                continue
            said = {(reason.code, reason.pool) for reason in answer.blockers}
            for p, (site_name, pool) in enumerate(story.engine.layout.pools):
                if site_name != answer.site or live.verdict.classes[p] < 0:
                    continue
                units = live_units(story, site_name, pool)
                held = units_in(story, site_name, pool, "running")
                held += units_in(story, site_name, pool, "claimed")
                assert (("not-live-yet", pool) in said) == (n > units)
                assert (("no-room", pool) in said) == (units - held < n <= units)
        assert all(answer.change for answer in found.sites)


@given(worlds(), lists_of_acts)
def test_holds_and_refusals_speak_of_every_site(documents: list[Json], history: list[object]):
    story = Story(documents)
    for act in history:
        play(story, act, class_names(documents))  # type: ignore[arg-type]
    sites = set(story.engine.layout.sites)
    for decision in story.decisions:
        if isinstance(decision, Hold | Refusal):
            assert decision.reasons
            spoken = {reason.site for reason in decision.reasons}
            codes = {reason.code for reason in decision.reasons}
            if not codes & {"not-before", "reclaiming", "deadline-missed"}:
                assert spoken == sites, (decision, sites)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 60)), min_size=1, max_size=12),
    st.sampled_from(["plain", "nodes", "power"]),
)
def test_the_expected_start_of_the_head_is_when_it_starts(asked: list[tuple[int, int]], kind: str):
    """If nobody else comes and everybody stays for all of their wall time."""
    pools: list[Json] = [{"name": "p"}, {"name": "q"}]
    spec: Json = {}
    if kind == "nodes":
        pools = [
            {"name": "p", "accelerators_per_node": 2},
            {"name": "q", "accelerators_per_node": 4},
        ]
    if kind == "power":
        window = {"starts": 20, "ends": 50, "power_w": 400}
        spec["envelope"] = {"site": {"power_w": 700, "windows": [window]}}
    story = Story([site("s", pools, [(0, {"p": 4, "q": 4})], **spec), project("a")])
    for n, wall_s in asked:
        name = story.submit(n, wall_s)
        if story.state(name) == "waiting":
            break
    else:
        return
    expected_s = explain(story.engine, name).expected_at_s
    assert expected_s is not None
    story.go_to(max(0, expected_s - 1))
    assert expected_s == 0 or story.state(name) == "waiting"
    story.go_to(expected_s)
    assert story.state(name) == "running"


def test_law_comes_before_everything_else_and_is_never_told_to_wait():
    story = Story(
        [
            *one_pool(2),
            site("m", [{"name": "p"}], [(0, {"p": 1})], country="MA"),
            document("Dataset", "d", {"title": "d", "residency": {"processing": ["MA"]}}),
        ]
    )
    first = story.submit(1, 100, reads=["d"])
    name = story.submit(1, 100, reads=["d"])
    assert (story.state(first), story.state(name)) == ("running", "waiting")
    here, there = explain(story.engine, name).sites
    assert (here.site, there.site) == ("m", "s")
    assert [reason.code for reason in here.blockers] == ["no-room"]
    assert here.expected_at_s == 100
    assert [reason.code for reason in there.blockers] == ["processing-not-permitted"]
    assert there.expected_at_s is None


def test_a_claim_says_by_when():
    classes = [{"name": "x"}, {"name": "y", "floor": 2, "reclaim_notice_s": 30}]
    story = Story([*one_pool(2), charter("s", classes)])
    story.submit(2, 1000, access_class="x")
    asked = story.submit(1, 10, access_class="y")
    found = explain(story.engine, asked)
    assert (found.state, found.expected_at_s) == ("claimed", 30)
    assert [reason.code for reason in found.sites[0].blockers] == ["reclaiming"]
