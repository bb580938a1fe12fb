"""A simulated year: what was asked for, what it came to, which files it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from allod.adapters.weather.opened import open_weather
from allod.adapters.whole import write_whole
from allod.cli.energy_inputs import air_of, availability, column_of, finer, it_power
from allod.cli.energy_sites import site_of
from allod.cli.output import Column, counting, note, out, out_json, pairs, table, waiting
from allod.domain.assume import facts_of
from allod.domain.fact import Standing
from allod.domain.site import Site
from allod.domain.units import instant_text, parse_duration_s
from allod.energy.grid import Grid, Values
from allod.energy.monte_carlo import Draws, Spread, spread
from allod.energy.plant_of import cooling_of, settings
from allod.energy.simulation import Simulation, figures, simulate_site
from allod.energy.supplyyear import Signals
from allod.energy.weather import SERIES, Weather
from allod.errors import InvalidInput, NotFound, Unavailable

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
    grid_carbon: str
    table: Path | None
    html: Path | None
    members: int
    utilisation: str
    seed: int
    data: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A simulation with what it rests on."""

    name: str
    site: Site
    weather: Weather
    made: Simulation
    notes: tuple[str, ...]


def show(asked: Asked, *, as_json: bool) -> None:
    """Print what the year came to and write the files that were asked for.

    Raises:
        InvalidInput, NotFound: An option, the site's document or a file is wrong.
        Unavailable: A file cannot be written.
    """
    _check(asked)
    name, site = _site(asked)
    with waiting("reading weather"):
        weathers = [finer(open_weather(path, asked.year), _step_s(asked)) for path in asked.weather]
    if asked.members:
        _show_spread(asked, name, site, weathers, as_json=as_json)
        return
    told = _lived(asked, name, site, weathers[0])
    if asked.table:
        _write_table(asked.table, told.made)
        note(f"every step is in {asked.table}")
    if asked.html:
        from allod.cli.energy_year_page import page

        _write(asked.html, page(told.name, told.site, told.made, told.notes).encode())
        note(f"a page with plots is in {asked.html}")
    if as_json:
        out_json(_json(told))
        return
    _print(told)


