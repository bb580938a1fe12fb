"""energy simulate: from weather, load and contracts in files to figures, table and page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from allod.cli.energy_inputs import on
from allod.domain.document import Document
from allod.energy.grid import Grid
from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode
from tests.cli.test_energy_report import Links
from tests.energy.test_simulation import site, supplied

BEGIN = datetime(2027, 3, 1, tzinfo=UTC)
HOURS = 72
GRID = Grid(int(BEGIN.timestamp()), 3_600, HOURS)
COOLED = {"cooling": {"plant": "air"}}


def written(folder: Path, name: str = "plant", **more: object) -> str:
    """A file with the site."""
    made = Document("Site", name, site(**more)).to_json()
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(made))
    return str(file)


def with_river(folder: Path) -> str:
    """A file with the site that has a contract on a river."""
    file = folder / "river.yaml"
    file.write_text(yaml.safe_dump(Document("Site", "plant", supplied()).to_json()))
    return str(file)


def csv(file: Path, columns: dict[str, Sequence[float]], gone: Sequence[int] = ()) -> str:
    """A table of hours from `BEGIN` on, without the rows of `gone`."""
    lines = [",".join(["time", *columns])]
    for hour, row in enumerate(zip(*columns.values(), strict=True)):
        at = (BEGIN + timedelta(hours=hour)).isoformat()
        lines += [] if hour in gone else [",".join([at, *map(str, row)])]
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def air(mean_c: float = 15.0, hours: int = HOURS) -> dict[str, Sequence[float]]:
    """Days that are warm in their second half."""
    temps_c = mean_c + 9 * np.sin((np.arange(hours) - 12) / 24 * 2 * np.pi)
    return {"temp_c": temps_c.round(2).tolist(), "humidity_pct": [60] * hours}


@pytest.fixture
def weather(tmp_path: Path) -> str:
    return csv(tmp_path / "weather.csv", air())


Simulated = Callable[..., dict[str, Any]]


@pytest.fixture
def simulated(allod: Allod, weather: str) -> Simulated:
    """What the command tells as JSON, figures by name."""

    def run(of: str, *more: str) -> dict[str, Any]:
        result = allod("energy", "simulate", of, "--weather", weather, *more, "--json")
        assert result.status == 0, result.err
        told: dict[str, Any] = result.json
        return {**told, "figures": {one["name"]: one["value"] for one in told["figures"]}}

    return run


# ------------------------------------------------------------------ one year


def test_three_days_at_full_load_by_hand(simulated: Simulated, tmp_path: Path) -> None:
    """1,000 accelerators of 2 kW for 72 hours; a tenth of it more at the meter."""
    told = simulated(written(tmp_path), "--load", "1")
    assert (told["site"], told["step_s"]) == ("plant", 3_600)
    assert (told["from"], told["to"]) == ("2027-03-01T00:00:00Z", "2027-03-04T00:00:00Z")
    assert told["figures"]["IT energy"] == pytest.approx(144)
    assert told["figures"]["energy at the meter"] == pytest.approx(158.4)
    assert told["figures"]["water"] is None
    assert "its PUE stands for it" in told["rests_on"][-1]


def test_the_table_for_people_says_what_it_rests_on(
    allod: Allod, tmp_path: Path, weather: str
) -> None:
    result = allod("energy", "simulate", written(tmp_path, **COOLED), "--weather", weather)
    assert result.status == 0
    assert re.search(r"^rests on +weather of weather.csv$", result.out, re.MULTILINE)
    assert re.search(r"^rests on +load: utilisation 0.8 at all times$", result.out, re.MULTILINE)
    assert "supply_c 20 °C is assumed: supply of the economiser's source" in result.out
    assert re.search(r"^PUE +1\.\d{3} +1 +energy over energy", result.out, re.MULTILINE)


def test_a_warmer_day_costs_more_cooling(allod: Allod, tmp_path: Path) -> None:
    pues = []
    for mean_c in (5, 30):
        file = csv(tmp_path / f"{mean_c}.csv", air(mean_c))
        told = allod("energy", "simulate", written(tmp_path, **COOLED), "--weather", file, "--json")
        pues += [one["value"] for one in told.json["figures"] if one["name"] == "PUE"]
    assert pues[0] + 0.05 < pues[1]


def test_shorter_steps_hold_each_value(simulated: Simulated, tmp_path: Path) -> None:
    of = written(tmp_path, **COOLED)
    told, finer = simulated(of), simulated(of, "--step", "15min")
    assert finer["step_s"] == 900
    assert finer["figures"] == pytest.approx(told["figures"], nan_ok=True)


def test_a_site_of_the_node_is_asked_for(
    simulated: Simulated, node: PlayedNode, tmp_path: Path
) -> None:
    made = yaml.safe_load(Path(written(tmp_path)).read_text())
    node.on("GET", "/v1/documents/Site/plant", {"document": made})
    told = simulated("plant", "--load", "1")
    assert told["figures"]["IT energy"] == pytest.approx(144)


# ------------------------------------------------------------------ load


def test_load_of_a_table(simulated: Simulated, tmp_path: Path) -> None:
    of = written(tmp_path)
    watts = csv(tmp_path / "watts.csv", {"it_w": [1_000_000] * 36 + [500_000] * 36})
    assert simulated(of, "--load", watts)["figures"]["IT energy"] == pytest.approx(54)
    shares = csv(tmp_path / "shares.csv", {"utilisation": [1.0] * 36 + [0.5] * 36})
    told = simulated(of, "--load", shares)
    halves = [simulated(of, "--load", share)["figures"]["IT energy"] for share in ("1", "0.5")]
    assert told["figures"]["IT energy"] == pytest.approx(sum(halves) / 2)
    assert "load: utilisation of shares.csv" in told["rests_on"]


def jobs(file: Path, **more: Sequence[object]) -> str:
    """All accelerators at work in every second hour; a job elsewhere and one that never ran."""
    columns: dict[str, Sequence[object]] = {
        "start_s": [100_000, 103_600, 100_000, None],
        "end_s": [103_600, 107_200, 107_200, None],
        "accelerators": [1_000, 0, 7_777, 5_000],
        "site": ["plant", "plant", "elsewhere", ""],
        "pool": ["gpu", "gpu", "gpu", ""],
    }
    frame = pl.DataFrame({**columns, **more})
    if file.suffix == ".csv":
        frame.write_csv(file, quote_style="non_numeric")  # As a replay writes it.
    else:
        frame.write_parquet(file)
    return str(file)


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.parquet"])
def test_the_site_s_jobs_of_a_replay_are_repeated_until_the_end(
    simulated: Simulated, tmp_path: Path, name: str
) -> None:
    of = written(tmp_path)
    told = simulated(of, "--load", jobs(tmp_path / name))
    half = simulated(of, "--load", "0.5")
    assert told["figures"] == pytest.approx(half["figures"] | {"highest power": 2.2}, nan_ok=True)
    assert f"load: 2 jobs of {name}, 36.0 times over" in told["rests_on"]


# ------------------------------------------------------------------ supply


def test_a_contract_delivers_as_its_series_says(simulated: Simulated, tmp_path: Path) -> None:
    """1.1 MW in each hour; the river gives 2 MW half of the time and 1 MW the other."""
    shares = {"other": [0] * HOURS, "river": [1.0] * 36 + [0.5] * 36}
    file = csv(tmp_path / "series.csv", shares)
    carbon = csv(tmp_path / "carbon.csv", {"g_per_kwh": [100] * HOURS})
    watts = csv(tmp_path / "watts.csv", {"it_w": [1_000_000] * HOURS})
    told = simulated(
        with_river(tmp_path), "--load", watts, "--series", f"river={file}:river",
        "--carbon", f"{carbon}:g_per_kwh",
    )  # fmt: skip
    assert told["figures"]["hourly match"] == pytest.approx((1.1 + 1.0) / 2.2)
    assert told["figures"]["carbon by location"] == pytest.approx(72 * 1.1 * 100 / 1_000)
    assert "river delivers as river of series.csv" in told["rests_on"]
    first = simulated(with_river(tmp_path), "--load", watts, "--series", f"river={file}")
    assert first["figures"]["hourly match"] == 0


def test_a_series_of_another_year_is_taken_from_its_first_step(
    simulated: Simulated, tmp_path: Path
) -> None:
    hours = [f"2016-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z" for hour in range(HOURS)]
    rows = [f"{at},{0.1 if hour < 36 else 0}" for hour, at in enumerate(hours)]
    file = tmp_path / "old.csv"
    file.write_text(",HROR\n" + "\n".join(rows) + "\n")
    watts = csv(tmp_path / "watts.csv", {"it_w": [1_000_000] * HOURS})
    told = simulated(with_river(tmp_path), "--load", watts, "--series", f"river={file}:HROR")
    assert told["figures"]["hourly match"] == pytest.approx(0.2 / 1.1 / 2)
    note = "river delivers as HROR of old.csv (of another time, from its first step)"
    assert note in told["rests_on"]


def test_a_file_is_laid_where_its_own_time_is_and_each_value_held() -> None:
    """Of a file of four hours: half of its second hour, half of its third."""
    values, words = on(Grid(5_400, 900, 4), Grid(0, 3_600, 4), np.arange(4.0), "x.csv")
    assert values.tolist() == [1, 1, 2, 2]
    assert words == ""


def test_a_file_of_a_year_is_laid_on_the_same_hours_of_another() -> None:
    """A local year begins an hour before its UTC one: that hour is the file's last."""
    new_year = {year: int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2016, 2027)}
    old = Grid(new_year[2016], 3_600, 8_784)
    local = Grid(new_year[2027] - 3_600, 3_600, 8_760)
    values, words = on(local, old, np.arange(8_784.0), "x.csv")
    assert (values[0], values[1], values[-1]) == (8_783, 0, 8_758)
    assert words == " (of another year, hour by hour)"
    same = Grid(new_year[2027], 3_600, 8_760)
    values, words = on(local, same, np.arange(8_760.0), "x.csv")
    assert (values[0], values[1]) == (8_759, 0)
    assert words == " (its other end for 1 step outside of it)"
    whole, _ = on(same, old, np.arange(8_784.0), "x.csv")
    assert (whole[0], whole[-1]) == (0, 8_759)


