"""Readings of a meter on the grid: what is known of each step, and why the rest is not.

Rules, in the order in which they are applied:

- Readings are put in order of time; one that came late is flagged ORDER and used.
- Several readings of one instant: equal ones count once, different ones are all unknown. DUPLICATE.
- A value that is not a number, is infinite, or is below zero where that cannot be, is unknown.
- **Gauge**: a reading holds until the next one, and no longer than `every_s`. A step is its mean
  over time, and unknown if any part of it is not held.
- **Register**: the reading nearest to a boundary of steps, at most half of `every_s` (or of a
  step, if that is shorter) away, is the boundary's; a step is the difference of its boundaries, so
  steps add up to last minus first. A register that falls has rolled over (ROLL_OVER, known) if its
  range is stated, the two readings are neighbours in time, and at most a tenth of the range went
  by; else it was reset (RESET, unknown).
- **Interval**: intervals that follow each other without a gap are a register; a step that begins or
  ends inside an interval is unknown.

Nothing is interpolated. A step that is not known is NaN and flagged GAP or RESET. What a register
counted across a gap without a reset is known as a whole, though not step by step: a `Span`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allod.domain.meters import UNITS, Dimension, Meter
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput

Instants = NDArray[np.int64]
Flags = NDArray[np.uint8]

#: A register that falls by more than this share short of its range was reset. [1], assumed: what
#: passes between two neighbouring readings is a small part of any register's range.
ROLL_OVER_SHARE: Final = 0.1
#: Rounding of sums of seconds. [s]
_SLACK_S: Final = 1e-6


class Flag(IntFlag):
    """What there is to say of a step or a reading, beside its value."""

    GAP = 1  #: Not known: readings lack, or cannot be used.
    RESET = 2  #: Not known: the register began anew.
    ROLL_OVER = 4  #: Known: the register went past its last digit.
    DUPLICATE = 8  #: Several readings of one instant.
    CLOCK = 16  #: Local clocks changed, and the time of a reading is not certain.
    ORDER = 32  #: A reading came after a later one.
    NEGATIVE = 64  #: A reading below zero of something that cannot be.


@dataclass(frozen=True, slots=True)
class Readings:
    """What a meter said, as it came."""

    at_s: Instants  #: When, or where the interval begins; (readings,). [epoch s]
    values: Values  #: In the meter's unit, NaN where not known; (readings,).
    flags: Flags  #: What is already known to be odd, as `Flag`; (readings,).

    def __post_init__(self) -> None:
        """Check that each reading has a time, a value and flags."""
        if not self.at_s.shape == self.values.shape == self.flags.shape or self.at_s.ndim != 1:
            raise InvalidInput(
                f"readings of shapes {self.at_s.shape}, {self.values.shape}, {self.flags.shape}",
                mend="give each reading one time, one value and one set of flags",
            )


@dataclass(frozen=True, slots=True)
class Span:
    """Steps that are not known one by one, but as a whole."""

    first: int  #: First of the steps.
    end: int  #: The step after the last.
    amount: float  #: What they come to together. [base unit]


@dataclass(frozen=True, slots=True)
class Metered:
    """A meter's readings on a grid."""

    grid: Grid
    values: Values  #: Wh, m3 or B in each step, or mean degC or gCO2e/kWh; (steps,).
    flags: Flags  #: As `Flag`; (steps,).
    spans: tuple[Span, ...] = ()  #: What is known across gaps.

    def total(self) -> float:
        """The sum over the grid; NaN if any step is neither known nor in a span."""
        known = ~np.isnan(self.values)
        for span in self.spans:
            known[span.first : span.end] = True
        if not known.all():
            return float("nan")
        return float(np.nansum(self.values)) + sum(span.amount for span in self.spans)

    def mean(self) -> float:
        """The mean over the grid; NaN if any step is not known."""
        return float(self.values.mean())

    def count(self, flag: Flag) -> int:
        """How many steps bear `flag`."""
        return int(np.count_nonzero(self.flags & np.uint8(flag)))


def readings(at_s: Instants, values: Values) -> Readings:
    """Readings of which nothing odd is known yet."""
    return Readings(at_s, values, np.zeros(at_s.shape, np.uint8))


