"""The page on adding to the catalogue: its import, done as it says, prints what it shows."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from allod.catalogue.files import Source
from allod.cli import edge, importing
from allod.cli.main import app
from tests.catalogue.collected import facts_file, own_catalogue, subject

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/add-a-site-to-the-catalogue.md"
TEXT = PAGE.read_text(encoding="utf-8")


def told() -> str:
    """What the page says is in the file of facts now."""
    found = re.search(r"^```yaml\n(# under ai_factories.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def change(facts: dict[str, Any]) -> None:
    lumi, antenna, source = re.split(r"^# under .*\n", told(), flags=re.MULTILINE)[1:]
    facts["meta"]["made"] = "2026-11-22"
    subject(facts, "ai_factories", "aif-lumi").update(yaml.safe_load(lumi))
    facts["ai_factory_antennas"] += yaml.safe_load(antenna)
    facts["sources"] |= yaml.safe_load(source)


def shown() -> list[tuple[str, str]]:
    """Each command line of the second part, and what is shown below it."""
    blocks = re.findall(r"^```console\n(\$.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    pairs = [step.split("\n", 1) for step in steps]
    return [(line, out) for line, out in pairs if line.startswith("allod catalogue import")]


def test_the_import_prints_what_the_page_shows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importing, "today", lambda: date(2026, 11, 22))
    facts_file(tmp_path, change)
    own_catalogue(tmp_path)
    steps = shown()
    assert len(steps) == 5
    for line, out in steps:
        assert edge.perform(typer.main.get_command(app), line.split()[1:]) == 0
        captured = capfd.readouterr()
        printed = captured.out + captured.err
        for part in out.split("…\n"):
            assert part in printed, line
    lumi = (tmp_path / "catalogue" / "factories" / "lumi.yaml").read_text(encoding="utf-8")
    history = re.search(r"^```yaml\n( +grid_carbon.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert history
    assert history[1] in lumi


def test_the_source_by_hand_is_one() -> None:
    block = re.search(r"^ +```yaml\n( +NEWS:.*?)^ +```", TEXT, re.MULTILINE | re.DOTALL)
    assert block
    (fields,) = yaml.safe_load(block[1]).values()
    assert Source.model_validate(fields).day == date(2026, 11, 20)