# ------------------------------------------------------------------ files


class Tags(Links):
    """The tags of a page whose plots have rules."""

    VOID = Links.VOID | {"line"}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_table_has_every_step_and_adds_up(
    simulated: Simulated, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"steps.{ending}"
    series = csv(tmp_path / "series.csv", {"river": [0.5] * HOURS})
    told = simulated(
        with_river(tmp_path), "--series", f"river={series}", "--table", str(file)
    )["figures"]  # fmt: skip
    frame = pl.read_csv(file) if ending == "csv" else pl.read_parquet(file)
    assert frame["starts_s"].to_list() == GRID.times_s().tolist()
    assert frame["time"][1] == "2027-03-01T01:00:00Z"
    assert frame["facility_w"].sum() / 1e6 == pytest.approx(told["energy at the meter"])
    assert frame["import_wh"].sum() / 1e6 == pytest.approx(told["from the grid"])
    parts = frame["it_w"] + frame["losses_w"] + frame["cooling_w"] + frame["misc_w"]
    assert (frame["facility_w"] - parts).abs().max() == pytest.approx(0, abs=1e-6)
    clean = frame["clean_river_wh"].sum() / frame["facility_w"].sum()
    assert clean == pytest.approx(told["hourly match"])


def test_the_page_stands_alone_and_shows_each_part(simulated: Simulated, tmp_path: Path) -> None:
    page = tmp_path / "year.html"
    series = csv(tmp_path / "series.csv", {"river": [0.5] * HOURS})
    simulated(with_river(tmp_path), "--series", f"river={series}", "--html", str(page))
    text = page.read_text()
    found = Tags()
    found.feed(text)
    assert not found.open
    titles = re.findall(r"<figcaption><b>([^<]*)", text)
    assert titles == [
        "Power at the meter",
        "PUE",
        "What supplies it",
        "Covered by contracts and plant, hour by hour",
    ]
    assert "weather of weather.csv" in text
    assert "not known" in text, "water, of a site of constant PUE"
    assert "http" not in text


def test_heat_has_a_picture_where_it_is_sold(simulated: Simulated, tmp_path: Path) -> None:
    page = tmp_path / "year.html"
    heat = [{"name": "farm", "power_w": "300 kW", "temp_c": 30}]
    told = simulated(written(tmp_path, **COOLED, heat=heat), "--html", str(page))
    assert told["figures"]["heat handed over"] == pytest.approx(0.3 * HOURS)
    assert "<b>Heat</b>" in page.read_text()


# ------------------------------------------------------------------ what is asked wrongly


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (["--load", "1.2"], 2, "--load is 1.2\nmend: give a share of 0 to 1, or a file"),
        (["--load", "nan"], 2, "--load is nan"),
        (["--load", "gone.csv"], 3, "there is no load file gone.csv"),
        (["--load", "weather.csv"], 2, "has neither 'it_w' nor 'utilisation'"),
        (["--weather", "more.csv"], 2, "several --weather"),
        (["--series", "river"], 2, "write NAME=FILE or NAME=FILE:COLUMN"),
        (["--series", "lake=weather.csv"], 2, "--series lake is no supply of the site"),
        (["--series", "river=gone.csv"], 3, "there is no file gone.csv"),
        (["--series", "river=weather.csv:HROR"], 2, "give shares of 0 to 1"),
        (["--carbon", "weather.csv:gone"], 3, "there is no column 'gone'"),
        (["--table", "steps.xlsx"], 2, "unknown ending\nmend: write .csv or .parquet"),
        (["--step", "7min"], 2, "--step of 420 s, and the weather has one of 3600 s"),
        (["--step", "2h"], 2, "--step of 7200 s"),
        (["--step", "soon"], 2, "--step 'soon'"),
        (["--scenario", "gone.yaml"], 2, "gone.yaml cannot be read"),
        ([], 2, "'river' has no series of what it delivers"),
    ],
)
def test_a_mistake_is_told_with_how_to_mend_it(
    allod: Allod, tmp_path: Path, weather: str, more: list[str], status: int, said: str
) -> None:
    result = allod("energy", "simulate", with_river(tmp_path), "--weather", weather, *more)
    assert (result.status, result.out) == (status, "")
    assert said in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,utilisation\n2027-03-01T00:00Z,1.5\n2027-03-01T01:00Z,1\n", "load.csv has 2 steps"),
        ("start_s,end_s\n1,2\n", "has no column 'accelerators'"),
        ("start_s,end_s,accelerators,site,pool\nx,2,3,plant,gpu\n", "is no table of jobs"),
        ("start_s,end_s,accelerators,site,pool\n1,2,3,else,gpu\n", "with jobs: else"),
        ("start_s,end_s,accelerators,site,pool\n1,2,3,plant,tpu\n", "pool 'tpu' is none of site"),
        ("start_s,end_s,accelerators,site,pool\n0,3600,1001,plant,gpu\n", "name 1,000"),
    ],
)
def test_a_load_file_that_does_not_fit_is_told(
    allod: Allod, tmp_path: Path, weather: str, text: str, said: str
) -> None:
    (tmp_path / "load.csv").write_text(text)
    of = written(tmp_path)
    result = allod("energy", "simulate", of, "--weather", weather, "--load", "load.csv")
    assert result.status == 2
    assert said in result.err


