"""A line of a report: a figure as it is handed in, or what lacks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from allod.domain.fact import Fact
from allod.energy.account import Total
from allod.energy.kpi import Kpi
from allod.energy.numbers import fixed


@dataclass(frozen=True, slots=True)
class Line:
    """One row; `value` is text of a fixed form, so that all write it alike."""

    item: str  #: Number in its list, such as '4'.
    symbol: str  #: Such as 'EDC'; may be empty.
    title: str
    unit: str
    value: str | None
    inputs: tuple[str, ...]  #: Meters, or 'declared: ' and the source.
    missing: tuple[str, ...]  #: What lacks; nothing exactly where there is a value.
    rule: str  #: Version of the rule by which it was made.


@dataclass(frozen=True, slots=True)
class Row:
    """What a line is called and counted in, and how exactly it is written."""

    item: str
    symbol: str
    title: str
    unit: str
    places: int = 0  #: Digits behind the point.

    def of_total(self, total: Total, rule: str, times: float = 1.0) -> Line:
        """The line of a metered figure."""
        value = None if total.value is None else fixed(total.value * times, self.places)
        return self._line(value, total.meters, total.missing, rule)

    def of_kpi(self, kpi: Kpi) -> Line:
        """The line of an indicator, by its own method."""
        value = None if kpi.value is None else fixed(kpi.value, self.places)
        return self._line(value, kpi.inputs, kpi.missing, kpi.method)

    def of_fact(self, fact: Fact[int], name: str, rule: str, times: float = 1.0) -> Line:
        """The line of a declared number."""
        value = None if fact.value is None else fact.value * times
        return self.of_text(None if value is None else fixed(value, self.places), fact, name, rule)

    def of_words(self, fact: Fact[tuple[str, ...]], name: str, rule: str) -> Line:
        """The line of declared words; an empty list is 'none'."""
        said = None if fact.value is None else ", ".join(fact.value) or "none"
        return self.of_text(said, fact, name, rule)

    def of_text(self, value: str | None, fact: Fact[Any] | None, name: str, rule: str) -> Line:
        """The line of declared text; `name` is the field that would hold it."""
        if value is None:
            return self._line(None, (), (f"'{name}' is not said",), rule)
        source = fact.source if fact else "this document"
        return self._line(value, (f"declared: {source}",), (), rule)

    def _line(
        self, value: str | None, inputs: Sequence[str], missing: Sequence[str], rule: str
    ) -> Line:
        return Line(
            self.item,
            self.symbol,
            self.title,
            self.unit,
            value,
            tuple(dict.fromkeys(inputs)),
            tuple(dict.fromkeys(missing)),
            rule,
        )
