"""docs/reference/reasons.md has every code of a reason, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from allod.decide.law import VERBS
from allod.decide.smallest_change import CHANGES

ROOT = Path(__file__).resolve().parents[2]
TREES = [ast.parse(path.read_text()) for path in sorted((ROOT / "src/allod/decide").rglob("*.py"))]
PAGE = ROOT / "docs/reference/reasons.md"


def takers() -> dict[str, int]:
    """Functions that are given a code: name, and place of `code` among their arguments."""
    found = {}
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [arg.arg for arg in node.args.args if arg.arg != "self"]
                if "code" in names:
                    found[node.name] = names.index("code")
    return found


def literals(node: ast.expr | None) -> Iterator[str]:
    """The texts that an expression may stand for; of a name, the calls of its function tell."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from literals(one)
            yield from literals(other)
        case ast.JoinedStr(
            values=[ast.FormattedValue(value=ast.Name(id="verb")), ast.Constant(value=rest)]
        ):
            yield from (f"{verb}{rest}" for verb in VERBS)
        case ast.JoinedStr():
            raise AssertionError(f"no test knows what {ast.unparse(node)} stands for")


def codes() -> set[str]:
    """Every code that a reason can have."""
    places = takers()
    found: set[str] = set()
    for tree in TREES:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            given = next((word.value for word in node.keywords if word.arg == "code"), None)
            place = places.get(called)
            if given is None and place is not None and place < len(node.args):
                given = node.args[place]
            found.update(literals(given))
    return found


def test_the_codes_are_found_in_the_source() -> None:
    found = codes()
    assert {"storage-not-permitted", "fact-unknown", "no-room", "envelope", "lent-room"} <= found
    assert len(found) > 30


def test_the_page_has_every_code_and_no_other() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert rows == codes()


def test_what_explain_knows_to_mend_is_a_code() -> None:
    assert set(CHANGES) <= codes()
