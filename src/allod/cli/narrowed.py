"""The one command that is asked for: typer reads the signatures of all that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import typer
from typer.models import CommandInfo


def narrowed(app: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """`app` with the command alone that `words` begin with.

    All of it where they name none: its help and its suggestions need the others.
    """
    word = words[0] if words else ""
    commands = [one for one in app.registered_commands if _name(one) == word]
    groups = [copy(one) for one in app.registered_groups if one.name == word]
    if not commands and not groups:
        return app
    for group in groups:
        assert group.typer_instance is not None  # typer adds no group without its commands.
        group.typer_instance = narrowed(group.typer_instance, words[1:])
    alone = copy(app)
    alone.registered_commands, alone.registered_groups = commands, groups
    return alone


def _name(command: CommandInfo) -> str:
    """What it is called: a function's name, if it was not given one."""
    made = getattr(command.callback, "__name__", "").replace("_", "-")
    return command.name or made
