"""The page of requirements: every id once, served or not, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from allod import catalogue
from allod.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "requirements.md"
#: Where the requirements come from, beside a checkout that has it.
SHARED = ROOT.parent / "shared" / "requirements.md"
#: How many there are of each series; each begins at 1 and leaves none out.
SERIES = {"MA": 17, "HF": 23, "BP": 20, "SN": 21, "EU": 14, "CX": 14}
IDS = {f"{series}-{n:02}" for series, last in SERIES.items() for n in range(1, last + 1)}
#: Commands that take the name of a document of the catalogue, or of a region.
_OF_CATALOGUE = ("catalogue show", "catalogue diff", "report claims", "report control")
_OF_CATALOGUE += ("report dependencies", "report ledger")
_SENTENCE = re.compile(r"^\*\*([A-Z]{2}-\d\d)\*\* ", re.MULTILINE)


def entries() -> dict[str, str]:
    """What the page says of each id."""
    parts = _SENTENCE.split(re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE, maxsplit=1)[1])
    ids, texts = parts[1::2], parts[2::2]
    assert len(ids) == len(set(ids)), "an id stands there twice"
    return {name: text.split("\n## ")[0] for name, text in zip(ids, texts, strict=True)}


def one_line(text: str) -> str:
    return " ".join(text.split())


def verdict(text: str) -> str:
    found = re.findall(r"^\*(Served|Not served):\* \S", text, re.MULTILINE)
    assert len(found) == 1, f"say once *Served:* or *Not served:* with what or why: {text}"
    return str(found[0])


def asked() -> dict[str, tuple[str, str]]:
    """Area and sentence of each id, as they are asked."""
    found: dict[str, tuple[str, str]] = {}
    area = ""
    for line in SHARED.read_text().splitlines():
        area = line.removeprefix("## ") if line.startswith("## ") else area
        if match := re.match(r"\| ([A-Z]{2}-\d\d) \| (.*?) \|", line):
            found[match[1]] = (area, match[2].strip().rstrip("."))
    return found


def test_every_id_stands_there_once_with_a_verdict() -> None:
    found = entries()
    assert set(found) == IDS
    for text in found.values():
        verdict(text)


def test_every_sentence_is_the_one_that_is_asked() -> None:
    if not SHARED.exists():
        pytest.skip("skipped: the requirements are not beside this checkout")
    wanted, found = asked(), entries()
    assert set(wanted) == IDS
    for name, (_, sentence) in wanted.items():
        assert one_line(found[name]).startswith(f"{sentence}."), name


def test_the_counts_of_each_area_are_those_of_its_entries() -> None:
    page = PAGE.read_text()
    rows = dict(re.findall(r"^\| \[([a-z]+)\]\(#\1\) \| (\d+ \| \d+) \|$", page, re.MULTILINE))
    counted = {}
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        said = re.findall(r"^\*(Served|Not served):\*", part, re.MULTILINE)
        counts = f"{said.count('Served')} | {said.count('Not served')}"
        counted[part.split("\n")[0]] = counts
    assert rows == counted
    whole = [sum(int(row.split(" | ")[i]) for row in rows.values()) for i in (0, 1)]
    assert f"| all | {whole[0]} | {whole[1]} |" in page


def commands() -> list[tuple[str, str]]:
    """Each command that an entry names, with the entry's id."""
    return [
        (name, one_line(words))
        for name, text in entries().items()
        for words in re.findall(r"`allod\s([^`]+)`", text)
    ]


def test_what_is_served_names_a_command_or_a_page() -> None:
    for name, text in entries().items():
        if verdict(text) == "Served":
            assert "`allod " in one_line(text) or "](" in text, name


def test_every_command_is_there_and_so_is_the_document_that_it_is_asked_for() -> None:
    found = commands()
    assert len(found) > 80
    names = {item.name for item in catalogue.everything()}
    kinds = {item.kind.lower() for item in catalogue.everything()}
    for name, words in found:
        command: Any = typer.main.get_command(app)
        rest = words.split()
        path = []
        while getattr(command, "commands", None):
            assert rest, f"{name}: 'allod {words}' is no whole command"
            assert rest[0] in command.commands, f"{name}: there is no 'allod {words}'"
            path.append(rest[0])
            command, rest = command.commands[rest[0]], rest[1:]
        if " ".join(path) == "catalogue list":
            assert set(rest) <= kinds, f"{name}: allod {words}"
        else:
            assert " ".join(path) in _OF_CATALOGUE or not rest, f"{name}: allod {words}"
            assert set(rest) <= names, f"{name}: allod {words}"


def test_every_option_named_is_one_of_a_command_of_its_sentence() -> None:
    for name, text in entries().items():
        for sentence in re.split(r"[;.] ", one_line(text)):
            options = {words.split()[0] for words in re.findall(r"`(--[^`]+)`", sentence)}
            there: set[str] = set()
            for words in re.findall(r"`allod ([^`]+)`", sentence):
                command: Any = typer.main.get_command(app)
                for word in words.split():
                    if getattr(command, "commands", None):
                        command = command.commands[word]
                there |= {opt for param in command.params for opt in param.opts}
            assert options <= there, f"{name}: {options - there}"


def test_every_page_and_heading_that_is_linked_is_there() -> None:
    for name, text in entries().items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            path = (PAGE.parent / file).resolve()
            assert path.is_file(), f"{name}: {target}"
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert not anchor or anchor in anchors, f"{name}: {target}"


def test_every_word_for_a_field_is_one_of_the_documents() -> None:
    reference = (ROOT / "docs" / "reference" / "documents.md").read_text()
    for name, text in entries().items():
        for word in re.findall(r"`([a-z_.]+)`", text):
            assert f"`{word.rsplit('.', 1)[-1]}`" in reference or word == "told.reactor", (
                f"{name}: {word}"
            )
