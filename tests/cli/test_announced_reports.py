"""allod report over the catalogue: tables, pages, and for programs the answers of the API."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from allod.api import create_app
from tests.api.asking import calling, project
from tests.api.fake_node import FakeNode
from tests.cli.conftest import Allod, wrong

AT = ("--at", "2026-11-01")
#: What is typed, and where the API has the same.
ASKED = {
    "catalogue show narvik": "/v1/catalogue/Site/narvik",
    "report roadmap": "/v1/reports/roadmap",
    "report roadmap --region hauts-de-france": "/v1/reports/roadmap?region=hauts-de-france",
    "report regions --region nordics": "/v1/reports/regions?region=nordics",
    "report control fr --home eu": "/v1/reports/control?region=fr&home=eu",
    "report control nouaceur": "/v1/reports/control/nouaceur",
    "report control narvik --home EU --home no": "/v1/reports/control/narvik?home=EU&home=no",
    "report dependencies --without US": "/v1/reports/dependencies?without=US",
    "report dependencies narvik": "/v1/reports/dependencies?site=narvik",
    "report dependencies --network fr": "/v1/reports/dependencies?region=fr",
    "report claims narvik": "/v1/reports/claims/narvik",
    "report claims fr": "/v1/reports/claims/fr",
    "report ledger narvik": "/v1/reports/ledger/narvik",
}
FJORD = """\
apiVersion: allod/v1
kind: Project
metadata: {name: fjord}
spec: {country: FR, sector: start-up}
"""


@pytest.fixture
def fjord(tmp_path: Path) -> Path:
    file = tmp_path / "fjord.yaml"
    file.write_text(FJORD)
    return file


@pytest.mark.parametrize("command", ASKED)
def test_programs_get_what_the_api_says(allod: Allod, command: str) -> None:
    api = calling(create_app(FakeNode()))
    told = api("GET", ASKED[command] + ("&" if "?" in ASKED[command] else "?") + "at=2026-11-01")
    assert told.status_code == 200
    # In the same order too: so the bytes are the same but for white space.
    assert json.dumps(allod(*command.split(), *AT, "--json").json) == json.dumps(told.json())


def test_where_to_turn_and_what_changed_are_the_same_too(allod: Allod, fjord: Path) -> None:
    api = calling(create_app(FakeNode()))
    asked = project(country="FR", sector="start-up")
    told = api("POST", "/v1/reports/find?at=2026-11-01", json=asked)
    found = allod("report", "find", "--for", str(fjord), *AT, "--json")
    assert json.dumps(found.json) == json.dumps(told.json())
    told = api("GET", "/v1/catalogue/Site/nouaceur/changes?from=2025-12-31&to=2026-11-01")
    days = ("--from", "2025-12-31", "--to", "2026-11-01")
    found = allod("catalogue", "diff", "nouaceur", *days, "--json")
    assert json.dumps(found.json) == json.dumps(told.json())


def test_a_roadmap_in_words(allod: Allod) -> None:
    shown = allod("report", "roadmap", "--region", "no", *AT).out
    rows = [line.split() for line in shown.splitlines()]
    (initial,) = [row for row in rows if row[:3] == ["narvik", "NO", "initial"]]
    assert initial[5:7] == ["230", "MW"]
    (rubin,) = [row for row in rows if row[:3] == ["narvik", "NO", "rubin"]]
    assert "unknown" in rubin


def test_a_roadmap_says_what_was_due_and_is_not_known_to_be_there(allod: Allod) -> None:
    late = "was due and is not known to be live: abu-dhabi first (2026-09-30)"
    assert late in allod("report", "roadmap", "--region", "AE", "--at", "2026-11-21").out
    assert "was due" not in allod("report", "roadmap", "--region", "AE", "--at", "2026-09-30").out


def test_control_in_words_names_what_is_not_known(allod: Allod) -> None:
    shown = allod("report", "control", "narvik", *AT).out
    assert re.search(r"^operator +unknown", shown, re.MULTILINE)
    assert re.search(r"^aker-nscale +aker +NO +50 %", shown, re.MULTILINE)
    assert re.search(r"^unknown: ", shown, re.MULTILINE)


def test_dependencies_in_words_and_what_a_loss_takes(allod: Allod) -> None:
    shown = allod("report", "dependencies", "narvik", "--without", "us", *AT).out
    assert "without US:" in shown
    assert re.search(r"^chip .*nvidia", shown, re.MULTILINE)
    assert re.search(r"^firmware +0 of 1 +unknown 100 %", shown, re.MULTILINE)


def test_claims_in_words(allod: Allod) -> None:
    one = allod("report", "claims", "narvik", *AT).out
    found = allod("report", "claims", "narvik", *AT, "--json").json["sites"]["narvik"]
    assert one.count('\n"') == len(found)
    many = allod("report", "claims", "fr", *AT).out
    assert re.search(r"^cambrai:$", many, re.MULTILINE)


def test_where_to_turn_in_words(allod: Allod, fjord: Path) -> None:
    shown = allod("report", "find", "--for", str(fjord), *AT).out
    assert re.search(r"^country +FR$", shown, re.MULTILINE)
    assert "public holidays are not counted out" in shown
    assert re.search(r"^Playground.*yes|^.*Fast Lane", shown, re.MULTILINE)


class Page(HTMLParser):
    """What a page loads, and how many pictures it draws."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.drawn = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.drawn += tag == "svg"
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize(
    ("command", "pictures"),
    [
        ("roadmap", 2),
        ("control narvik", 1),
        ("dependencies", 1),
        ("claims narvik", 1),
        ("find --for fjord.yaml", 0),
    ],
)
def test_a_page_is_one_file_with_its_pictures(
    allod: Allod, tmp_path: Path, fjord: Path, command: str, pictures: int
) -> None:
    result = allod("report", *command.split(), *AT, "--html", "page.html")
    assert (result.status, result.out) == (0, "")
    assert result.err == "page written to page.html\n"
    page = Page((tmp_path / "page.html").read_text())
    assert page.loads == []
    assert page.drawn >= pictures


