"""The sources of the control room: sizes, words in catalogues alone, nothing of elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from allod.api.problems import TITLES
from allod.api.replay_shapes import Series
from allod.domain.said import NEEDS, SAYINGS
from allod.replay.figures import KNOWN
from tests.tidy.test_tree import UNFINISHED, lines_with, tracked

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "ui"
#: Written by hand: schema.d.ts is made from the API.
SOURCES = sorted(
    path
    for path in (UI / "src").rglob("*")
    if path.suffix in (".svelte", ".ts", ".css") and path.name != "schema.d.ts"
)
COMPONENTS = [path for path in SOURCES if path.suffix == ".svelte"]
TEXTS = sorted((UI / "src/texts").glob("*.json"))
#: What the node says, in languages other than its own.
SAID = sorted((UI / "src/texts/reasons").glob("*.json"))
LINES_MAX = 300
#: Cells of a table and rules of style are one thing a line.
COLUMNS_MAX = 360

#: Ways from a text to something that runs. Svelte's own use of them is in no file of ours, and the
#: policy of the page lets no other use it.
MARKUP = re.compile(
    # In quotes it is a name that something is told of, such as that a library must not use it.
    r"\{@html|(?<![\"`])innerHTML|outerHTML|insertAdjacentHTML"
    r"|document\.write|\beval\(|new Function|srcdoc"
)
#: The policy has no room for them: `style:name={value}` is set by script.
INLINE_STYLE = re.compile(r"<[^>]*\sstyle=")
ADDRESS = re.compile(r"(?:https?|wss?):(?!//(?:www\.w3\.org|127\.0\.0\.1)\b)//\w|\bdata:image")
#: Names of things that no language changes, and what is typed at a terminal.
NO_WORDS = {"Allod", "allod", "UTC"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_file_can_be_read_in_one_sitting() -> None:
    assert SOURCES
    lengths = {str(path.relative_to(UI)): len(read(path).splitlines()) for path in SOURCES}
    assert not {name: lines for name, lines in lengths.items() if lines > LINES_MAX}
    wide = re.compile(rf".{{{COLUMNS_MAX + 1}}}")
    assert not lines_with(wide, SOURCES)


@pytest.mark.parametrize("pattern", [MARKUP, INLINE_STYLE, ADDRESS, UNFINISHED])
def test_no_source_has(pattern: re.Pattern[str]) -> None:
    # `placeholder` is a word of HTML.
    found = [line for line in lines_with(pattern, SOURCES) if "placeholder=" not in line]
    assert not found, "\n".join(found)


def test_the_lock_of_npm_names_no_host() -> None:
    lock = json.loads(read(UI / "package-lock.json"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if not entry.get("integrity")]


def test_packages_are_named_by_one_version_each() -> None:
    named = json.loads(read(UI / "package.json"))
    # All of it is built in: what is shipped has no dependency left.
    assert "dependencies" not in named
    loose = {name: v for name, v in named["devDependencies"].items() if not v[:1].isdigit()}
    assert not loose


# ------------------------------------------------------------ words


def catalogue(path: Path) -> dict[str, str]:
    return dict(json.loads(read(path)))


def blanks(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_every_text() -> None:
    english = catalogue(UI / "src/texts/en.json")
    assert len(TEXTS) > 1
    for path in TEXTS:
        texts = catalogue(path)
        assert texts.keys() == english.keys(), path.name
        assert list(texts) == sorted(texts), f"{path.name} is not sorted"
        assert not [key for key, text in texts.items() if not text.strip()], path.name
        assert read(path) == json.dumps(texts, ensure_ascii=False, indent=2) + "\n", path.name
        unlike = [key for key, text in texts.items() if blanks(text) != blanks(english[key])]
        assert not unlike, f"{path.name}: other blanks than in English"


def test_a_language_says_the_reasons_of_the_node() -> None:
    """All but English, in which the node tells them; codes are checked in `ui/tests`."""
    languages = {path.stem for path in TEXTS} - {"en"}
    assert {path.stem for path in SAID} == languages
    for path in SAID:
        parts = json.loads(read(path))
        for texts in parts.values():
            assert list(texts) == sorted(texts), f"{path.name} is not sorted"
            assert not [key for key, text in texts.items() if not text.strip()], path.name
        assert read(path) == json.dumps(parts, ensure_ascii=False, indent=2) + "\n", path.name


@pytest.mark.parametrize("path", SAID, ids=lambda path: path.stem)
def test_a_language_says_all_that_the_node_says(path: Path) -> None:
    parts = json.loads(read(path))
    names = [*SAYINGS, *(f"{code}.{part}" for code in NEEDS for part in ("subject", "mend"))]
    assert not set(names) - parts["said"].keys()
    # Only what is told with the code can stand in its sentence.
    wrong = {
        name: text
        for name, text in parts["said"].items()
        if not set(blanks(text)) <= set(SAYINGS[name.split(".")[0]])
    }
    assert not wrong
    series = get_args(get_type_hints(Series)["name"])
    bases = {f"figure.{name}" for name in KNOWN} | {f"series.{name}" for name in series}
    assert parts["bases"].keys() == bases
    assert parts["problems"].keys() == TITLES.keys()
    # The form tells what a field means wherever the schema does.
    form = read(UI / "src/submit/Form.svelte")
    asked = set(re.findall(r"(?:told\(spec\(|render (?:choice|several)\()\"(\w+)\"", form))
    asked |= {
        ".".join(re.findall(r"\w+", path)) for path in re.findall(r'told\(\["spec", (.+?)\]', form)
    }
    assert parts["fields"].keys() == asked - {"project"}


def test_every_text_is_used() -> None:
    code = "\n".join(read(path) for path in SOURCES)
    literal = set(re.findall(r"[\"'`]([a-z0-9][\w.-]*)[\"'`]", code))
    # Families of which one word is chosen when it runs: `texts.word("role", ...)`,
    # `<Badge group="state">`, t(`map.${...}`).
    families = set(re.findall(r"(?:word\(\s*|group=|group: )\"([\w.-]+)\"", code)) | {"state"}
    families |= {found.rstrip(".") for found in re.findall(r"`([a-z][\w.-]*\.)\$\{", code)}
    unused = [
        key
        for key in catalogue(UI / "src/texts/en.json")
        # Of a text with a number there may be one for a single thing.
        if not {key, key.removesuffix(".one")} & literal
        and not any(key.startswith(f"{family}.") for family in families)
    ]
    assert not unused


def test_every_text_that_is_asked_for_is_there() -> None:
    known = catalogue(UI / "src/texts/en.json")
    code = "\n".join(read(path) for path in SOURCES)
    asked = set(re.findall(r"(?<![\w.])t\(\s*\"([^\"]+)\"", code))
    assert asked
    assert asked <= known.keys()


def markup(text: str) -> str:
    """A component without its script, style, comments, code, and all that stands in braces."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<(script|style|code|pre|kbd)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"&\w+;", " ", text)
    kept, depth = [], 0
    for sign in text:
        depth += sign == "{"
        if depth == 0:
            kept.append(sign)
        depth -= sign == "}"
    return "".join(kept)


def words_in(component: str) -> Iterator[str]:
    """Words of people in a component's markup, between tags or in attributes that are read out."""
    bare = markup(component)
    shown = re.findall(r"\b(?:title|aria-label|placeholder|alt)=\"([^\"]*)\"", bare)
    # Arrow functions stood in braces, so that each `<` and `>` left is of a tag.
    shown += re.split(r"<[^>]*>", bare)
    for piece in shown:
        for word in re.findall(r"[^\W\d_]{2,}", piece):
            if word not in NO_WORDS:
                yield word


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_component_has_no_words_of_its_own(path: Path) -> None:
    assert not list(words_in(read(path)))


def test_words_between_tags_and_in_attributes_are_found() -> None:
    assert list(words_in('<p title="hover">{t("key")} there</p>')) == ["hover", "there"]
    assert not list(words_in('<script>const a = 1;</script><p class="x">{a ? "b" : {c: 1}}</p>'))


def test_nothing_built_is_tracked() -> None:
    assert not [
        path for path in tracked() if "web/built" in str(path) or "node_modules" in path.parts
    ]
