"""report energy: from a site's document and a file of readings to tables, page and record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from allod.domain.document import Document
from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode, problem
from tests.energy.metered_plant import METERS, YEAR, meter, said, site

#: The 24 items of Annex II.
ITEMS = {f"II.1({letter})" for letter in "abcdefghijklmnopqr"} | {
    *(f"II.2({letter})" for letter in "ab"),
    *(f"II.3({letter})" for letter in "abcd"),
}
PERIOD = ("--from", "2025-01-01", "--to", "2026-01-01")
CLAIM = {
    "name": "green",
    "says": "100 % renewable",
    "maker": "Plant AG",
    "date": "2024-06-01",
    "source": "press release",
    "subject": "ref",
    "value_milli": 1000,
}


def document(folder: Path, without: Sequence[str] = ()) -> Path:
    meters = [
        meter(name).model_dump(mode="json", exclude_defaults=True)
        for name in METERS
        if name not in without
    ]
    made = Document("Site", "plant", site(meters=meters, claims=[CLAIM])).to_json()
    file = folder / "plant.yaml"
    file.write_text(yaml.safe_dump(made))
    return file


@pytest.fixture(scope="module")
def plant_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plant's year as a table: one row an hour, and a last one for the registers."""
    columns = [said(name).values for name in METERS]
    lines = [",".join(["time", *METERS])]
    for hour in range(8761):
        cells = (str(column[hour]) if hour < column.size else "" for column in columns)
        lines.append(",".join([str(YEAR.start_s + 3600 * hour), *cells]))
    file = tmp_path_factory.mktemp("readings") / "plant.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_plant_by_its_files_is_the_plant_by_hand(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    file = str(document(tmp_path))
    told = allod("report", "energy", file, *PERIOD, "--readings", str(plant_csv), "--json").json
    kpis = {(kpi["name"], kpi["method"][-1]): kpi["value"] for kpi in told["kpis"]}
    assert np.isclose(kpis["PUE", "1"], 9_637_200 / 8_322_000)
    assert np.isclose(kpis["WUE", "2"], 4_380 / 8_322)
    assert {name for (name, _), value in kpis.items() if value is None} == {"quarter-hourly match"}
    assert told["claims"][0]["verdict"] == "missed"
    assert [test["verdict"] for test in told["enefg"]] == ["not due", "not due", "pass", "not due"]
    sha256 = hashlib.sha256(plant_csv.read_bytes()).hexdigest()
    assert {item["sha256"] for item in told["meters"]} == {sha256}


