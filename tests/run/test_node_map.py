"""The machines of a site as columns: who is where, what is out, and how small it stays."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.event import PoolReported
from allod.domain.site import Site
from allod.run.held import Held
from allod.run.node_map import NodeMapView, PlacedKind, node_map
from tests.run.world import site

PER_NODE = 8


def held(name: str, nodes: list[tuple[int, int]], pool: str = "p", **more: Any) -> Held:
    values: dict[str, Any] = {
        "workload_id": name,
        "project": "ours",
        "access_class": "norway",
        "lent": False,
        "pool": pool,
        "accelerators": sum(count for _, count in nodes),
        "nodes": nodes,
        "ends_at_s": None,
        "stop_at_s": None,
        "saved_w": 0,
        "saved_until_s": 0,
        **more,
    }
    return Held(**values)


def mapped(
    work: list[Held], nodes: int = 4, reports: dict[Any, Any] | None = None, **more: Any
) -> NodeMapView:
    return node_map("here", mapped_site(nodes, **more), work, reports or {}, 10, shared=True)


def mapped_site(nodes: int = 4, **more: Any) -> Site:
    pool = {
        "name": "p",
        "accelerator": "h100",
        "accelerators_per_node": PER_NODE,
        "nodes_per_nvlink_domain": 2,
        **more,
    }
    spec = site(units=nodes * PER_NODE, pools=[pool]).spec
    assert isinstance(spec, Site)
    return spec


gang = st.dictionaries(st.integers(0, 3), st.integers(1, 3), min_size=1, max_size=3)
placements = st.lists(gang.map(lambda found: sorted(found.items())), max_size=6).filter(
    lambda found: max(_sums(found).values(), default=0) <= PER_NODE
)


def _sums(found: list[list[tuple[int, int]]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for nodes in found:
        for node, count in nodes:
            total[node] += count
    return total


@given(placements)
def test_columns_add_up_to_what_was_placed(found: list[list[tuple[int, int]]]):
    view = mapped([held(f"w{i}", nodes) for i, nodes in enumerate(found)])
    (pool,) = view.pools
    sums = _sums(found)
    assert pool.in_use == [sums[x] for x in range(4)]
    for x in range(4):
        there = {i: count for i, nodes in enumerate(found) for node, count in nodes if node == x}
        assert pool.workloads_on[x] == len(there)
        most = max(there.values(), default=0)
        first = next((i for i, count in there.items() if count == most), -1)
        assert pool.workload[x] == first
        told = {i: count for _, node, count, i in view.shared or () if node == x}
        assert told == (there if len(there) > 1 else {})


def test_class_and_loan_of_a_workload_are_told_by_its_number():
    work = [held("w7", [(0, 8)]), held("w9", [(1, 2)], access_class="anchor", lent=True)]
    view = mapped(work)
    assert view.kinds == [
        PlacedKind(access_class="anchor", lent=True),
        PlacedKind(access_class="norway", lent=False),
    ]
    assert (view.workloads.ids, view.workloads.kinds) == (["w7", "w9"], [1, 0])
    assert view.workloads.accelerators == [8, 2]


def test_who_is_named_nowhere_is_counted_alone():
    """Of two on a node the greater one is named, unless all who share one are asked for."""
    work = [held("w1", [(0, 2)]), held("w2", [(0, 6)]), held("w3", [(1, 8)])]
    spec = mapped_site()
    view = node_map("here", spec, work, {}, 10)
    assert (view.workloads_total, view.workloads.ids) == (3, ["w2", "w3"])
    assert view.pools[0].workload == [0, 1, -1, -1]
    whole = node_map("here", spec, work, {}, 10, shared=True)
    assert whole.workloads.ids == ["w1", "w2", "w3"]
    assert whole.pools[0].workload == [1, 2, -1, -1]
    assert whole.shared == [(0, 0, 2, 0), (0, 0, 6, 1)]


def test_what_is_out_is_told_as_it_was_reported():
    report = PoolReported(
        at_s=5, site="here", pool="p", out=((1, 3), (3, 8)), others_w=0, why=("n1",)
    )
    (pool,) = mapped([], reports={("here", "p"): report}).pools
    assert (pool.out, pool.why) == ([(1, 3), (3, 8)], ("n1",))
    assert (pool.in_use, pool.workload) == ([0] * 4, [-1] * 4)


def test_a_pool_of_equal_units_says_who_has_how_many_and_no_more():
    view = mapped(
        [held("w1", [], accelerators=3)], accelerators_per_node=1, nodes_per_nvlink_domain=1
    )
    (pool,) = view.pools
    assert (pool.by_node, pool.nodes_total, pool.accelerators_total) == (False, 0, 32)
    assert (pool.in_use, pool.held) == ([], [(0, 3)])


@pytest.mark.parametrize("each", [PER_NODE, 1])
def test_a_hundred_thousand_accelerators_stay_small(each: int):
    """A workload on every node, and one on every accelerator."""
    work = [
        held(f"w{100_000 + x}", [(x // (PER_NODE // each), each)]) for x in range(100_000 // each)
    ]
    view = node_map("here", mapped_site(12_500), work, {}, 10)
    assert view.pools[0].in_use == [PER_NODE] * 12_500
    assert len(orjson.dumps(view)) < 300_000
