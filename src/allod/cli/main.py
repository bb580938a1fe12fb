"""`allod`: all commands, and the one place where they begin and end.

Modules of commands import what they need inside each command, so that `allod --help` is at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

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
    meters,
    node,
    replay,
    reports,
    tokens,
    workloads,
)
from allod.cli.output import out


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
    replay,
    catalogue,
):
    module.add_to(app)


def run() -> None:
    """The program `allod`."""
    sys.excepthook = edge.last_words
    sys.exit(edge.perform(typer.main.get_command(app), sys.argv[1:]))


if __name__ == "__main__":
    run()
