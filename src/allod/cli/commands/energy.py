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
            help="Share of its capacity that a contract or plant delivers; may be repeated, with "
            "--members also for each weather.",
        ),
    ] = None,
    carbon: Annotated[
        str,
        typer.Option(
            "--carbon",
            metavar="FILE[:COLUMN]",
            help="The public grid's carbon and carbon-free share, by Electricity Maps or plain; "
            "with COLUMN that one alone, in g/kWh.",
        ),
    ] = "",
    residual: Annotated[
        float | None,
        typer.Option(
            "--residual",
            metavar="G_PER_KWH",
            help="Carbon of the residual mix, for market-based carbon.",
        ),
    ] = None,
    price: Annotated[
        Path | None,
        typer.Option("--price", metavar="FILE", help="Day-ahead prices, for the cost of energy."),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(
            "--certificates", metavar="FILE", help="Guarantees of origin, CSV; each counts once."
        ),
    ] = None,
    allocations: Annotated[
        Path | None,
        typer.Option(
            "--allocations",
            metavar="FILE",
            help="What was spent of the certificates, of all sites and times; is read and added "
            "to.",
        ),
    ] = None,
    flexible: Annotated[
        str,
        typer.Option(
            "--flexible",
            metavar="SHARE:TIME",
            help="Share of what the site draws that may wait, and how long, such as 0.2:6h.",
        ),
    ] = "",
    shift_by: Annotated[
        str,
        typer.Option(
            "--shift-by",
            metavar="SIGNAL:LOW..HIGH",
            help="Price or carbon: up to LOW the battery is charged from the grid and what may "
            "wait runs; from HIGH on the battery gives. Default: by surplus alone.",
        ),
    ] = "",
    table: Annotated[
        Path | None,
        typer.Option(
            "--table", metavar="FILE", help="Write every step, or member, there, .csv or .parquet."
        ),
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
            help="Draw N years, a weather and a load each; tells P10, P50 and P90.",
        ),
    ] = 0,
    load_factor: Annotated[
        str,
        typer.Option(
            "--load-factor",
            metavar="LOW..HIGH",
            help="With --members: a year's load above idle, times that of --load, drawn evenly; "
            "LOW..LIKELY..HIGH in a triangle.",
            show_default="0.9..1.1",
        ),
    ] = "",
    utilisation: Annotated[
        str,
        typer.Option(
            "--utilisation",
            metavar="LOW..HIGH",
            help="In its place: a year's mean utilisation; --load gives its shape.",
        ),
    ] = "",
    blocks: Annotated[
        str,
        typer.Option(
            "--blocks",
            metavar="TIME",
            help="With --members: put years together from blocks such as 14d, each of one of the "
            "weathers.",
            show_default="whole years",
        ),
    ] = "",
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
        carbon=carbon,
        residual=residual,
        price=price,
        certificates=certificates,
        allocations=allocations,
        flexible=flexible,
        shift_by=shift_by,
        table=table,
        html=html,
        members=members,
        utilisation=utilisation,
        load_factor=load_factor,
        blocks=blocks,
        seed=seed,
        data=data,
    )
    energy_simulating.show(asked, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(energy, name="energy")
