"""Capacity per head and per region, the EU's cohesion states, and who may use what; as a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from allod import catalogue
from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.regions import Regions, regions_of
from allod.catalogue.countries import Atlas, atlas
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.domain.areas import AREAS
from allod.domain.site import Site
from allod.plan.cohesion import SUPPORTED, Cohesion, Measure
from allod.plan.known import Region
from allod.plan.open_to import OpenTo
from allod.plan.regions import Capacity, Part
from allod.plan.roadmap import STAGES

_AMOUNTS = (
    Column("sites", right=True),
    *(Column(f"{stage} [MW]", right=True) for stage in STAGES),
    Column("accelerators", right=True),
    Column("of them live", right=True),
    Column("interim", right=True),
)
PARTS = (
    Column("where"),
    Column("people [M]", right=True),
    Column("W per head", right=True),
    Column("accelerators per M", right=True),
    Column("factories", right=True),
    Column("antennas", right=True),
    *_AMOUNTS,
)
REGIONS = (Column("state"), Column("region"), *_AMOUNTS)
COHESION = (
    Column("of the EU's", wraps=True),
    Column("cohesion states", right=True),
    Column("other states", right=True),
    Column("their share", right=True),
    Column("quotient", right=True),
    Column("sites not known of", right=True),
)
ACCESS = (
    Column("users in"),
    Column("hosts", wraps=True),
    Column("takes part in", wraps=True),
    Column("Antenna, bound to", wraps=True),
    Column("sites open by modes", right=True),
    Column("classes of charters", wraps=True),
)
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    region: str
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print the regions, or write their page with the map."""
    known, world = known_on(asked.on or today()), atlas()
    made = regions_of(known, asked.region)
    if asked.html:
        from allod.cli.regions_page import sections

        subtitle = f"as known on {known.day}; people: {made.sources}"
        title = f"AI capacity by region: {region_title(made.region, world)}"
        report_page.write(asked.html, title, subtitle, sections(made, known, world))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(made.to_json())
    elif not asked.html:
        _print(made, world)


def _print(made: Regions, world: Atlas) -> None:
    pairs(
        [
            ("region", region_title(made.region, world)),
            ("as known on", made.day),
            ("people", made.sources),
            ("per head", per_head_words(made)),
        ]
    )
    out()
    table(PARTS, map(part_row, (*made.states, *made.areas)), none="no state has a part")
    out()
    table(REGIONS, region_rows(made.regions), none="no region of a state is known")
    if made.cohesion:
        out()
        table(COHESION, map(measure_row, made.cohesion.measures), none="nothing")
        for line in cohesion_words(made.cohesion):
            out(line)
    out()
    table(ACCESS, map(access_row, made.access), none="no country is asked about")
    for line in (*mode_words(made.access), *unknown_words(made)):
        out(line)


def region_title(asked: Region, world: Atlas) -> str:
    """What was asked about, in words."""
    country = world.countries.get(asked.name)
    return country.name if country else asked.title


def per_head_words(made: Regions) -> str:
    """What is divided by how many people."""
    alone = "; the cluster's sites alone, by all people of a state" if made.region.cluster else ""
    return f"all that is announced, live included{alone}; '≥': some sites unknown"


def part_row(one: Part) -> tuple[object, ...]:
    """A state or an area as a row of the table."""
    some = one.capacity
    return (
        one.name,
        _UNKNOWN if one.people is None else f"{one.people / 1e6:,.1f}",
        _per(one.power_per_head_w, some.power_unknown),
        _per(one.accelerators_per_million, some.accelerators_unknown),
        len(one.hosts) or "-",
        len(one.antennas) or "-",
        *_amounts(some),
    )