def metered(meter: Meter, read: Readings, grid: Grid) -> Metered:
    """What `read` says of each step of `grid`, by the rules above, in base units."""
    dimension, factor = UNITS[meter.unit]
    clean = _without_negative(_one_each(_in_order(read)), dimension)
    match meter.reads:
        case "gauge":
            means = _held(clean, grid, meter.every_s)
            spans: list[Span] = []
            # A mean power over a step is an energy; a temperature stays one.
            values = means * (grid.step_h if dimension is Dimension.POWER else 1.0)
            odd = np.zeros(grid.steps, np.uint8)
        case "register":
            chain = _unrolled(clean, meter)
            slack_s = min(meter.every_s, grid.step_s) / 2
            values, odd, spans = _between(chain, grid, slack_s, Flag.RESET)
        case "interval":
            values, odd, spans = _between(_chained(clean, meter.every_s), grid, 0, Flag.GAP)
    flags = odd | _flags_of_steps(clean, grid, both=meter.reads == "register")
    flags[np.isnan(values) & (flags & np.uint8(Flag.RESET) == 0)] |= np.uint8(Flag.GAP)
    scaled = tuple(Span(span.first, span.end, span.amount * factor) for span in spans)
    return Metered(grid, values * factor, flags, scaled)


# -- readings one by one ------------------------------------------------------------------------


def _in_order(read: Readings) -> Readings:
    """By time; what came after a later one is flagged."""
    if not read.at_s.size:
        return read
    late = read.at_s < np.maximum.accumulate(read.at_s)
    flags = read.flags | (late * np.uint8(Flag.ORDER))
    order = np.argsort(read.at_s, kind="stable")
    return Readings(read.at_s[order], read.values[order], flags[order])


def _one_each(read: Readings) -> Readings:
    """One reading of each instant; where they differ, none is believed."""
    if not read.at_s.size:
        return read
    at_s, first, many = np.unique(read.at_s, return_index=True, return_counts=True)
    finite = np.where(np.isfinite(read.values), read.values, np.nan)
    low, high = np.minimum.reduceat(finite, first), np.maximum.reduceat(finite, first)
    flags = np.bitwise_or.reduceat(read.flags, first)
    flags |= (many > 1) * np.uint8(Flag.DUPLICATE)
    return Readings(at_s, np.where(low == high, low, np.nan), flags)


def _without_negative(read: Readings, dimension: Dimension) -> Readings:
    """Below zero there is no use of energy, water or traffic; a temperature may be there."""
    if dimension is Dimension.TEMPERATURE:
        return read
    below = read.values < 0
    flags = read.flags | (below * np.uint8(Flag.NEGATIVE))
    return Readings(read.at_s, np.where(below, np.nan, read.values), flags)


def _flags_of_steps(read: Readings, grid: Grid, *, both: bool) -> Flags:
    """The flags of readings on the steps that they lie in; `both`: and on which they end."""
    flags = np.zeros(grid.steps, np.uint8)
    for back_s in (0, 1) if both else (0,):
        step = (read.at_s - back_s - grid.start_s) // grid.step_s
        inside = (step >= 0) & (step < grid.steps)
        np.bitwise_or.at(flags, step[inside], read.flags[inside])
    return flags


# -- gauges -------------------------------------------------------------------------------------


def _held(read: Readings, grid: Grid, every_s: int) -> Values:
    """Mean of each step, each reading held until the next, `every_s` at most; (steps,)."""
    if not read.at_s.size:
        return np.full(grid.steps, np.nan)
    at_s = read.at_s - grid.start_s
    until_s = np.append(at_s[1:], at_s[-1] + every_s)
    held_s = np.where(np.isnan(read.values), 0, np.minimum(until_s - at_s, every_s))
    ends = np.stack([at_s, at_s + held_s], axis=-1).ravel().astype(np.float64)
    bounds = np.arange(grid.steps + 1, dtype=np.float64) * grid.step_s
    covered = np.diff(np.interp(bounds, ends, _risen(held_s.astype(np.float64))))
    amount = np.diff(np.interp(bounds, ends, _risen(np.nan_to_num(read.values) * held_s)))
    return np.where(covered >= grid.step_s - _SLACK_S, amount / grid.step_s, np.nan)


