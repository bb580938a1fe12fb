"""report job: what a workload drew, and its part of the plant while it ran.

It ran from 09:10 to 11:00 on a day of the plant: two hours of 1,200 kWh in, 940 kWh of IT by the
PDUs, 0.5 m3 of water and (1,200 - 300) x 0.2 = 180 kg of carbon. It drew 94 kWh, a twentieth of IT.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode, workload
from tests.cli.test_energy_report import document, plant_csv
from tests.energy.metered_plant import YEAR

__all__ = ["plant_csv"]

FIGURES = ("energy at its nodes", "energy at the meter", "water", "carbon")


@pytest.fixture
def ran(node: PlayedNode, tmp_path: Path) -> Iterator[dict[str, object]]:
    """The workload as the node shows it; a test may change what it has not asked for yet."""
    node.on("GET", "/v1/documents/Site/plant", {"document": yaml.safe_load(_text(tmp_path))})
    view = workload(
        state="completed",
        site="plant",
        pool="p",
        run=1,
        accelerators=6,
        started_at_s=YEAR.start_s + 9 * 3600 + 600,
        ended_at_s=YEAR.start_s + 11 * 3600,
        measured_j=94_000 * 3600,
        modelled_wh=130_000,
        job="1234",
        node_names=["n1", "n2"],
    )
    node.on("GET", "/v1/workloads/w1", view)
    yield view


def _text(folder: Path) -> str:
    return document(folder).read_text()


HOURLY = ("report", "job", "w1", "--step", "1h")


@pytest.mark.usefixtures("ran")
def test_its_part_of_the_site_is_what_was_worked_out_by_hand(allod: Allod, plant_csv: Path) -> None:
    told = allod(*HOURLY, "--readings", str(plant_csv), "--json").json
    values = {one["name"]: one["value"] for one in told["figures"]}
    by_hand = (94_000, 120_000, 50_000, 18_000)
    assert [values[name] for name in FIGURES] == pytest.approx(by_hand)
    assert values["modelled energy, at most"] == 130_000
    assert told["accelerator_hours"] == pytest.approx(11)
    assert told["part_by"] == "energy at its nodes"
    assert (told["meters_from_s"], told["meters_to_s"]) == (
        YEAR.start_s + 9 * 3600,
        YEAR.start_s + 11 * 3600,
    )
    shown = allod(*HOURLY, "--readings", str(plant_csv)).out
    assert "held      11 accelerator-hours" in shown
    assert "job 1234 on n1, n2" in shown


@pytest.mark.usefixtures("ran")
def test_without_readings_only_what_the_nodes_counted_is_known(allod: Allod) -> None:
    told = allod(*HOURLY, "--json").json
    known = [one["name"] for one in told["figures"] if one["value"] is not None]
    assert known == ["energy at its nodes", "modelled energy, at most"]
    assert all(one["missing"] for one in told["figures"] if one["value"] is None)


def test_what_nobody_counted_is_not_nought(
    allod: Allod, node: PlayedNode, ran: dict[str, object], plant_csv: Path
) -> None:
    node.on("GET", "/v1/workloads/w1", ran | {"measured_j": None})
    told = allod(*HOURLY, "--readings", str(plant_csv), "--json").json
    figures = {one["name"]: one for one in told["figures"]}
    assert [figures[name]["value"] for name in FIGURES] == [None] * 4
    assert figures["water"]["missing"] == ["nobody counted what its nodes drew"]


def test_on_shared_nodes_it_says_that_others_are_in_it(
    allod: Allod, node: PlayedNode, ran: dict[str, object]
) -> None:
    node.on("GET", "/v1/workloads/w1", ran | {"measured_shared": True})
    told = allod(*HOURLY, "--json").json
    assert told["shared_nodes"] is True
    assert "what others drew on its nodes is in it" in told["figures"][0]["method"]


@pytest.mark.parametrize(
    ("changed", "step", "said"),
    [
        ({"state": "running", "ended_at_s": None}, "1h", "a run that has ended"),
        ({"state": "refused", "started_at_s": None}, "1h", "a run that has ended"),
        ({}, "7min", "no whole number"),
        ({}, "soon", "is not a duration"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    allod: Allod,
    node: PlayedNode,
    ran: dict[str, object],
    changed: dict[str, object],
    step: str,
    said: str,
) -> None:
    node.on("GET", "/v1/workloads/w1", ran | changed)
    result = allod("report", "job", "w1", "--step", step)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
