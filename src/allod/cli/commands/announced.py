"""Reports over what was announced; they need no node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.catalogue import At
from allod.cli.commands.options import JsonOption
from allod.cli.commands.reports import report

HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a page with pictures.")
]
RegionOption = Annotated[
    str,
    typer.Option(
        "--region",
        metavar="REGION",
        help="A cluster such as hauts-de-france, a country or an area such as nordics.",
        show_default="all sites",
    ),
]


@report.command("roadmap")
def roadmap(
    region: RegionOption = "",
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show power and accelerators over time: announced, granted and live, and a cluster's target.

    Nothing unknown is counted; it is named.
    """
    from allod.cli import roadmap as shown

    shown.show(shown.Asked(region, at.date() if at else None, html), as_json=as_json)


@report.command("control")
def control(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A site, or a cluster, country or area.")
    ],
    home: Annotated[
        list[str] | None,
        typer.Option(
            "--home",
            metavar="COUNTRY",
            help="Country or area, such as NO or EU, that is not foreign; may be repeated.",
            show_default="the site's country",
        ),
    ] = None,
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who owns and controls the parties of a site, up to the last owner that is known.

    Who is in control, under which law, and how much is in foreign hands at least and at most.
    """
    from allod.cli import control as shown

    asked = shown.Asked(name, home or (), at.date() if at else None, html)
    shown.show(asked, as_json=as_json)


@report.command("dependencies")
def dependencies(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A site of the catalogue.", show_default="all sites"),
    ] = "",
    network: Annotated[
        str,
        typer.Option(
            "--network",
            metavar="REGION",
            help="Over all sites of a cluster such as ai-factories, a country or an area.",
            show_default=False,
        ),
    ] = "",
    without: Annotated[
        str,
        typer.Option(
            "--without",
            metavar="VENDOR|COUNTRY",
            help="Say what its loss would take away.",
            show_default=False,
        ),
    ] = "",
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show on whom a site or a network depends, from the chip to the owner and the energy.

    Vendors with their seats, how concentrated each layer is, and what is not known of it.
    """
    from allod.catalogue.answers.dependencies import Question
    from allod.cli import dependencies as shown

    of = Question(site=name, region=network, without=without)
    asked = shown.Asked(of, at.date() if at else None, html)
    shown.show(asked, as_json=as_json)


@report.command("claims")
def claims(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A site, or a cluster, country or area.")
    ],
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was claimed, by whom and when, and what became of it.

    Each claim is open, kept, missed, changed or not testable, beside its baseline or that it has
    none, and what is known today.
    """
    from allod.cli import claims as shown

    shown.show(shown.Asked(name, at.date() if at else None, html), as_json=as_json)


@report.command("ledger")
def ledger(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A site, or a cluster, country or area, an antenna or a call."
        ),
    ],
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show money by state and payer, jobs, what is owed in return, and objections with answers.

    Sums are of one currency each, without the parts of a sum; nothing unknown is counted.
    """
    from allod.cli import ledger as shown

    shown.show(shown.Asked(name, at.date() if at else None, html), as_json=as_json)


@report.command("find")
def find(
    project: Annotated[
        Path,
        typer.Option("--for", metavar="PROJECT.yaml", help="A Project, with what it asks for."),
    ],
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show to which factory, antenna or site an applicant may turn, and why not to the others.

    Each access mode with its clock: the next cut-off, and the day by which access is there.
    """
    from allod.cli import find as shown

    shown.show(shown.Asked(project, at.date() if at else None, html), as_json=as_json)


@report.command("regions")
def regions(
    region: RegionOption = "",
    at: At = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show capacity per state, area and head, the EU's cohesion states, and who may use what.

    The page has the network as a map. People and outlines are Natural Earth's, read offline.
    """
    from allod.cli import regions as shown

    shown.show(shown.Asked(region, at.date() if at else None, html), as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Nothing: its commands are of `report`, which is one of `app` already."""
