"""The commands that report to others than the operator: report sovereignty, energy, job."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption
from allod.cli.complete import workload_ids

report = typer.Typer(help="Reports for those who must be shown.", no_args_is_help=True)


@report.command("sovereignty")
def sovereignty(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SITE|WORKLOAD",
            help="Name of a site, or id of a workload, such as w12.",
            autocompletion=workload_ids,
        ),
    ],
    on: Annotated[
        datetime | None,
        typer.Option(
            "--on",
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="Day on which the facts must stand.",
            show_default="today, UTC",
        ),
    ] = None,
    home: Annotated[
        list[str] | None,
        typer.Option(
            "--home",
            metavar="COUNTRY",
            help="Country or area, such as NO or EU, whose law is home; may be repeated.",
            show_default="the site's country",
        ),
    ] = None,
    least_seal: Annotated[
        int,
        typer.Option("--least-seal", metavar="N", min=0, max=4, help="SEAL that is asked for."),
    ] = 2,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say how sovereign a site or a workload is, and how well that stands.

    Verdicts of four frameworks, layers, who can do what under which law; each line is proved,
    attested, declared or unknown. It may say no: exit status 0 if it could be made at all.
    """
    from allod.cli import statements

    query = {
        "on": on.date().isoformat() if on else None,
        "home": home or [],
        "least_seal": str(least_seal),  # 0 is a SEAL too, and no empty part of a query.
    }
    statements.show(data, subject, query, as_json=as_json)


@report.command("energy")
def energy(  # noqa: PLR0913, PLR0917 -- one for each option
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Name of a site, or a YAML file with one.")
    ],
    begin: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="Start, such as 2025-01-01; UTC if no zone."),
    ],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End, not included.")],
    step: Annotated[
        str, typer.Option("--step", metavar="TIME", help="Length of a step, such as 15min.")
    ] = "1h",
    readings: Annotated[
        list[Path] | None,
        typer.Option(
            "--readings",
            metavar="FILE",
            help="CSV or parquet file that a meter names, or a folder of them; may be repeated.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", metavar="FILE", help="Write the report as a PDF with plots."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Write the EU 2024/1364 record of a calendar year, as .json or .csv.",
        ),
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
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Report a site's energy, water, heat and carbon from its meters.

    Indicators, the EU 2024/1364 record, the German EnEfG test and what became of claims. A line
    whose data lack is refused and says what lacks: exit status 0 if a report could be made at all.
    """
    from allod.cli import energy_report

    asked = energy_report.Asked(
        site=site,
        begin=begin,
        end=end,
        step=step,
        readings=readings or (),
        html=html,
        pdf=pdf,
        record=record,
        certificates=certificates,
        allocations=allocations,
        data=data,
    )
    energy_report.show(asked, as_json=as_json)


@report.command("job")
def job(
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD",
            help="Id of a workload that has ended, such as w12.",
            autocompletion=workload_ids,
        ),
    ],
    readings: Annotated[
        list[Path] | None,
        typer.Option(
            "--readings",
            metavar="FILE",
            help="CSV or parquet file that a meter of its site names, or a folder of them; may be "
            "repeated.",
        ),
    ] = None,
    step: Annotated[
        str, typer.Option("--step", metavar="TIME", help="Length of a step of the meters.")
    ] = "15min",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Report what a workload drew at its nodes, and its part of its site's energy and water.

    By what the machines counted and by the site's meters while it ran, beside what was modelled. A
    figure whose data lack says what lacks: exit status 0 if a report could be made at all.
    """
    from allod.cli import job_report

    job_report.show(data, workload, step, readings or (), as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(report, name="report")