def test_utilisation_above_one_is_refused(allod: Allod, tmp_path: Path, weather: str) -> None:
    load = csv(tmp_path / "load.csv", {"utilisation": [0.5] * 71 + [1.5]})
    of = written(tmp_path)
    result = allod("energy", "simulate", of, "--weather", weather, "--load", load)
    assert result.status == 2
    assert "utilisation is 1.5\nmend: give shares of 0 to 1" in result.err


def test_weather_with_a_gap_is_refused(allod: Allod, tmp_path: Path) -> None:
    gap = csv(tmp_path / "gap.csv", air(), gone=[5, 6])
    result = allod("energy", "simulate", written(tmp_path), "--weather", gap)
    assert result.status == 2
    assert "temp_c of 2 steps is not known\nmend: mend the file: nothing is filled in" in result.err


def test_a_typical_year_needs_the_year_it_stands_for(allod: Allod, shared_data: Path) -> None:
    file = str(shared_data / "energy/tmy3_sandpoint_alaska_703165TY.csv")
    of = written(Path.cwd(), **COOLED)
    result = allod("energy", "simulate", of, "--weather", file)
    assert result.status == 2
    assert "year" in result.err
    told = allod("energy", "simulate", of, "--weather", file, "--year", "2027", "--json").json
    assert (told["from"], told["to"]) == ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")


