"""The plots of `bench.lcg_federation`, as SVG that can be read on a light and a dark screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
Scale = Callable[[Any], Any]

_STYLE: Final = """
  svg { --ground: #ffffff; --ink: #1f2328; --faint: #d0d7de;
        --isolated: #8c5a00; --country: #a8379b; --area: #1a7f37; --federated: #0969da;
        --charter: #cf222e }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --faint: #30363d;
          --isolated: #d9a13a; --country: #e28ad8; --area: #57c46f; --federated: #6cb2ff;
          --charter: #ff8c84 } }
  text { fill: var(--ink); font: 13px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 15px }
  .ground { fill: var(--ground) } .grid { stroke: var(--faint) } .axis { stroke: var(--ink) }
  .line { fill: none; stroke-width: 2.2 } .dot { fill-opacity: 0.55 }
"""
_WIDTH, _HEIGHT = 760, 420
_DASHES: Final = {
    "isolated": "",
    "country": "9 4",
    "area": "3 3",
    "federated": "",
    "charter": "12 3 3 3",
}

_WAIT_TICKS: Final = (
    (0, "0"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (21_600, "6 h"), (86_400, "1 d"),
    (604_800, "1 week"),
)  # fmt: skip


@dataclass(slots=True)
class Panel:
    """A part of the picture with its own axes; x and y are told as its scales read them."""

    left: float
    right: float
    top: float
    bottom: float
    x: Scale
    y: Scale
    parts: list[str] = field(default_factory=list)

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Where a point lies in the picture; the scales give 0 to 1."""
        return (
            self.left + (self.right - self.left) * self.x(x),
            self.bottom - (self.bottom - self.top) * self.y(y),
        )

    def grid(self, xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]]) -> None:
        """Lines and labels at these values."""
        for value, label in xs:
            px, _ = self.at(value, 0)
            self.line(px, self.top, px, self.bottom, "grid")
            self.text(px, self.bottom + 19, label, "middle")
        for value, label in ys:
            _, py = self.at(xs[0][0], value)
            self.line(self.left, py, self.right, py, "grid")
            self.text(self.left - 7, py + 4, label, "end")
        self.line(self.left, self.bottom, self.right, self.bottom, "axis")
        self.line(self.left, self.top, self.left, self.bottom, "axis")

    def text(self, px: float, py: float, words: str, anchor: str = "start", kind: str = "") -> None:
        """Words at a place of the picture."""
        of_kind = f' class="{kind}"' if kind else ""
        self.parts.append(
            f'<text x="{px:.1f}" y="{py:.1f}" text-anchor="{anchor}"{of_kind}>{words}</text>'
        )

    def curve(self, xs: Numbers, ys: Numbers, world: str) -> None:
        """A line through these points, in the colour of a world."""
        px, py = self.at(xs, ys)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
        self.parts.append(
            f'<polyline class="line" stroke="var(--{world})" points="{points}"'
            f' stroke-dasharray="{_DASHES[world]}"/>'
        )

    def dots(self, xs: Numbers, ys: Numbers, sizes: Numbers, world: str) -> None:
        """A dot for each point."""
        px, py = self.at(xs, ys)
        for a, b, r in zip(px, py, sizes, strict=True):
            self.parts.append(
                f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="{r:.1f}" fill="var(--{world})"/>'
            )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line between two places of the picture."""
        self.parts.append(
            f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        )


def all_of(
    waits: dict[str, Numbers],
    means: dict[str, Numbers],
    used: dict[str, Numbers],
    capacity: Numbers,
) -> dict[str, str]:
    """The plots by the names of their files."""
    return {
        "lcg-waits.svg": _waits(waits),
        "lcg-gain-and-loss.svg": _gain_and_loss(means, capacity),
        "lcg-use.svg": _use(used),
    }


def _of_wait(wait_s: Any) -> Any:
    """0 to 1 for waits from none to a week, as their logarithm."""
    return np.log10(1 + np.asarray(wait_s) / 30) / np.log10(1 + 604_800 / 30)


def _waits(waits: dict[str, Numbers]) -> str:
    """The part of all jobs that waits no longer than so."""
    panel = Panel(62, _WIDTH - 36, 84, _HEIGHT - 58, _of_wait, np.asarray)
    panel.grid(_WAIT_TICKS, [(part / 10, f"{10 * part} %") for part in range(0, 11, 2)])
    panel.text(24, 28, "Part of the jobs that waits no longer than so", kind="title")
    panel.text((62 + _WIDTH - 36) / 2, _HEIGHT - 14, "wait", "middle")
    at_s = np.unique(np.concatenate([[0], np.geomspace(10, 604_800, 160).astype(np.int64)]))
    for world, wait_s in waits.items():
        panel.curve(at_s, np.searchsorted(np.sort(wait_s), at_s, side="right") / len(wait_s), world)
    _legend(panel, waits)
    return _svg("How long jobs wait in each world", [panel])


def _gain_and_loss(means: dict[str, Numbers], capacity: Numbers) -> str:
    """Each site: mean wait of its jobs alone, and in a federation without and with charters."""
    panels = []
    sizes = 2.5 + np.sqrt(capacity) / 1.6
    for i, world in enumerate(("federated", "charter")):
        left = 76 + i * (_WIDTH - 20) / 2
        panel = Panel(left, left + 270, 84, _HEIGHT - 58, _of_wait, _of_wait)
        ticks = [tick for tick in _WAIT_TICKS if tick[0] not in (600, 21_600)]
        panel.grid(ticks, ticks)
        a, b = panel.at(np.array([0, 604_800]), np.array([0, 604_800]))
        panel.line(a[0], b[0], a[1], b[1], "axis")
        panel.dots(means["isolated"], means[world], sizes, world)
        panel.text(
            left, 70, {"federated": "federated", "charter": "federated, with charters"}[world]
        )
        panel.text(left + 135, _HEIGHT - 14, "mean wait when isolated", "middle")
        panel.text(left + 14, 104, "loses")
        panel.text(left + 262, 165, "gains", "end")
        panels.append(panel)
    panels[0].text(
        24, 28, "Mean wait of the jobs of each site; under the line it gains", kind="title"
    )
    return _svg("Who gains and who loses by federation", panels)


def _use(used: dict[str, Numbers]) -> str:
    """How much of each site is used, the least used first."""
    sites = len(next(iter(used.values())))
    panel = Panel(
        62,
        _WIDTH - 36,
        84,
        _HEIGHT - 58,
        lambda n: np.asarray(n) / sites,
        np.asarray,
    )
    panel.grid(
        [(n, str(n)) for n in range(0, sites + 1, 34)],
        [(part / 10, f"{10 * part} %") for part in range(0, 11, 2)],
    )
    panel.text(24, 28, "Use of each site, the least used first", kind="title")
    panel.text((62 + _WIDTH - 36) / 2, _HEIGHT - 14, "sites", "middle")
    for world, parts in used.items():
        panel.curve(np.arange(1, sites + 1), np.sort(parts), world)
    _legend(panel, used)
    return _svg("How evenly the sites are used", [panel])


def _legend(panel: Panel, worlds: dict[str, Numbers]) -> None:
    for i, world in enumerate(worlds):
        px = 62 + i * 132
        panel.parts.append(
            f'<line class="line" stroke="var(--{world})" stroke-dasharray="{_DASHES[world]}"'
            f' x1="{px}" y1="56" x2="{px + 34}" y2="56"/>'
        )
        panel.text(px + 41, 60, world)


def _svg(title: str, panels: list[Panel]) -> str:
    body = "\n".join(part for panel in panels for part in panel.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{title}">\n'
        f'<style>{_STYLE}</style>\n<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}"/>\n'
        f"{body}\n</svg>\n"
    )
