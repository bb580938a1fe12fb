"""The scenarios for energy, a year each with real series: what the page about them says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Allod
from tests.documents import EXAMPLES

PAGE = EXAMPLES.parent / "docs/explanation/three-sites-a-year.md"
NORTH = ("tmy3_sandpoint_alaska_703165TY.csv", "2027", "hydro=dispaset_AF_NO_2016.csv:HROR")
SOUTH = ("pvgis_tmy_45N_8E_2005_2023.csv", "2027", "taqa=dispaset_AF_ES_2016.csv:WTON")
#: Site, scenario, weather with its year and series, in the order of the page's columns.
RUNS: dict[str, tuple[str, str, tuple[str, str, str]]] = {
    "Narvik": ("narvik", "narvik", NORTH),
    "Morocco 2025": ("nouaceur", "morocco-2025", SOUTH),
    "Morocco 2026, Nouaceur": ("nouaceur", "morocco-2026", SOUTH),
    "Morocco 2026, north": ("morocco-north", "morocco-2026", SOUTH),
    "Cambrai, first part": ("cambrai", "cambrai", ("weather_openmeteo_DE-LU_2024.json", "", "")),
}
#: Rows of the page's table, and how the command calls and writes what they tell.
ROWS = {
    "IT energy [MWh]": ("IT energy", "{:,.0f}"),
    "energy at the meter [MWh]": ("energy at the meter", "{:,.0f}"),
    "highest power [MW]": ("highest power", "{:.1f}"),
    "PUE": ("PUE", "{:.3f}"),
    "water drawn by cooling [m³]": ("water", "{:.0f}"),
    "annual match": ("annual match", "{:.3f}"),
    "annual match, same zone": ("annual match, same zone", "{:.3f}"),
    "hourly match = least CFE score": ("hourly match", "{:.3f}"),
}
STAND_INS = {
    "CFE score, were the grid the British of 2024": "ci_GB_2024.csv",
    "CFE score, were it the German of 2024": "ci_DE-LU_2024.csv",
}


def rows_of_page() -> dict[str, list[str]]:
    """Cells of the table of figures, by the name of the row."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: rest for name, *rest in cells}


def year(allod: Allod, folder: Path, run: str, *more: str) -> dict[str, Any]:
    site, scenario, (weather, of_year, series) = RUNS[run]
    asked = ["energy", "simulate", site]
    asked += ["--scenario", str(EXAMPLES / f"energy/{scenario}.scenario.yaml")]
    asked += ["--weather", str(folder / weather)]
    if of_year:
        name, _, file = series.partition("=")
        asked += ["--year", of_year, "--series", f"{name}={folder / file}"]
    made = allod(*asked, *more, "--json")
    assert made.status == 0, made.err
    told: dict[str, Any] = made.json
    return {**told, "figures": {one["name"]: one["value"] for one in told["figures"]}}


@pytest.mark.parametrize("run", RUNS)
def test_a_year_of_a_scenario_is_what_the_page_says(
    allod: Allod, shared_data: Path, run: str
) -> None:
    folder, page, place = shared_data / "energy", rows_of_page(), list(RUNS).index(run)
    told = year(allod, folder, run)
    for row, (name, form) in ROWS.items():
        assert page[row][place] == form.format(told["figures"][name]), row
    assert told["figures"]["CFE score"] is None, "no file tells of the site's own grid"
    assert told["figures"]["not served"] == 0
    least = min(told["months"], key=lambda month: (month["match"], month["month"]))
    assert page["least month by the hour"][place].partition(",")[0] == f"{least['match']:.3f}"
    for row, file in STAND_INS.items():
        score = year(allod, folder, run, "--carbon", str(folder / file))["figures"]["CFE score"]
        assert page[row][place] == f"{score:.3f}", row


def test_by_the_quarter_hour_nothing_is_known_that_the_hour_did_not_tell(
    allod: Allod, shared_data: Path
) -> None:
    folder = shared_data / "energy"
    assert year(allod, folder, "Narvik")["figures"]["quarter-hourly match"] is None
    found = year(allod, folder, "Narvik", "--step", "15min")["figures"]
    assert found["quarter-hourly match"] == pytest.approx(found["hourly match"])


def test_a_certificate_of_the_year_makes_all_of_narvik_renewable_and_no_hour_of_it(
    allod: Allod, shared_data: Path, tmp_path: Path
) -> None:
    goo = tmp_path / "goo.csv"
    goo.write_text(
        "certificate,technology,zone,from,to,energy_wh\n"
        "NO-2027-1,hydro,NO2,2027-01-01,2028-01-01,1904278000000\n"
    )
    assert goo.read_text() in PAGE.read_text()
    asked = ["--residual", "500", "--certificates", str(goo)]
    told = year(allod, shared_data / "energy", "Narvik", *asked)
    annual, hourly, _ = told["certificates"]
    assert (annual["share"], hourly["share"]) == (pytest.approx(1, abs=1e-6), None)
    assert f"{told['figures']['carbon by market']:.3f}" == "0.175"
    assert told["figures"]["hourly match"] == pytest.approx(0.836, abs=5e-4)


def test_waiting_half_a_day_mends_little(allod: Allod, shared_data: Path) -> None:
    folder = shared_data / "energy"
    moved = year(allod, folder, "Morocco 2025", "--flexible", "0.2:12h")["figures"]
    row = "by the hour, if a fifth of what is drawn may wait up to 12 h (`--flexible 0.2:12h`)"
    assert rows_of_page()[row][-1] == f"{moved['hourly match']:.3f}"


def test_the_year_at_day_ahead_prices(allod: Allod, shared_data: Path) -> None:
    folder = shared_data / "energy"
    asked = ["--price", str(folder / "price_FR_2024.csv")]
    asked += ["--carbon", str(folder / "ci_DE-LU_2024.csv")]
    found = year(allod, folder, "Cambrai, first part", *asked)["figures"]
    assert f"{found['cost of energy'] / 1e6:.1f} million USD" in PAGE.read_text()
    assert f"({found['carbon of a kWh by location']:.1f} g/kWh, direct)" in PAGE.read_text()
