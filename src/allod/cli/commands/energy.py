"""The command that lives a site's year through: energy simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption

energy = typer.Typer(help="A site's power, cooling, heat and supply.", no_args_is_help=True)


@energy.command("simulate")
def simulate(  # noqa: PLR0913, PLR0917 -- one for each option
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Name of a site, or a YAML file with one.")
    ],
    weather: Annotated[
        list[Path],
        typer.Option(
            "--weather",
            metavar="FILE",
            help="EPW, PVGIS, Open-Meteo, TMY3 or CSV; several with --members.",
        ),
    ],
    load: Annotated[
        str,
        typer.Option(
            "--load",
            metavar="SHARE|FILE",
            help="Utilisation such as 0.8; a CSV with a column 'utilisation' or 'it_w'; or the "
            "table of jobs that 'allod replay --jobs' writes.",
        ),
    ] = "0.8",
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="What it assumes holds of the site."),
    ] = None,
    year: Annotated[
        int | None,
        typer.Option("--year", metavar="YEAR", help="For which a typical year shall stand."),
    ] = None,
    step: Annotated[
        str,
        typer.Option(
            "--step",
            metavar="TIME",
            help="Length of a step, such as 15min.",
            show_default="the weather's",
        ),
    ] = "",
    series: Annotated[
        list[str] | None,
        typer.Option(
            "--series",
            metavar="NAME=FILE[:COLUMN]",
            help="Share of its capacity that a contract or plant delivers; may be repeated.",
        ),
    ] = None,
    grid_carbon: Annotated[
        str,
        typer.Option(
            "--grid-carbon", metavar="FILE[:COLUMN]", help="Carbon of the public grid, g/kWh."
        ),
    ] = "",
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", help="Write every step there, .csv or .parquet."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")
    ] = None,
    members: Annotated[
        int,
        typer.Option(
            "--members",
            metavar="N",
            min=0,
            max=1_000_000,
            help="Draw N years: a weather file and a utilisation each; tells P10, P50, P90.",
        ),
    ] = 0,
    utilisation: Annotated[
        str,
        typer.Option("--utilisation", metavar="LOW..HIGH", help="What --members draws from."),
    ] = "0.5..0.95",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the dice.")] = 1,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Live a year of a site through: power, cooling, water, heat, and what of it is clean.

    Every figure is computed by the energy model; what the site does not tell is assumed, and
    said. All accelerators count that the phases name and nobody has cancelled.
    """
    from allod.cli import energy_simulating

    asked = energy_simulating.Asked(
        site=site,
        weather=weather,
        load=load,
        scenario=scenario,
        year=year,
        step=step,
        series=series or (),
        grid_carbon=grid_carbon,
        table=table,
        html=html,
        members=members,
        utilisation=utilisation,
        seed=seed,
        data=data,
    )
    energy_simulating.show(asked, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(energy, name="energy")
