"""Many years of a site: percentiles over weather years and loads that chance has drawn.

Members are lived through a few at a time, so that memory does not grow with how many there are:
of each member its figures are kept, and its course over time in some fifty bins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allod.domain.site import Site
from allod.energy.drawn import Draws
from allod.energy.grid import DAY_S, Grid, Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.simulation import Simulation, figures_of, simulate_site
from allod.energy.supplyyear import Signals
from allod.errors import InvalidInput

AT_ONCE = 8  #: Members that are lived through together: their arrays fit the processor's cache.
PERCENTILES = (10, 50, 90)
_LONG_S = 60 * DAY_S  #: From here on the course is told in weeks.


@dataclass(frozen=True, slots=True)
class Year:
    """A year that members may live through: its weather, and what goes with it; all (steps,)."""

    air: OutdoorAir
    available: Mapping[str, Values] = field(default_factory=dict)  #: As `simulate_site` has it. [1]
    signals: Signals = field(default_factory=Signals)

    def series(self) -> dict[tuple[str, str], Values]:
        """All of its series, by the part that they belong to and their name there."""
        of_signals = ((one.name, getattr(self.signals, one.name)) for one in fields(self.signals))
        return {
            ("air", "temp_c"): self.air.temp_c,
            ("air", "wet_bulb_c"): self.air.wet_bulb_c,
            **{("available", name): values for name, values in self.available.items()},
            **{
                ("signals", name): values
                for name, values in of_signals
                if isinstance(values, np.ndarray)
            },
        }

    def with_series(self, series: Mapping[tuple[str, str], Values]) -> Year:
        """The same year with other series in place of its own."""
        signals: dict[str, Any] = {}
        available: dict[str, Values] = {}
        for (part, name), values in series.items():
            if part != "air":
                (signals if part == "signals" else available)[name] = values
        air = OutdoorAir(series["air", "temp_c"], series["air", "wet_bulb_c"])
        return Year(air, available, replace(self.signals, **signals))

    def cut(self, steps: int) -> Year:
        """Its first steps."""
        return self.with_series({name: values[:steps] for name, values in self.series().items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """IT power that members vary: what is above idle by a factor, up to full power."""

    base_w: Values  #: (steps,). [W]
    idle_w: float = 0.0  #: All accelerators idle: no member's load takes that away. [W]
    full_w: float = float("inf")  #: All accelerators busy: no member's load goes beyond. [W]

    def scaled_w(self, factor: Values) -> Values:
        """IT power of members; (members,) to (members, steps). [W]

        A factor of 1 is the base to the last bit, and a base that is above full power stays so.
        """
        above_w = np.maximum(self.base_w - self.idle_w, 0.0)
        scaled_w = self.base_w + (factor[:, None] - 1.0) * above_w
        return np.minimum(scaled_w, np.maximum(self.base_w, self.full_w))

    def utilisation(self, it_w: Values) -> Values:
        """Mean way from idle to full power; (..., steps) to (...,), NaN if they are not known."""
        span_w = self.full_w - self.idle_w
        known = 0 < span_w < np.inf
        return np.asarray((it_w.mean(axis=-1) - self.idle_w) / (span_w if known else np.nan))


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all members."""

    name: str
    unit: str
    method: str
    values: Values  #: (members,).
    percentiles: tuple[float, ...]  #: P10, P50 and P90; NaN where it is not known.


@dataclass(frozen=True, slots=True)
class Fan:
    """The course of something over time, in bins of equal length but for the last; all (bins,)."""

    name: str
    unit: str
    starts_s: NDArray[np.int64]  #: Where each bin begins. [epoch s]
    percentiles: tuple[Values, ...]  #: P10, P50 and P90 of each bin for itself.


@dataclass(frozen=True, slots=True)
class Sample:
    """All members: their figures, and their course over time."""

    spreads: tuple[Spread, ...]
    fans: tuple[Fan, ...]


#: Name to values of the members, unit and method.
_Told = dict[str, tuple[Values, str, str]]