def test_certificates_are_spent_on_what_the_meters_tell(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    """9,636 MWh came in, 1,314 of them from the roof: 8,322 from the grid, and 9,000 are there."""
    goo, spent = tmp_path / "goo.csv", tmp_path / "spent.csv"
    goo.write_text(
        "certificate,technology,zone,from,to,energy_wh\nDE-1,wind,DK1,2025-01-01,2026-01-01,"
        "9000000000\n"
    )
    file = str(document(tmp_path))
    asked = ["report", "energy", file, *PERIOD, "--readings", str(plant_csv)]
    papers = ["--certificates", str(goo), "--allocations", str(spent)]
    told = allod(*asked, *papers, "--json").json["certificates"]
    assert told[0]["covered_mwh"] == pytest.approx(8_322)
    assert told[0]["share"] == pytest.approx(1)
    assert "reaches over more than one interval" in told[1]["why"]
    assert spent.read_text().splitlines()[1] == (
        "DE-1,plant,DE-LU,2025-01-01T00:00:00Z,2026-01-01T00:00:00Z,8322000000,goo-annual-2018"
    )
    shown = allod(*asked, *papers).out
    assert re.search(r"^goo-annual-2018 +8,322\.000 +1\.000$", shown, re.MULTILINE)
    half = ["--from", "2025-01-01", "--to", "2025-07-01", "--readings", str(plant_csv)]
    twice = allod("report", "energy", file, *half, *papers)
    assert (twice.status, "overlaps this time" in twice.err) == (4, True)


def test_certificates_of_a_use_that_is_not_known_are_refused(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    file = str(document(tmp_path, without=["feed-a", "feed-b"]))
    result = allod("report", "energy", file, *PERIOD, "--readings", str(plant_csv),
                   "--certificates", "goo.csv")  # fmt: skip
    assert result.status == 2
    assert "drew from the grid is not known: no meter measures 'edc'" in result.err


def test_a_missing_meter_costs_its_lines_and_is_no_failure(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    file = str(document(tmp_path, without=["chillers"]))
    result = allod("report", "energy", file, *PERIOD, "--readings", str(plant_csv.parent))
    assert result.status == 0
    assert re.search(r"^CER +- +1 .*no meter measures 'cooling'", result.out, re.MULTILINE)
    assert re.search(r"^PUE +1\.158 ", result.out, re.MULTILINE)
    assert re.search(r"^III\(a\) +PUE .* 1\.158 ", result.out, re.MULTILINE)


def test_without_readings_every_metered_line_is_refused(allod: Allod, tmp_path: Path) -> None:
    told = allod("report", "energy", str(document(tmp_path)), *PERIOD, "--json").json
    assert all(kpi["value"] is None and kpi["missing"] for kpi in told["kpis"])
    assert all(item["lacks"] == "--readings gives no 'plant.csv'" for item in told["meters"])


@pytest.mark.parametrize("name", ["record.json", "record.csv"])
def test_the_record_is_the_same_bytes_each_time_and_its_hash_is_told(
    allod: Allod, tmp_path: Path, plant_csv: Path, name: str
) -> None:
    file, record = str(document(tmp_path)), tmp_path / name
    seen = set()
    for _ in range(2):
        more = ["--readings", str(plant_csv), "--record", str(record)]
        result = allod("report", "energy", file, *PERIOD, *more)
        assert hashlib.sha256(record.read_bytes()).hexdigest() in result.err
        seen.add(record.read_bytes())
    assert len(seen) == 1


def test_the_record_as_json_has_no_floats_and_all_items(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    file, record = str(document(tmp_path)), tmp_path / "record.json"
    allod("report", "energy", file, *PERIOD, "--readings", str(plant_csv), "--record", str(record))

    def no_float(text: str) -> float:
        raise AssertionError(text)

    made = json.loads(record.read_text(), parse_float=no_float)
    assert made["year"] == 2025
    values = {line["symbol"] or line["title"]: line["value"] for line in made["lines"]}
    assert values["EDC"] == "9637200"
    assert {line["item"] for line in made["lines"]} >= ITEMS
    assert all(line["rule"] for line in made["lines"])


class Links(HTMLParser):
    """The links of a page, and what they may lead to; every tag that is opened is closed."""

    VOID = frozenset({"meta", "rect", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.marks: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.links |= {str(named["href"])} if tag == "a" else set()
        self.marks |= {f"#{named['id']}"} if "id" in named else set()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_figure_of_the_page_leads_to_its_meter(
    allod: Allod, tmp_path: Path, plant_csv: Path
) -> None:
    file, page = str(document(tmp_path)), tmp_path / "page.html"
    allod("report", "energy", file, *PERIOD, "--readings", str(plant_csv), "--html", str(page))
    text = page.read_text()
    found = Links()
    found.feed(text)
    assert not found.open
    assert found.links
    assert found.links <= found.marks
    assert text.count("<figure") == 5
    assert hashlib.sha256(plant_csv.read_bytes()).hexdigest() in text
    assert "http" not in re.sub(r"http://www\.w3\.org\S*", "", text)


def test_what_is_not_known_is_drawn_as_such(allod: Allod, tmp_path: Path, plant_csv: Path) -> None:
    lines = plant_csv.read_text().splitlines()
    cut = tmp_path / "plant.csv"
    cut.write_text("\n".join(lines[:990] + lines[1000:]) + "\n")
    page = tmp_path / "page.html"
    file = str(document(tmp_path))
    allod("report", "energy", file, *PERIOD, "--readings", str(cut), "--html", str(page))
    assert 'class="unknown"' in page.read_text()
    assert "1 not known" in page.read_text()


@pytest.mark.parametrize(
    ("words", "said_"),
    [
        (["--from", "2025-02-01", "--to", "2025-01-01"], "--to is not after --from"),
        (["--from", "soon", "--to", "2025-01-01"], "is not a date"),
        ([*PERIOD, "--step", "7h"], "no whole number of steps"),
        ([*PERIOD, "--step", "soon"], "is not a duration"),
        ([*PERIOD, "--record", "record.pdf"], "neither .json nor .csv"),
        ([*PERIOD, "--html", "nowhere/page.html"], "there is no folder"),
        ([*PERIOD, "--readings", "other.csv"], "no meter of the site has its readings in"),
        (["--from", "2025-01-01", "--to", "2025-02-01", "--record", "r.json"], "calendar year"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    allod: Allod, tmp_path: Path, words: list[str], said_: str
) -> None:
    result = allod("report", "energy", str(document(tmp_path)), *words)
    assert (result.status, result.out) == (2, "")
    assert said_ in result.err


def test_a_site_of_the_node_is_asked_for(allod: Allod, node: PlayedNode, tmp_path: Path) -> None:
    made = yaml.safe_load(document(tmp_path).read_text())
    node.on("GET", "/v1/documents/Site/plant", {"document": made})
    told = allod("report", "energy", "plant", *PERIOD, "--json").json
    assert told["site"] == "plant"
    assert len(told["meters"]) == len(METERS)
    node.on("GET", "/v1/documents/Site/plant", problem(404, "not-found", "no Site is called"))
    assert allod("report", "energy", "plant", *PERIOD).status == 3
