"""Counters of single nodes and jobs, kept by a real Prometheus server, and what a run has of them.

The server of the adapter's tests: feeds a and b of 700 and 500 kW, and a register that rises by
100 Wh a second, all scraped every second under the label job="plant".
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.cli.job_counters import counted, grid_of, is_alone
from allod.domain.counters import Counter
from allod.domain.document import Document
from allod.domain.site import Site
from allod.errors import InvalidInput
from tests.adapters.meters.test_prometheus import Plant, plant
from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode, workload
from tests.energy.metered_plant import site

__all__ = ["plant"]


def counter(url: str = "http://metrics.example", **changes: Any) -> dict[str, Any]:
    """The power of each node, read every second."""
    query = changes.pop("query", 'plant_power_kw{feed="{node}"}')
    base = {"name": "bmc", "counts": "nodes", "reads": "gauge", "unit": "kW", "every_s": 1}
    return base | {"prometheus": {"url": url, "query": query}} | changes


def site_with(*counters: dict[str, Any]) -> Site:
    pools = [{"name": "p", "accelerator": "h100", "accelerators_per_node": 8}]
    return site(pools=pools, counters=counters)


def ran(begin_s: int, end_s: int, **changes: Any) -> dict[str, Any]:
    standard = {"pool": "p", "nodes": [[0, 8], [1, 8]], "node_names": ["a", "b"], "job": "plant"}
    return workload(started_at_s=begin_s, ended_at_s=end_s, **(standard | changes))


def test_the_nodes_of_a_run_are_added_up(plant: Plant) -> None:
    (made,) = counted(ran(plant.start_s, plant.start_s + 3), site_with(counter(plant.url)))
    assert made.figure.value == pytest.approx(1_000)  # 1,200 kW for 3 s.
    assert made.figure.inputs == ("bmc/a", "bmc/b")
    assert made.whole and not made.shared and len(made.evidence) == 2


def test_a_gap_is_told_and_not_bridged_over(plant: Plant) -> None:
    (made,) = counted(ran(plant.start_s, plant.end_s), site_with(counter(plant.url)))
    assert made.figure.value is None and not made.whole
    assert "meter 'bmc/a' is not known in" in made.figure.missing[0]
    (made,) = counted(
        ran(plant.start_s, plant.end_s, node_names=["c"]), site_with(counter(plant.url))
    )
    assert made.figure.missing == ("meter 'bmc/c' has no readings: the server has no such series",)


def test_a_counter_of_a_job_is_that_jobs_alone(plant: Plant) -> None:
    register = {"reads": "register", "unit": "Wh", "query": 'plant_energy_wh{job="{job}"}'}
    part = ran(plant.start_s, plant.start_s + 4, nodes=[[0, 1]])
    (made,) = counted(part, site_with(counter(plant.url, **register)))
    # Three steps lie within; a reading is up to a second old: 100 Wh either way.
    assert made.figure.value == pytest.approx(300, abs=100)
    assert not made.shared


def test_a_part_of_a_node_has_what_others_drew_in_it(plant: Plant) -> None:
    part = ran(plant.start_s, plant.start_s + 3, nodes=[[0, 7]], node_names=["a"])
    made, gpus = counted(
        part, site_with(counter(plant.url), counter(plant.url, name="dcgm", counts="accelerators"))
    )
    assert made.shared and "what others drew on its nodes is in it" in made.figure.method
    assert gpus.figure.value and not gpus.whole


def test_a_part_is_told_by_what_has_no_others_in_it(
    allod: Allod, node: PlayedNode, plant: Plant
) -> None:
    """Slurm counted a shared node; a counter of the job, it alone; one of GPUs is no whole node."""
    query = "sum(plant_power_kw{job='{job}'})"
    made = site_with(
        counter(plant.url, name="dcgm", counts="accelerators", query=query),
        counter(plant.url, name="pdus", query=query),
    )
    node.on("GET", "/v1/documents/Site/s", {"document": Document("Site", "s", made).to_json()})
    view = ran(plant.start_s, plant.start_s + 4, site="s", state="completed", measured_j=7_200_000)
    told = {}
    for shared in (False, True):
        node.on("GET", "/v1/workloads/w1", view | {"measured_shared": shared})
        told[shared] = allod("report", "job", "w1", "--json").json
    assert told[False]["part_by"] == "energy at its nodes"
    assert told[True]["part_by"] == "energy by pdus"
    assert {item["name"] for item in told[True]["meters"]} == {"dcgm/plant", "pdus/plant"}


@pytest.mark.parametrize(
    ("nodes", "alone"), [([[0, 8]], True), ([[0, 8], [1, 4]], False), ([], False)]
)
def test_only_of_whole_nodes_it_is_alone(nodes: list[list[int]], alone: bool) -> None:
    assert is_alone(ran(0, 1, nodes=nodes), site_with()) is alone


@pytest.mark.parametrize(
    ("query", "begin_s", "end_s", "steps"),
    [
        ("{node}", 100, 399, (90, 390)),  # To the nearest reading on both sides.
        ("{node}", 106, 405, (120, 420)),
        ("{node}", 100, 103, None),
        ("{job}", 100, 399, (150, 390)),  # Within, and after a first reading.
        ("{job}", 90, 390, (120, 390)),
        ("{job}", 100, 170, None),
    ],
)
def test_the_steps_of_a_counter_stand_for_the_run(
    query: str, begin_s: int, end_s: int, steps: tuple[int, int] | None
) -> None:
    made = grid_of(Counter.model_validate(counter(query=query, every_s=30)), begin_s, end_s)
    assert (made and (made.start_s, made.end_s)) == steps


@pytest.mark.parametrize(
    "changes",
    [
        {"query": "sum(power)"},
        {"query": "power{a='{node}',b='{job}'}"},
        {"unit": "J"},  # No power.
        {"every_s": 0},
    ],
)
def test_a_counter_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Counter.model_validate(counter(**changes))


def test_no_name_of_a_node_changes_what_is_asked() -> None:
    with pytest.raises(InvalidInput, match="cannot be asked for"):
        Counter.model_validate(counter()).meter('a"} or up{a="', "")
    (made,) = counted(ran(0, 9, node_names=['a"}']), site_with(counter()))
    assert made.figure.value is None and "cannot be asked" in made.figure.missing[0]
    (made,) = counted(ran(0, 9, node_names=[]), site_with(counter()))
    assert made.figure.missing == ("nobody told on which nodes it ran",)
