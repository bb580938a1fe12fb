"""What each quantity came to over a period, by which meters; or what lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from allod.domain.meters import Dimension, Meter, Quantity, dimension_of
from allod.energy.grid import Grid, Values
from allod.energy.readings import Flag, Metered

#: Unit of each dimension's totals and means.
BASE_UNITS: Final = {
    Dimension.ENERGY: "Wh",
    Dimension.VOLUME: "m3",
    Dimension.TEMPERATURE: "degC",
    Dimension.TRAFFIC: "B",
    Dimension.INTENSITY: "gCO2e/kWh",
    Dimension.SHARE: "1",
}
#: What does not add up over meters.
_RATES: Final = (Dimension.TEMPERATURE, Dimension.INTENSITY, Dimension.SHARE)
#: Only energy whose guarantees of origin are cancelled, or were never issued, may be counted.
_COUNTED = ("cancelled", "not-issued")
_CERTIFIED = (Quantity.RENEWABLE_PPA, Quantity.RENEWABLE_ON_SITE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A meter with its readings on the grid, and where they are from; or why there are none."""

    meter: Meter
    series: Metered | None
    origin: str  #: File and column, or server and query.
    sha256: str = ""  #: Of the file, or of the readings that the server gave.
    lacks: str = ""  #: Why there are no readings.


@dataclass(frozen=True, slots=True)
class Total:
    """A figure, the meters that it is from, and what lacks where it is not known."""

    value: float | None
    unit: str
    meters: tuple[str, ...] = ()  #: Their names, or 'declared: ' and where.
    missing: tuple[str, ...] = ()

    def __add__(self, other: Total) -> Total:
        """Both together; unknown if one is."""
        known = self.value is not None and other.value is not None
        return Total(
            (self.value or 0.0) + (other.value or 0.0) if known else None,
            self.unit,
            self.meters + other.meters,
            self.missing + other.missing,
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """A quantity step by step; where one is not known, `missing` says so and it is NaN."""

    values: Values  #: In the base unit; (steps,).
    meters: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """All meters of a site over a period."""

    grid: Grid
    evidence: tuple[Evidence, ...]
    absent: frozenset[Quantity] = frozenset()  #: What there is none of, so that it is 0.

    def of(self, quantity: Quantity) -> tuple[Evidence, ...]:
        """What measures `quantity`."""
        return tuple(item for item in self.evidence if item.meter.measures is quantity)

    def total(self, quantity: Quantity) -> Total:
        """The sum over all meters and steps."""
        unit = BASE_UNITS[dimension_of(quantity)]
        if not (found := self.of(quantity)):
            return self._nothing(quantity, unit)
        return _sum((_total_of(item, unit) for item in found), unit)

    def mean(self, quantity: Quantity) -> Total:
        """The mean over all steps and meters, for what does not add up."""
        unit = BASE_UNITS[dimension_of(quantity)]
        if not (found := self.of(quantity)):
            return self._nothing(quantity, unit)
        made = _sum((_mean_of(item, unit) for item in found), unit)
        return replace(made, value=None if made.value is None else made.value / len(found))

    def steps(self, quantity: Quantity, *, certified: bool = True) -> Steps:
        """Step by step, all meters added up (of what does not add up: their mean).

        `certified`: renewable energy counts only with its guarantees of origin.
        """
        none = np.zeros(self.grid.steps)
        if not (found := self.of(quantity)):
            nothing = self._nothing(quantity, "")
            lost = np.full(self.grid.steps, np.nan)
            return Steps(lost if nothing.missing else none, nothing.meters, nothing.missing)
        made = Steps(none)
        for item in found:
            values, missing = _steps_of(item, self.grid, certified)
            made = Steps(
                made.values + values, (*made.meters, item.meter.name), made.missing + missing
            )
        rate = dimension_of(quantity) in _RATES
        return replace(made, values=made.values / (len(found) if rate else 1))

    def all_energy(self) -> Total:
        """EDC: what came in, and what backup generators gave. [Wh]"""
        return self.total(Quantity.EDC) + self.total(Quantity.EDC_BACKUP)

    def it_energy(self) -> tuple[Total, int]:
        """EIT where Regulation (EU) 2024/1364 wants it (UPS, else PDU), and its PUE category."""
        for category, quantity in enumerate(
            (Quantity.EIT_UPS, Quantity.EIT_PDU, Quantity.EIT_DEVICE), 1
        ):
            if self.of(quantity):
                return self.total(quantity), category
        return self.total(Quantity.EIT_UPS), 1

    def _nothing(self, quantity: Quantity, unit: str) -> Total:
        if quantity in self.absent:
            return Total(0.0, unit, ("declared: reporting.absent",))
        return Total(None, unit, (), (f"no meter measures '{quantity}'",))


def _sum(parts: Iterable[Total], unit: str) -> Total:
    made = Total(0.0, unit)
    for part in parts:
        made = made + part
    return made


def _total_of(item: Evidence, unit: str) -> Total:
    name = (item.meter.name,)
    if (lacks := _not_countable(item)) is not None:
        return Total(0.0 if not lacks else None, unit, name, lacks)
    if item.series is None:
        return Total(None, unit, name, (_lacks(item),))
    total = item.series.total()
    if np.isnan(total):
        return Total(None, unit, name, (_lacks(item),))
    return Total(total, unit, name)


def _mean_of(item: Evidence, unit: str) -> Total:
    mean = float("nan") if item.series is None else item.series.mean()
    known = not np.isnan(mean)
    return Total(
        mean if known else None, unit, (item.meter.name,), () if known else (_lacks(item),)
    )


def _steps_of(item: Evidence, grid: Grid, certified: bool) -> tuple[Values, tuple[str, ...]]:
    if certified and (lacks := _not_countable(item)) is not None:
        return np.full(grid.steps, np.nan if lacks else 0.0), lacks
    if item.series is None:
        return np.full(grid.steps, np.nan), (_lacks(item),)
    unknown = bool(np.isnan(item.series.values).any())
    return item.series.values, (_lacks(item),) if unknown else ()


def _not_countable(item: Evidence) -> tuple[str, ...] | None:
    """None if a meter counts; nothing if it counts as 0; else why it cannot be said."""
    meter = item.meter
    if meter.measures not in _CERTIFIED or meter.certificates in _COUNTED:
        return None
    if meter.certificates == "sold":
        return ()
    return (
        f"meter '{meter.name}' does not say whether its guarantees of origin are cancelled "
        "('certificates')",
    )


def _lacks(item: Evidence) -> str:
    """Why a meter's figure is not known."""
    series = item.series
    if series is None:
        return f"meter '{item.meter.name}' has no readings: {item.lacks}"
    unknown = int(np.count_nonzero(np.isnan(series.values)))
    why = [
        f"{series.count(flag)} {flag.name.lower().replace('_', '-')}"
        for flag in (Flag.GAP, Flag.RESET, Flag.DUPLICATE, Flag.CLOCK, Flag.NEGATIVE)
        if series.count(flag) and flag.name
    ]
    return (
        f"meter '{item.meter.name}' is not known in {unknown:,} of {series.grid.steps:,} steps "
        f"({', '.join(why)})"
    )
