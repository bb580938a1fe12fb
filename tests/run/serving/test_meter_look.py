"""What a replica holds where, by its cluster or on this machine, as metering needs it."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.service import Service
from allod.domain.site import Site
from allod.run.node_views import State
from allod.run.serving.meter_look import look_of
from allod.run.serving.picture import Known, Picture
from allod.run.serving.replicas import Live
from allod.run.serving.wiring import Held
from tests.run.serving.world import service
from tests.run.world import site

COUNTERS = [
    {"name": "gpus", "counts": "accelerators", "here": "nvml", "reads": "register", "unit": "J",
     "every_s": 5}
]  # fmt: skip


def picture(per_node: int, of_live: dict[str, Any], **of_site: Any) -> Picture:
    live = Live(**{
        "id": "w1", "ordinal": 1, "service": "chat", "site": "here", "port": 1, "pool": "p",
        "state": State.RUNNING, "spec": {}, "ends_at_s": None, "started_at_s": 7,
        "cancelled": False, "reclaimed": False, "node_names": (), "accelerators": 2,
    } | of_live)  # fmt: skip
    pool = {"name": "p", "accelerator": "h100", "accelerators_per_node": per_node}
    placed = site(units=8, pools=[pool], counters=COUNTERS, **of_site).spec
    called = service().spec
    assert isinstance(placed, Site)
    assert isinstance(called, Service)
    return Picture(
        services={"chat": Known(called, 0)}, sites={"here": placed}, lives=(live,), at_s=9
    )


SLURM = {
    "runner": "slurm",
    "slurm": {
        "rest": "http://127.0.0.1:6820",
        "pools": {"p": {"partition": "gpu", "gres": "gpu", "nodes": "n1"}},
        "others": {"user": "allod"},
        "folder": "/shared",
    },
}


def held(found: Picture) -> tuple[Held, ...]:
    (running,) = look_of(found, "this").running
    assert (running.model, running.accelerator) == ("chat-model", "h100")
    return running.held


def test_on_this_machine_it_has_a_part_of_all_that_is_live() -> None:
    assert held(picture(1, {})) == (Held(node="this", accelerators=2, of=8),)


@pytest.mark.parametrize(
    ("per_node", "nodes", "found"),
    [
        (4, ((0, 2),), (Held(node="n1", accelerators=2, of=4),)),
        # Nobody knows how many accelerators a node of equal units has.
        (1, (), (Held(node="n1", accelerators=0, of=0),)),
    ],
)
def test_on_a_cluster_it_has_what_it_was_given_on_the_nodes_that_are_named(
    per_node: int, nodes: tuple[tuple[int, int], ...], found: tuple[Held, ...]
) -> None:
    given = {"node_names": ("n1",), "nodes": nodes, "job": "77"}
    assert held(picture(per_node, given, **SLURM)) == found


def test_what_has_not_begun_or_is_of_no_pool_is_not_metered() -> None:
    assert look_of(picture(1, {"started_at_s": None}), "this").running == ()
    assert look_of(picture(1, {"pool": "gone"}), "this").running == ()
    assert look_of(picture(1, {}), "this").known
