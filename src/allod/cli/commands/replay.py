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
    as_json: JsonOption = False,
) -> None:
    """Live through a trace of jobs, by the rules that decide live.

    Reports waits, use, floors, power and refusals by class and site.
    """
    from allod.cli import replaying

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
        ),
        as_json=as_json,
    )


def add_to(app: typer.Typer) -> None:
    """Make this command of `app`."""
    app.command()(replay)
