"""Commands about keys of projects, and about what was called with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which key, as `allod key list` has it.")]
key = typer.Typer(help="Keys: by which projects call services.", no_args_is_help=True)


@key.command("new")
def new(  # noqa: PLR0913, PLR0917  (one option for each thing that a key may be told)
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Whose key it is.")],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What it is called.", show_default="PROJECT-N"),
    ] = "",
    requests_per_min: Annotated[
        int | None,
        typer.Option("--requests-per-min", metavar="N", min=1, help="Calls begun in a minute."),
    ] = None,
    tokens_per_min: Annotated[
        int | None,
        typer.Option(
            "--tokens-per-min", metavar="N", min=1, help="Of prompts and answers in a minute."
        ),
    ] = None,
    in_flight: Annotated[
        int | None, typer.Option("--in-flight", metavar="N", min=1, help="Calls open at once.")
    ] = None,
    expires: Annotated[
        str,
        typer.Option("--expires", metavar="WHEN", help="Day or time from which it opens nothing."),
    ] = "",
    services: Annotated[
        str,
        typer.Option(
            "--services", metavar="NAMES", help="Services that it may call, with commas between."
        ),
    ] = "",
    access_class: Annotated[
        str, typer.Option("--class", metavar="NAME", help="The class that its calls go under.")
    ] = "",
    residency: Annotated[
        Path | None,
        typer.Option(
            "--residency", metavar="FILE", help="A rule of its own on where its calls may go, YAML."
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a key for a project and print its secret.

    It is shown this once: the node keeps only a hash of it. Limits that are not given are none.
    """
    from allod.cli import keys

    wanted = {
        "project": project,
        "name": name,
        "requests_per_min": requests_per_min,
        "tokens_per_min": tokens_per_min,
        "in_flight_max": in_flight,
        "expires": expires,
        "services": [part.strip() for part in services.split(",") if part.strip()],
        "access_class": access_class,
    }
    keys.new(data, wanted, residency, as_json=as_json)


@key.command("list")
def show_list(
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="Of a project.")] = "",
    revoked: Annotated[
        bool, typer.Option("--revoked", help="Those that were revoked too.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List keys, without their secrets."""
    from allod.cli import keys

    keys.show_list(data, project=project, revoked=revoked, as_json=as_json)


@key.command("revoke")
def revoke(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Let a key open nothing any more."""
    from allod.cli import keys

    keys.revoke(data, name, as_json=as_json)


@key.command("content")
def content(
    name: Name,
    state: Annotated[str, typer.Argument(metavar="on|off", help="Log it, or no longer.")],
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Have what a key's calls say logged for its project, or no longer.

    It is logged nowhere otherwise. For the project, with the key itself as ALLOD_TOKEN, or an
    admin; either is an act in the log.
    """
    from allod.cli import keys

    keys.content(data, name, state, as_json=as_json)


def usage(
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="project, key, service, model, site, class, batch or day; more than once to "
            "divide further.",
            show_default="project",
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="Calls from this day or time on.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="WHEN", help="Calls before this day or time.")
    ] = "",
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="Of a project.")] = "",
    service: Annotated[str, typer.Option("--service", metavar="NAME", help="Of a service.")] = "",
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Say instead whether the energy of all calls is what the meters counted; exit "
            "status 1 if not.",
        ),
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say what was called: tokens, energy and carbon."""
    from allod.cli import usage as one

    if check:
        one.check(data, as_json=as_json)
        return
    where = {"since": since, "until": until, "project": project, "service": service}
    one.show(data, by or ["project"], where, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(key, name="key")
    app.command()(usage)
