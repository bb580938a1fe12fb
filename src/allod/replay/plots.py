"""Plots as SVG text: scales, axes, areas and lines, without any library.

Colours are classes of the page (`s1`...), so that one picture serves light and dark. The values
lie beside each picture as JSON, for whoever points at it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

Points = Sequence[float]
Form = Callable[[float], str]

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 26


@dataclass(frozen=True, slots=True)
class Line:
    """One thing drawn over x."""

    name: str
    y: Points  #: One value per x of the plot.
    paint: str  #: Class of its colour.
    style: str = "line"  #: 'line', 'area', 'step' (a limit) or 'stack' (on what came before).
    low: Points = ()  #: With `high`: a band around the line.
    high: Points = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale with marks."""

    first: float
    last: float
    marks: Sequence[tuple[float, str]]
    form: Form = str  #: How a value is written for who points at it.
    curve: Callable[[float], float] = field(default=lambda value: value)  #: E.g. a logarithm,
    back: Callable[[float], float] = field(default=lambda value: value)  #: and its inverse.

    def at(self, value: float) -> float:
        """Where `value` lies, from 0 to 1."""
        first, last = self.curve(self.first), self.curve(self.last)
        place = (self.curve(value) - first) / (last - first) if last > first else 0.0
        return min(1.0, max(0.0, place))

    def even(self, count: int) -> list[float]:
        """`count` + 1 values that lie evenly in the picture."""
        first, last = self.curve(self.first), self.curve(self.last)
        return [self.back(first + (last - first) * i / count) for i in range(count + 1)]


