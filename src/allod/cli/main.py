"""`allod`: all commands, and the one place where they begin and end.

Modules of commands import what they need inside each command, so that `allod --help` is at once.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, Final

import typer

from allod import __version__
from allod.cli import edge
from allod.cli.commands import (
    announced,
    audit,
    catalogue,
    decisions,
    documents,
    energy,
    evidence,
    keys,
    meters,
    node,
    replay,
    reports,
    services,
    tokens,
    workloads,
)
from allod.cli.narrowed import narrowed
from allod.cli.output import out

_OBJECTS_UNTIL_SEARCH: Final = 200_000


def _version(wanted: bool) -> None:
    if wanted:
        out(f"allod {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="allod",
    help="Plans a sovereign AI factory, places work on it under law, charter and power, and "
    "proves what ran where.",
    epilog="Exit status: 0 done, 1 it came out otherwise, 2 wrong input, 3 not found, 4 taken, "
    "5 not allowed, 6 cannot be reached, 7 refused, 8 no answer.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for module in (
    node,
    documents,
    workloads,
    decisions,
    evidence,
    audit,
    announced,
    reports,
    meters,
    energy,
    tokens,
    services,
    keys,
    replay,
    catalogue,
):
    module.add_to(app)


def run() -> None:
    """The program `allod`."""
    # Models and documents stay until a command ends: to search them for garbage again and again
    # as they are made would take a tenth of its time. A node has a rule of its own.
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_SEARCH, 50, 100)
    # Nor is every installed package asked whether it has a plugin that changes our models.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    sys.excepthook = edge.last_words
    asked = narrowed(app, sys.argv[1:])
    sys.exit(edge.perform(typer.main.get_command(asked), sys.argv[1:]))


if __name__ == "__main__":
    run()