def test_a_site_that_the_scenario_lacks_is_named(
    allod: Allod, tmp_path: Path, weather: str
) -> None:
    scenario = {
        "apiVersion": "allod/v1",
        "kind": "Scenario",
        "metadata": {"name": "s"},
        "spec": {"title": "S", "catalogue": [], "starts": "2027-01-01"},
    }
    file = tmp_path / "s.scenario.yaml"
    own = yaml.safe_load(Path(written(tmp_path)).read_text())
    file.write_text(yaml.safe_dump_all([scenario, own]))
    asked = ["energy", "simulate", "--weather", weather, "--scenario", str(file)]
    assert allod(*asked, "plant").status == 0
    result = allod(*asked, "plan")
    assert result.status == 3
    assert "has no site 'plan'\nmend: it has plant" in result.err


# ------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize("job", ["0,3600,-5", "3600,0,5", f"0,{10**18},5", f"{-(10**18)},3600,5"])
def test_jobs_that_cannot_be_are_refused(
    allod: Allod, tmp_path: Path, weather: str, job: str
) -> None:
    jobs = tmp_path / "jobs.csv"
    jobs.write_text(f"start_s,end_s,accelerators,site,pool\n{job},plant,gpu\n")
    made = allod("energy", "simulate", written(tmp_path), "--weather", weather, "--load", str(jobs))
    assert made.status == 2 and "jobs.csv: a job of start_s" in made.err


