"""L5 and L6: explain names every site, all that is in the way, in order, and what comes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.explain import SiteAnswer, explain
from allod.decide.smallest_change import CHANGES, smallest_change
from allod.domain.decision import Hold, Reason, Refusal, Step
from allod.domain.said import SAYINGS, said
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


def waiting_at(story: Story, n: int, wall_s: int, **more: object) -> SiteAnswer:
    """The answer of the one site on work that waits."""
    name = story.submit(n, wall_s, **more)
    assert story.state(name) == "waiting"
    (answer,) = explain(story.engine, name).sites
    return answer


def test_what_is_not_live_yet_is_expected_when_its_phase_begins():
    phases = [(0, {"p": 1}), (500, {"p": 1}), (900, {"p": 4})]
    story = Story([site("s", [{"name": "p"}], phases), project("a")])
    answer = waiting_at(story, 3, 10)
    assert answer.expected_at_s == 900
    assert answer.basis == "the date of the phase that has enough accelerators"
    assert answer.change == ("wait for the accelerators that are live from 1970-01-01T00:15:00Z on")
    story.go_to(900)
    assert story.in_state("running")


def test_a_start_at_the_end_of_a_window_rests_on_the_window():
    window = {"starts": 0, "ends": 50, "power_w": 100}
    spec: Json = {"envelope": {"site": {"power_w": 700, "windows": [window]}}}
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 4})], **spec), project("a")])
    answer = waiting_at(story, 3, 10)
    assert answer.expected_at_s == 50
    assert answer.basis == "the end of a window of less power"
    (waits,) = story.in_state("waiting")
    assert explain(story.engine, waits).basis == "s: the end of a window of less power"


def test_one_that_goes_before_is_one():
    story = Story(one_pool(2))
    story.submit(2, 100)
    assert story.state(story.submit(2, 100)) == "waiting"
    answer = waiting_at(story, 2, 100)
    assert answer.basis.endswith(", if the one that goes before it does not take the room")
    assert answer.rests_on == (said("wall-times"), said("if-not-taken-by-one"))
    assert "the 2 that go before it do not" in waiting_at(story, 2, 100).basis


def test_nobody_is_told_to_ask_for_none():
    reason = Reason(
        site="s", step=Step.HARDWARE, code="larger-than-pool", message="", needed="2", actual="0"
    )
    story = Story(one_pool(1))
    story.submit(1, 100)
    live = story.engine.live[story.submit(1, 10)]
    told, changes = smallest_change(live, (replace(reason, pool="p"),))
    assert told == "a live phase with 2 accelerators in pool p"
    assert changes == (said("live-phase", accelerators=2, pool="p"),)
    told, _ = smallest_change(live, (replace(reason, pool="p", needed="1"),))
    assert told == "a live phase with 1 accelerator in pool p"
    told, changes = smallest_change(live, (replace(reason, actual="1"),))
    assert told == "ask for 1 accelerator or fewer"
    assert changes == (said("fewer", accelerators=1),)
    # Two pools that lack the same are told once, in words and by code.
    twice = smallest_change(live, (replace(reason, actual="1"), replace(reason, actual="1")))
    assert twice == (told, changes)


def test_nobody_is_told_to_accept_a_model_that_nobody_knows():
    unknown = [{"name": "q", "accelerator": "unknown"}]
    story = Story(
        [
            site("m", [{"name": "p"}], [(0, {"p": 1})]),
            site("n", [{"name": "p", "accelerator": "other"}], [(0, {"p": 1})]),
            site("s", unknown, [(0, {"q": 1})]),
            project("a"),
        ]
    )
    story.submit(1, 100, models=["unit"])
    _, other, there = explain(story.engine, story.submit(1, 100, models=["unit"])).sites
    assert other.change == "accept other in spec.models"
    assert there.change == "make known: Site/s: spec.pools.q.accelerator"
    assert there.changes == (said("make-known", fact="Site/s: spec.pools.q.accelerator"),)


def test_each_reason_has_a_change_by_code():
    story = Story(one_pool(1))
    live = story.engine.live[story.submit(1, 10)]
    for code in [*CHANGES, "fact-unknown", "made-later"]:
        for step, actual in ((Step.LAW, "4"), (Step.CLASS, "0"), (Step.ROOM, "4")):
            reason = Reason(
                site="s", step=step, code=code, message="", needed="8", actual=actual, origin="o"
            )
            words, (change,) = smallest_change(live, (reason,))
            assert words
            assert tuple(change.values) == SAYINGS[change.code]


def test_work_that_no_grants_of_one_time_pay_for_is_refused():
    grants = [
        {"accelerator_hours": 1, "starts": 0, "ends": 7200},
        {"accelerator_hours": 1, "starts": 7200, "ends": 14_400},
        {"accelerator_hours": 1, "starts": 10_000, "ends": 12_000},
    ]
    story = Story([*one_pool(8)[:1], project("a", grants=grants)])
    # The second and third hold at one time, and no three ever do.
    assert story.state(story.submit(4, 1800)) == "waiting"
    refused = story.submit(4, 1801)
    (said,) = [one for one in story.decisions if one.workload_id == refused]
    assert isinstance(said, Refusal)
    assert {reason.code for reason in said.reasons} == {"grant-too-small"}
    long = story.submit(1, 3600)
    assert story.state(long) == "running"
    poor = [{"accelerator_hours": 100, "starts": 0, "ends": 600}]
    story = Story([*one_pool(8)[:1], project("a", grants=poor)])
    name = story.submit(1, 601)
    (said,) = [one for one in story.decisions if one.workload_id == name]
    assert {reason.code for reason in said.reasons} == {"grant-too-short"}
    assert story.state(story.submit(1, 600)) == "running"


def test_work_whose_grant_has_ended_is_told_that_there_is_none():
    grants = [{"accelerator_hours": 9, "starts": 0, "ends": 1000}]
    story = Story([*one_pool(8)[:1], project("a", grants=grants)], at_s=2000)
    answer = waiting_at(story, 1, 60)
    (said,) = [reason for reason in answer.blockers if reason.code == "grant-used-up"]
    assert said.message == "project a has no grant now; it may use 1"


def test_words_that_are_kept_follow_what_they_are_about():
    """Of the same numbers a report may say another reason, and another may hold the reservation."""
    story = Story(one_pool(4))
    story.report((0, 2), why=("drained",))
    waits = story.submit(3, 100)
    for why in ("drained", "down"):
        story.report((0, 2), why=(why,))
        found = explain(story.engine, waits).sites[0].blockers
        assert [reason.code for reason in found] == ["no-room", "out-of-service"]
        assert found[1].message.endswith(f": {why}")
    story = Story(one_pool(4))
    story.submit(2, 100)
    heads = [story.submit(4, 100), story.submit(4, 100)]
    last = story.submit(1, 500)
    for head in heads:
        found = explain(story.engine, last).sites[0].blockers
        assert [reason.code for reason in found] == ["would-delay-head"]
        assert f"start of {head}," in found[0].message
        story.cancel(head)
    assert story.state(last) == "running"