def _amounts(some: Capacity) -> Iterator[object]:
    yield len(some.sites) or "-"
    for stage in STAGES:
        unknown = some.live_power_unknown if stage == "live" else some.power_unknown
        yield _amount(some, some.power_w[stage] // 10**6, unknown)
    yield _amount(some, sum(some.accelerators.values()), some.accelerators_unknown)
    yield _amount(some, some.accelerators["live"], some.live_accelerators_unknown)
    interim = f"{'≥ ' if some.interim_unknown else ''}{some.interim_accelerators:,}"
    yield interim if some.interim_accelerators or some.interim_unknown else "-"


def _amount(some: Capacity, amount: int, unknown: Sequence[str]) -> str:
    """A sum; '≥' where sites are missing in it, a word where all are."""
    if not some.sites:
        return "-"
    if len(unknown) == len(some.sites):
        return _UNKNOWN
    return f"{'≥ ' if unknown else ''}{amount:,}"


def _per(value: float | None, unknown: Sequence[str]) -> str:
    if value is None:
        return _UNKNOWN
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{'≥ ' if unknown else ''}{value:,.{digits}f}" if value or unknown else "-"


def region_rows(regions: Mapping[tuple[str, str], Capacity]) -> Iterator[tuple[object, ...]]:
    """Regions of states that are known; one whose sites are all given up stays."""
    for (state, name), some in regions.items():
        given_up = f" ({len(some.cancelled)} given up)" if some.cancelled else ""
        if name:
            yield state, name + given_up, *_amounts(some)


def measure_row(one: Measure) -> tuple[object, ...]:
    """A measure of the EU's two groups as a row of the table."""
    (some, more), (many, rest) = one.unknown, one.sites
    return (
        one.name,
        _UNKNOWN if one.supported is None else f"{one.supported:,}",
        _UNKNOWN if one.others is None else f"{one.others:,}",
        "-" if one.share is None else f"{one.share:.0%}",
        "-" if one.quotient is None else f"{one.quotient:.2f}",
        f"{some} of {many}, {more} of {rest}" if some or more else "-",
    )


def cohesion_words(made: Cohesion) -> Iterator[str]:
    """What the groups are, and who has neither."""
    area = AREAS[SUPPORTED]
    yield f"cohesion states: {', '.join(sorted(area.countries))}; {area.source}"
    yield "quotient: their share of what is known over their share of people; 1.00 is proportional"
    told = [
        f"{one.name} (takes part in {', '.join(one.takes_part) or 'no factory that is known'})"
        for one in made.neither
    ]
    yield f"neither factory nor Antenna: {', '.join(told) or 'none'}"


def access_row(one: OpenTo) -> tuple[object, ...]:
    """What is open to a country's users as a row of the table."""
    return (
        one.country,
        ", ".join(one.hosts) or "-",
        ", ".join(one.takes_part) or "-",
        "; ".join(f"{name}: {', '.join(hosts)}" for name, hosts in one.antennas) or "-",
        f"{len(one.by_modes)} by {len(one.modes)}" if one.modes else "-",
        "; ".join(f"{site}: {', '.join(names)}" for site, names in one.classes) or "-",
    )


def mode_words(access: Sequence[OpenTo]) -> Iterator[str]:
    """From which of the countries each access mode takes applicants."""
    modes = sorted({name for one in access for name in one.modes})
    if len(access) == 1 and modes:
        yield f"access modes that take applicants in {access[0].country}: {', '.join(modes)}"
    for mode in modes if len(access) > 1 else ():
        others = [one.country for one in access if mode not in one.modes]
        but = f"; not in {', '.join(others)}" if others else ""
        yield f"{mode} takes applicants in {len(access) - len(others)} of these countries{but}"
    unclear = sorted({mode for one in access for mode in one.modes_unknown})
    if unclear:
        yield f"from where they take applicants is unknown of: {', '.join(unclear)}"
    yield (
        "modes and classes by country alone: sectors, sizes, cut-offs and closures narrow them; "
        "'allod report find' says where a project may turn"
    )


def unchecked_sources() -> frozenset[str]:
    """The sources that are common knowledge and were not looked up."""
    sources = catalogue.shelf().sources.values()
    return frozenset(source.words for source in sources if source.kind == "unchecked")


def unknown_words(made: Regions) -> Iterator[str]:
    """What no sum has."""
    every = [one.capacity for one in made.states]
    power = sorted({name for some in every for name in some.power_unknown})
    counts = sorted({name for some in every for name in some.accelerators_unknown})
    heads = sorted({code for one in (*made.states, *made.areas) for code in one.people_unknown})
    if power:
        yield f"power unknown, in no sum: {', '.join(power)}"
    if counts:
        yield f"accelerators unknown, in no sum: {', '.join(counts)}"
    guessed = [name for name, site in made.region.sites.items() if _region_unchecked(site)]
    if guessed:
        yield f"region of the state not looked up: {', '.join(sorted(guessed))}"
    nowhere = [
        name for (_, place), some in made.regions.items() for name in some.sites if not place
    ]
    if nowhere:
        yield f"region of the state unknown: {', '.join(sorted(nowhere))}"
    interim = sorted({name for some in every for name in some.interim_unknown})
    if interim:
        yield f"accelerators of interim systems unknown, in no sum: {', '.join(interim)}"
    if heads:
        yield f"people not told apart by Natural Earth, in no sum: {', '.join(heads)}"


def _region_unchecked(site: Site) -> bool:
    said = site.dossier.place.region if site.dossier else None
    return bool(said and said.known and said.source in unchecked_sources())
