"""Where a project may turn: modes with their clocks, the desk at home, and all sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.find import find_for
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.cli.reading import read_all
from allod.plan.find import Answer

_MODES = (
    Column("access mode"),
    Column("open to you"),
    Column("clock", wraps=True),
    Column("why not, or what to clear up", wraps=True),
)
_SITES = (
    Column("site"),
    Column("law of"),
    Column("modes", wraps=True),
    Column("classes", wraps=True),
    Column("serves now by", wraps=True),
    Column("why not", wraps=True),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    project: Path
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print where the project of a file may turn.

    Raises:
        InvalidInput, InvalidDocument: It cannot be read, holds no project, or several.
    """
    documents = read_all([asked.project])
    found = find_for(known_on(asked.on or today()), documents, str(asked.project))
    answer = found.answer
    if asked.html:
        title, subtitle = f"Where {found.project} may turn", f"as known on {found.day}"
        report_page.write(asked.html, title, subtitle, _page(answer))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        head = [("project", found.project), ("country", answer.country)]
        pairs([*head, ("as known on", found.day)])
        for line in _home(answer):
            out(line)
        out()
        table(_MODES, _modes(answer), none="no access mode is known")
        out()
        table(_SITES, _sites(answer), none="no site is known")
        out()
        out("working days are Monday to Friday; public holidays are not counted out")


def _home(answer: Answer) -> Iterator[str]:
    for one in answer.antennas:
        yield f"desk at home: {one.title} ({one.antenna}), bound to {', '.join(one.hosts)}"


def _modes(answer: Answer) -> Iterator[tuple[object, ...]]:
    for one in sorted(answer.modes, key=lambda mode: not mode.fits):
        fits = "no" if one.why_not else "to be cleared up" if one.unknown else "yes"
        yield one.title, fits, one.clock.words, "; ".join((*one.why_not, *one.unknown))


def _sites(answer: Answer) -> Iterator[tuple[object, ...]]:
    for one in answer.sites:
        near = " (near)" if one.near else ""
        yield (
            one.site + near,
            one.country,
            ", ".join(one.modes),
            ", ".join(one.classes) + (f" ({one.charter})" if one.charter else ""),
            one.serves_now,
            "; ".join(one.why_not),
        )


def _page(answer: Answer) -> list[str]:
    return [
        report_page.words("At home", list(_home(answer)) or ["no antenna is known there"]),
        report_page.table("Access modes", _MODES, _modes(answer)),
        report_page.table("Sites", _SITES, _sites(answer)),
    ]
