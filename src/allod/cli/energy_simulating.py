"""A simulated year: what was asked for, what it came to, which files it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from allod.adapters.weather.opened import open_weather
from allod.adapters.whole import write_whole
from allod.cli import energy_certificates, energy_year_view
from allod.cli.energy_certificates import Papers, papers
from allod.cli.energy_inputs import air_of, availability, finer, it_power
from allod.cli.energy_shifting import shifting_of
from allod.cli.energy_signals import signals_of
from allod.cli.energy_sites import site_of
from allod.cli.energy_tables import unwritten, write_frame
from allod.cli.energy_year import Told, columns_of, year_json
from allod.cli.output import note, out_json, waiting
from allod.domain.assume import facts_of
from allod.domain.fact import Standing
from allod.domain.site import Site
from allod.domain.units import parse_duration_s
from allod.energy.cancellation import Use
from allod.energy.plant_of import cooling_of, settings
from allod.energy.simulation import Simulation, simulate_site
from allod.energy.weather import Weather
from allod.errors import InvalidInput, NotFound

#: Parts of a site's document that a year of energy is made from.
_PARTS = frozenset({"pools", "phases", "envelope", "pue_milli", "cooling", "heat", "supply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    site: str
    weather: Sequence[Path]
    load: str
    scenario: Path | None
    year: int | None
    step: str
    series: Sequence[str]
    carbon: str
    residual: float | None
    price: Path | None
    certificates: Path | None
    allocations: Path | None
    flexible: str
    shift_by: str
    table: Path | None
    html: Path | None
    members: int
    utilisation: str
    load_factor: str
    blocks: str
    seed: int
    data: Path


def show(asked: Asked, *, as_json: bool) -> None:
    """Print what the year came to and write the files that were asked for.

    Raises:
        InvalidInput, NotFound: An option, the site's document or a file is wrong.
        Unavailable: A file cannot be written.
    """
    from allod.cli import energy_members

    energy_members.check(asked)
    _check(asked)
    name, site = _site(asked)
    with waiting("reading weather"):
        weathers = [finer(open_weather(path, asked.year), _step_s(asked)) for path in asked.weather]
    if asked.members:
        energy_members.show(asked, name, site, weathers, _assumed(site), as_json=as_json)
        return
    told = _lived(asked, name, site, weathers[0])
    if asked.table:
        _write_table(asked.table, told.made)
        note(f"every step is in {asked.table}")
    if asked.html:
        from allod.cli.energy_year_page import page

        _write(asked.html, page(told).encode())
        note(f"a page with plots is in {asked.html}")
    if told.papers and asked.allocations:
        energy_certificates.record(told.papers, asked.allocations)
    if as_json:
        out_json(year_json(told))
    else:
        energy_year_view.show(told)


def _check(asked: Asked) -> None:
    if len(asked.weather) > 1 and not asked.members:
        raise InvalidInput("several --weather", mend="give one, or --members")
    of_one = (asked.certificates, asked.allocations, asked.flexible, asked.shift_by)
    if asked.members and any(of_one):
        raise InvalidInput(
            "--members, and one of --certificates, --allocations, --flexible and --shift-by",
            mend="leave them out: they are of one year",
        )
    if asked.table and asked.table.suffix not in (".csv", ".parquet"):
        raise InvalidInput(f"--table {asked.table}: unknown ending", mend="write .csv or .parquet")


def _step_s(asked: Asked) -> int:
    if not asked.step:
        return 0
    try:
        step_s: int = parse_duration_s(asked.step)
    except ValueError as error:
        raise InvalidInput(f"--step '{asked.step}' {error}") from None
    return step_s


def _site(asked: Asked) -> tuple[str, Site]:
    if asked.scenario is None:
        return site_of(asked.data, asked.site)
    from allod.replay.world import scenario_world

    world = scenario_world(asked.scenario, None)
    sites = {one.name: one.spec for one in world.documents if isinstance(one.spec, Site)}
    if asked.site not in sites:
        raise NotFound(
            f"{asked.scenario} has no site '{asked.site}'", mend=f"it has {', '.join(sites)}"
        )
    return asked.site, sites[asked.site]


def _lived(asked: Asked, name: str, site: Site, weather: Weather) -> Told:
    series = dict(_named(text) for text in asked.series)
    it_w, words = it_power(name, site, weather.grid, asked.load)
    available, by_source = availability(site, weather, series)
    signals, of_grid = signals_of(site, weather.grid, asked.carbon, asked.residual, asked.price)
    shifting, moved = shifting_of(site, weather.grid, asked.flexible, asked.shift_by, signals)
    made = simulate_site(
        site, weather.grid, it_w, air_of(weather), available, signals, shifting=shifting
    )
    made, papers = _certified(asked, name, made)
    notes = [f"weather of {weather.source}", f"load: {words}", *by_source, *of_grid, *moved]
    return Told(
        name=name,
        site=site,
        weather=weather,
        made=made,
        papers=papers,
        notes=(*notes, *_assumed(site)),
    )


def _certified(asked: Asked, name: str, made: Simulation) -> tuple[Simulation, Papers | None]:
    """The year with the certificates that were given in place of what contracts say of theirs."""
    supply = made.supply
    if supply is None:
        if asked.certificates:
            raise InvalidInput(
                f"--certificates, and site '{name}' says nothing of its supply",
                mend="write the site's supply with the bidding zone of its grid",
            )
        return made, None
    use = Use(claimant=name, zone=supply.zone, grid=made.grid, import_wh=supply.dispatch.import_wh)
    spent = papers(use, asked.certificates, asked.allocations)
    if spent is None or (covered_wh := spent.covered[0].covered_wh) is None:
        return made, spent
    return replace(made, supply=supply.with_certificates(covered_wh)), spent


def _assumed(site: Site) -> list[str]:
    """What a scenario assumes of the site, what it does not tell of its plant, what stands for it.

    Only what a year of energy is made from: law and parties play no part in it.
    """
    by_scenario = [
        f"{path} {_text(fact.value)} is assumed: {fact.note or fact.source}"
        for path, _, fact in facts_of(site)
        if fact.standing is Standing.ASSUMED and path.partition(".")[0] in _PARTS
    ]
    cooling = cooling_of(site)
    if cooling is None:
        return [
            *by_scenario,
            "the site does not tell its cooling: its PUE stands for it in all weather",
        ]
    by_us = [
        f"{field} {one.value:,.10g} {one.unit} is assumed: {one.source}"
        for field, one in settings(site, cooling).items()
        if not getattr(cooling, field).known
    ]
    return [*by_scenario, *by_us]


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _named(text: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not equals or not place:
        raise InvalidInput(f"--series '{text}'", mend="write NAME=FILE or NAME=FILE:COLUMN")
    return name, place


# ------------------------------------------------------------------ what it leaves


def _write_table(path: Path, made: Simulation) -> None:
    import polars as pl

    times_s = made.grid.times_s()
    frame = pl.DataFrame({"starts_s": times_s, **columns_of(made)}).insert_column(
        0, pl.from_epoch(pl.Series("time", times_s)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    write_frame(path, frame)


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise unwritten(path, error) from error
