"""energy simulate: the grid's carbon and price, certificates, wind and heat."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from allod.adapters.turbines import wind_plant
from allod.cli import energy_simulating
from allod.cli.energy_certificates import papers
from allod.domain.document import Document
from allod.energy.wind import wind_power_w
from tests.cli.conftest import Allod
from tests.cli.test_energy_report import Links
from tests.cli.test_energy_simulate import COOLED, HOURS, air, csv, with_river, written
from tests.energy.test_simulation import site
from tests.energy.test_wind import weather as wind_weather

HALVES = [1.0] * 36 + [0.5] * 36


class Year:
    """A site of 1.1 MW with a river of 2 MW, half of it in the second half of three days."""

    def __init__(self, allod: Allod, folder: Path) -> None:
        self._allod, self.folder = allod, folder
        self.weather = csv(folder / "weather.csv", air())
        self.watts = csv(folder / "watts.csv", {"it_w": [1_000_000] * HOURS})
        self.series = csv(folder / "series.csv", {"river": [0.5] * 36 + [0.25] * 36})

    def ask(self, *more: str, of: str = "", series: bool = True) -> Any:
        asked = ["energy", "simulate", of or with_river(self.folder), "--weather", self.weather]
        asked += ["--load", self.watts]
        asked += ["--series", f"river={self.series}"] if series else []
        return self._allod(*asked, *more)

    def told(self, *more: str, of: str = "", series: bool = True) -> dict[str, Any]:
        result = self.ask(*more, "--json", of=of, series=series)
        assert result.status == 0, result.err
        told: dict[str, Any] = result.json
        return {**told, "figures": {one["name"]: one["value"] for one in told["figures"]}}


@pytest.fixture
def year(allod: Allod, tmp_path: Path) -> Year:
    return Year(allod, tmp_path)


def grid_file(folder: Path, **more: object) -> str:
    """100 g/kWh and half of it carbon-free; 300 g/kWh and a fifth in the second half."""
    columns = {
        "direct_g_per_kwh": [100] * 36 + [300] * 36,
        "lifecycle_g_per_kwh": [120] * HOURS,
        "cfe_share": [0.5] * 36 + [0.2] * 36,
    }
    return csv(folder / "grid.csv", {**columns, **more})  # type: ignore[arg-type]


def test_carbon_and_the_score_with_the_grid_s_share(year: Year) -> None:
    """1 of 1.1 MWh by the river, half of the rest by the grid; then 0.5, and a fifth."""
    told = year.told("--carbon", grid_file(year.folder), "--residual", "500")
    found = told["figures"]
    assert found["CFE score"] == pytest.approx(((1 + 0.05) + (0.5 + 0.12)) / 2.2)
    assert found["hourly match"] == pytest.approx(1.5 / 2.2)
    assert found["annual match"] == pytest.approx(1.5 / 2.2)
    assert found["carbon by location"] == pytest.approx(36 * 1.1 * (100 + 300) / 1_000)
    assert found["carbon by location, life cycle"] == pytest.approx(72 * 1.1 * 120 / 1_000)
    assert found["carbon by market"] == pytest.approx(72 * 1.1 * 500 / 1_000)
    assert found["carbon of a kWh by location"] == pytest.approx(200)
    (river,) = told["sources"]
    assert river["shares"]["hourly"] == pytest.approx(1.5 / 2.2)
    assert river["shares"]["quarter-hourly"] is None
    assert river["cfe_score"] == pytest.approx(found["CFE score"])
    (march,) = told["months"]
    assert march["month"] == "2027-03"
    assert march["cfe_score"] == pytest.approx(found["CFE score"])
    assert march["market_kg"] == pytest.approx(72 * 1.1 * 500)


def test_on_quarters_the_quarter_hourly_match_is_tested(year: Year) -> None:
    assert year.told()["figures"]["quarter-hourly match"] is None
    found = year.told("--step", "15min")["figures"]
    assert found["quarter-hourly match"] == pytest.approx(1.5 / 2.2)


def test_what_lacks_is_in_the_table(year: Year) -> None:
    out = year.ask().out
    assert re.search(r"^CFE score +- +1 +carbon-free share of the grid is not known$", out, re.M)
    assert re.search(r"^quarter-hourly match +- +1 +not testable at this step", out, re.M)
    assert re.search(
        r"^river +hydro +NO4 +54\.000 +54\.000 +0\.682 +0\.682 +0\.682 +- +-$", out, re.M
    )
    assert re.search(r"^2027-03 +79\.200 +0\.682 +- +- +-$", out, re.M)


def test_a_cost_needs_prices_of_one_currency(year: Year) -> None:
    price = year.folder / "price.csv"
    hours = [f"2027-03-0{1 + hour // 24}T{hour % 24:02}:00Z" for hour in range(HOURS)]
    price.write_text("Datetime (UTC),Price (EUR/MWh)\n" + "".join(f"{hour},50\n" for hour in hours))
    none = [one for one in year.ask("--price", str(price), "--json").json["figures"]]
    (cost,) = (one for one in none if one["name"] == "cost of energy")
    assert cost["missing"] == ["price of contract 'river' is not known"]
    river = Path(with_river(year.folder))
    made = yaml.safe_load(river.read_text())
    made["spec"]["supply"]["purchases"][0]["price_cents_per_mwh"] = 4_000
    river.write_text(yaml.safe_dump(made))
    asked = {"of": str(river)}
    # 79.2 MWh at 50 by the meter, and 54 of them at 40 in place of 50.
    assert year.told("--price", str(price), **asked)["figures"]["cost of energy"] == pytest.approx(
        79.2 * 50 - 54 * 10
    )
    price.write_text(price.read_text().replace("EUR", "USD"))
    refused = year.ask("--price", str(price), **asked)
    assert refused.status == 2
    assert "price.csv is in USD, and contract 'river' in EUR" in refused.err


# ------------------------------------------------------------------ certificates


def goo(folder: Path, mwh: int, *, name: str = "goo.csv") -> str:
    """One certificate of the year."""
    file = folder / name
    file.write_text(
        "certificate,technology,zone,from,to,energy_wh\n"
        f"NO-1,hydro,NO1,2027-01-01,2028-01-01,{mwh}000000\n"
    )
    return str(file)


def test_certificates_cover_by_the_year_and_not_by_the_hour(year: Year) -> None:
    told = year.told("--certificates", goo(year.folder, 60), "--residual", "500")
    annual, hourly, draft = told["certificates"]
    assert (annual["rule"], annual["covered_mwh"]) == ("goo-annual-2018", pytest.approx(60))
    assert annual["share"] == pytest.approx(60 / 79.2)
    assert hourly["covered_mwh"] is None
    assert "'NO-1' reaches over more than one interval of 3600 s" in hourly["why"]
    assert draft["why"] == "not testable at steps of 3600 s"
    assert told["figures"]["carbon by market"] == pytest.approx(19.2 * 500 / 1_000)
    text = year.ask("--certificates", goo(year.folder, 60)).out
    assert re.search(r"^goo-annual-2018 +60\.000 +0\.758$", text, re.M)


def test_a_certificate_is_never_spent_twice(year: Year) -> None:
    """Of 100 MWh the first site takes 79.2, and the next what is left."""
    asked = ["--certificates", goo(year.folder, 100), "--allocations"]
    spent = year.folder / "spent.csv"
    first = year.told(*asked, str(spent))
    assert first["certificates"][0]["share"] == pytest.approx(1)
    again = year.told(*asked, str(spent))
    assert again["certificates"] == first["certificates"]
    assert len(spent.read_text().splitlines()) == 2
    twin = year.folder / "twin.yaml"
    twin.write_text(Path(with_river(year.folder)).read_text().replace("plant", "twin"))
    other = year.told(*asked, str(spent), of=str(twin))
    assert other["certificates"][0]["covered_mwh"] == pytest.approx(100 - 79.2)
    rows = spent.read_text().splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == ["plant", "twin"]
    assert sum(int(row.split(",")[5]) for row in rows) == 100_000_000
    smaller = year.ask("--certificates", goo(year.folder, 90), "--allocations", str(spent))
    assert smaller.status == 4
    assert "Wh are left of certificate 'NO-1'" in smaller.err
    assert spent.read_text().splitlines()[1:] == rows, "what is refused changes nothing"


def test_what_another_command_spends_meanwhile_is_not_lost(
    year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = year.folder / "spent.csv"
    theirs = "certificate,claimant,zone,from,to,energy_wh,rule\n"
    theirs += "NO-1,twin,NO4,2027-03-01,2027-03-04,60000000,goo-annual-2018\n"

    def covered(*asked: Any) -> Any:
        made = papers(*asked)
        spent.write_text(theirs)
        return made

    monkeypatch.setattr(energy_simulating, "papers", covered)
    asked = ["--certificates", goo(year.folder, 100), "--allocations", str(spent)]
    refused = year.ask(*asked)
    assert refused.status == 4 and "spent.csv has changed meanwhile" in refused.err
    assert spent.read_text() == theirs
    monkeypatch.undo()
    monkeypatch.chdir(year.folder)
    assert year.told(*asked)["certificates"][0]["covered_mwh"] == pytest.approx(40)


def test_allocations_need_certificates_and_certificates_a_supply(year: Year) -> None:
    alone = year.ask("--allocations", "spent.csv")
    assert (alone.status, "--allocations without --certificates" in alone.err) == (2, True)
    papers = ["--certificates", goo(year.folder, 1)]
    bare = year.ask(*papers, of=written(year.folder), series=False)
    assert bare.status == 2
    assert "'plant' says nothing of its supply" in bare.err


# ------------------------------------------------------------------ wind


def turbines(folder: Path, **more: object) -> str:
    mill = {
        "name": "mill",
        "technology": "wind",
        "capacity_w": "4.2 MW",
        "turbine": "E-126/4200",
        "hub_height_m": 135,
    } | more
    supply = {"grid": {"zone": "NO4"}, "on_site": [{k: v for k, v in mill.items() if v}]}
    file = folder / "mill.yaml"
    file.write_text(yaml.safe_dump(Document("Site", "plant", site(supply=supply)).to_json()))
    return str(file)


def test_turbines_on_the_site_deliver_by_the_wind(year: Year) -> None:
    blows = np.linspace(3, 12, HOURS).round(2).tolist()
    year.weather = csv(year.folder / "windy.csv", {**air(), "wind_m_s": blows})
    told = year.told(of=turbines(year.folder), series=False)
    made = wind_weather(blows, temp_c=np.array(air()["temp_c"]))
    expected = wind_power_w(wind_plant("E-126/4200", 135.0, 4.2e6), made).sum() / 1e6
    (mill,) = told["sources"]
    assert mill["energy_mwh"] == pytest.approx(expected)
    assert 0 < told["figures"]["hourly match"] < 1
    assert any("mill delivers by the wind of windy.csv" in text for text in told["rests_on"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"turbine": ""}, "'mill' has no series, and its turbine is not known"),
        ({"turbine": "", "hub_height_m": None}, "its turbine and hub_height_m is not known"),
        ({}, "weather.csv: wind_m_s of 72 steps is not known, and 'mill' delivers by it"),
        ({"turbine": "gone"}, "there is no power curve of turbine 'gone'"),
    ],
)
def test_wind_that_cannot_be_told_is_refused(
    year: Year, more: dict[str, object], said: str
) -> None:
    blows = {**air(), "wind_m_s": [8.0] * HOURS}
    if more:
        year.weather = csv(year.folder / "windy.csv", blows)
    result = year.ask(of=turbines(year.folder, **more), series=False)
    assert result.status in (2, 3)
    assert said in result.err


# ------------------------------------------------------------------ what is moved in time


def test_what_may_wait_runs_when_there_is_a_surplus(year: Year) -> None:
    """Every second hour the river gives 2 MWh and needs are 1.1: half of them can wait for it."""
    shares = {"river": [0.0, 1.0] * 36}
    year.series = csv(year.folder / "tide.csv", shares)
    told = year.told()
    assert told["figures"]["hourly match"] == pytest.approx(0.5)
    moved = year.told("--flexible", "0.5:1h")
    # In the hours of surplus 1.1 runs, and 0.55 that have waited.
    assert moved["figures"]["hourly match"] == pytest.approx(1.65 / 2.2)
    assert moved["figures"]["from the grid"] == pytest.approx(72 * 1.1)
    assert any("a share of 0.5 of what the site draws may wait" in x for x in moved["rests_on"])


def test_a_battery_follows_the_grid_s_carbon(year: Year) -> None:
    """1 MWh is charged at 100 g/kWh and given at 300: 1 MWh at 200 g/kWh less."""
    of = year.folder / "stored.yaml"
    battery = {"energy_wh": "1 MWh", "power_w": "1 MW", "efficiency_milli": 1_000}
    supply = {"grid": {"zone": "NO4"}, "battery": battery}
    of.write_text(yaml.safe_dump(Document("Site", "plant", site(supply=supply)).to_json()))
    asked = ["--carbon", grid_file(year.folder)]
    plain = year.told(*asked, of=str(of), series=False)["figures"]
    moved = year.told(*asked, "--shift-by", "carbon:150..250", of=str(of), series=False)["figures"]
    saved_t = plain["carbon by location"] - moved["carbon by location"]
    assert saved_t == pytest.approx(0.2)


@pytest.mark.parametrize("flexible", ["0.5:6h", "1:24h", "1:72h"])
def test_what_still_waits_at_the_end_is_counted(year: Year, flexible: str) -> None:
    plain, moved = (year.told(*more)["figures"] for more in ((), ("--flexible", flexible)))
    for name in ("energy at the meter", "not served"):
        assert moved[name] == pytest.approx(plain[name])
    assert moved["from the grid"] == pytest.approx(moved["energy at the meter"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--flexible", "2:1h"], "--flexible '2:1h' with steps of 3600 s"),
        (["--flexible", "0.2:90min"], "a time of whole steps, such as 0.2:6h"),
        (["--flexible", "0.2"], "--flexible '0.2'"),
        (["--shift-by", "price:20..80"], "--shift-by price without --price"),
        (["--shift-by", "mood:20..80"], "no such signal"),
        (["--shift-by", "price:20"], "such as price:20..80 or carbon:100..300"),
        (["--flexible", "0.2:1h", "--members", "3"], "leave them out: they are of one year"),
        (["--residual", "-1"], "--residual is -1"),
    ],
)
def test_what_is_moved_wrongly_is_told(year: Year, more: list[str], said: str) -> None:
    result = year.ask(*more)
    assert (result.status, said in result.err) == (2, True), result.err


# ------------------------------------------------------------------ heat and the page


def test_heat_is_low_carbon_in_the_hours_of_a_clean_grid(year: Year) -> None:
    heat = [{
        "name": "town", "power_w": "300 kW", "temp_c": 70, "carbon_g_per_kwh_max": 60,
        "distance_m": 500,
    }]  # fmt: skip
    supply = {"grid": {"zone": "NO4"}}
    of = written(year.folder, **COOLED, heat=heat, supply=supply)
    told = year.told("--carbon", grid_file(year.folder), of=of, series=False)
    (town,) = told["heat"]
    assert town["delivered_mwh"] == pytest.approx(0.3 * HOURS)
    assert 0 < town["arriving_mwh"] < town["delivered_mwh"]
    assert town["low_carbon"] == pytest.approx(0.5)
    part = town["pump_mwh"] / town["delivered_mwh"]
    assert town["carbon_g_per_kwh"] == pytest.approx(200 * part)
    assert 100 * part < 60 < 300 * part, "or the test tells nothing"
    bare = year.told(of=of, series=False)["heat"][0]
    assert bare["low_carbon"] is None
    assert bare["missing"] == ["the grid's carbon is not known, and a heat pump draws on it"]


class Tags(Links):
    """The tags of a page whose plots have rules."""

    VOID = Links.VOID | {"line"}


def test_the_page_has_the_score_hour_by_hour_and_the_tables(year: Year) -> None:
    page = year.folder / "year.html"
    year.ask("--carbon", grid_file(year.folder), "--html", str(page))
    text = page.read_text()
    found = Tags()
    found.feed(text)
    assert not found.open
    assert re.findall(r"<h2>([^<]*)", text) == [
        "Contracts and plant, each by itself",
        "Months",
        "What it rests on",
    ]
    (picture,) = re.findall(
        r"CFE score, hour by hour</desc>.*?</svg>|<b>CFE score, hour by hour.*?</svg>", text
    )
    # 36 hours at 0.955 ('over 90'), then 36 at 0.564 ('40 to 60'): a day and a half each.
    assert len(re.findall(r'path class="h5" d="([^"]*)"', picture)[0].split("z")) - 1 == 2
    assert len(re.findall(r'path class="h2" d="([^"]*)"', picture)[0].split("z")) - 1 == 2
    assert 'class="h6" d=' not in picture
