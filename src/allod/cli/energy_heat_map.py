"""A share over a year as a heat map: day by day along, hour of the day upwards, UTC."""

from __future__ import annotations

from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allod.energy.grid import DAY_S, HOUR_S, Grid, Values
from allod.replay.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, times

#: Least share of each class of colour; the last holds what is covered whole, but for rounding.
_FROM: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1 - 1e-9)
_WORDS: Final = ("under 20 %", "20 to 40", "40 to 60", "60 to 80", "80 to 90", "over 90", "100 %")
#: Class of a cell that lies outside of the time, and is not drawn.
_OUTSIDE: Final = -2
#: What a page with heat maps needs of CSS: two colours, mixed by class; more is stronger.
STYLE: Final = (
    "figure { --full: light-dark(#0f6b5c, #56bda8); --bare: light-dark(#f3dfc4, #4a3320); }\n"
    ".lost { --cell: var(--line); }\n"
    + "".join(
        f".h{i} {{ --cell: color-mix(in oklab, var(--full) {share}%, var(--bare)); }}\n"
        for i, share in enumerate((0, 18, 36, 54, 70, 84, 100))
    )
    + "path[class^='h'], path.lost { fill: var(--cell); }\n"
    ".legend i[class^='h'], .legend i.lost { background: var(--cell); }\n"
)


def by_hour(grid: Grid, part: Values, whole: Values) -> Values:
    """`part` over `whole` of each hour of each day; (days, 24). [1]

    NaN where it is not known, and where nothing was used.

    Args:
        grid: The time.
        part: What is covered; (steps,). [Wh per step]
        whole: Of what; likewise.
    """
    first_day = grid.start_s // DAY_S
    hours = grid.times_s() // HOUR_S - first_day * 24
    days = int(hours[-1] // 24) + 1
    over, under = np.zeros(days * 24), np.zeros(days * 24)
    np.add.at(over, hours, part)
    np.add.at(under, hours, whole)
    share = np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)
    return share.reshape(days, 24)


def heat_map(title: str, about: str, grid: Grid, shares: Values) -> str:
    """A figure of `shares` (days, 24)."""
    wide = (WIDTH - LEFT - RIGHT) / len(shares)
    high = (HEIGHT - TOP - BOTTOM) / 24
    classes = np.searchsorted(_FROM, np.nan_to_num(shares, nan=-1.0), side="right") - 1
    classes[~_there(grid, shares)] = _OUTSIDE
    keys = [(number, f"h{number}", words) for number, words in enumerate(_WORDS)]
    keys += [(-1, "lost", "not known")] if (classes == -1).any() else []
    drawn = "".join(
        f'<path class="{paint}" d="{_cells(classes == number, wide, high)}"/>'
        for number, paint, _ in keys
        if (classes == number).any()
    )
    legend = "".join(f'<li><i class="{paint}"></i>{words}</li>' for _, paint, words in keys)
    return (
        f'<figure class="plot"><figcaption><b>{escape(title)}</b><ul class="legend">{legend}</ul>'
        f'</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(about)}</desc>{drawn}{_marks(grid)}"
        "</svg></figure>"
    )


def _there(grid: Grid, shares: Values) -> NDArray[np.bool_]:
    """Which cells lie in the grid's time: its first and last day may be parts of one."""
    found = np.zeros(shares.size, dtype=np.bool_)
    found[grid.times_s() // HOUR_S - grid.start_s // DAY_S * 24] = True
    return found.reshape(shares.shape)


def _cells(shown: NDArray[np.bool_], wide: float, high: float) -> str:
    """The cells of one colour as a path: hours that follow each other are one box."""
    boxes = []
    for day, hours in enumerate(shown):
        edges = np.flatnonzero(np.diff(np.r_[False, hours, False].astype(np.int8)))
        for first, end in edges.reshape(-1, 2).tolist():
            y = HEIGHT - BOTTOM - end * high
            tall = (end - first) * high
            boxes.append(f"M{LEFT + day * wide:.1f} {y:.1f}h{wide:.2f}v{tall:.1f}h-{wide:.2f}z")
    return "".join(boxes)


def _marks(grid: Grid) -> str:
    high = (HEIGHT - TOP - BOTTOM) / 24
    hours = "".join(
        f'<text class="mark" x="{LEFT - 7}" y="{HEIGHT - BOTTOM - hour * high + 3.5:.1f}">'
        f"{hour:02}:00</text>"
        for hour in (0, 6, 12, 18, 24)
    )
    axis = times(grid.start_s, grid.end_s, dated=True)
    dates = "".join(
        f'<text class="mark below" x="{LEFT + axis.at(value) * (WIDTH - LEFT - RIGHT):.1f}" '
        f'y="{HEIGHT - 9}">{escape(words)}</text>'
        for value, words in axis.marks
    )
    return hours + dates