@pytest.mark.parametrize(
    ("command", "status", "says", "mend"),
    [
        ("control narvk", 3, "no site or region 'narvk'", "write 'narvik'"),
        ("control narvik --at 2020-01-01", 2, "announced on 2025-07-31, after", "2025-07-31"),
        ("control narvik --home Q1", 2, "home 'Q1': unknown country", "ISO 3166-1"),
        ("roadmap --region atlantis", 3, "no region 'atlantis'", "hauts-de-france"),
        ("roadmap --at 1066-10-14", 2, "nothing is known of the day", "1900-01-01"),
        ("roadmap --html nowhere/a.html", 2, "nowhere/a.html cannot be written", ""),
        ("dependencies narvk", 3, "no site 'narvk'", "write 'narvik'"),
        ("dependencies --network atlantis", 3, "no region 'atlantis'", "hauts-de-france"),
        ("dependencies --without acme", 3, "without 'acme': no such party", "such as US"),
        ("dependencies narvik --network fr", 2, "a site ('narvik') and a region", "one of them"),
        ("claims atlantis", 3, "no site or region 'atlantis'", "for a region"),
        ("claims narvik --at 2020-01-01", 2, "announced on 2025-07-31, after", "2025-07-31"),
        ("find --for nowhere.yaml", 2, "cannot read nowhere.yaml", "check the path"),
        ("find --for party.yaml", 2, "party.yaml has no project", "kind Project"),
        ("find --for two.yaml", 2, "two.yaml has 2 projects", "kind Project"),
        ("find --for typo.yaml", 2, "unknown key", "write 'country'"),
        ("find --for fjord.yaml --at 9999-12-31", 2, "nothing is known of the day", "2199"),
    ],
)
def test_a_wrong_question_is_told_once_and_mended(
    allod: Allod, tmp_path: Path, fjord: Path, command: str, status: int, says: str, mend: str
) -> None:
    party = FJORD.replace("Project", "Party").replace(
        "country: FR, sector: start-up", "title: F, seat: FR"
    )
    (tmp_path / "party.yaml").write_text(party)
    (tmp_path / "two.yaml").write_text(f"{FJORD}---\n{FJORD.replace('fjord', 'other')}")
    (tmp_path / "typo.yaml").write_text(FJORD.replace("country", "contry"))
    wrong(allod("report", *command.split()), status, says, mend)
