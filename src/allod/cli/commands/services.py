"""Commands about services: models behind the gateway."""

from __future__ import annotations

from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, Files, JsonOption

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which service.")]
service = typer.Typer(
    help="Services: models that projects call through the gateway.", no_args_is_help=True
)


@service.command("deploy")
def deploy(
    files: Files,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when as many replicas are ready as are kept.")
    ] = False,
    limit_s: Annotated[
        int, typer.Option("--for", metavar="SECONDS", min=1, help="Wait so long at most.")
    ] = 900,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Apply documents of services, and of what belongs to them.

    Exit status 1 if, with --wait, a replica failed or is not ready in time; it says why.
    """
    from allod.cli import service_deploy

    if not service_deploy.deploy(data, files, wait_s=limit_s if wait else 0, as_json=as_json):
        raise typer.Exit(1)


@service.command("list")
def show_list(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List services, their replicas and the calls that they have."""
    from allod.cli import services

    services.show_list(data, as_json=as_json)


@service.command("show")
def show(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show a service at each of its sites, and why it has no more replicas."""
    from allod.cli import services

    services.show(data, name, as_json=as_json)


@service.command("logs")
def logs(
    name: Name,
    replica: Annotated[
        str,
        typer.Option(
            "--replica", metavar="WORKLOAD", help="Which of them.", show_default="the latest"
        ),
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as it is written, until it has ended.")
    ] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="What it wrote to standard output instead.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Print what the engine of a replica has written to standard error."""
    from allod.cli import services

    stream = "stdout" if stdout else "stderr"
    services.logs(data, name, replica=replica, follow=follow, stream=stream, as_json=as_json)


@service.command("scale")
def scale(
    name: Name,
    least: Annotated[
        int | None,
        typer.Option("--min", metavar="N", min=0, help="Replicas kept also when nobody calls."),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--max", metavar="N", min=1, help="Most replicas.")
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say how many replicas there may be at each site; what is not given stays."""
    from allod.cli import services

    services.scale(data, name, least, most, as_json=as_json)


@service.command("remove")
def remove(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Offer a service no longer: its replicas end the calls that they have, then themselves."""
    from allod.cli import documents

    documents.remove(data, "Service", name, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(service, name="service")