def _risen(rises: Values) -> Values:
    """The running sum before and after each rise; (readings,) to (2 * readings,)."""
    after = np.cumsum(rises)
    return np.stack([after - rises, after], axis=-1).ravel()


# -- registers and intervals --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chain:
    """A count that only grows, in pieces; nothing is known from one piece to the next."""

    at_s: Instants  #: (points,). [epoch s]
    count: Values  #: The count there; (points,).
    piece: NDArray[np.int64]  #: Which piece it is of; (points,).
    rolls: NDArray[np.int64]  #: How often it has rolled over; (points,).


def _unrolled(read: Readings, meter: Meter) -> _Chain:
    """A register without its roll-overs, in a piece for each reset."""
    known = ~np.isnan(read.values)
    at_s, values = read.at_s[known], read.values[known]
    rise = np.diff(values, prepend=values[:1])
    fell = rise < 0
    rolled = np.zeros_like(fell)
    if meter.rolls_over_at is not None:
        near = np.diff(at_s, prepend=at_s[:1]) <= meter.every_s
        small = rise + meter.rolls_over_at <= ROLL_OVER_SHARE * meter.rolls_over_at
        rolled = fell & near & small
    rolls = np.cumsum(rolled, dtype=np.int64)
    return _Chain(
        at_s,
        values + rolls * float(meter.rolls_over_at or 0),
        np.cumsum(fell & ~rolled, dtype=np.int64),
        rolls,
    )


def _chained(read: Readings, every_s: int) -> _Chain:
    """Intervals as a count at their ends, in a piece for each run without gap or overlap."""
    overlaps = np.zeros(read.at_s.shape, bool)
    overlaps[1:] |= np.diff(read.at_s) < every_s
    overlaps[:-1] |= np.diff(read.at_s) < every_s
    known = ~np.isnan(read.values) & ~overlaps
    at_s, values = read.at_s[known], read.values[known]
    piece = np.cumsum(np.diff(at_s, prepend=at_s[:1]) > every_s, dtype=np.int64)
    ends = np.stack([at_s, at_s + every_s], axis=-1).ravel()
    pieces = np.repeat(piece, 2)
    return _Chain(ends, _risen(values), pieces, np.zeros_like(pieces))


def _between(
    chain: _Chain, grid: Grid, slack_s: float, broken: Flag
) -> tuple[Values, Flags, list[Span]]:
    """Each step as the difference of its boundaries; what is known across gaps as spans.

    `broken` is what is said of steps in which one piece ends and another begins.
    """
    values, flags = np.full(grid.steps, np.nan), np.zeros(grid.steps, np.uint8)
    bounds, points = _boundaries(chain.at_s, grid, slack_s)
    count, piece, rolls = chain.count[points], chain.piece[points], chain.rolls[points]
    rise, same = np.diff(count), np.diff(piece) == 0
    next_door = np.diff(bounds) == 1
    steps = bounds[:-1]
    values[steps[same & next_door]] = rise[same & next_door]
    flags[steps[same & next_door & (np.diff(rolls) > 0)]] |= np.uint8(Flag.ROLL_OVER)
    spans: list[Span] = []
    for i in np.flatnonzero(~(same & next_door)):
        first, end = int(bounds[i]), int(bounds[i + 1])
        if same[i]:
            spans.append(Span(first, end, float(rise[i])))
            flags[first:end] |= np.uint8(Flag.ROLL_OVER if rolls[i + 1] > rolls[i] else 0)
        else:
            flags[first:end] |= np.uint8(broken)
    return values, flags, spans


def _boundaries(
    at_s: Instants, grid: Grid, slack_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The boundaries of steps at which there is a point, and the nearest one; (known,) each."""
    bounds_s = grid.start_s + grid.step_s * np.arange(grid.steps + 1, dtype=np.int64)
    if not at_s.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    after = np.searchsorted(at_s, bounds_s, side="right")
    left = np.clip(after - 1, 0, at_s.size - 1)
    right = np.clip(after, 0, at_s.size - 1)
    to_left, to_right = np.abs(bounds_s - at_s[left]), np.abs(at_s[right] - bounds_s)
    nearest = np.where(to_left <= to_right, left, right)
    known = np.flatnonzero(np.minimum(to_left, to_right) <= slack_s)
    return known, nearest[known]
