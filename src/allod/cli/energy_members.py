"""Many years of a site: what members are drawn from, what they came to, which files they leave."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from allod.adapters.whole import write_whole
from allod.cli import energy_members_view
from allod.cli.energy_inputs import air_of, availability, it_power
from allod.cli.energy_members_view import Drawn
from allod.cli.energy_signals import signals_of
from allod.cli.energy_simulating import Asked
from allod.cli.energy_tables import unwritten
from allod.cli.output import advancing, note, out_json
from allod.domain.site import Site
from allod.domain.units import parse_duration_s
from allod.energy.drawn import Range, blocks, draws
from allod.energy.grid import Grid, Values
from allod.energy.monte_carlo import Load, Year, sample
from allod.energy.simulation import utilised_w
from allod.energy.weather import Weather
from allod.errors import InvalidInput

#: What a member's load is times that of `--load`, where nothing is said; assumed.
FACTOR_ASSUMED = Range(low=0.9, high=1.1)


def show(
    asked: Asked,
    name: str,
    site: Site,
    weathers: Sequence[Weather],
    assumed: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Draw the members, live them through, print what they came to and write what was asked for.

    Raises:
        InvalidInput, NotFound: An option, the site's document or a file is wrong.
        Unavailable: A file cannot be written.
    """
    drawn = _drawn(asked, name, site, weathers, assumed)
    if asked.table:
        energy_members_view.write_table(asked.table, drawn)
        note(f"every member is in {asked.table}")
    if asked.html:
        from allod.cli.energy_members_page import page

        _write(asked.html, page(drawn).encode())
        note(f"a page with plots is in {asked.html}")
    if as_json:
        out_json(energy_members_view.to_json(drawn))
    else:
        energy_members_view.show(drawn)


def check(asked: Asked) -> None:
    """Refuse what only members have where there are none, and what they cannot have.

    Raises:
        InvalidInput: An option does not go with the others.
    """
    only = (
        ("--utilisation", asked.utilisation),
        ("--load-factor", asked.load_factor),
        ("--blocks", asked.blocks),
    )
    if not asked.members:
        for option, value in only:
            if value:
                raise InvalidInput(
                    f"{option} is what members are drawn from", mend="add --members N, or drop it"
                )
    if asked.utilisation and asked.load_factor:
        raise InvalidInput(
            "--utilisation and --load-factor both say how the load varies",
            mend="give one: a year's mean, or a factor of --load",
        )


# ------------------------------------------------------------------ drawing