def plot(
    title: str,
    about: str,
    lines: Sequence[Line],
    x: Points,
    x_axis: Axis,
    y_axis: Axis,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> str:
    """A figure with a legend; `about` says in words what is to be seen."""
    width, height = size
    frame = _Frame(x_axis, y_axis, width, height)
    drawn: list[str] = []
    base = [y_axis.first] * len(x)
    for line in lines:
        if line.style == "stack":
            top = [below + value for below, value in zip(base, line.y, strict=True)]
            drawn.append(frame.between(x, base, top, f"{line.paint} fill stack"))
            base = top
        else:
            drawn += frame.line(x, line)
    picture = (
        f'<svg viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(about)}</desc>"
        f"{frame.grid()}{''.join(drawn)}"
        f'<line class="rule" y1="{TOP}" y2="{height - BOTTOM}"/></svg>'
    )
    return (
        f'<figure class="plot" data-values="{escape(_values(lines, x, frame))}">'
        f"<figcaption><b>{escape(title)}</b>{_legend(lines)}</figcaption>"
        f"{picture}<output hidden></output></figure>"
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values lie in the picture."""

    x_axis: Axis
    y_axis: Axis
    width: int
    height: int

    def x(self, value: float) -> float:
        return LEFT + self.x_axis.at(value) * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - self.y_axis.at(value) * (self.height - TOP - BOTTOM)

    def grid(self) -> str:
        parts = []
        for value, words in self.y_axis.marks:
            y = self.y(value)
            parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{self.width - RIGHT}"/>')
            parts.append(f'<text class="mark" x="{LEFT - 7}" y="{y + 3.5:.1f}">{words}</text>')
        for value, words in self.x_axis.marks:
            x = self.x(value)
            parts.append(f'<path class="tick" d="M{x:.1f} {self.height - BOTTOM}v4"/>')
            parts.append(
                f'<text class="mark below" x="{x:.1f}" y="{self.height - 9}">{escape(words)}</text>'
            )
        return "".join(parts)

    def line(self, x: Points, line: Line) -> list[str]:
        drawn = []
        if line.low:
            drawn.append(self.between(x, line.low, line.high, f"{line.paint} band"))
        if line.style == "area":
            floor = [self.y_axis.first] * len(x)
            drawn.append(self.between(x, floor, line.y, f"{line.paint} fill"))
        path = self._path(x, line.y, steps=line.style == "step")
        kind = "limit" if line.style == "step" else "line"
        return [*drawn, f'<path class="{line.paint} {kind}" d="{path}"/>']

    def between(self, x: Points, low: Points, high: Points, paint: str) -> str:
        up = self._path(x, high)
        back = self._path(list(reversed(x)), list(reversed(low)))
        return f'<path class="{paint}" d="{up}L{back[1:]}Z"/>'

    def _path(self, x: Points, y: Points, *, steps: bool = False) -> str:
        parts: list[str] = []
        before = ""
        for at, value in zip(x, y, strict=True):
            where = f"{self.y(value):.1f}"
            if steps and parts:
                if where == before and at != x[-1]:
                    continue
                parts.append(f"H{self.x(at):.1f}V{where}")
            else:
                parts.append(f"{'L' if parts else 'M'}{self.x(at):.1f} {where}")
            before = where
        return "".join(parts)


def _legend(lines: Sequence[Line]) -> str:
    items = "".join(
        f'<li><i class="{line.paint} {"limit" if line.style == "step" else "swatch"}"></i>'
        f"{escape(line.name)}</li>"
        for line in lines
    )
    return f'<ul class="legend">{items}</ul>'


def _values(lines: Sequence[Line], x: Points, frame: _Frame) -> str:
    """What the page's script shows where someone points."""
    return json.dumps(
        {
            "at": [round(frame.x(value), 1) for value in x],
            "x": [frame.x_axis.form(value) for value in x],
            "lines": [
                {
                    "name": line.name,
                    "paint": line.paint,
                    "y": [frame.y_axis.form(v) for v in line.y],
                }
                for line in lines
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


# -- scales -------------------------------------------------------------------------------------


def amounts(most: float, form: Form, count: int = 4) -> Axis:
    """An axis from 0 to a round number of at least `most`."""
    step = _round_step(max(most, 1) / count)
    last = step * max(1, math.ceil(max(most, 1) / step - 1e-9))
    marks = [(step * i, form(step * i)) for i in range(round(last / step) + 1)]
    return Axis(0, last, marks, form)


def _round_step(least: float) -> float:
    size = 10 ** math.floor(math.log10(least))
    return float(
        next(
            size * part
            for part in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
            if size * part >= least * 0.999
        )
    )


def times(first_s: int, last_s: int, *, dated: bool) -> Axis:
    """An axis of dates, or of days since the trace's clock was 0."""
    last_s = max(last_s, first_s + 1)
    form = _date if dated else _day
    if dated and last_s - first_s > 60 * 86_400:
        marks = [(at, _month(at)) for at in _months(first_s, last_s)]
    else:
        step = next(
            (s for s in _TIME_STEPS_S if (last_s - first_s) / s <= 8),
            _TIME_STEPS_S[-1] * math.ceil((last_s - first_s) / _TIME_STEPS_S[-1] / 8),
        )
        start = -(-first_s // step) * step
        width = 10 if step >= 86_400 and dated else None
        marks = [(float(at), form(at)[:width]) for at in range(start, last_s + 1, step)]
    return Axis(first_s, last_s, marks, form)


_TIME_STEPS_S = [600, 3600, 3 * 3600, 6 * 3600, 12 * 3600] + [
    days * 86_400 for days in (1, 2, 5, 7, 14, 30, 60, 120, 365)
]


def _date(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M")


def _day(at_s: float) -> str:
    days, rest = divmod(int(at_s), 86_400)
    return f"day {days}" if rest == 0 else f"day {days} {rest // 3600:02}:{rest % 3600 // 60:02}"


def _month(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%b %Y")


def _months(first_s: int, last_s: int) -> list[float]:
    """Beginnings of months, at most eight of them."""
    moment = datetime.fromtimestamp(first_s, UTC)
    year, month, found = moment.year, moment.month, list[float]()
    while (at_s := datetime(year, month, 1, tzinfo=UTC).timestamp()) <= last_s:
        if at_s >= first_s:
            found.append(at_s)
        year, month = year + month // 12, month % 12 + 1
    return found[:: -(-len(found) // 8)] if found else []


_SPANS = ((0, "0"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (21_600, "6 h"))
_LONG_SPANS = ((86_400, "1 d"), (604_800, "1 w"), (2_592_000, "30 d"), (31_536_000, "1 y"))


def spans(most_s: float, form: Form) -> Axis:
    """An axis of durations: even for seconds, a logarithm beyond."""
    last = max(60.0, most_s)
    marks = [(float(at), words) for at, words in (*_SPANS, *_LONG_SPANS) if at <= last]
    return Axis(
        0,
        last,
        marks,
        form,
        lambda value: math.log10(1 + value / 10),
        lambda place: 10 * (10**place - 1),
    )


def factors(most: float) -> Axis:
    """An axis of factors from 1 on, as a logarithm."""
    last = max(10.0, most)
    marks = [(float(10**i), f"{10**i:,}") for i in range(math.floor(math.log10(last) + 1e-9) + 1)]
    return Axis(
        1, last, marks, lambda value: f"{value:,.3g}", math.log10, lambda place: 10.0**place
    )


def shares(least: float) -> Axis:
    """An axis of parts of a whole, from a round number of per cent below `least`."""
    first = 0.0
    for step in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01):
        if least >= 1 - step:
            first = 1 - step
    marks = [(first + (1 - first) * i / 4, _percent(first + (1 - first) * i / 4)) for i in range(5)]
    return Axis(first, 1, marks, _percent)


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
