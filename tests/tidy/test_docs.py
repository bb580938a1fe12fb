"""The documents: titles, numbers of decision records, the changelog, every command."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def without_code(text: str) -> str:
    """The page without its fenced blocks, in which `#` begins a comment."""
    return re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """`allod COMMAND` for each command of the CLI, those of groups too."""
    if find_spec("allod.cli.main") is None:
        return []
    from typer.main import get_command

    from allod.cli.main import app

    def walk(command: object, name: str) -> list[str]:
        # Typer brings a click of its own, so what a group is shows in what it has.
        inner = getattr(command, "commands", None)
        if inner is None:
            return [name]
        shown = (item for item in sorted(inner.items()) if not item[1].hidden)
        return [line for word, sub in shown for line in walk(sub, f"{name} {word}")]

    return walk(get_command(app), "allod")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_begins_with_its_one_title(page: Path) -> None:
    text = without_code(page.read_text())
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


def test_decision_records_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (DOCS / "adr").glob("*.md"))
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_the_changelog_says_what_comes_next() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[?Unreleased\]?$", text, re.MULTILINE)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS_OF_CHANGE


@pytest.mark.parametrize("command", commands() if REFERENCE.is_dir() else [])
def test_the_reference_describes(command: str) -> None:
    text = "\n".join(path.read_text() for path in sorted(REFERENCE.rglob("*.md")))
    assert re.search(rf"(?<!\w){re.escape(command)}(?![\w-])", text), f"{command} is in no page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_only_commands_that_exist(page: Path) -> None:
    known = {command.split()[1] for command in commands()}
    shown = set(re.findall(r"^\s*\$ (?:\S+/)?allod ([a-z][\w-]*)", page.read_text(), re.MULTILINE))
    assert shown <= known