def _drawn(
    asked: Asked, name: str, site: Site, weathers: Sequence[Weather], assumed: Sequence[str]
) -> Drawn:
    grid = _grid(weathers)
    base_w, words = it_power(name, site, grid, asked.load)
    load, load_notes = _load(site, base_w)
    factor, factor_notes = _factor(asked, load)
    years, year_notes = _years(asked, site, weathers, grid)
    block_s = _block_s(asked, grid)
    block_steps = min(block_s // grid.step_s or grid.steps, grid.steps)
    shares = _shares(asked.seed, asked.members, 1 + blocks(grid, block_steps))
    drawn = draws(shares, len(years), factor, block_steps)
    with advancing("years", asked.members) as told:
        made = sample(site, grid, years, load, drawn, told)
    return Drawn(
        name=name,
        site=site,
        grid=grid,
        weathers=tuple(weather.source for weather in weathers),
        members=asked.members,
        seed=asked.seed,
        block_s=block_s,
        factor=factor,
        draws=drawn,
        sample=made,
        notes=(f"load: {words}", *load_notes, *factor_notes, *year_notes, *assumed),
    )


def _shares(seed: int, members: int, each: int) -> Values:
    """The dice: for each member its own, so that the seventh of ten is the seventh of a million."""
    return np.stack(
        [np.random.default_rng([seed, member]).random(each) for member in range(members)]
    )


def _grid(weathers: Sequence[Weather]) -> Grid:
    """The first one's time, as long as the shortest."""
    first = weathers[0].grid
    for weather in weathers:
        if weather.grid.step_s != first.step_s:
            raise InvalidInput(
                f"{weather.source} has steps of {weather.grid.step_s} s",
                mend=f"give weather of {first.step_s} s, or --step",
            )
    return Grid(first.start_s, first.step_s, min(weather.grid.steps for weather in weathers))


def _load(site: Site, base_w: Values) -> tuple[Load, list[str]]:
    """What members vary; without the site's accelerators nobody knows what is idle or full."""
    try:
        idle_w, full_w = utilised_w(site, np.array([0.0, 1.0])).tolist()
    except InvalidInput:
        words = "idle power is not known: the whole load is scaled, without a limit"
        return Load(base_w=base_w), [words]
    return Load(base_w=base_w, idle_w=idle_w, full_w=full_w), []


def _factor(asked: Asked, load: Load) -> tuple[Range, list[str]]:
    """How the load varies, as a factor of what is above idle, and in words."""
    if asked.load_factor:
        found = _range("--load-factor", asked.load_factor)
        return found, [f"each year's load above idle is that times {found.words()}"]
    if not asked.utilisation:
        words = f"each year's load above idle is that times {FACTOR_ASSUMED.words()} (assumed)"
        return FACTOR_ASSUMED, [words]
    wanted = _range("--utilisation", asked.utilisation, most=1.0)
    mean = float(load.utilisation(load.base_w))
    if not mean > 0:
        raise InvalidInput(
            "--utilisation needs the site's accelerators, and a --load that is above idle",
            mend="write them into the phases, or give --load-factor",
        )
    words = f"each year's mean utilisation is {wanted.words()}; the load keeps its shape up to full"
    return wanted.times(1 / mean), [words]


def _range(option: str, text: str, most: float = float("inf")) -> Range:
    """'0.5..0.95', or '0.5..0.8..0.95' with the likeliest in the middle."""
    mend = f"write e.g. {option} 0.5..0.95, or with the likeliest 0.5..0.8..0.95"
    try:
        values = [float(part) for part in text.split("..")]
    except ValueError:
        raise InvalidInput(f"{option} '{text}'", mend=mend) from None
    if (
        len(values) > 3
        or values != sorted(values)
        or not all(0 <= one <= most and isfinite(one) for one in values)
    ):
        raise InvalidInput(f"{option} '{text}'", mend=mend)
    likely = values[1] if len(values) == 3 else None
    return Range(low=values[0], high=values[-1], likely=likely)


def _block_s(asked: Asked, grid: Grid) -> int:
    """Length of the blocks that a year is put together from; 0: whole years."""
    if not asked.blocks:
        return 0
    try:
        found: int = parse_duration_s(asked.blocks)
    except ValueError as error:
        raise InvalidInput(f"--blocks '{asked.blocks}' {error}") from None
    if found < grid.step_s or found % grid.step_s:
        raise InvalidInput(
            f"--blocks '{asked.blocks}' is no whole number of steps of {grid.step_s} s",
            mend="write e.g. --blocks 14d",
        )
    return found


# ------------------------------------------------------------------ years


def _years(
    asked: Asked, site: Site, weathers: Sequence[Weather], grid: Grid
) -> tuple[list[Year], list[str]]:
    """Each weather with the supply and the grid of its own time, laid on the first one's."""
    made, notes = [], list[str]()
    for place, weather in enumerate(weathers):
        available, words = availability(site, weather, _series(asked, place, len(weathers)))
        signals, more = signals_of(site, weather.grid, asked.carbon, asked.residual, asked.price)
        # Years stand for one another: step by step from the first, as long as the shortest.
        made.append(Year(air_of(weather), available, signals).cut(grid.steps))
        notes += [text for text in (*words, *more) if text not in notes]
    return made, notes


def _series(asked: Asked, place: int, many: int) -> dict[str, str]:
    """The file of each supply for a weather: one for all, or one for each in their order."""
    given: dict[str, list[str]] = {}
    for text in asked.series:
        name, equals, file = text.partition("=")
        if not equals or not file:
            raise InvalidInput(f"--series '{text}'", mend="write NAME=FILE or NAME=FILE:COLUMN")
        given.setdefault(name, []).append(file)
    for name, files in given.items():
        if len(files) not in (1, many):
            raise InvalidInput(
                f"--series {name} is given {len(files)} times, and --weather {many} times",
                mend="give one for all, or one for each weather in their order",
            )
    return {name: files[place if len(files) > 1 else 0] for name, files in given.items()}


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise unwritten(path, error) from error
