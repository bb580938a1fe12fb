"""R1 to R4: gangs on nodes against every choice of nodes, NVLink domains, phases that go live."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.domain.event import WorkloadSubmitted
from allod.errors import Conflict
from tests.decide.worlds import Story, project, site

shapes = st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(1, 5))
topologies = st.sampled_from(["packed", "spread", "nvlink-domain"])
acts = st.tuples(st.integers(1, 9), topologies, st.lists(st.integers(0, 9), max_size=2))


def holds(free: list[int], per_node: int, per_domain: int, n: int, topology: str) -> bool:
    """True if some set of nodes holds the gang, tried one by one."""
    nodes = range(len(free))
    if topology == "spread":
        return sum(free) >= n
    if topology == "nvlink-domain":
        domains = {x // per_domain for x in nodes}
        return any(sum(free[x] for x in nodes if x // per_domain == d) >= n for d in domains)
    whole, part = divmod(n, per_node)
    full = [x for x in nodes if free[x] == per_node]
    return any(
        part == 0 or any(free[x] >= part for x in nodes if x not in taken)
        for taken in combinations(full, whole)
    )


@settings(max_examples=200)
@given(shapes, st.lists(acts, min_size=1, max_size=14))
def test_a_gang_runs_exactly_if_some_nodes_hold_it(
    shape: tuple[int, int, int], asked: list[tuple[int, str, list[int]]]
):
    per_node, per_domain, nodes = shape
    pool = {
        "name": "p",
        "accelerators_per_node": per_node,
        "nodes_per_nvlink_domain": per_domain,
    }
    story = Story([site("s", [pool], [(0, {"p": per_node * nodes})]), project("a")])
    for n, topology, ends in asked:
        free = [per_node] * nodes
        for w in story.in_state("running"):
            for node, count in story.engine.nodes_of(story.engine.live[w].row):
                free[node] -= count
        name = story.submit(n, 100, topology=topology)
        if story.state(name) == "gone":  # Larger than a pool or a domain could ever hold.
            assert not holds([per_node] * nodes, per_node, per_domain, n, topology)
            continue
        expected = holds(free, per_node, per_domain, n, topology)
        assert (story.state(name) == "running") == expected, (free, n, topology)
        if not expected:
            story.cancel(name)
        for i in ends:
            running = story.in_state("running")
            if running:
                story.end(running[i % len(running)])


def test_the_last_domain_of_a_pool_may_be_smaller():
    pool = {"name": "p", "accelerators_per_node": 4, "nodes_per_nvlink_domain": 2}
    story = Story([site("s", [pool], [(0, {"p": 12})]), project("a")])
    first = story.submit(8, topology="nvlink-domain")
    second = story.submit(4, topology="nvlink-domain")
    assert [story.state(w) for w in (first, second)] == ["running", "running"]
    third = story.submit(1, topology="nvlink-domain")
    story.end(second)
    assert story.state(third) == "running"


@pytest.mark.parametrize("per_node", [1, 4])
def test_never_more_runs_than_is_live(per_node: int):
    pool = {"name": "p", "accelerators_per_node": per_node}
    story = Story([site("s", [pool], [(0, {"p": 4}), (50, {"p": 8})]), project("a")])
    small, large = story.submit(4, 100), story.submit(8, 100)
    assert (story.state(small), story.state(large)) == ("running", "waiting")
    story.go_to(49)
    assert story.state(large) == "waiting"
    story.go_to(50)
    assert story.state(large) == "running"
    assert story.state(story.submit(13, 100)) == "gone"


def test_a_phase_without_a_date_that_is_not_live_holds_nothing():
    one = site("s", [{"name": "p"}], [(0, {"p": 2})])
    one["spec"]["phases"].append(
        {"name": "later", "state": "announced", "accelerators": {"p": 100}}
    )
    story = Story([one, project("a")])
    assert story.state(story.submit(3)) == "gone"


def test_one_id_never_runs_twice():
    story = Story([site("s", [{"name": "p"}], [(0, {"p": 4})]), project("a")])
    name = story.submit(1)
    again = WorkloadSubmitted(
        at_s=0,
        workload_id=name,
        name=name,
        workload={"project": "a", "accelerators": 1, "wall_time_s": 10},
    )
    with pytest.raises(Conflict):
        story.engine.step(again)
    assert story.in_state("running") == [name]
