"""energy simulate --members: many years from the command line, each load and weather drawn."""

from __future__ import annotations

import math
import re
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from allod.cli.output import advancing
from tests.cli.conftest import Allod
from tests.cli.test_energy_simulate import COOLED, HOURS, Tags, air, csv, jobs, with_river, written

RIVER = {
    "supply": {
        "grid": {"zone": "NO4"},
        "purchases": [
            {
                "name": "river",
                "technology": "hydro",
                "capacity_w": "2 MW",
                "zone": "NO4",
                "price_cents_per_mwh": 4_000,
            }
        ],
    }
}


@pytest.fixture
def weathers(tmp_path: Path) -> list[str]:
    """A cool and a hot time, the hot one a day longer."""
    cool = csv(tmp_path / "cool.csv", air())
    hot = csv(tmp_path / "hot.csv", air(33, HOURS + 24))
    return ["--weather", cool, "--weather", hot]


def figures(told: dict[str, Any], key: str = "p50") -> dict[str, Any]:
    return {one["name"]: one[key] for one in told["figures"]}


def single(allod: Allod, *asked: str) -> dict[str, Any]:
    told = allod("energy", "simulate", *asked, "--json").json
    return {one["name"]: one["value"] for one in told["figures"]}


def test_members_tell_percentiles_of_weather_and_load(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    asked = ["energy", "simulate", written(tmp_path, **COOLED), *weathers]
    asked += ["--members", "40", "--seed", "7", "--utilisation", "0.6..0.9", "--json"]
    told = allod(*asked).json
    assert (told["members"], told["seed"]) == (40, 7)
    assert told["weathers"] == ["cool.csv", "hot.csv"]
    assert figures(told, "p10")["PUE"] < figures(told)["PUE"] <= figures(told, "p90")["PUE"]
    used = [figures(told, key)["utilisation"] for key in ("p10", "p50", "p90")]
    assert 0.6 < used[0] < used[1] < used[2] < 0.9
    words = (
        "each year's mean utilisation is 0.6 to 0.9, evenly; the load keeps its shape up to full"
    )
    assert words in told["rests_on"]
    assert "load: utilisation 0.8 at all times" in told["rests_on"]


def test_the_same_seed_is_the_same_bytes_and_another_is_not(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    page, table = tmp_path / "page.html", tmp_path / "members.csv"
    seen = []
    for seed in ("7", "7", "8"):
        asked = [written(tmp_path, **COOLED), *weathers, "--members", "20", "--seed", seed]
        made = allod("energy", "simulate", *asked, "--html", str(page), "--table", str(table))
        assert made.status == 0, made.err
        seen.append((made.out, page.read_bytes(), table.read_bytes()))
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))


@pytest.mark.parametrize("load", ["0.7", "watts", "jobs"])
def test_without_spread_every_member_is_the_single_year(
    allod: Allod, tmp_path: Path, load: str
) -> None:
    """Whatever the load is; with what supplies it and the grid's carbon."""
    watts = {"it_w": [900_000] * 36 + [600_000] * 36}
    given = {
        "0.7": "0.7",
        "watts": csv(tmp_path / "watts.csv", watts),
        "jobs": jobs(tmp_path / "jobs.csv"),
    }[load]
    river = csv(tmp_path / "river.csv", {"river": np.linspace(0.2, 0.9, HOURS).tolist()})
    carbon = csv(tmp_path / "carbon.csv", {"g": [100] * HOURS})
    asked = [written(tmp_path, **COOLED, **RIVER), "--weather", csv(tmp_path / "w.csv", air())]
    price = tmp_path / "price.csv"
    hours = [f"2027-03-0{1 + hour // 24} {hour % 24:02}:00" for hour in range(HOURS)]
    prices = "".join(f"{at},{50 + place}\n" for place, at in enumerate(hours))
    price.write_text("Datetime (UTC),Price (EUR/MWh)\n" + prices)
    asked += ["--load", given, "--series", f"river={river}", "--carbon", f"{carbon}:g"]
    asked += ["--price", str(price)]
    alone = {name: one for name, one in single(allod, *asked).items() if one is not None}
    more = ["--members", "3", "--load-factor", "1..1", "--json"]
    told = allod("energy", "simulate", *asked, *more).json
    assert all(alone[name] for name in ("hourly match", "carbon by location", "cost of energy"))
    for key in ("p10", "p50", "p90"):
        assert {**figures(told, key), "utilisation": 0} == {**alone, "utilisation": 0}


