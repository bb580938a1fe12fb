"""The network as a map: sites by power and by how far they are, Antennas with their factories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import atan2, hypot, sqrt

from allod.catalogue.countries import Atlas, outlines
from allod.cli.map_labels import Placed, Spot, placed
from allod.cli.map_land import STEP_PX, graticule, paths
from allod.cli.projection import EqualArea, Frame
from allod.cli.words import power
from allod.domain.antenna import Antenna
from allod.domain.site import Site
from allod.plan.roadmap import announced_w, maturity_of

_WIDE_PX = 1000.0
#: Europe from Iceland to Cyprus and from the North Cape to Casablanca. [km] from the middle
_EUROPE = (EqualArea(10, 52), -2000.0, 2300.0, 2250.0, -2080.0)
_ROOM, _SPAN_MIN_KM = 0.18, 700.0

#: How far sites are, with the colour of each.
_PAINT = {
    "live": "s0",
    "building": "s2",
    "secured": "s7",
    "announced": "s1",
    "unknown": "s8",
}
#: What a state has of the network, with the class of its land.
LAND = {
    "factory": "hosts an AI Factory",
    "antenna": "has an Antenna",
    "neither": "EU state with neither",
    "part": "takes part from outside the EU",
}


#: Goes into the picture, so that it can be taken out of the page. Colours of how far a site is come
#: from the page.
_STYLE = """<style>
.land { fill: var(--paint); stroke: light-dark(#b9c2bf, #46514e); stroke-width: 1.2;
  stroke-linejoin: round; }
rect.sea { fill: light-dark(#eaf1f4, #10181b); }
.land-other { --paint: light-dark(#f7f7f3, #242b2a); }
.land-factory { --paint: light-dark(#cfe6de, #21423b); --p: var(--paint); }
.land-antenna { --paint: light-dark(#e5ecd2, #343c22); --p: var(--paint); }
.land-neither { --paint: light-dark(#f6dfc4, #4b3620); --p: var(--paint); }
.land-part { --paint: light-dark(#dfe1f2, #2c3048); --p: var(--paint); }
.net { fill: none; stroke: currentColor; stroke-width: 0.5; opacity: 0.15; }
.link { fill: none; stroke: currentColor; stroke-width: 1; stroke-dasharray: 3 3; opacity: 0.5; }
.site { --fill: var(--paint, var(--p)); fill: var(--fill); fill-opacity: 0.6;
  stroke: var(--fill); stroke-width: 1.4; }
.site.open { fill: light-dark(#ffffff, #191e1d); fill-opacity: 0.85; stroke-width: 2.6; }
.desk { fill: currentColor; stroke: light-dark(#ffffff, #191e1d); stroke-width: 1; }
.arrow { fill: var(--paint, var(--p)); }
.lead { stroke: currentColor; stroke-width: 0.7; opacity: 0.6; }
.name { font-size: 11px; font-family: var(--sans, sans-serif); fill: currentColor;
  paint-order: stroke; stroke: light-dark(#ffffffd9, #111514d9); stroke-width: 3px;
  stroke-linejoin: round; }
i.round { border-radius: 50%; }
i.swatch { outline: 1px solid light-dark(#b9c2bf, #46514e); }
</style>"""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the map is of."""

    title: str
    sites: Mapping[str, Site]
    antennas: Mapping[str, Antenna]
    land: Mapping[str, str]  #: By country: a key of `LAND`.
    whole: bool  #: All of Europe is shown, whatever the sites are.


def picture(scene: Scene, atlas: Atlas) -> str:
    """An SVG figure with the outlines of countries."""
    spots = {name: place for name, site in scene.sites.items() if (place := _place(site))}
    desks = {
        name: country.label_deg
        for name, one in scene.antennas.items()
        if (country := atlas.countries.get(one.country.value or ""))
    }
    frame = _frame(scene, [*spots.values(), *desks.values()])
    marks = [_mark(name, scene.sites[name], frame.at(*place)) for name, place in spots.items()]
    inside = [mark for mark in marks if frame.shows(mark.spot.x, mark.spot.y)]
    beyond = [mark for mark in marks if mark not in inside]
    at_desk = {name: frame.at(*place) for name, place in desks.items()}
    small = [
        Spot(x, y, 5, _first_words(scene.antennas[name].title))
        for name, (x, y) in at_desk.items()
        if frame.shows(x, y)
    ]
    words = placed([*(mark.spot for mark in inside), *small], frame.width_px, frame.height_px)
    wide, high = round(frame.width_px), round(frame.height_px)
    body = "".join(
        [
            f'<rect class="sea" width="{wide}" height="{high}"/>',
            *(f'<path class="net" d="{line}"/>' for line in graticule(frame, _every(frame))),
            _land(scene, frame),
            *_links(scene, at_desk, {mark.name: mark.spot for mark in inside}),
            *(_circle(mark) for mark in sorted(inside, key=lambda one: -one.spot.radius)),
            *(_triangle(spot) for spot in small),
            *(_arrow(mark, frame) for mark in beyond),
            *(_words(one) for one in words),
        ]
    )
    about = f"{len(inside)} sites and {len(small)} Antennas; {len(beyond)} beyond the edge"
    return (
        f'<figure class="plot"><figcaption><b>{escape(scene.title)}</b>{_legend(scene)}'
        f'</figcaption><svg viewBox="0 0 {wide} {high}" role="img" style="max-width: 1000px">'
        f"<title>{escape(scene.title)}</title><desc>{escape(about)}</desc>{_STYLE}"
        f'<clipPath id="edge"><rect width="{wide}" height="{high}"/></clipPath>'
        f'<g clip-path="url(#edge)">{body}</g></svg></figure>'
    )


def unplaced(sites: Mapping[str, Site]) -> tuple[str, ...]:
    """Sites whose position is not known."""
    return tuple(name for name, site in sorted(sites.items()) if _place(site) is None)


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    spot: Spot
    paint: str
    power_known: bool
    told: str


def _place(site: Site) -> tuple[float, float] | None:
    place = site.dossier.place if site.dossier else None
    if place is None or place.longitude_microdeg.value is None:
        return None
    if place.latitude_microdeg.value is None:
        return None
    return place.longitude_microdeg.value / 1e6, place.latitude_microdeg.value / 1e6


def _mark(name: str, site: Site, at: tuple[float, float]) -> _Mark:
    power_w, maturity = announced_w(site), maturity_of(site)
    radius = max(4.5, 0.5 * sqrt(power_w / 1e6)) if power_w else 4.5
    short = _short(site)
    words = f"{short} {power(power_w)}" if power_w else short
    told = f"{site.title}: {power(power_w) if power_w else 'power not known'}, {maturity}"
    return _Mark(name, Spot(*at, radius, words), _PAINT.get(maturity, "s8"), bool(power_w), told)


def _short(site: Site) -> str:
    """A name that fits on a map."""
    name = _first_words(site.title).removesuffix(" AI Factory")
    city = site.dossier.place.city.value if site.dossier else None
    return name if len(name) <= 18 or not city else _first_words(city)


def _first_words(title: str) -> str:
    return title.split(",", maxsplit=1)[0].split(" (", maxsplit=1)[0]


def _frame(scene: Scene, places: Sequence[tuple[float, float]]) -> Frame:
    """Europe, or what holds all places with some room."""
    if scene.whole or not places:
        projection, left, right, top, bottom = _EUROPE
    else:
        easts, norths = [east for east, _ in places], [north for _, north in places]
        projection = EqualArea((min(easts) + max(easts)) / 2, (min(norths) + max(norths)) / 2)
        flat = [projection.plane(*place) for place in places]
        across, up = [x for x, _ in flat], [y for _, y in flat]
        wide = max(_SPAN_MIN_KM, (max(across) - min(across)) * (1 + 2 * _ROOM))
        high = max(0.62 * wide, (max(up) - min(up)) * (1 + 2 * _ROOM))
        wide = max(wide, high)
        middle_x, middle_y = (min(across) + max(across)) / 2, (min(up) + max(up)) / 2
        left, right = middle_x - wide / 2, middle_x + wide / 2
        top, bottom = middle_y + high / 2, middle_y - high / 2
    scale = _WIDE_PX / (right - left)
    return Frame(projection, left, top, _WIDE_PX, (top - bottom) * scale, scale)


def _every(frame: Frame) -> int:
    """Degrees between two lines of the graticule."""
    return 10 if frame.px_per_km < 0.5 else 2


def _land(scene: Scene, frame: Frame) -> str:
    drawn = (
        f'<path class="land land-{scene.land.get(code, "other")}" d="{path}"/>'
        for code, path in paths(outlines(frame.box_deg()), frame)
    )
    return f'<g transform="scale({STEP_PX})">{"".join(drawn)}</g>'


def _links(
    scene: Scene, desks: Mapping[str, tuple[float, float]], sites: Mapping[str, Spot]
) -> Iterable[str]:
    """From each Antenna to the factories that it is bound to."""
    for name, (x, y) in desks.items():
        for host in scene.antennas[name].hosts:
            if spot := sites.get(host.value or ""):
                bend_x, bend_y = (x + spot.x) / 2, (y + spot.y) / 2
                bend_y -= hypot(spot.x - x, spot.y - y) * 0.08
                yield (
                    f'<path class="link" d="M{x:.0f} {y:.0f}Q{bend_x:.0f} {bend_y:.0f} '
                    f'{spot.x:.0f} {spot.y:.0f}"/>'
                )


def _circle(mark: _Mark) -> str:
    kind = "" if mark.power_known else " open"
    return (
        f'<circle class="site {mark.paint}{kind}" cx="{mark.spot.x:.1f}" cy="{mark.spot.y:.1f}" '
        f'r="{mark.spot.radius:.1f}"><title>{escape(mark.told)}</title></circle>'
    )


def _triangle(spot: Spot) -> str:
    return (
        f'<path class="desk" d="M{spot.x:.1f} {spot.y - 5:.1f}l5 9h-10z">'
        f"<title>Antenna {escape(spot.words)}</title></path>"
    )


def _arrow(mark: _Mark, frame: Frame) -> str:
    """A site beyond the edge: an arrow towards it, with its name."""
    x = min(max(mark.spot.x, 12), frame.width_px - 12)
    y = min(max(mark.spot.y, 14), frame.height_px - 14)
    turn = atan2(mark.spot.y - y, mark.spot.x - x) * 57.29578
    side = "end" if x > frame.width_px / 2 else "start"
    return (
        f'<path class="arrow {mark.paint}" d="M-9 -6L5 0L-9 6z" '
        f'transform="translate({x:.0f} {y:.0f}) rotate({turn:.0f})">'
        f"<title>{escape(mark.told)}</title></path>"
        f'<text class="name" x="{x + (-14 if side == "end" else 14):.0f}" y="{y + 4:.0f}" '
        f'text-anchor="{side}">{escape(mark.spot.words)}, beyond the edge</text>'
    )


def _words(one: Placed) -> str:
    line = (
        f'<path class="lead" d="M{one.spot.x:.0f} {one.spot.y:.0f}L{one.x:.0f} {one.y:.0f}"/>'
        if one.far
        else ""
    )
    return (
        f'{line}<text class="name" x="{one.x:.0f}" y="{one.y + 4:.0f}" text-anchor="middle">'
        f"{escape(one.spot.words)}</text>"
    )


def _legend(scene: Scene) -> str:
    found = {maturity_of(site) for site in scene.sites.values()}
    sites = "".join(
        f'<li><i class="{paint} round"></i>{name}</li>'
        for name, paint in _PAINT.items()
        if name in found
    )
    desks = (
        "<li>▲ Antenna, in the middle of its state, and its factories</li>"
        if scene.antennas
        else ""
    )
    lands = "".join(
        f'<li><i class="swatch land-{kind}"></i>{words}</li>'
        for kind, words in LAND.items()
        if kind in scene.land.values()
    )
    return (
        f'<ul class="legend">{sites}<li>disc: announced power; ring: not known</li>'
        f"{desks}{lands}</ul>"
    )
