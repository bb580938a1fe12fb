"""A figure beside its limit and its peers, and the command that measures some and prints them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from bench import machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that was measured; without a limit it only tells more about the others."""

    name: str
    value: float
    unit: str
    at_least: float | None = None  #: The limit, if more is better.
    at_most: float | None = None  #: The limit, if less is better.
    beside: str = ""  #: What others reach.
    note: str = ""  #: How it was measured, if its name does not say it all.

    @property
    def limit(self) -> str:
        """The limit with its sign; empty if there is none."""
        if self.at_least is not None:
            return f">= {number(self.at_least)}"
        return "" if self.at_most is None else f"<= {number(self.at_most)}"

    @property
    def short(self) -> bool:
        """True if the limit is missed."""
        if self.at_least is not None:
            return self.value < self.at_least
        return self.at_most is not None and self.value > self.at_most

    @property
    def verdict(self) -> str:
        """PASS, 'short of it', or nothing where there is no limit."""
        return "" if not self.limit else "short of it" if self.short else "PASS"

    @property
    def margin(self) -> float:
        """How many times better than the limit it is; 1 is just good enough."""
        if self.at_least is not None:
            return self.value / self.at_least
        if self.at_most is None:
            return 1.0
        if self.at_most == 0:
            return 1.0 if self.value == 0 else 0.0
        return self.at_most / self.value if self.value else float("inf")

    def line(self) -> str:
        """The figure for people, on one line."""
        limit = f"limit {self.limit}" if self.limit else ""
        rest = "; ".join(part for part in (self.beside, self.note) if part)
        return (
            f"{self.name:32} {number(self.value):>11} {self.unit:10} {limit:18} "
            f"{self.verdict:11} {rest}"
        ).rstrip()


def number(value: float) -> str:
    """`value` with as many digits as it is worth reading."""
    if value == int(value) or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The least of `values` at or under which `share` of them lie."""
    ordered = sorted(values)
    place = -(-int(share * 10_000) * len(ordered) // 10_000) - 1
    return ordered[min(len(ordered) - 1, max(0, place))]


def command(measure: Callable[[], list[Figure]], purpose: str | None) -> int:
    """Be the command that prints what `measure` finds; exit status 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=(purpose or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    given = parser.parse_args()
    busy = machine.busy()
    figures = measure()
    if given.json:
        print(json.dumps([asdict(figure) for figure in figures]))
    else:
        for figure in figures:
            print(figure.line(), flush=True)
        if busy:
            print(f"beware: {busy}")
    return int(any(figure.short for figure in figures))
