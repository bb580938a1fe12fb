"""The command that is asked for stands alone, and is the same as among all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from allod.cli.main import app
from allod.cli.narrowed import narrowed

ALL: Any = typer.main.get_command(app)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that is no group, by the words that it is called by."""
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


LEAVES = dict(leaves(ALL))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_command_alone_is_as_it_is_among_all(path: tuple[str, ...]) -> None:
    alone: Any = typer.main.get_command(narrowed(app, [*path, "--json", "x"]))
    found = dict(leaves(alone))
    assert list(found) == [path]
    for said in ("help", "name", "hidden", "epilog"):
        assert getattr(found[path], said) == getattr(LEAVES[path], said)
    assert [one.opts for one in found[path].params] == [one.opts for one in LEAVES[path].params]


@pytest.mark.parametrize("words", [(), ("--help",), ("queu",), ("--version", "queue")])
def test_what_names_no_command_keeps_all(words: tuple[str, ...]) -> None:
    assert narrowed(app, words) is app


@pytest.mark.parametrize("words", [("report",), ("report", "--help"), ("report", "roadmpa")])
def test_a_group_without_a_command_keeps_all_of_its_own(words: tuple[str, ...]) -> None:
    alone: Any = typer.main.get_command(narrowed(app, words))
    assert set(dict(leaves(alone))) == {path for path in LEAVES if path[0] == "report"}


def test_the_program_itself_keeps_all_of_its_commands() -> None:
    narrowed(app, ("report", "roadmap"))
    assert set(dict(leaves(typer.main.get_command(app)))) == set(LEAVES)
