"""The command that lives through a trace or a log: replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import JsonOption


def replay(  # noqa: PLR0913, PLR0917 -- one for each option
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRACE", help="A file of jobs; its format is found out.", show_default=False
        ),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="The world: its documents and mapping."),
    ] = None,
    pool: Annotated[
        int | None,
        typer.Option(
            "--pool",
            metavar="N",
            min=1,
            help="In place of a scenario: N equal accelerators, no law, charter or power.",
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="NAME",
            help="charter, easy or fcfs.",
            show_default="the scenario's, or easy with --pool",
        ),
    ] = None,
    begin: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Only jobs submitted from then on: seconds of the trace's clock, 2d, or a date.",
        ),
    ] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="TIME", help="Only jobs submitted before then.")
    ] = "",
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, help="Deals the trace's users out to projects."),
    ] = 0,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="swf, helios, philly, alibaba-pai, alibaba-openb, alibaba-dlrm, arrivals, allod.",
            show_default="found out",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a broken line; otherwise they are counted.")
    ] = False,
    jobs: Annotated[
        Path | None,
        typer.Option("--jobs", metavar="FILE", help="Write every job there (.csv or .parquet)."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with plots there."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Live through it again event by event, and write the log of that there.",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="PATH",
            help="In place of a trace: a log that --record wrote, or a node's data folder.",
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="ALLOD_DATABASE",
            help="With --log DATA: the database that `allod up` was given with --database.",
            show_default="what the data folder says",
        ),
    ] = "",
    weather: Annotated[
        list[str] | None,
        typer.Option(
            "--weather",
            metavar="SITE=FILE",
            help="Tell the site forecasts of this weather: EPW, PVGIS, Open-Meteo, TMY3 or CSV; "
            "may be repeated.",
        ),
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            "--series",
            metavar="SITE.NAME=FILE[:COLUMN]",
            help="Share of its capacity that a contract or plant of the site delivers; may be "
            "repeated.",
        ),
    ] = None,
    grid_carbon: Annotated[
        list[str] | None,
        typer.Option(
            "--grid-carbon",
            metavar="SITE=FILE[:COLUMN]",
            help="Carbon of the public grid at the site, g/kWh; may be repeated.",
        ),
    ] = None,
    weather_year: Annotated[
        int | None,
        typer.Option(
            "--weather-year", metavar="YEAR", help="For which a typical year of --weather stands."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Live through a trace or a log, by the rules that decide live.

    Of a trace it reports waits, use, floors, power and refusals by class and site. Of a log it
    makes every decision again and compares: exit status 1 if one is not the same, byte for byte.
    With --weather sites are told forecasts as the scenario says, and its calls for less power.
    """
    from allod.cli import replaying, replaying_log

    if log is not None:
        others = {"TRACE": trace, "--scenario": scenario, "--pool": pool, "--policy": policy}
        replaying_log.check_alone([name for name, given in others.items() if given is not None])
        replaying_log.again(log, database=database, as_json=as_json)
        return
    replaying.trace(
        replaying.Asked(
            trace=trace,
            scenario=scenario,
            pool=pool,
            policy=policy,
            begin=begin,
            end=end,
            seed=seed,
            format=format,
            strict=strict,
            jobs=jobs,
            html=html,
            record=record,
            weather=weather or (),
            series=series or (),
            grid_carbon=grid_carbon or (),
            weather_year=weather_year,
        ),
        as_json=as_json,
    )


def add_to(app: typer.Typer) -> None:
    """Make this command of `app`."""
    app.command()(replay)