def test_the_load_is_the_base_of_what_members_draw(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    """All at work in every second hour: what is less than that is drawn, more there is not."""
    asked = ["energy", "simulate", written(tmp_path, **COOLED), *weathers, "--members", "200"]
    told = allod(*asked, "--load", jobs(tmp_path / "jobs.csv"), "--json").json
    assert "load: 2 jobs of jobs.csv, 36.0 times over" in told["rests_on"]
    words = "each year's load above idle is that times 0.9 to 1.1, evenly (assumed)"
    assert words in told["rests_on"]
    assert told["load_factor"] == {"low": 0.9, "likely": None, "high": 1.1}
    used = [figures(told, key)["utilisation"] for key in ("p10", "p50", "p90")]
    assert used == pytest.approx([0.46, 0.5, 0.5], abs=0.005), "what is above full load is cut"


def test_a_member_is_the_same_among_few_and_many(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    asked = ["energy", "simulate", written(tmp_path, **COOLED), *weathers, "--blocks", "1d"]
    tables = []
    for members in ("5", "30"):
        table = tmp_path / f"{members}.parquet"
        made = allod(*asked, "--members", members, "--table", str(table))
        assert made.status == 0, made.err
        assert "put together from blocks of 86,400 s" in made.out
        tables.append(pl.read_parquet(table))
    assert tables[0].equals(tables[1].head(5))
    assert tables[1]["load_factor"].is_between(0.9, 1.1).all()
    assert tables[1]["PUE [1]"].n_unique() == 30


def test_each_weather_may_bring_its_own_supply(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    """The river is dry in the hot year and full in the cool one."""
    full, dry = (
        csv(tmp_path / f"{name}.csv", {"river": [share] * (HOURS + 24)})
        for name, share in (("full", 1.0), ("dry", 0.0))
    )
    table = tmp_path / "members.csv"
    asked = [with_river(tmp_path), *weathers, "--series", f"river={full}"]
    asked += ["--series", f"river={dry}", "--members", "20", "--table", str(table)]
    made = allod("energy", "simulate", *asked)
    assert made.status == 0, made.err
    matched = dict(
        pl.read_csv(table).group_by("weather").agg(pl.col("hourly match [1]").max()).rows()
    )
    assert matched == {"cool.csv": pytest.approx(1), "hot.csv": 0}


def test_the_page_has_a_fan_and_histograms(
    allod: Allod, tmp_path: Path, weathers: list[str]
) -> None:
    page = tmp_path / "page.html"
    river = csv(tmp_path / "river.csv", {"river": [0.4] * (HOURS + 24)})
    asked = ["energy", "simulate", with_river(tmp_path), *weathers, "--series", f"river={river}"]
    made = allod(*asked, "--members", "30", "--html", str(page), "--json")
    assert made.status == 0, made.err
    text = page.read_text()
    found = Tags()
    found.feed(text)
    assert not found.open
    titles = re.findall(r"<figcaption><b>([^<]*)", text)
    assert titles[:3] == [
        "Power at the meter [MW]", "PUE", "Load met by contracted and own clean power"
    ]  # fmt: skip
    assert {"IT energy [MWh]", "hourly match"} <= set(titles[3:])
    assert text.count('class="s0 band"') == 3
    assert "(assumed)" in text
    assert "not known" in text, "water, of a site of constant PUE"
    assert "http" not in text
    assert "nan" not in text
    told = made.json
    assert [len(one["p50"]) for one in told["fans"]] == [3, 3, 3]
    it_energy = next(one for one in told["figures"] if one["name"] == "IT energy")
    assert sum(it_energy["histogram"]["counts"]) == 30
    assert figures(told)["water"] is None
    assert not any(isinstance(one, float) and math.isnan(one) for one in figures(told).values())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--utilisation", "0.5..0.9"], "what members are drawn from\nmend: add --members N"),
        (["--load-factor", "0.5..0.9"], "--load-factor is what members are drawn from"),
        (["--blocks", "1d"], "--blocks is what members are drawn from"),
        (["--members", "5", "--utilisation", "0.9..0.5"], "write e.g. --utilisation 0.5..0.95"),
        (["--members", "5", "--utilisation", "0.9..1.5"], "write e.g. --utilisation 0.5..0.95"),
        (["--members", "5", "--load-factor", "much"], "write e.g. --load-factor 0.5..0.95"),
        (["--members", "5", "--load-factor", "1..2..3..4"], "--load-factor '1..2..3..4'"),
        (["--members", "5", "--load-factor", "nan..nan"], "--load-factor 'nan..nan'"),
        (["--members", "5", "--load-factor", "1..inf"], "write e.g. --load-factor"),
        (["--members", "5", "--blocks", "90min"], "no whole number of steps of 3600 s"),
        (["--members", "5", "--blocks", "soon"], "--blocks 'soon'"),
        (
            ["--members", "5", "--load", "0", "--utilisation", "0.5..0.9"],
            "a --load that is above idle\nmend: write them into the phases, or give --load-factor",
        ),
        (
            ["--members", "5", "--utilisation", "0.5..0.9", "--load-factor", "1..1"],
            "mend: give one: a year's mean, or a factor of --load",
        ),
        (
            ["--members", "5", *(["--series", "river=a.csv"] * 3)],
            "--series river is given 3 times, and --weather 2 times\nmend: give one for all",
        ),
        (["--members", "5", "--series", "river"], "write NAME=FILE or NAME=FILE:COLUMN"),
        (["--members", "5", "--table", "members.xlsx"], "write .csv or .parquet"),
        (["--members", "5", "--load", "1.2"], "--load is 1.2"),
    ],
)
def test_a_mistake_is_told_with_how_to_mend_it(
    allod: Allod, tmp_path: Path, weathers: list[str], more: list[str], said: str
) -> None:
    of = written(tmp_path, **COOLED, **RIVER)
    result = allod("energy", "simulate", of, *weathers, *more)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_terminal_sees_a_bar_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    seen = []
    for stream in (Terminal(), StringIO()):
        monkeypatch.setattr("sys.stderr", stream)
        with advancing("years", 8) as told:
            told(8)
        seen.append(stream.getvalue())
    assert "8/8" in seen[0]
    assert seen[1] == ""


def test_weather_of_other_steps_is_refused(allod: Allod, tmp_path: Path) -> None:
    half = tmp_path / "half.csv"
    lines = [f"2027-03-01T{at // 2:02}:{30 * (at % 2):02}:00Z,5,60" for at in range(48)]
    half.write_text("\n".join(["time,temp_c,humidity_pct", *lines]) + "\n")
    asked = ["--weather", csv(tmp_path / "w.csv", air()), "--weather", str(half), "--members", "3"]
    result = allod("energy", "simulate", written(tmp_path), *asked)
    assert result.status == 2
    assert "half.csv has steps of 1800 s\nmend: give weather of 3600 s, or --step" in result.err
