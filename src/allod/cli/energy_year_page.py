"""A simulated year as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import numpy as np

from allod import __version__
from allod.cli.energy_heat_map import STYLE, by_hour, heat_map
from allod.cli.energy_year import Told
from allod.cli.energy_year_view import tables
from allod.domain.units import instant_text
from allod.energy.grid import DAY_S, Grid, Values
from allod.energy.kpi import Kpi
from allod.energy.simulation import Simulation, figures
from allod.energy.supplyyear import SupplyYear
from allod.replay.plots import Axis, Line, amounts, plot, times
from allod.replay.words import amount, energy, power, span


def page(told: Told) -> str:
    """The page: figures, the year day by day and hour by hour, and what all of it rests on."""
    name, site, made, grid = told.name, told.site, told.made, told.made.grid
    period = f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"
    style = files("allod.replay").joinpath("static", "page.css").read_text(encoding="utf-8")
    title = f"A year of {escape(site.title)}"
    rests = "".join(f"<li>{escape(text)}</li>" for text in told.notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="Allod {__version__}"><title>{title}</title>'
        f"<style>{style}{STYLE}</style></head><body>"
        f'<header class="top"><p class="brand">Allod energy model</p><h1>{title}</h1>'
        f'<p class="dim">{escape(name)} · {period} · steps of {span(grid.step_s)} · computed</p>'
        f"</header><main><section><dl class='tiles'>{''.join(map(_tile, figures(made)))}</dl>"
        f"</section><section>{''.join(_pictures(made))}</section>{''.join(_tables(told))}"
        f"<section><h2>What it rests on</h2><ul>{rests}</ul></section></main>"
        f"<footer>Made by Allod {__version__}. One file, no network.</footer></body></html>\n"
    )


def _tile(one: Kpi) -> str:
    value, unit = "not known" if one.value is None else _digits(one.value), one.unit
    if one.value is not None and unit == "MWh":
        value, _, unit = energy(1e6 * one.value).partition(" ")
    unit = "" if unit == "1" else f" <small>{escape(unit)}</small>"
    return (
        f"<div><dt>{escape(one.name)}</dt><dd class='value'>{value}{unit}</dd>"
        f"<dd class='more'>{escape('; '.join(one.missing) or one.method)}</dd></div>"
    )


def _digits(value: float) -> str:
    return amount(value) if abs(value) >= 100 else f"{value:.3f}"


def _pictures(made: Simulation) -> list[str]:
    use, grid = made.use, made.grid
    shown = [
        _powers(
            "Power at the meter",
            "IT, losses, cooling and the rest, mean of each day",
            grid,
            [
                ("IT", use.it_w),
                ("losses", use.losses_w + use.misc_w),
                ("cooling and heat pumps", use.cooling_w + use.heat_pump_w),
            ],
        ),
        _above_one("PUE", "Energy at the meter over IT energy of each day", grid, _daily_pue(made)),
    ]
    if use.heat:
        rest = use.captured_w - use.heat_w
        parts = [("handed over", use.heat_w), ("rejected or lifted", np.maximum(rest, 0))]
        shown.append(_powers("Heat", "What the loop holds, mean of each day", grid, parts))
    if made.supply is not None:
        met = [
            (f"{name} (clean)", values / grid.step_h)
            for name, values in sorted(made.supply.clean_wh.items())
        ]
        rest = made.supply.load_wh - made.supply.covered_wh()
        met.append(("the rest, from the grid", np.maximum(rest, 0) / grid.step_h))
        words = "Contracted and own clean power in its own step; the rest is the public grid's mix"
        shown.append(_powers("What supplies it", words, grid, met))
        shown += _by_the_hour(made.supply)
    return shown


def _by_the_hour(supply: SupplyYear) -> list[str]:
    """Which hours of the year contracts and plant cover, and with the grid's own share."""
    grid, load_wh = supply.grid, supply.load_wh
    words = (
        "Share of each hour's load that is covered; a day is a column, its hours go upwards, UTC"
    )
    own = by_hour(grid, supply.covered_wh(), load_wh)
    shown = [heat_map("Covered by contracts and plant, hour by hour", words, grid, own)]
    if supply.cfe is not None:
        whole = by_hour(grid, supply.cfe * load_wh, load_wh)
        shown.append(heat_map("CFE score, hour by hour", words, grid, whole))
    return shown


def _tables(told: Told) -> list[str]:
    return [
        f"<section><h2>{escape(title)}</h2><div class='card scroll'><table><thead><tr>"
        + "".join(f"<th>{escape(column.title)}</th>" for column in columns)
        + "</tr></thead><tbody>"
        + "".join(
            "<tr>"
            + "".join(
                f"<td{_side(column.right)}>{escape(str(cell))}</td>"
                for column, cell in zip(columns, row, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        + "</tbody></table></div></section>"
        for title, columns, rows in tables(told)
    ]


def _side(right: bool) -> str:
    return "" if right else ' class="words"'


def _daily(grid: Grid, values: Values) -> Values:
    """Means of days, the last one as long as it is; (days,)."""
    first = np.arange(0, grid.steps, max(1, DAY_S // grid.step_s))
    counts = np.diff([*first, grid.steps])
    return np.asarray(np.add.reduceat(values, first) / counts)


def _daily_pue(made: Simulation) -> Values:
    it_w = _daily(made.grid, made.use.it_w)
    return np.asarray(_daily(made.grid, made.use.facility_w) / np.where(it_w > 0, it_w, np.nan))


def _powers(title: str, about: str, grid: Grid, parts: Sequence[tuple[str, Values]]) -> str:
    days = [(name, _daily(grid, values).tolist()) for name, values in parts]
    most = max(map(sum, zip(*(values for _, values in days), strict=True)))
    lines = [Line(name, values, f"s{i}", "stack") for i, (name, values) in enumerate(days)]
    x = _days(grid)
    axis = times(grid.start_s, grid.end_s, dated=True)
    return plot(title, about, lines, x, axis, amounts(float(most) or 1.0, power))


def _above_one(title: str, about: str, grid: Grid, values: Values) -> str:
    known = values[np.isfinite(values)]
    above = amounts(1000 * (float(known.max()) - 1) if known.size else 1.0, str)  # In thousandths.
    marks = [(1 + value / 1000, f"{1 + value / 1000:.3f}") for value, _ in above.marks]
    scale = Axis(1.0, 1 + above.last / 1000, marks, lambda value: f"{value:.3f}")
    line = Line(title, np.nan_to_num(values, nan=1.0).tolist(), "s0")
    axis = times(grid.start_s, grid.end_s, dated=True)
    return plot(title, about, [line], _days(grid), axis, scale)


def _days(grid: Grid) -> list[float]:
    return [float(at_s) for at_s in range(grid.start_s, grid.end_s, DAY_S)]
