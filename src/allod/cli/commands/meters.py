"""The command about meters that keep nothing themselves: meter read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption

meter = typer.Typer(help="Meters of a site.", no_args_is_help=True)


@meter.command("read")
def read(
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Name of a site, or a YAML file with one.")
    ],
    into: Annotated[
        Path,
        typer.Option("--into", metavar="DIR", help="Folder of the files METER.csv to append to."),
    ],
    login: Annotated[
        Path | None,
        typer.Option("--login", metavar="FILE", help="File with a line USER:PASSWORD."),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Read a site's Redfish meters now and append each reading to a file.

    Redfish tells only what is now, so have a timer call this. `allod report energy --readings DIR`
    takes the files. Exit status 6 if a service did not answer; the others are read all the same.
    """
    from allod.cli import meter_reading

    meter_reading.read(data, site, into, login, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(meter, name="meter")
