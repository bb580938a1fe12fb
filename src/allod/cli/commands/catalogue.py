"""Commands about the catalogue of announced systems: list, show, diff, check, import, export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import JsonOption

catalogue = typer.Typer(
    help="What was announced: sites, factories, antennas, calls.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A site's or other document's name.")]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="As it was known at the end of that day.",
        show_default="today, UTC",
    ),
]
From = Annotated[
    datetime,
    typer.Option("--from", metavar="DATE", formats=["%Y-%m-%d"], help="The earlier day."),
]
To = Annotated[
    datetime | None,
    typer.Option(
        "--to",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="The later day.",
        show_default="today, UTC",
    ),
]


@catalogue.command("list")
def catalogue_list(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Only of this kind.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List what is in the catalogue. It needs no node."""
    from allod.cli import catalogue as shown

    shown.show_list(kind, as_json=as_json)


@catalogue.command("show")
def catalogue_show(name: Name, at: At = None, as_json: JsonOption = False) -> None:
    """Show what was said of a site, antenna, mode, cluster or call by a day, with its sources."""
    from allod.cli import announced

    announced.show(name, at.date() if at else None, as_json=as_json)


@catalogue.command("diff")
def catalogue_diff(name: Name, begin: From, end: To = None, as_json: JsonOption = False) -> None:
    """Show what changed between two days in what was said: revisions of the plan."""
    from allod.cli import announced

    announced.diff(name, begin.date(), end.date() if end else None, as_json=as_json)


@catalogue.command("check")
def catalogue_check(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="A catalogue of your own, with its sources.yaml.",
            show_default="the one that comes with Allod",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a rule of the catalogue is broken; exit status 1 if one is."""
    from allod.cli import catalogue as shown

    shown.show_check(folder, as_json=as_json)


@catalogue.command("import")
def catalogue_import(
    facts: Annotated[Path, typer.Argument(metavar="FACTS", help="A YAML file of facts.")],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FOLDER",
            help="A catalogue of your own, with its sources.yaml and facts-record.json.",
            show_default="the one that comes with Allod",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Change the documents; else they are only compared.")
    ] = False,
    read: Annotated[
        bool,
        typer.Option("--read", help="With --write: all that is left to a person has been read."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a changed file of facts changes in the catalogue; --write carries it over.

    A value that changes keeps what it was as its history. What is told in free text is listed for
    a person to read, and never guessed. Nothing is written if a rule would not hold then.
    """
    from allod.cli import importing

    importing.show(importing.Asked(facts, into, write=write, read=read), as_json=as_json)


@catalogue.command("export")
def catalogue_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
) -> None:
    """Write the catalogue as JSON-LD, in the words of schema.org and DCAT."""
    from allod.cli import catalogue as shown

    shown.export(file)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(catalogue, name="catalogue")