def sample(
    site: Site,
    grid: Grid,
    years: Sequence[Year],
    load: Load,
    draws: Draws,
    told: Callable[[int], None] = lambda done: None,
) -> Sample:
    """All members that were drawn, lived through with their supply.

    Args:
        site: The document.
        grid: The time.
        years: What members draw from, each on the grid.
        load: What members vary.
        draws: What chance has drawn.
        told: Is told how many members are done.

    Raises:
        InvalidInput: Nothing was drawn, a fact that is needed is not known, or a series does not
            lie on the grid.
    """
    if not len(draws):
        raise InvalidInput("a sample of no members", mend="draw at least one")
    figures, courses = _Kept(), _Kept()
    first = bin_starts(grid)
    for done, it_w, made in _lived(site, grid, years, load, draws):
        used = load.utilisation(it_w)
        method = "mean way from idle to full power"
        figures.keep({"utilisation": (used, "1", method)} | figures_of(made), len(it_w))
        courses.keep(_course(made, first), len(it_w))
        told(done)
    starts_s = grid.times_s()[first]
    return Sample(
        tuple(
            Spread(name, unit, method, values, tuple(map(float, _percentiles(values))))
            for name, (values, unit, method) in figures.joined().items()
        ),
        tuple(
            Fan(name, unit, starts_s, tuple(_percentiles(values)))
            for name, (values, unit, _) in courses.joined().items()
        ),
    )


def _lived(
    site: Site, grid: Grid, years: Sequence[Year], load: Load, draws: Draws
) -> Iterator[tuple[int, Values, Simulation]]:
    """Some members after others: how many are done, their IT power, what it came to."""
    stacked, block_of = _Stacked(grid, years), draws.block_of(grid)
    for begin in range(0, len(draws), AT_ONCE):
        chosen = slice(begin, begin + AT_ONCE)
        year = stacked.of(draws.year[chosen], block_of)
        it_w = load.scaled_w(draws.factor[chosen])
        made = simulate_site(site, grid, it_w, year.air, year.available, year.signals)
        yield min(begin + AT_ONCE, len(draws)), it_w, made


class _Stacked:
    """Years on top of each other, so that a member's series are put together in one step."""

    def __init__(self, grid: Grid, years: Sequence[Year]) -> None:
        """Lay them on top of each other; each series (years, steps)."""
        self._first = years[0]
        self._rows = {
            name: np.stack([grid.check(name[1], year.series()[name]) for year in years])
            for name in years[0].series()
        }

    def of(self, which: NDArray[np.int64], block_of: NDArray[np.int64]) -> Year:
        """The years of members; `which` is (members, blocks), their series (members, steps)."""
        if which.shape[1] == 1:
            return self._first.with_series(
                {name: rows[which[:, 0]] for name, rows in self._rows.items()}
            )
        row, step = which[:, block_of], np.arange(len(block_of))
        return self._first.with_series({name: rows[row, step] for name, rows in self._rows.items()})


class _Kept:
    """What is kept of members, in the order in which they were drawn."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._parts: dict[str, list[Values]] = {}
        self._about: dict[str, tuple[str, str]] = {}

    def keep(self, told: _Told, members: int) -> None:
        """Keep so many more; what is the same for all of them comes once."""
        for name, (values, unit, method) in told.items():
            wide = values if values.ndim else values[None]
            shape = (members, *wide.shape[1:])
            self._parts.setdefault(name, []).append(np.broadcast_to(wide, shape))
            self._about[name] = (unit, method)

    def joined(self) -> _Told:
        """All of them; values (members, ...)."""
        return {
            name: (np.concatenate(parts), *self._about[name]) for name, parts in self._parts.items()
        }


def bin_starts(grid: Grid) -> NDArray[np.int64]:
    """The steps in which the bins of a course begin: weeks of a long time, else days."""
    long = grid.steps * grid.step_s >= _LONG_S
    return np.arange(0, grid.steps, (7 if long else 1) * DAY_S // grid.step_s)


def _course(made: Simulation, first: NDArray[np.int64]) -> _Told:
    """How the year went, by bins; values (members, bins)."""
    use, grid = made.use, made.grid
    hours = np.diff(np.append(first, grid.steps)) * grid.step_h
    it_wh, facility_wh = (
        np.add.reduceat(power_w, first, axis=-1) * grid.step_h
        for power_w in (use.it_w, use.facility_w)
    )
    found: _Told = {
        "power at the meter": (np.asarray(facility_wh / hours / 1e6), "MW", ""),
        "PUE": (_over(facility_wh, it_wh), "1", ""),
    }
    if made.supply is not None:
        met_wh = np.add.reduceat(made.supply.covered_wh(), first, axis=-1)
        used_wh = np.add.reduceat(made.supply.load_wh, first, axis=-1)
        found["load met by contracted and own clean power"] = (_over(met_wh, used_wh), "1", "")
    return found


def _over(part: Values, whole: Values) -> Values:
    return np.asarray(part / np.where(whole > 0, whole, np.nan))


def _percentiles(values: Values) -> Values:
    """P10, P50 and P90 over members, linear between them; (members, ...) to (3, ...)."""
    return np.asarray(np.percentile(values, PERCENTILES, axis=0))
