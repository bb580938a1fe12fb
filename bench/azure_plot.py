"""The plot of `bench.gateway_azure`: how long calls wait for their first token."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from allod.replay.plots import LEFT, Axis, Line, plot

_TITLE: Final = "Part of the calls whose first token came no later than so"
_STYLE: Final = """
  svg { --ground: #ffffff; --ink: #1f2328; --faint: #d0d7de; --s0: #1a7f37; --s1: #0969da;
        --s2: #a8379b; --s3: #cf222e; --s4: #8c5a00 }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --faint: #30363d; --s0: #57c46f; --s1: #6cb2ff;
          --s2: #e28ad8; --s3: #ff8c84; --s4: #d9a13a } }
  text { fill: var(--ink); font: 11px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 13px } .ground { fill: var(--ground) }
  .grid, .tick { stroke: var(--faint) } .mark { text-anchor: end } .below { text-anchor: middle }
  .rule { display: none } .line { fill: none; stroke-width: 2.2 }
  .s0 { stroke: var(--s0); stroke-dasharray: 3 3 } .s1 { stroke: var(--s1) }
  .s2 { stroke: var(--s2) } .s3 { stroke: var(--s3); stroke-dasharray: 9 4 }
  .s4 { stroke: var(--s4); stroke-dasharray: 9 4 }
"""
_WIDTH, _HEIGHT, _ABOVE = 760, 320, 66
_TIMES: Final = (
    (0.01, "10 ms"), (0.03, "30 ms"), (0.1, "0.1 s"), (0.3, "0.3 s"), (1.0, "1 s"), (3.0, "3 s"),
    (10.0, "10 s"),
)  # fmt: skip


def picture(drawn: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Times to the first token by name, as SVG for light and dark screens. [s]"""
    x = np.geomspace(0.01, 30.0, 240)
    x_axis = Axis(0.01, 30.0, _TIMES, curve=math.log10, back=lambda value: 10.0**value)
    y_axis = Axis(0.0, 1.0, [(part / 4, f"{25 * part} %") for part in range(5)])
    found = [
        Line(
            name,
            (np.searchsorted(np.sort(first_s), x, side="right") / len(first_s)).tolist(),
            f"s{i}",
        )
        for i, (name, first_s) in enumerate(drawn)
    ]
    about = "; ".join(f"{name}: median {np.median(first_s):.2f} s" for name, first_s in drawn)
    figure = plot(_TITLE, about, found, x.tolist(), x_axis, y_axis, (_WIDTH, _HEIGHT))
    inside = re.search(r"<svg[^>]*>(.*)</svg>", figure, re.DOTALL)
    assert inside is not None
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT + _ABOVE}" '
        f'width="{_WIDTH}" height="{_HEIGHT + _ABOVE}" role="img" aria-label="{_TITLE}">\n'
        f'<style>{_STYLE}</style>\n<rect class="ground" width="{_WIDTH}" '
        f'height="{_HEIGHT + _ABOVE}"/>\n<text class="title" x="{LEFT}" y="18">{_TITLE}</text>\n'
        f'{_legend([name for name, _ in drawn])}\n<g transform="translate(0 {_ABOVE})">'
        f"{inside[1]}</g>\n</svg>\n"
    )


def _legend(names: Sequence[str]) -> str:
    parts = []
    for i, name in enumerate(names):
        x, y = LEFT + i % 3 * 232, 36 + i // 3 * 18
        parts.append(f'<path class="s{i} line" d="M{x} {y}h30"/>')
        parts.append(f'<text x="{x + 36}" y="{y + 4}">{name}</text>')
    return "".join(parts)