@pytest.mark.parametrize(
    "more",
    [
        ["--flexible", "0.2:73h"],
        ["--flexible", "0.2:" + "9" * 30 + "h"],
        ["--carbon", "low.csv:g"],
        ["--carbon", "low.csv"],
    ],
)
def test_times_and_carbon_that_cannot_be_are_refused(
    allod: Allod, tmp_path: Path, weather: str, more: list[str]
) -> None:
    csv(tmp_path / "low.csv", {"g": [-1.0] * HOURS, "direct_g_per_kwh": [-1.0] * HOURS})
    csv(tmp_path / "river.csv", {"share": [0.5] * HOURS})
    asked = ["--weather", weather, "--series", f"river={tmp_path / 'river.csv'}", *more]
    made = allod("energy", "simulate", with_river(tmp_path), *asked)
    assert made.status == 2 and more[0] in made.err


def test_blocks_longer_than_all_of_the_weather_are_whole_years(
    allod: Allod, tmp_path: Path, weather: str
) -> None:
    asked = ["energy", "simulate", written(tmp_path), "--weather", weather, "--members", "3"]
    whole = allod(*asked, "--json").json["figures"]
    assert allod(*asked, "--blocks", "9" * 27 + "d", "--json").json["figures"] == whole


@pytest.mark.parametrize("members", [[], ["--members", "2"]])
def test_a_table_goes_into_a_folder_that_is_new_or_says_why_not(
    allod: Allod, tmp_path: Path, weather: str, members: list[str]
) -> None:
    asked = ["energy", "simulate", written(tmp_path), "--weather", weather, *members, "--table"]
    for ending in ("csv", "parquet"):
        assert allod(*asked, str(tmp_path / "new" / f"t.{ending}")).status == 0
        assert (tmp_path / "new" / f"t.{ending}").stat().st_size > 100
    refused = allod(*asked, str(Path(weather) / "t.csv"))
    assert refused.status == 6 and "cannot be written: " in refused.err
    assert "None" not in refused.err
