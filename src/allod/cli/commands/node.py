"""Commands about the node itself: up, down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption
from allod.errors import InvalidInput


def up(
    example: Annotated[
        bool,
        typer.Option("--example", help="Give a new node the example sites, projects and work."),
    ] = False,
    world: Annotated[
        Path | None,
        typer.Option(
            "--world",
            metavar="FILE",
            help="With --example: the sites, projects and datasets of FILE, not its own.",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="ALLOD_DATABASE",
            help="PostgreSQL 15 or newer, such as postgresql://user@host/name.",
            show_default="its own, in the data folder",
        ),
    ] = "",
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Address to listen at; beyond this machine each request needs a token.",
            show_default="127.0.0.1",
        ),
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="Port to listen at; 0 takes any that is free.",
            show_default="7700, or the next that is free",
        ),
    ] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay until interrupted, and log to the terminal.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Start a node and print its address.

    It goes on when the terminal is closed; `allod down` stops it.

    Where one runs already on the data folder, say so and leave it as it is. What is not given
    here is read from `config.yaml` in the data folder, if there is one.
    """
    from allod.cli import up as starting
    from allod.cli.listening import Wanted

    if world is not None and not example:
        raise InvalidInput("--world is for --example", mend="add --example, or `allod apply` it")
    wanted = Wanted(data=data, database=database, host=host, port=port)
    if foreground:
        starting.in_foreground(wanted, example=example, world=world)
    else:
        starting.in_background(wanted, example=example, world=world, as_json=as_json)


def down(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Stop the node of the data folder.

    Work that runs goes on, and the node finds it again at its next start.
    """
    from allod.cli import down as stopping

    stopping.stop(data, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for command in (up, down):
        app.command()(command)
