"""The page of the regions: what it comes to, the map, bars per head, the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import sqrt

from allod.catalogue.answers.regions import Regions
from allod.catalogue.countries import Atlas
from allod.cli import regions, report_page
from allod.cli.regions_map import Scene, picture, unplaced
from allod.cli.words import power
from allod.domain.areas import AREAS
from allod.plan.cohesion import SUPPORTED, UNION, Cohesion, Measure
from allod.plan.known import Known
from allod.plan.regions import Part
from allod.plan.roadmap import maturity_of

_BARS = 16


def sections(made: Regions, known: Known, world: Atlas) -> list[str]:
    """All sections of the page, as HTML."""
    names = {code: one.name for code, one in world.countries.items()}
    shown = [
        _tiles(made, names),
        picture(_scene(made, known, world), world),
        report_page.words("What the map leaves out", _left_out(made, known)),
    ]
    if made.cohesion:
        shown += [
            _quotients(made.cohesion),
            _scroll(
                report_page.table(
                    "The EU's cohesion states against the others",
                    regions.COHESION,
                    map(regions.measure_row, made.cohesion.measures),
                )
            ),
            report_page.words("How to read it", regions.cohesion_words(made.cohesion)),
        ]
    parts = ((names.get(one.name, one.name), one) for one in made.states)
    rows = [(name, *regions.part_row(one)[1:]) for name, one in sorted(parts, key=lambda x: x[0])]
    areas = [
        (AREAS[one.name].title if one.name in AREAS else one.name, *regions.part_row(one)[1:])
        for one in made.areas
    ]
    access = [
        (names.get(one.country, one.country), *regions.access_row(one)[1:]) for one in made.access
    ]
    return [
        *shown,
        _per_head(made.states, names),
        _scroll(report_page.table("States", regions.PARTS, rows)),
        _scroll(report_page.table("Areas", regions.PARTS, areas)),
        _scroll(
            report_page.table(
                "Regions of states", regions.REGIONS, regions.region_rows(made.regions)
            )
        ),
        _scroll(report_page.table("Who may use what", regions.ACCESS, sorted(access))),
        report_page.words("Access modes", regions.mode_words(made.access)),
        report_page.words("What is not known", regions.unknown_words(made)),
    ]


def _scroll(text: str) -> str:
    return f'<div class="scroll">{text}</div>'


def _scene(made: Regions, known: Known, world: Atlas) -> Scene:
    sites = {
        name: site for name, site in made.region.sites.items() if maturity_of(site) != "cancelled"
    }
    desks = {name: known.antennas[name] for one in made.states for name in one.antennas}
    if not made.region.cluster:  # Where the users of the Antennas there go may be elsewhere.
        bound = {host.value for desk in desks.values() for host in desk.hosts}
        sites |= {name: site for name, site in known.sites.items() if name in bound}
    union = AREAS[UNION].countries
    land = {}
    for one in made.states:
        if one.hosts:
            land[one.name] = "factory"
        elif one.antennas:
            land[one.name] = "antenna"
        elif one.name in union and made.cohesion:
            land[one.name] = "neither"
        elif one.takes_part and one.name not in union:
            land[one.name] = "part"
    where = f": {regions.region_title(made.region, world)}" if made.region.name else ""
    return Scene(
        title=f"Sites, AI Factories and Antennas{where}",
        sites=sites,
        antennas=desks,
        land=land,
        whole=made.cohesion is not None,
    )


def _left_out(made: Regions, known: Known) -> Iterator[str]:
    standing = {name: made.region.sites[name] for one in made.states for name in one.capacity.sites}
    missing = unplaced(standing)
    yield f"Positions are those of towns or sites as sources have them; borders are {_BORDERS}."
    if missing:
        yield f"position unknown: {', '.join(known.sites[name].title for name in missing)}"
    unchecked = sum(_unchecked(known, name) for name in standing)
    if unchecked:
        yield f"positions of {unchecked} of {len(standing)} sites are common knowledge {_MARK}"
    given_up = sorted({name for some in made.regions.values() for name in some.cancelled})
    if given_up:
        yield f"given up: {', '.join(known.sites[name].title for name in given_up)}"


_MARK = "(not looked up)"
_BORDERS = "Natural Earth's, 1:10 million, as Germany sees them"


def _unchecked(known: Known, name: str) -> bool:
    dossier = known.sites[name].dossier
    said = dossier.place.latitude_microdeg if dossier else None
    return bool(said and said.known and said.source in regions.unchecked_sources())


def _tiles(made: Regions, names: Mapping[str, str]) -> str:
    """The numbers to take along."""
    tiles: list[tuple[str, str, str]] = []
    hosts = [one for one in made.states if one.hosts]
    promised_w = sum(one.capacity.promised_w or 0 for one in made.states)
    unknown = sum(len(one.capacity.power_unknown) for one in made.states)
    sites = sum(len(one.capacity.sites) for one in made.states)
    if sites:
        tiles.append(("Announced power", power(promised_w), f"{unknown} of {sites} sites unknown"))
    factories = sum(len(one.hosts) for one in hosts)
    if factories:
        tiles.append(("AI Factories", str(factories), f"in {len(hosts)} states"))
    desks = [one for one in made.states if one.antennas]
    if desks:
        inside = sum(one.name in AREAS[UNION].countries for one in desks)
        tiles.append(
            ("Antennas", str(len(desks)), f"{inside} in the EU, {len(desks) - inside} outside")
        )
    if made.cohesion:
        neither = ", ".join(one.name for one in made.cohesion.neither)
        tiles.append(("EU states with neither", str(len(made.cohesion.neither)), neither))
        tiles += [
            _share(one)
            for one in made.cohesion.measures
            if one.name.startswith(("AI Factories", "accelerators announced"))
        ]
    best = max(made.states, key=lambda one: one.power_per_head_w or 0, default=None)
    if best and best.power_per_head_w and not made.cohesion:
        watts = f"{best.power_per_head_w:,.0f} W"
        most = "Most announced per head" if len(made.states) > 1 else "Announced per head"
        tiles.append((most, watts, names.get(best.name, best.name)))
    return f'<dl class="tiles">{"".join(_tile(*one) for one in tiles)}</dl>'


def _share(one: Measure) -> tuple[str, str, str]:
    share = "unknown" if one.share is None else f"{one.share:.0%}"
    known = ", of what is known" if any(one.unknown) else ""
    what = one.name.split(",")[0].removesuffix(" hosted").removesuffix(" announced")
    return f"Cohesion states: {what}", share, f"with {one.people_share:.0%} of the people{known}"


def _tile(name: str, value: str, more: str) -> str:
    return (
        f"<div><dt>{escape(name)}</dt><dd class='value'>{escape(value)}</dd>"
        f"<dd class='more'>{escape(more)}</dd></div>"
    )


def _quotients(made: Cohesion) -> str:
    """The location quotients as bars from the line of proportion."""
    shown = [one for one in made.measures if one.quotient is not None and one.name != "people"]
    rows, most = [], max(2.0, *(one.quotient or 0 for one in shown))
    left, wide, high = 270, 440, 26
    middle = left + wide / most
    for place, one in enumerate(shown):
        quotient, y = one.quotient or 0, 22 + place * high
        x = left + wide * quotient / most
        paint = "s0" if quotient >= 1 else "s5"
        rows.append(
            f'<text class="mark" x="{left - 10}" y="{y + 13}">{escape(one.name)}</text>'
            f'<rect class="{paint}" style="fill: var(--paint)" x="{min(x, middle):.0f}" y="{y}" '
            f'width="{max(1.5, abs(x - middle)):.0f}" height="16" rx="2"><title>'
            f"{escape(one.name)} {quotient:.2f}</title></rect>"
            f'<text class="mark" style="text-anchor: start" x="{max(x, middle) + 6:.0f}" '
            f'y="{y + 13}">{quotient:.2f}</text>'
        )
    bottom = 22 + len(shown) * high
    title = f"{AREAS[SUPPORTED].title}: their share of each over their share of people"
    return (
        f'<figure class="plot"><figcaption><b>{escape(title)}</b><ul class="legend">'
        f"<li>1.00 is in proportion to people; of what is known</li></ul></figcaption>"
        f'<svg viewBox="0 0 760 {bottom + 6}" role="img" style="max-width: 900px">'
        f"<title>{escape(title)}</title>{''.join(rows)}"
        f'<path d="M{middle:.0f} 16V{bottom}" stroke="currentColor" fill="none"/>'
        f'<text class="mark below" x="{middle:.0f}" y="12">in proportion</text></svg></figure>'
    )


def _per_head(states: Sequence[Part], names: Mapping[str, str]) -> str:
    """Announced power and accelerators per head as bars, on a scale of square roots."""
    drawn = [
        _bars(
            "Announced power per head [W]",
            [
                (names.get(one.name, one.name), one.power_per_head_w, one.capacity.power_unknown)
                for one in states
            ],
        ),
        _bars(
            "Announced accelerators per million people",
            [
                (
                    names.get(one.name, one.name),
                    one.accelerators_per_million,
                    one.capacity.accelerators_unknown,
                )
                for one in states
            ],
        ),
    ]
    return f'<div class="pair">{"".join(drawn)}</div>'


def _bars(title: str, values: Sequence[tuple[str, float | None, Sequence[str]]]) -> str:
    known = sorted(((v, name, bool(left)) for name, v, left in values if v), reverse=True)[:_BARS]
    if not known:
        return ""
    rows, most = [], known[0][0]
    for place, (value, name, left) in enumerate(known):
        y, wide = 4 + place * 24, 330 * sqrt(value / most)
        told = f"{'≥ ' if left else ''}{value:,.{1 if value < 100 else 0}f}"
        rows.append(
            f'<text class="mark" x="130" y="{y + 12}">{escape(name)}</text>'
            f'<rect class="s1" style="fill: var(--paint)" x="138" y="{y}" width="{wide:.0f}" '
            f'height="15" rx="2"/><text class="mark" style="text-anchor: start" '
            f'x="{144 + wide:.0f}" y="{y + 12}">{told}</text>'
        )
    return (
        f'<figure class="plot"><figcaption><b>{escape(title)}</b><ul class="legend"><li>length by '
        f"the square root; ≥: some sites unknown</li></ul></figcaption>"
        f'<svg viewBox="0 0 540 {8 + len(known) * 24}" role="img"><title>{escape(title)}</title>'
        f"{''.join(rows)}</svg></figure>"
    )
