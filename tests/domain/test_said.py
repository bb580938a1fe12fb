"""Codes of what the node says: each is said somewhere, and with the values that it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.domain import said as module
from allod.domain.said import NEEDS, SAYINGS, Said, said

SOURCES = Path(module.__file__).resolve().parents[1]
#: A table of words by code: that a code has words does not say that anybody says it.
WORDS = "_WORDS"


def called(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "said"


def sources_of_codes(tree: ast.Module) -> Iterator[ast.AST]:
    """Where the codes that a module says stand: in calls of `said`, in what is assigned to `code`
    or looped over as such, and in the values of its tables. Codes are common words, so elsewhere
    they mean something else.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[first, *_]) if called(node):
                yield first
            case ast.Assign(targets=[target]) if "code" in names_in(target):
                yield node.value
            case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
                yield value
            case (
                ast.For(target=target, iter=looped) | ast.comprehension(target=target, iter=looped)
            ) if "code" in names_in(target):
                yield looped
    for top in tree.body:
        match top:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as table)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as table)
            ) if name != WORDS:
                yield from table.values


def names_in(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def codes_said() -> set[str]:
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in SOURCES.rglob("*.py")
        if path != Path(module.__file__).resolve()
    ]
    return {
        text.value
        for tree in trees
        if any(called(node) for node in ast.walk(tree))
        for source in sources_of_codes(tree)
        for text in ast.walk(source)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }


def test_each_code_is_said_somewhere() -> None:
    assert not SAYINGS.keys() - codes_said()


def test_a_word_that_is_no_code_there_is_not_taken_for_one() -> None:
    tree = ast.parse('_WORDS = {"wait": "wait"}\nplace(anchor="anchor")\nsaid("a" if b else "c")')
    found = {ast.unparse(source) for source in sources_of_codes(tree)}
    assert found == {"'a' if b else 'c'"}


def test_it_is_said_with_the_values_that_it_names() -> None:
    assert said("larger-grant", amount="8 accelerator-hours", project="a") == Said(
        "larger-grant", {"amount": "8 accelerator-hours", "project": "a"}
    )
    with pytest.raises(AssertionError, match="is said with"):
        said("larger-grant", project="a")
    with pytest.raises(KeyError):
        said("made-later")


def test_what_needs_a_person_is_among_all() -> None:
    assert NEEDS.items() <= SAYINGS.items()
