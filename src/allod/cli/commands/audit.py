"""Commands for an auditor: audit, log section."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.evidence import log
from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption


def audit(
    site: Annotated[str, typer.Option("--site", metavar="NAME", help="The site.")],
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="DATE", help="A day, which means its end, or a time: 2026-12-31T06:00Z."
        ),
    ],
    receipts: Annotated[
        Path | None,
        typer.Option(
            "--receipts",
            metavar="FOLDER",
            help="Write a receipt there for each placement, refusal and reclaim that is named.",
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say what ran at a site at an instant, under whose control, and which floors held.

    Also what was refused and what was reclaimed in the 24 hours before. All of it follows from
    the log up to that instant; each line names its leaf.
    """
    from allod.cli import audit as auditing

    auditing.show(data, site, at, receipts, as_json=as_json)


@log.command("section")
def log_section(
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Write it there.")],
    until: Annotated[
        int | None,
        typer.Option(
            "--until",
            metavar="SIZE",
            min=1,
            help="Up to the first checkpoint of at least SIZE entries.",
            show_default="the newest",
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write all that the log says, in the open, for someone who is to check every decision.

    From the first entry up to a checkpoint; `allod verify --replay` verifies it. Whoever has it
    can read all that ran here, and can recognise what the log says later of the same workloads.
    It needs the role admin, and becomes a record of the log before the first byte is out.
    """
    from allod.cli import sections

    sections.take(data, output, until, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`; `log section` is one of `log` already."""
    app.command()(audit)
