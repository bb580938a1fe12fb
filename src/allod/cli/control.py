"""Who controls a site: the chain of shares of each of its parties, in words and as a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from allod.catalogue.answers.control import SiteControl, control_of, network_control
from allod.catalogue.answers.days import known_on
from allod.cli import report_page
from allod.cli.announced import titles_of, today
from allod.cli.control_graph import graph
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.domain.holdings import seat
from allod.domain.party import Party
from allod.domain.site import Role, Site
from allod.errors import NotFound
from allod.plan.chain import UNKNOWN, Controlled
from allod.plan.known import Known

_PARTIES = (
    Column("party"),
    Column("roles", wraps=True),
    Column("seat"),
    Column("in control", wraps=True),
    Column("under the law of"),
    Column("foreign share", right=True),
)
#: Whose owners are drawn first.
_DRAWN = ("operator", "owner", "developer", "anchor-tenant")
_NETWORK = (
    Column("site"),
    Column("party"),
    Column("roles", wraps=True),
    Column("seat"),
    Column("under the law of"),
    Column("foreign share", right=True),
)
_HELD = (
    Column("of"),
    Column("held by"),
    Column("seat"),
    Column("share", right=True),
    Column("standing"),
    Column("source", wraps=True),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    name: str
    home: Sequence[str]
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print who controls the parties of a site, or write its page with the graph."""
    known = known_on(asked.on or today())
    try:
        found = control_of(known, asked.name, asked.home)
    except NotFound as no_site:
        _show_network(asked, known, no_site, as_json=as_json)
        return
    if asked.html:
        home = ", ".join(sorted(found.home)) or UNKNOWN
        title, subtitle = f"Who controls {found.site.title}", f"as known on {found.day}"
        report_page.write(asked.html, title, f"{subtitle}; home is {home}", _page(found, known))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        pairs([("site", found.site.title), ("as known on", found.day), *_operator(found.site)])
        out()
        table(_PARTIES, map(_party, found.parties), none="no party is named")
        out()
        table(_HELD, _held(found.parties, known), none="no owner is named")
        out()
        for line in _unknown(found.parties):
            out(line)


def _show_network(asked: Asked, known: Known, no_site: NotFound, *, as_json: bool) -> None:
    """Print the same of all sites of a region."""
    try:
        found = network_control(known, asked.name, asked.home)
    except NotFound as no_region:
        mend = f"{no_site.mend}; for a region, {no_region.mend}"
        raise NotFound(f"there is no site or region '{asked.name}'", mend=mend) from no_site
    rows = [row for site in found.sites for row in _of_site(site)]
    home = ", ".join(found.home) or "each site's own country"
    unknown = [site.name for site in found.sites if not site.site.operator.known]
    told = [f"operator unknown ({len(unknown)}): {', '.join(unknown)}"] if unknown else []
    if asked.html:
        title, subtitle = f"Who controls {found.title}", f"as known on {found.day}; home is {home}"
        sections = [report_page.table("Sites", _NETWORK, rows), report_page.words("Unknown", told)]
        report_page.write(asked.html, title, subtitle, sections)
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        pairs([("of", found.title), ("as known on", found.day), ("home is", home)])
        out()
        table(_NETWORK, rows, none="no site is there")
        out()
        for line in told:
            out(line)


def _of_site(found: SiteControl) -> Iterator[tuple[object, ...]]:
    """The owners, operators and developers of a site, a row each."""
    for one in found.parties:
        if set(one.roles) - {Role.ANCHOR_TENANT.value}:
            party, roles, seat_of, _, laws, foreign = _party(one)
            yield found.name, party, roles, seat_of, laws, foreign
    if not found.parties:
        yield found.name, UNKNOWN, "", UNKNOWN, UNKNOWN, UNKNOWN


def _operator(site: Site) -> Iterator[tuple[str, object]]:
    known = site.operator.value
    yield "operator", known or f"unknown ({site.operator.note or 'no source names it'})"


def _party(one: Controlled) -> tuple[object, ...]:
    low, high = one.foreign.known_bp / 100, one.foreign.possible_bp / 100
    return (
        one.party,
        ", ".join(one.roles),
        one.seat,
        ", ".join(item.party for item in one.control.controllers)
        + (" and perhaps others" if one.control.unknown else ""),
        ", ".join(one.laws),
        f"{low:g} %" if low == high else f"{low:g} to {high:g} %",
    )


def _held(found: Sequence[Controlled], known: Known) -> Iterator[tuple[object, ...]]:
    """Each share once, also where two parties have it in their chains."""
    shares = {(item.party, item.owner): item for one in found for item in one.held}
    for item in shares.values():
        yield (
            item.party,
            item.owner or "many small holders",
            seat(item.owner, known.parties).value or UNKNOWN if item.owner else "",
            UNKNOWN if item.share_bp is None else f"{item.share_bp / 100:g} %",
            item.standing,
            titles_of(item.source),
        )


def _unknown(found: Sequence[Controlled]) -> Iterator[str]:
    """What keeps us from being sure, once each."""
    gaps = {(gap.path, gap.why) for one in found for gap in one.control.unknown}
    for path, why in sorted(gaps):
        yield f"unknown: {path}: {why}"


def _page(found: SiteControl, known: Known) -> list[str]:
    seats = {name: _seat(party) for name, party in known.parties.items()}
    facts = [f"{name}: {value}" for name, value in _operator(found.site)]
    told = [one for one in found.parties if any(item.owner != UNKNOWN for item in one.held)]
    drawn = sorted(told, key=lambda one: min(map(_DRAWN.index, one.roles)))
    return [
        report_page.table("Parties", _PARTIES, map(_party, found.parties)),
        *(graph(one, seats) for one in drawn),
        report_page.table("Owners", _HELD, _held(found.parties, known)),
        report_page.words("What is not known", [*facts, *_unknown(found.parties)]),
    ]


def _seat(party: Party) -> str:
    return party.seat.value or UNKNOWN
