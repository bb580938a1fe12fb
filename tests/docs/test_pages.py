"""The pages: commands that they show can be typed, examples and links are there, documents hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from allod.cli.main import app
from allod.domain.document import read_documents

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OURS = [
    *sorted((DOCS / "tutorial").glob("*.md")),
    *sorted((DOCS / "how-to").glob("*.md")),
    *sorted((DOCS / "explanation").glob("*.md")),
    DOCS / "reference" / "reasons.md",
    DOCS / "README.md",
]
PAGES = [*OURS, ROOT / "README.md", ROOT / "examples" / "README.md"]
COMMAND = typer.main.get_command(app)
#: What ends a command on a line, for us.
_ENDS = {"|", ">", "2>", "<", "&&", "&", ";"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(text: str) -> Iterator[str]:
    """The command lines of a page: those after a prompt, continued where they end in `\\`."""
    for match in re.finditer(r"^\$ ((?:.*\\\n)*.*)$", text, re.MULTILINE):
        yield match[1].replace("\\\n", " ")


def allod_words(line: str) -> list[str] | None:
    """The arguments of `allod` in a command line; None if it runs something else."""
    words = shlex.split(line.replace("…", "X"))
    if words[:1] == ["sudo"]:
        words = words[3:]  # sudo -u USER
    at = next((i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] == "allod"), None)
    if at is None or any("=" not in word for word in words[:at]):
        return None
    rest = words[at + 1 :]
    return rest[: next((i for i, word in enumerate(rest) if word in _ENDS), len(rest))]


def wrong_with(words: list[str]) -> str:
    """What the command line has against these arguments, without running them; empty if nothing."""
    command: Any = COMMAND
    path, words = "allod", list(words)
    try:
        while getattr(command, "commands", None) is not None:
            if not words or words[0] not in command.commands:
                return f"{path} has no command {words[:1]}"
            word = words.pop(0)
            command, path = command.commands[word], f"{path} {word}"
        command.make_context(path, words)
    except Exception as error:  # noqa: BLE001  # Typer brings a click of its own, whose errors these are.
        return f"{path}: {error or type(error).__name__}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_after_a_prompt_can_be_typed(page: Path) -> None:
    lines = [(line, allod_words(line)) for line in typed(page.read_text())]
    wrong = {line: wrong_with(words) for line, words in lines if words is not None}
    assert not {line: what for line, what in wrong.items() if what}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_option_of_a_command_in_the_text_exists(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(r"`allod ([a-z][^`]*)`", text):
        words = span.split()
        command: Any = COMMAND
        while getattr(command, "commands", None) is not None and words:
            assert words[0] in command.commands, f"allod {span}"
            command = command.commands[words.pop(0)]
        known = {option for param in command.params for option in param.opts}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known | {"--help"}, f"allod {span}"


def test_a_command_that_does_not_exist_is_found() -> None:
    assert allod_words("ALLOD_URL=x allod queue --state all | head") == ["queue", "--state", "all"]
    assert allod_words("ls .allod") is None
    assert not wrong_with(["replay", "x.swf", "--pool", "8"])
    assert wrong_with(["replay", "x.swf", "--pools", "8"])
    assert wrong_with(["token", "mend", "x"])
    assert wrong_with(["why"])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_example_that_is_named_is_there(page: Path) -> None:
    found = set(re.findall(r"examples/[\w./-]+\w", page.read_text()))
    if page.parent.name == "examples":
        found |= {f"examples/{one}" for one in re.findall(r"`([\w./-]+\.yaml)`", page.read_text())}
    assert not [one for one in found if not (ROOT / one).exists()]


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", [*OURS, ROOT / "examples" / "README.md"], ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    for target in targets:
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_index_has_every_page() -> None:
    text = (DOCS / "README.md").read_text()
    pages = [page.relative_to(DOCS) for page in DOCS.rglob("*.md") if page != DOCS / "README.md"]
    assert not [str(page) for page in pages if f"]({page})" not in text]


@pytest.mark.parametrize("page", OURS, ids=name)
def test_every_document_in_a_page_can_be_read(page: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    for block in blocks:
        if block.startswith("apiVersion"):
            assert read_documents(block, name(page))


@pytest.mark.parametrize("page", OURS, ids=name)
def test_lines_of_text_are_short_enough_to_read(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    long = [line for line in text.splitlines() if len(line) > 120 and line[0] not in "|!-"]
    assert not long
