"""allod catalogue import: what is printed, what programs get, and errors without a traceback."""

from __future__ import annotations

from pathlib import Path

from allod.catalogue.importing.record import RECORD
from tests.catalogue.collected import OURS, facts_file, own_catalogue, subject
from tests.cli.conftest import Allod, wrong


def test_facts_as_they_were_change_nothing(allod: Allod, tmp_path: Path) -> None:
    facts_file(tmp_path)
    assert allod("catalogue", "import", "facts.yaml").out == "nothing has changed\n"


def test_without_write_nothing_is_written(allod: Allod, tmp_path: Path) -> None:
    facts_file(
        tmp_path, lambda f: subject(f, "ai_factories", "aif-lux")["city"].update(v="Luxembourg")
    )
    before = (OURS / RECORD).read_bytes()
    found = allod("catalogue", "import", "facts.yaml", "--json")
    assert found.status == 0
    assert found.json["written"] == []
    assert [one["document"] for one in (*found.json["changes"], *found.json["to_read"])] == [
        "Site/lux"
    ]
    assert (OURS / RECORD).read_bytes() == before


def test_what_was_written_is_told(allod: Allod, tmp_path: Path) -> None:
    facts_file(
        tmp_path,
        lambda f: subject(f, "ai_factories", "aif-lumi")["participating"]["v"].append("SE"),
    )
    own_catalogue(tmp_path)
    found = allod("catalogue", "import", "facts.yaml", "--into", "catalogue", "--write", "--json")
    assert found.json["written"] == ["factories/lumi.yaml", RECORD]
    (one,) = found.json["changes"]
    assert one["said"]["value"] == ["FI", "CZ", "DK", "EE", "NO", "PL", "SE"]
    assert allod("catalogue", "import", "facts.yaml", "--into", "catalogue").out == (
        "nothing has changed\n"
    )


def test_errors_are_one_line_each_and_say_how_to_mend(allod: Allod, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [")
    wrong(allod("catalogue", "import", "x.yaml"), 2, "x.yaml: is not YAML", "mend it there")
    wrong(allod("catalogue", "import", "y.yaml"), 3, "there is no file y.yaml", "a YAML file")
    wrong(allod("catalogue", "import", str(tmp_path)), 2, "cannot be read as text", "a YAML file")
    facts_file(tmp_path)
    wrong(allod("catalogue", "import", "facts.yaml", "--read"), 2, "--read", "add --write")
    wrong(allod("catalogue", "import", "facts.yaml", "--into", "."), 3, RECORD, "--into")
    (tmp_path / RECORD).write_text("{}")
    wrong(allod("catalogue", "import", "facts.yaml", "--into", "."), 2, "no record", "came with")


def test_the_ledger_is_printed_and_given_to_programs(allod: Allod, tmp_path: Path) -> None:
    at = ("--at", "2026-11-21")
    told = allod("report", "ledger", "cambrai", *at)
    assert told.status == 0
    assert "water commission" in told.out
    found = allod("report", "ledger", "hauts-de-france", *at, "--json").json
    assert {"currency": "EUR", "payer": "Brookfield", "amount": 10_000_000_000} in found["by_payer"]
    assert "roubaix" in found["unknown"]["money"]
    assert [one["of"] for one in allod("report", "ledger", "be-aifa", *at, "--json").json["money"]]
    assert allod("report", "ledger", "ai-gigafactories", *at).status == 0
    page = allod("report", "ledger", "ai-factories", *at, "--html", "ledger.html")
    assert page.status == 0
    text = (tmp_path / "ledger.html").read_text()
    assert "How far the money has come, EUR" in text
    assert "://" not in text.split("</style>")[1]
    wrong(allod("report", "ledger", "nowhere"), 3, "no site, region, antenna or call", "write")
