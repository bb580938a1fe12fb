"""What a pool really has: accelerators that are out are not given away, and nobody loses by it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.domain.decision import Placement, Reclaim, Refusal, Step
from allod.domain.event import Outcome, PoolReported
from allod.errors import InvalidInput, NotFound
from allod.prove.encoding import decode, encode
from allod.run.records import leaf_of, record_of
from tests.decide.test_room import holds
from tests.decide.worlds import Json, Story, charter, one_pool, project, site

PER_NODE = 2
NODES = {"name": "p", "accelerators_per_node": PER_NODE, "nodes_per_nvlink_domain": 2}
TOPOLOGIES = ("packed", "spread", "nvlink-domain")


def racks(nodes: int, **spec: Any) -> list[Json]:
    """Site 's' with one pool 'p' of nodes of two accelerators, two in an NVLink domain."""
    return [site("s", [NODES], [(0, {"p": PER_NODE * nodes})], **spec), project("a"), project("b")]


def nodes_of(story: Story, name: str) -> dict[int, int]:
    return dict(story.engine.nodes_of(story.engine.live[name].row))


def reasons(story: Story, name: str, code: str) -> list[Any]:
    answer = explain(story.engine, name)
    return [r for one in answer.sites for r in one.blockers if r.code == code]


# ---------------------------------------------------------------- every small case


def test_a_gang_runs_exactly_if_what_is_in_service_holds_it():
    """Three nodes, each with so many out, asked for any gang: against every choice of nodes."""
    for out in product(range(PER_NODE + 1), repeat=3):
        story = Story(racks(3), checked=False)
        story.report(*((x, n) for x, n in enumerate(out) if n))
        free = [PER_NODE - n for n in out]
        for n, topology in product(range(1, 7), TOPOLOGIES):
            if topology == "nvlink-domain" and n > 4:
                continue
            name = story.submit(n, 100, topology=topology)
            expected = holds(free, PER_NODE, 2, n, topology)
            assert (story.state(name) == "running") == expected, (out, n, topology)
            if expected:
                assert all(n <= free[x] for x, n in nodes_of(story, name).items())
                story.end(name)
            else:
                story.cancel(name)


def test_what_ends_on_a_failed_node_does_not_come_free():
    """Two nodes, ours on both or one; any of them is out before the end: what is free then."""
    for size, out in product((1, 2, 3, 4), product(range(PER_NODE + 1), repeat=2)):
        story = Story(racks(2))
        ours = story.submit(size, 100)
        held = nodes_of(story, ours)
        story.report(*((x, n) for x, n in enumerate(out) if n))
        pool = story.engine.state.pool[0]
        left = [max(0, PER_NODE - held.get(x, 0) - n) for x, n in enumerate(out)]
        assert pool["free"] == sum(left), (size, out)
        story.end(ours)
        assert pool["free"] == 2 * PER_NODE - sum(out), (size, out)
        story.report()
        assert pool["free"] == 2 * PER_NODE


def test_equal_units_are_one_account():
    for ours, out in product(range(1, 5), range(5)):
        story = Story(one_pool(4))
        first = story.submit(ours)
        story.report(*([(0, out)] if out else []))
        second = story.submit(1)
        assert (story.state(second) == "running") == (ours + out < 4), (ours, out)
        if story.state(second) == "running":
            continue
        story.end(first)
        assert (story.state(second) == "running") == (out < 4), (ours, out)
        story.report()
        assert story.state(second) == "running"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("out", "others_w", "said"),
    [
        (((4, 1),), 0, "node 4"),
        (((-1, 1),), 0, "node -1"),
        (((0, 3),), 0, "3 accelerators"),
        (((0, 0),), 0, "0 accelerators"),
        (((1, 1), (0, 1)), 0, "node 0 after node 1"),
        (((1, 1), (1, 1)), 0, "node 1 after node 1"),
        ((), -1, "others_w is -1"),
    ],
)
def test_a_report_that_cannot_be_changes_nothing(
    out: tuple[tuple[int, int], ...], others_w: int, said: str
):
    story = Story(racks(4))
    before = story.engine.snapshot()
    with pytest.raises(InvalidInput, match=said):
        story.report(*out, others_w=others_w)
    assert story.engine.snapshot() == before


def test_a_report_of_what_is_not_there_changes_nothing():
    story = Story(one_pool(4))
    before = story.engine.snapshot()
    for where in ({"site": "t"}, {"pool": "q"}):
        with pytest.raises(NotFound):
            story.report((0, 1), **where)
    with pytest.raises(InvalidInput, match="5 accelerators"):
        story.report((0, 5))
    assert story.engine.snapshot() == before


# ---------------------------------------------------------------- who waits, and for what


def test_the_head_that_is_larger_than_what_is_in_service_lets_the_others_go():
    story = Story(racks(4))
    story.submit(4, 50)
    story.report((3, 2), why=("n3 is down: Not responding",))
    large = story.submit(8, 100)
    assert story.state(large) == "waiting"
    small = [story.submit(2, 1000) for _ in range(2)]
    assert [story.state(w) for w in small] == ["running", "waiting"]
    story.go_to(50)
    assert [story.state(w) for w in small] == ["running", "running"]
    (reason,) = reasons(story, large, "out-of-service")
    assert reason.step is Step.ROOM
    assert "2 of 8 accelerators of pool 'p'" in reason.message
    assert reason.message.endswith("n3 is down: Not responding")
    assert explain(story.engine, large).expected_at_s is None
    story.report()
    assert not reasons(story, large, "out-of-service")
    story.go_to(1050)
    assert story.state(large) == "running"


def test_whoever_comes_after_such_a_head_keeps_its_reservation():
    """One pool has one reservation; the second in line has it while the first cannot."""
    story = Story(racks(4))
    story.submit(4, 50)
    story.report((3, 2))
    story.submit(8, 100)
    second = story.submit(6, 100)
    behind = story.submit(2, 1000)
    assert story.state(behind) == "waiting", "it would delay the second"
    assert story.engine.live[second].row == story.engine.state.pool[0]["r_job"]
    story.go_to(50)
    assert story.state(second) == "running"


def test_a_workload_that_fits_into_what_is_left_is_not_told_of_what_is_out():
    story = Story(one_pool(4))
    story.report((0, 1))
    waits = story.submit(4)
    assert [r.code for r in explain(story.engine, waits).sites[0].blockers] == [
        "no-room",
        "out-of-service",
    ]
    answer = explain(story.engine, waits).sites[0]
    assert answer.change == "1 more accelerator in pool p; accelerators of pool p back in service"


# ---------------------------------------------------------------- power of others (P1)


def test_what_others_draw_counts_in_pool_hall_and_site():
    envelope = {
        "site": {"power_w": 1000},
        "halls": {"h": {"power_w": 500}},
        "pools": {"p": {"power_w": 400}},
    }
    pools = [{"name": "p", "hall": "h"}, {"name": "q", "hall": "h"}, {"name": "r"}]
    for others_w in range(0, 1200, 100):
        fits = {
            "p": max(0, min(400 - others_w, 500 - others_w, 1000 - others_w)) // 100,
            "q": max(0, min(500 - others_w, 1000 - others_w)) // 100,
            "r": max(0, 1000 - others_w) // 100,
        }
        for pool, n in fits.items():
            live = {name: 20 if name == pool else 0 for name in "pqr"}
            world = [site("s", pools, [(0, live)], envelope=envelope), project("a")]
            story = Story(world)
            story.report(pool="p", others_w=others_w)
            for _ in range(12):
                story.submit(1)
            assert len(story.in_state("running")) == n, (others_w, pool)


def test_an_envelope_that_others_overdraw_takes_nothing_back():
    story = Story(one_pool(4, envelope={"site": {"power_w": 400}}))
    first = [story.submit(1, 100) for _ in range(3)]
    story.report(others_w=350)
    assert [story.state(w) for w in first] == ["running"] * 3
    assert not any(isinstance(d, Reclaim) for d in story.decisions)
    waits = story.submit(1)
    (reason,) = reasons(story, waits, "envelope")
    assert "work that Allod did not place draws 350 W of it" in reason.message
    story.go_to(100)
    assert story.state(waits) == "waiting"
    story.report(others_w=300)
    assert story.state(waits) == "running"


def test_what_others_draw_counts_in_the_windows_to_come():
    curtailed = {"power_w": 400, "windows": [{"starts": 50, "ends": 90, "power_w": 200}]}
    story = Story(one_pool(4, envelope={"site": curtailed}))
    story.report(others_w=150)
    beyond, before = story.submit(1, 60), story.submit(1, 40)
    assert [story.state(w) for w in (beyond, before)] == ["waiting", "running"]
    story.go_to(89)
    assert story.state(beyond) == "waiting"
    story.go_to(90)
    assert story.state(beyond) == "running"


# ---------------------------------------------------------------- floors and claims


FLOOR = [
    {"name": "own", "floor": 4, "eligible": {"projects": ["b"]}, "reclaim_notice_s": 10},
    {"name": "rest"},
]


def with_floor(pools: list[Json]) -> list[Json]:
    return [
        site("s", pools, [(0, {"p": 8})]),
        charter("s", FLOOR),
        project("a"),
        project("b"),
    ]


def test_no_victim_is_taken_for_room_that_is_out():
    """Two nodes, lent; one fails. Whoever stands on it makes no room by going."""
    story = Story(with_floor([{"name": "p", "accelerators_per_node": 4}]))
    lent = [story.submit(4, 1000, access_class="rest") for _ in range(2)]
    failed = nodes_of(story, lent[1])
    story.report(*sorted(failed.items()))
    claims = story.submit(4, 100, project="b", access_class="own")
    reclaimed = [d.workload_id for d in story.decisions if isinstance(d, Reclaim)]
    assert reclaimed == [lent[0]]
    story.go_to(10)
    assert story.state(claims) == "running"


@pytest.mark.parametrize("per_node", [1, 4])
def test_a_claim_whose_room_fails_is_given_up_and_made_anew(per_node: int):
    story = Story(with_floor([{"name": "p", "accelerators_per_node": per_node}]))
    lent = [story.submit(4, 1000, access_class="rest") for _ in range(2)]
    claims = story.submit(4, 100, project="b", access_class="own")
    first = [d.workload_id for d in story.decisions if isinstance(d, Reclaim)]
    assert story.state(claims) == "claimed" and len(first) == 1
    out = sorted(nodes_of(story, first[0]).items()) if per_node > 1 else [(0, 4)]
    story.report(*out)
    assert story.state(claims) == "claimed", "there is other lent room"
    told = [d.workload_id for d in story.decisions if isinstance(d, Reclaim)]
    assert sorted(told) == sorted(lent)
    story.go_to(10)
    assert story.state(claims) == "running"


def test_a_claim_that_can_no_longer_be_met_keeps_no_room_from_others():
    story = Story(with_floor([{"name": "p", "accelerators_per_node": 4}]))
    story.submit(8, 1000, access_class="rest")
    claims = story.submit(4, 100, project="b", access_class="own")
    assert story.state(claims) == "claimed"
    story.report((0, 4), (1, 4))
    assert story.state(claims) == "waiting"
    story.go_to(20)
    story.report((0, 4))
    assert story.state(claims) == "running"


# ---------------------------------------------------------------- carried over


def test_reports_outlive_documents_and_snapshots():
    world = racks(4, envelope={"site": {"power_w": 800}})
    story = Story(world)
    story.submit(2, 1000)
    story.report((0, 2), (3, 1), others_w=100, why=("n0 is down",))
    kept = dict(story.engine.reports)
    story.apply(project("c"))
    assert story.engine.reports == kept and story.engine.state.pool[0]["out"] == 3
    twin = Engine.restore(story.engine.snapshot())
    assert twin.reports == kept and twin.snapshot() == story.engine.snapshot()
    more = site("s", [NODES], [(0, {"p": 8}), (500, {"p": 4})], envelope={"site": {"power_w": 9}})
    story.apply(more)
    assert story.engine.reports == kept and story.engine.state.pool[0]["others"] == 100


def test_a_report_of_a_pool_that_has_changed_is_forgotten():
    story = Story(racks(4))
    story.report((3, 2))
    story.apply(site("s", [NODES], [(0, {"p": 4})]))
    assert story.engine.reports == {} and story.engine.state.pool[0]["out"] == 0
    story.report((1, 2))
    story.apply(site("s", [{**NODES, "accelerators_per_node": 4}], [(0, {"p": 8})]))
    assert story.engine.reports == {} and story.engine.state.pool[0]["free"] == 8


def test_the_same_report_again_is_kept_and_moves_nothing():
    story = Story(racks(2))
    story.report((0, 1), why=("n0 drains",))
    state = story.engine.state
    before = {name: array.copy() for name, array in state.arrays().items()}
    story.report((0, 1), why=("n0 drains: maintenance",))
    assert story.engine.reports["s", "p"].why == ("n0 drains: maintenance",)
    assert all((before[name] == array).all() for name, array in state.arrays().items())


# ---------------------------------------------------------------- a node fails (D)


def test_after_a_node_failure_it_waits_in_its_old_place_and_runs_again():
    story = Story(one_pool(4))
    first = story.submit(4, 100)
    second = story.submit(4, 100)
    story.report((0, 4))
    story.go_to(10)
    story.end(first, Outcome.NODE_FAILED)
    assert [story.state(w) for w in (first, second)] == ["waiting", "waiting"]
    story.report()
    assert [story.state(w) for w in (first, second)] == ["running", "waiting"]
    runs = [(d.workload_id, d.run) for d in story.decisions if isinstance(d, Placement)]
    assert runs == [(first, 1), (first, 2)]


def test_who_asked_to_fail_or_was_cancelled_does_not_wait_again():
    story = Story(one_pool(4))
    fails = story.submit(1, 100, on_node_failure="fail")
    story.end(fails, Outcome.NODE_FAILED)
    assert story.state(fails) == "gone"
    gone = story.submit(1, 100)
    story.engine.live[gone].cancelled = True
    story.end(gone, Outcome.NODE_FAILED)
    assert story.state(gone) == "gone"


def test_who_could_no_longer_keep_its_deadline_is_refused_after_a_node_failure():
    story = Story(one_pool(4))
    late = story.submit(1, 100, flexibility={"deadline": 150})
    story.go_to(60)
    (refused,) = story.end(late, Outcome.NODE_FAILED)
    assert isinstance(refused, Refusal) and refused.reasons[0].code == "deadline-missed"
    assert story.state(late) == "gone"


def test_a_node_failure_gives_back_what_was_not_used():
    grants = [{"accelerator_hours": 2, "starts": 0, "ends": 10**6}]
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 1})]), project("a", grants=grants)])
    first = story.submit(1, 3600, on_node_failure="fail")
    story.go_to(600)
    story.end(first, Outcome.NODE_FAILED)
    assert story.engine.state.project[0]["budget"] == 7200 - 600
    again = story.submit(1, 3600)
    story.go_to(1200)
    story.report((0, 1))
    story.end(again, Outcome.NODE_FAILED)
    assert story.state(again) == "waiting"
    assert story.engine.state.project[0]["budget"] == 7200 - 1200


# ---------------------------------------------------------------- second by second


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("submit"),
                st.integers(1, 8),
                st.sampled_from([10, 30]),
                st.sampled_from(TOPOLOGIES),
            ),
            st.tuples(st.just("report"), st.lists(st.integers(0, PER_NODE), max_size=4)),
            st.tuples(st.just("pass"), st.sampled_from([1, 5, 10])),
            st.tuples(st.just("end"), st.integers(0, 9)),
        ),
        max_size=25,
    )
)
def test_nothing_starts_on_what_is_out_and_nothing_that_fits_is_left_idle(acts: list[Any]):
    story = Story(racks(4))
    out = [0] * 4
    for act in acts:
        before = set(story.in_state("running"))
        match act:
            case ("submit", n, wall_s, topology):
                story.submit(
                    min(n, 4) if topology == "nvlink-domain" else n, wall_s, topology=topology
                )
            case ("report", given_out):
                out = [*given_out, *([0] * (4 - len(given_out)))]
                story.report(*((x, n) for x, n in enumerate(out) if n))
            case ("pass", seconds):
                story.go_to(story.now_s + seconds)
            case ("end", i):
                running = story.in_state("running")
                if running:
                    story.end(running[i % len(running)])
        used = [0] * 4
        for name in story.in_state("running"):
            for x, n in nodes_of(story, name).items():
                used[x] += n
        for name in set(story.in_state("running")) - before:
            for x in nodes_of(story, name):
                assert used[x] + out[x] <= PER_NODE, (name, used, out)
        waiting = story.in_state("waiting")
        if waiting:  # The first of them is nobody's backfill.
            live = story.engine.live[waiting[0]].workload
            free = [max(0, PER_NODE - used[x] - out[x]) for x in range(4)]
            assert not holds(free, PER_NODE, 2, live.accelerators, live.topology.value)


def test_a_report_is_written_and_read_back():
    report = PoolReported(
        at_s=3, site="s", pool="p", out=((0, 2), (5, 1)), others_w=700, why=("n0 is down: é",)
    )
    assert decode("event/PoolReported", encode(report)) == report
    leaf = leaf_of(report, 7)
    assert leaf.body == encode(report) and record_of(leaf) == report