def _check(asked: Asked) -> None:
    if len(asked.weather) > 1 and not asked.members:
        raise InvalidInput("several --weather", mend="give one, or --members")
    if asked.members and (asked.table or asked.html or asked.series or asked.grid_carbon):
        raise InvalidInput(
            "--members tells percentiles alone",
            mend="leave out --table, --html, --series and --grid-carbon",
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
    available, notes = availability(site, weather, series)
    signals = Signals()
    if asked.grid_carbon:
        g_per_kwh, more = column_of(asked.grid_carbon, weather.grid)
        signals = Signals(grid_g_per_kwh=g_per_kwh)
        notes.append(f"carbon of the grid from {asked.grid_carbon}{more}")
    made = simulate_site(site, weather.grid, it_w, air_of(weather), available, signals)
    notes = [f"weather of {weather.source}", f"load: {words}", *notes, *_assumed(site)]
    return Told(name=name, site=site, weather=weather, made=made, notes=tuple(notes))


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


# ------------------------------------------------------------------ one year


def _print(told: Told) -> None:
    grid = told.made.grid
    pairs(
        [
            ("site", f"{told.name} ({told.site.title})"),
            ("period", f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"),
            ("steps", f"{grid.steps:,} of {grid.step_s:,} s"),
            *(("rests on", text) for text in told.notes),
        ]
    )
    out()
    columns = (Column("figure"), Column("value", right=True), Column("unit"), Column("method"))
    table(
        columns,
        (
            (one.name, "-" if one.value is None else _digits(one.value), one.unit, one.method)
            for one in figures(told.made)
        ),
        none="there are none",
    )


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.3f}"


def _json(told: Told) -> dict[str, Any]:
    grid = told.made.grid
    return {
        "site": told.name,
        "from": instant_text(grid.start_s),
        "to": instant_text(grid.end_s),
        "step_s": grid.step_s,
        "rests_on": list(told.notes),
        "figures": [
            {"name": one.name, "value": one.value, "unit": one.unit, "method": one.method}
            for one in figures(told.made)
        ],
    }


def columns_of(made: Simulation) -> dict[str, Values]:
    """Every series of a simulated year, by name with its unit; (steps,)."""
    use, supply = made.use, made.supply
    flat = np.broadcast_to(np.asarray(use.misc_w), use.it_w.shape)
    found = {
        "it_w": use.it_w,
        "losses_w": use.losses_w,
        "cooling_w": use.cooling_w,
        "misc_w": flat,
        "heat_pump_w": use.heat_pump_w,
        "facility_w": use.facility_w,
        "pue": use.pue,
        "water_l": use.water_l,
        "heat_captured_w": use.captured_w,
        "heat_delivered_w": use.heat_w,
    }
    if supply is not None:
        flow = supply.dispatch
        found |= {
            "import_wh": flow.import_wh,
            "export_wh": flow.export_wh,
            "stored_wh": flow.stored_wh,
            "unserved_wh": flow.unserved_wh,
            **{f"clean_{name}_wh": values for name, values in supply.clean_wh.items()},
        }
        if supply.cfe is not None:
            found["cfe"] = supply.cfe
    return found


def _write_table(path: Path, made: Simulation) -> None:
    import polars as pl

    times_s = made.grid.times_s()
    frame = pl.DataFrame({"starts_s": times_s, **columns_of(made)}).insert_column(
        0, pl.from_epoch(pl.Series("time", times_s)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    try:
        if path.suffix == ".csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be written: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be written: {error.strerror}") from error


# ------------------------------------------------------------------ many years


def _show_spread(
    asked: Asked, name: str, site: Site, weathers: Sequence[Weather], *, as_json: bool
) -> None:
    low, high = _range(asked.utilisation)
    steps = min(weather.grid.steps for weather in weathers)
    grid = Grid(weathers[0].grid.start_s, weathers[0].grid.step_s, steps)
    airs = [air_of(_cut(weather, grid)) for weather in weathers]
    dice = np.random.default_rng(asked.seed)
    draws = Draws(
        weather=dice.integers(0, len(airs), asked.members),
        utilisation=dice.uniform(low, high, asked.members),
    )
    with counting(f"of {asked.members:,} years") as told:
        found = spread(site, grid, airs, np.ones(steps), draws, told)
    if as_json:
        out_json(
            {
                "site": name,
                "members": asked.members,
                "seed": asked.seed,
                "weathers": [weather.source for weather in weathers],
                "utilisation": [low, high],
                "figures": [_spread_json(one) for one in found],
            }
        )
        return
    pairs(
        [
            ("site", f"{name} ({site.title})"),
            ("years", f"{asked.members:,} drawn with seed {asked.seed}"),
            *(("weather", weather.source) for weather in weathers),
            ("utilisation", f"{low:g} to {high:g}, evenly"),
        ]
    )
    out()
    heads = ("figure", "P10", "P50", "P90", "unit", "method")
    columns = [Column(head, right=head.startswith("P")) for head in heads]
    table(
        columns,
        ((one.name, *map(_known, one.percentiles), one.unit, one.method) for one in found),
        none="there are none",
    )


def _cut(weather: Weather, grid: Grid) -> Weather:
    """Weather years stand for one another: each is laid on the first one's time."""
    if weather.grid.step_s != grid.step_s:
        raise InvalidInput(
            f"{weather.source} has steps of {weather.grid.step_s} s",
            mend=f"give weather of {grid.step_s} s, or --step",
        )
    series: dict[str, Any] = {name: getattr(weather, name)[: grid.steps] for name in SERIES}
    return replace(weather, grid=grid, **series)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition("..")
    try:
        found = float(low), float(high or low)
    except ValueError:
        found = (-1.0, -1.0)
    if not 0 <= found[0] <= found[1] <= 1:
        raise InvalidInput(f"--utilisation '{text}'", mend="write two shares, such as 0.5..0.95")
    return found


def _known(value: float) -> str:
    return "-" if np.isnan(value) else _digits(value)


def _spread_json(one: Spread) -> dict[str, Any]:
    p10, p50, p90 = (None if np.isnan(value) else value for value in one.percentiles)
    return {"name": one.name, "unit": one.unit, "p10": p10, "p50": p50, "p90": p90}
