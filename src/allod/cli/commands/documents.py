"""Commands about the described world: apply, remove, document, site, project, dataset, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.catalogue import At, From, To
from allod.cli.commands.options import DATA_DEFAULT, DataOption, Files, JsonOption

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="Kind of document, such as Site or project.")
]


def apply(
    files: Files,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make the documents in files hold.

    They describe sites, charters, parties, projects, datasets and scenarios. All of them hold
    from then on or, if one is wrong, none.
    """
    from allod.cli import documents

    documents.apply(data, files, dry_run=dry_run, as_json=as_json)


def remove(
    kind: Kind, name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Let a document no longer hold.

    Refused while something else needs it.
    """
    from allod.cli import documents

    documents.remove(data, kind, name, as_json=as_json)


def schema(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Kind of document, such as Site; or 'all'.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a kind of documents.

    It needs no node, and is JSON with and without --json. An editor that has it checks documents
    as they are written.
    """
    from allod.cli import documents

    documents.schema(kind)


document = typer.Typer(help="The documents that hold now.", no_args_is_help=True)


@document.command("list")
def document_list(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="Only of this kind.", show_default=False),
    ] = "",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List documents by kind and name."""
    from allod.cli import documents

    documents.show_list(data, kind, as_json=as_json)


@document.command("show")
def document_show(
    kind: Kind, name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Print a document as YAML that `allod apply` reads."""
    from allod.cli import documents

    documents.show(data, kind, name, as_json=as_json)


site = typer.Typer(help="Sites: capacity, power and classes now.", no_args_is_help=True)


@site.command("list")
def site_list(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List sites with room and power in use."""
    from allod.cli import sites

    sites.show_list(data, as_json=as_json)


@site.command("show")
def site_show(
    name: Name, at: At = None, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Show a site: facts, power, pools and classes.

    With --at, what was announced of it by that day, from the catalogue; that needs no node.
    """
    from allod.cli import announced, sites

    if at:
        announced.show(name, at.date(), as_json=as_json)
    else:
        sites.show(data, name, as_json=as_json)


@site.command("diff")
def site_diff(name: Name, begin: From, end: To = None, as_json: JsonOption = False) -> None:
    """Show what changed between two days in what was announced of a site; it needs no node."""
    from allod.cli import announced

    announced.diff(name, begin.date(), end.date() if end else None, as_json=as_json)


@site.command("check")
def site_check(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Connect to a site's cluster and say what works, and how to mend what does not.

    Nothing is changed there. Exit status: 0 if nothing fails, 1 else; a warning is no failure.
    """
    from allod.cli import sites

    sites.check(data, name, as_json=as_json)


@site.command("forecast")
def site_forecast(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: the forecast.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be decided, and change nothing.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give a forecast of a site's weather and supply; it replaces the one before.

    Where the site has a cooling model, what its envelope leaves for IT follows from it.
    """
    from allod.cli import foresight

    foresight.forecast(data, name, file, dry_run=dry_run, as_json=as_json)


@site.command("curtail")
def site_curtail(  # noqa: PLR0913, PLR0917 -- one for each option
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="POWER", help="At the meter, such as 30MW.")],
    starts: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601, UTC.")],
    ends: Annotated[str, typer.Option("--until", metavar="TIME", help="ISO 8601, UTC.")],
    path: Annotated[
        str, typer.Option("--at", metavar="NODE", help="site, halls.NAME or pools.NAME.")
    ] = "site",
    call: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the call goes by.")
    ] = "curtailment",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="For people.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the shed plan, and change nothing.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Let a site, hall or pool draw less for a time, and show what gives way for it.

    A later call of the same name replaces it; one that is over at once takes it back.
    """
    from allod.cli import foresight

    told = {
        "name": call,
        "path": path,
        "power_w": to,
        "starts": starts,
        "ends": ends,
        "reason": reason,
    }
    foresight.curtail(data, name, told, dry_run=dry_run, as_json=as_json)


project = typer.Typer(
    help="Projects: who asks, and the grants given to them.", no_args_is_help=True
)


@project.command("list")
def project_list(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List projects."""
    from allod.cli import projects

    projects.list_projects(data, as_json=as_json)


@project.command("show")
def project_show(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Print a project as YAML that `allod apply` reads."""
    from allod.cli import documents

    documents.show(data, "Project", name, as_json=as_json)


@project.command("grants")
def project_grants(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List grants, and what of them is used, committed and left.

    Use is computed from accelerators and wall times, as the node lets work in by it. Grants that
    hold at one time are used as one; what all of them come to stands in the line 'together'.
    """
    from allod.cli import projects

    projects.list_grants(data, as_json=as_json)


dataset = typer.Typer(help="Datasets, and where the law lets them be.", no_args_is_help=True)


@dataset.command("list")
def dataset_list(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List datasets with their rules."""
    from allod.cli import projects

    projects.list_datasets(data, as_json=as_json)


@dataset.command("show")
def dataset_show(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Print a dataset as YAML that `allod apply` reads."""
    from allod.cli import documents

    documents.show(data, "Dataset", name, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for command in (apply, remove):
        app.command()(command)
    groups = {"site": site, "project": project, "dataset": dataset, "document": document}
    for name, group in groups.items():
        app.add_typer(group, name=name)
    app.command()(schema)
