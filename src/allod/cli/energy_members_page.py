"""Many years of a site as one HTML page that needs nothing else."""

from __future__ import annotations

from html import escape
from importlib.resources import files

import numpy as np

from allod import __version__
from allod.cli.energy_members_view import Drawn, digits, facts, histogram
from allod.energy.grid import Values
from allod.energy.monte_carlo import Fan, Spread
from allod.replay.plots import Axis, Line, amounts, plot, times
from allod.replay.words import span

_MARKS = 4


def page(drawn: Drawn) -> str:
    """The page: percentiles, the course over time as fans, each figure as a histogram."""
    style = files("allod.replay").joinpath("static", "page.css").read_text(encoding="utf-8")
    title = f"{drawn.members:,} years of {escape(drawn.site.title)}"
    rests = "".join(
        f"<li>{escape(name)}: {escape(text)}</li>" for name, text in facts(drawn) if name != "site"
    )
    fans = "".join(_fan(one, drawn) for one in drawn.sample.fans if _known(one.percentiles[1]))
    bars = "".join(_bars(one) for one in drawn.sample.spreads if histogram(one)[0].size)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="Allod {__version__}"><title>{title}</title>'
        f"<style>{style}</style></head><body>"
        f'<header class="top"><p class="brand">Allod energy model</p><h1>{title}</h1>'
        f'<p class="dim">{escape(drawn.name)} · steps of {span(drawn.grid.step_s)} · drawn with '
        f"seed {drawn.seed} · computed</p></header><main>"
        f"<section><dl class='tiles'>{''.join(map(_tile, drawn.sample.spreads))}</dl></section>"
        f"<section><h2>Over time<small>the middle year, and between P10 and P90 of each bin</small>"
        f"</h2>{fans}</section>"
        f'<section><h2>Over the years<small>how many came to what</small></h2><div class="pair">'
        f"{bars}</div></section>"
        f"<section><h2>What it rests on</h2><ul>{rests}</ul></section></main>"
        f"<footer>Made by Allod {__version__}. One file, no network.</footer></body></html>\n"
    )


def _tile(one: Spread) -> str:
    low, middle, high = map(digits, one.percentiles)
    if middle == "-":
        return f"<div><dt>{escape(one.name)}</dt><dd class='value'>not known</dd></div>"
    unit = "" if one.unit == "1" else f" <small>{escape(one.unit)}</small>"
    return (
        f"<div><dt>{escape(one.name)}</dt><dd class='value'>{middle}{unit}</dd>"
        f"<dd class='more'>P10 {low}, P90 {high}; {escape(one.method)}</dd></div>"
    )


def _known(values: Values) -> bool:
    return bool(np.isfinite(values).any())


def _fan(one: Fan, drawn: Drawn) -> str:
    low, middle, high = (np.nan_to_num(values).tolist() for values in one.percentiles)
    line = Line("P50, within P10 to P90", middle, "s0", "line", low, high)
    x = [float(at_s) for at_s in one.starts_s.tolist()]
    axis = times(drawn.grid.start_s, drawn.grid.end_s, dated=True)
    unit = "" if one.unit == "1" else f" [{one.unit}]"
    name = one.name[0].upper() + one.name[1:]
    about = f"{name} of the middle member, and the band between P10 and P90"
    picture = plot(f"{name}{unit}", about, [line], x, axis, _scale(min(low), max(high)))
    return f'<div class="card">{picture}</div>'


def _scale(least: float, most: float) -> Axis:
    """From 0, or from close below the least where all lies close together."""
    if least < 0.8 * most:
        scale = amounts(1000 * most, lambda value: digits(value / 1000))
        marks = [(value / 1000, words) for value, words in scale.marks]
        return Axis(scale.first / 1000, scale.last / 1000, marks, digits)
    wide = max(most - least, 1e-3 * abs(most), 1e-9)
    first, last = least - 0.1 * wide, most + 0.1 * wide
    values = [first + (last - first) * place / _MARKS for place in range(_MARKS + 1)]
    return Axis(first, last, [(value, digits(value)) for value in values], digits)


def _bars(one: Spread) -> str:
    """Bars as one area with steps: each count from edge to edge."""
    edges, counts = histogram(one)
    x, y = np.repeat(edges, 2)[1:-1].tolist(), np.repeat(counts, 2).tolist()
    values = np.linspace(edges[0], edges[-1], _MARKS + 1).tolist()
    axis = Axis(x[0], x[-1], [(value, digits(value)) for value in values], digits)
    unit = "" if one.unit == "1" else f" [{one.unit}]"
    about = f"How many members came to what {one.name}"
    area = Line("members", y, "s0", "area")
    scale = amounts(float(counts.max()), lambda value: f"{value:,.0f}", 4)
    picture = plot(f"{one.name}{unit}", about, [area], x, axis, scale)
    return f'<div class="card">{picture}</div>'
