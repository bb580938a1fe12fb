"""The command about the log: decisions."""

from __future__ import annotations

from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption, LimitOption
from allod.cli.complete import workload_ids


def decisions(
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD",
            help="Only those about this workload.",
            autocompletion=workload_ids,
            show_default=False,
        ),
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as they are made, until interrupted.")
    ] = False,
    limit: LimitOption = 20,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List the last decisions with their reasons.

    The latest comes at the end.
    With --follow and --json each decision is one line.
    """
    from allod.cli import decisions as listing

    if follow:
        listing.follow(data, workload, as_json=as_json)
    else:
        listing.show_last(data, workload, limit=limit, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make this command of `app`."""
    app.command()(decisions)
