"""On whom sites depend: vendors by layer with their seats, how concentrated, what a loss takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.dependencies import Question, dependencies_of
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.cli.words import power
from allod.domain.holdings import WHOLE_BP
from allod.domain.site import Site
from allod.plan.concentration import UNKNOWN, Layer, Loss
from allod.plan.roadmap import announced_w
from allod.run.supplies import supplies_of

_LAYERS = (
    Column("layer"),
    Column("known of", right=True),
    Column("suppliers", wraps=True),
    Column("seats", wraps=True),
    Column("index by party", right=True),
    Column("index by country", right=True),
)
_LOSS = (
    Column("layer"),
    Column("sites that have some of it", wraps=True),
    Column("their announced power", right=True),
    Column("sites that have all of it", wraps=True),
    Column("not known of", right=True),
)
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    of: Question
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print the layers of a site or of many, and what a loss would take."""
    found = dependencies_of(known_on(asked.on or today()), asked.of, supplies_of)
    gone, sites = found.loss, found.sites
    if asked.html:
        subtitle = f"as known on {found.day}; {len(sites)} sites, each with the same weight"
        sections = _page(found.layers, gone, sites)
        report_page.write(asked.html, f"On whom {found.title} depends", subtitle, sections)
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        pairs([("of", found.title), ("sites", len(sites)), ("as known on", found.day)])
        out()
        table(_LAYERS, map(_row, found.layers), none="no site is there")
        if gone:
            out()
            out(f"without {gone.name}:")
            table(_LOSS, _losses(gone, sites), none=f"nothing known depends on {gone.name}")


def _row(layer: Layer) -> tuple[object, ...]:
    named = f"; named without a share: {', '.join(layer.named)}" if layer.named else ""
    return (
        layer.layer,
        f"{layer.known_sites} of {layer.sites}",
        _shares(layer.parties) + named,
        _shares(layer.countries),
        _range(layer.party_index),
        _range(layer.country_index),
    )


def _shares(shares: Sequence[tuple[str, int]]) -> str:
    shown = [
        f"{'unknown' if name == UNKNOWN else name} {bp / 100:.3g} %" for name, bp in shares[:_SHOWN]
    ]
    more = f" and {len(shares) - _SHOWN} more" if len(shares) > _SHOWN else ""
    return ", ".join(shown) + more


def _range(bounds: tuple[int, int]) -> str:
    least, most = bounds
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _losses(gone: Loss, sites: Mapping[str, Site]) -> Iterator[tuple[object, ...]]:
    for layer in dict.fromkeys((*gone.by_layer, *gone.open)):
        some, whole = gone.by_layer.get(layer, ()), gone.wholly.get(layer, ())
        yield (
            layer,
            f"{len(some)}: {', '.join(some)}" if some else "none known",
            _power([sites[name] for name in some]),
            f"{len(whole)}: {', '.join(whole)}" if whole else "none known",
            gone.open.get(layer, 0),
        )


def _power(sites: Sequence[Site]) -> str:
    """Their announced power, and of how many it is not known."""
    told = [announced_w(site) for site in sites]
    known = [power_w for power_w in told if power_w is not None]
    more = f" and {len(told) - len(known)} unknown" if len(known) < len(told) else ""
    return f"{power(sum(known))}{more}" if known else "unknown" if told else ""


def _page(found: Sequence[Layer], gone: Loss | None, sites: Mapping[str, Site]) -> list[str]:
    sections = [
        _bars(found),
        report_page.table("Layers", _LAYERS, map(_row, found)),
        report_page.words(
            "How to read it",
            [
                "The index is the Herfindahl-Hirschman index: 10,000 is one supplier alone, above "
                "2,500 counts as highly concentrated.",
                "What is not known makes a range: in countless hands, or all in the largest.",
            ],
        ),
    ]
    if gone:
        sections.append(report_page.table(f"Without {gone.name}", _LOSS, _losses(gone, sites)))
    return sections


def _bars(found: Sequence[Layer]) -> str:
    """Shares by country of each layer as bars; what is not known stays grey."""
    countries = sorted({name for layer in found for name, _ in layer.countries if name != UNKNOWN})
    paint = {name: f"s{i % 8}" for i, name in enumerate(countries)} | {UNKNOWN: "unknown"}
    rows = []
    for place, layer in enumerate(found):
        x, y = 90.0, 8 + place * 30
        rows.append(f'<text class="mark" x="80" y="{y + 15}">{layer.layer}</text>')
        for name, bp in layer.countries:
            wide = bp / WHOLE_BP * 650
            rows.append(
                f'<rect class="{paint[name]}" x="{x:.1f}" y="{y}" width="{wide:.1f}" height="20">'
                f"<title>{name} {bp / 100:g} %</title></rect>"
            )
            if wide > 24 and name != UNKNOWN:
                rows.append(
                    f'<text x="{x + wide / 2:.1f}" y="{y + 14}" text-anchor="middle" '
                    f'font-size="11" fill="#fff">{name}</text>'
                )
            x += wide
    return (
        '<figure class="plot"><figcaption><b>Suppliers by seat</b><ul class="legend">'
        "<li>grey: not known</li></ul></figcaption>"
        f'<svg viewBox="0 0 760 {len(found) * 30 + 10}" role="img"><title>Suppliers by seat</title>'
        f"<desc>share of each layer by the country of its suppliers</desc>{''.join(rows)}</svg>"
        "</figure>"
    )
