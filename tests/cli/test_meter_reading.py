"""meter read: what Redfish says now, line by line in a file that the report takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from allod.domain.document import Document
from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode, problem
from tests.energy.metered_plant import meter, site

PATH = "/redfish/v1/Chassis/1/EnvironmentMetrics"


@pytest.fixture
def bmc(played: PlayedNode) -> PlayedNode:
    """A service that answers like a chassis; any HTTP server will do."""
    played.on("GET", PATH, {"EnergykWh": {"Reading": 325_675.25}})
    return played


def document(folder: Path, url: str, *more: str) -> str:
    meters = [
        meter("ups", table=None, redfish={"url": url, "path": path}).model_copy(
            update={"name": name}
        )
        for name, path in (("rack-1", PATH), *((name, f"{PATH}/{name}") for name in more))
    ]
    told = [one.model_dump(mode="json", exclude_defaults=True) for one in meters]
    file = folder / "plant.yaml"
    file.write_text(yaml.safe_dump(Document("Site", "plant", site(meters=told)).to_json()))
    return str(file)


def test_each_reading_is_a_line_under_one_head(
    allod: Allod, bmc: PlayedNode, tmp_path: Path
) -> None:
    file = document(tmp_path, bmc.url)
    for _ in range(2):
        assert allod("meter", "read", file, "--into", ".").status == 0
    head, *lines = (tmp_path / "rack-1.csv").read_text().splitlines()
    assert head == "time,value"
    assert [line.split(",")[1] for line in lines] == ["325675.25", "325675.25"]


def test_the_report_takes_what_was_kept(allod: Allod, bmc: PlayedNode, tmp_path: Path) -> None:
    file = document(tmp_path, bmc.url)
    (tmp_path / "rack-1.csv").write_text(
        "time,value\n2025-01-01T00:00:00Z,10\n2025-01-01T01:00:00Z,12.5\n"
    )
    period = ("--from", "2025-01-01", "--to", "2025-01-01T01:00")
    told = allod("report", "energy", file, *period, "--readings", ".", "--json").json
    eit = next(line for line in told["record"] if line["symbol"] == "EIT")
    assert eit["value"] == "2"  # 2.5 kWh: of two equally near, the even one.
    assert told["meters"][0]["origin"] == "rack-1.csv, column value"


def test_a_service_that_is_silent_costs_its_own_reading_alone(
    allod: Allod, bmc: PlayedNode, tmp_path: Path
) -> None:
    bmc.on("GET", f"{PATH}/rack-2", problem(503, "unavailable", "booting"))
    result = allod("meter", "read", document(tmp_path, bmc.url, "rack-2"), "--into", ".", "--json")
    assert result.status == 6
    assert "no reading of rack-2" in result.err
    assert [row["meter"] for row in result.json] == ["rack-1"]
    assert not (tmp_path / "rack-2.csv").exists()


def test_a_value_that_the_service_does_not_know_is_an_empty_cell(
    allod: Allod, bmc: PlayedNode, tmp_path: Path
) -> None:
    bmc.on("GET", PATH, {"EnergykWh": {"Reading": None}})
    allod("meter", "read", document(tmp_path, bmc.url), "--into", ".")
    assert (tmp_path / "rack-1.csv").read_text().endswith("Z,\n")


def test_what_is_asked_wrongly_is_told(allod: Allod, bmc: PlayedNode, tmp_path: Path) -> None:
    file = document(tmp_path, bmc.url)
    assert "is no folder" in allod("meter", "read", file, "--into", "nowhere").err
    (tmp_path / "login").write_text("root\n")
    wrong = allod("meter", "read", file, "--into", ".", "--login", "login")
    assert (wrong.status, wrong.out) == (2, "")
    assert "is no USER:PASSWORD" in wrong.err
