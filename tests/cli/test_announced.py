"""allod catalogue: list, show, diff, check and export, in words and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from allod import catalogue
from tests.cli.conftest import Allod, wrong


def test_the_list_has_every_document_and_of_a_kind_those_alone(allod: Allod) -> None:
    whole = allod("catalogue", "list")
    assert len(whole.out.splitlines()) == 1 + len(catalogue.everything())
    antennas = allod("catalogue", "list", "antenna")
    assert len(antennas.out.splitlines()) == 1 + 13
    assert [item["kind"] for item in allod("catalogue", "list", "Antenna", "--json").json] == [
        "Antenna"
    ] * 13
    narvik = next(line for line in whole.out.splitlines() if "Site  " in line and "narvik" in line)
    assert "520 MW" in narvik
    assert "NO" in narvik.split()


def test_show_tells_values_with_sources_and_what_is_unknown(allod: Allod) -> None:
    shown = allod("catalogue", "show", "narvik", "--at", "2026-11-01").out
    assert "as known on  2026-11-01" in shown
    power = next(line for line in shown.splitlines() if line.startswith("phases.initial.power_w"))
    assert "230 MW" in power
    assert power.count("2025-") == 1  # The day on which it was said.
    found = allod("catalogue", "show", "narvik", "--at", "2026-11-01", "--json").json
    assert f"unknown ({len(found['unknown'])}): " in shown
    assert allod("site", "show", "narvik", "--at", "2026-11-01").out == shown


def test_diff_tells_what_was_revised(allod: Allod) -> None:
    ask = ("catalogue", "diff", "nouaceur", "--from", "2025-12-31", "--to", "2026-11-01")
    lines = allod(*ask).out.splitlines()
    first = next(line for line in lines if line.startswith("phases.first.power_w"))
    assert "16.0 MW" in first
    assert {change["path"] for change in allod(*ask, "--json").json["changes"]} >= {
        "phases.first.power_w"
    }
    ask = ("catalogue", "diff", "nouaceur", "--from", "2025-01-01", "--to", "2026-11-01")
    assert allod(*ask).out.startswith("nouaceur was not announced by 2025-01-01: all of it is new")
    none = allod("site", "diff", "nouaceur", "--from", "2026-11-01", "--to", "2026-11-01")
    assert "nothing that was said of nouaceur changed" in none.err


PARTY = """\
apiVersion: allod/v1
kind: Party
metadata: {name: lab}
spec:
  title: Lab
  seat: {value: IE, source: REG}
"""


def test_check_fails_where_a_rule_is_broken_and_only_there(allod: Allod, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "REG: {title: The register, kind: register, date: 2026-01-01}\n"
    )
    (tmp_path / "parties.yaml").write_text(PARTY)
    good = allod("catalogue", "check", ".")
    assert good.status == 0
    assert good.out.startswith("1 documents, 1 sources: every rule holds")
    (tmp_path / "parties.yaml").write_text(PARTY.replace(", source: REG", ""))
    found = allod("catalogue", "check", ".", "--json")
    assert found.status == 1
    rules = [(finding["rule"], finding["document"]) for finding in found.json["findings"]]
    assert rules == [("sourced", "Party/lab"), ("sources", "sources.yaml/REG")]
    text = allod("catalogue", "check", ".")
    assert text.status == 1
    assert "IE has no source" in text.out
    (tmp_path / "parties.yaml").write_text(PARTY.replace("REG", "GER"))
    wrong(allod("catalogue", "check", "."), 2, "names a source that is not there", "sources.yaml")


def test_export_writes_the_whole_or_nothing(allod: Allod, tmp_path: Path) -> None:
    assert allod("catalogue", "export", "all.jsonld").status == 0
    written = json.loads((tmp_path / "all.jsonld").read_text())
    assert len(written["dcat:dataset"]) == len(catalogue.everything())
    result = allod("catalogue", "export", "nowhere/all.jsonld")
    wrong(result, 2, "there is no folder nowhere", "make it")


@pytest.mark.parametrize(
    ("command", "status", "says", "mend"),
    [
        ("catalogue show narvk", 3, "no 'narvk'", "write 'narvik'"),
        ("catalogue list sight", 3, "no kind 'sight'", "site"),
        (
            "catalogue show narvik --at 2020-01-01",
            2,
            "announced on 2025-07-31, after 2020-01-01",
            "2025-07-31",
        ),
        (
            "catalogue diff narvik --from 2026-02-01 --to 2026-01-01",
            2,
            "2026-01-01 is before the earlier day 2026-02-01",
            "exchange",
        ),
        (
            "site diff narvik --from 2020-01-01 --to 2020-02-01",
            2,
            "announced on 2025-07-31, after 2020-02-01",
            "2025-07-31",
        ),
        ("catalogue show narvik --at 0001-01-01", 2, "nothing is known of the day", "1900-01-01"),
        ("catalogue check nowhere", 3, "there is no folder nowhere", "sources.yaml"),
    ],
)
def test_a_wrong_question_is_told_once_and_mended(
    allod: Allod, command: str, status: int, says: str, mend: str
) -> None:
    wrong(allod(*command.split()), status, says, mend)
