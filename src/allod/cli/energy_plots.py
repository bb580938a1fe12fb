"""Pictures of an energy report: bars over time, in which what is not known stays visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from allod.energy.grid import DAY_S, Grid, Values
from allod.replay.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, amounts, times

_BARS_MAX = 400
_LAST = 0.98  #: From here on a date in the middle of its place would be cut off.
_SHORT_S = 3 * DAY_S


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn as bars."""

    title: str
    about: str  #: What is to be seen, in words.
    values: Values  #: (bars,); NaN is not known.
    form: Callable[[float], str]  #: How a value is written at the axis.

    @property
    def lost(self) -> int:
        """How many bars are not known."""
        return int(np.count_nonzero(~np.isfinite(self.values)))


def bin_s(grid: Grid) -> int:
    """How long a bar is: a step in short periods, else a day, or as many as leave 400 bars."""
    long_s = grid.end_s - grid.start_s
    if long_s <= _SHORT_S:
        return grid.step_s
    return DAY_S * -(-long_s // DAY_S // _BARS_MAX) if long_s > DAY_S * _BARS_MAX else DAY_S


def binned(grid: Grid, values: Values) -> Values:
    """Sums of each bar; NaN where a step in it is not known. (steps,) to (bars,)"""
    first = np.arange(0, grid.steps, max(1, bin_s(grid) // grid.step_s))
    return np.asarray(np.add.reduceat(values, first))


def bars(chart: Chart, grid: Grid) -> str:
    """A figure of bars from `grid`'s start to its end; those of another colour are not known."""
    legend = f'<ul class="legend"><li>{chart.lost:,} not known</li></ul>' if chart.lost else ""
    return (
        f'<figure class="plot"><figcaption><b>{escape(chart.title)}</b>{legend}</figcaption>'
        f"{picture(chart, grid)}</figure>"
    )


def picture(chart: Chart, grid: Grid, about: str = 'role="img"') -> str:
    """The bars alone, as SVG; `about` goes into its tag."""
    values = chart.values
    known = values[np.isfinite(values)]
    scale = amounts(float(known.max()) if known.size else 1.0, chart.form)
    axis = times(grid.start_s, grid.end_s, dated=True)
    wide = (WIDTH - LEFT - RIGHT) / len(values)
    drawn = "".join(
        _bar(LEFT + i * wide, wide, None if not np.isfinite(value) else scale.at(value))
        for i, value in enumerate(values.tolist())
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" {about}><title>{escape(chart.title)}</title>'
        f"<desc>{escape(chart.about)}</desc>{_marks(scale.marks, scale.at)}{drawn}"
        f"{_dates(axis.marks, axis.at)}</svg>"
    )


def _bar(x: float, wide: float, share: float | None) -> str:
    high = HEIGHT - TOP - BOTTOM
    tall = high if share is None else share * high
    paint = "unknown" if share is None else "s0"
    return (
        f'<rect class="{paint}" x="{x:.1f}" y="{TOP + high - tall:.1f}" '
        f'width="{max(wide * 0.9, 0.4):.2f}" height="{tall:.1f}"/>'
    )


def _marks(marks: Sequence[tuple[float, str]], at: Callable[[float], float]) -> str:
    lines = []
    for value, words in marks:
        y = HEIGHT - BOTTOM - at(value) * (HEIGHT - TOP - BOTTOM)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text class="mark" x="{LEFT - 7}" y="{y + 3.5:.1f}">{escape(words)}</text>')
    return "".join(lines)


def _dates(marks: Sequence[tuple[float, str]], at: Callable[[float], float]) -> str:
    """Dates below the bars, each under its place; the last one ends where the picture does."""
    return "".join(
        f'<text class="mark{" below" if at(value) < _LAST else ""}" '
        f'x="{LEFT + at(value) * (WIDTH - LEFT - RIGHT):.1f}" y="{HEIGHT - 9}">{escape(words)}'
        "</text>"
        for value, words in marks
    )
