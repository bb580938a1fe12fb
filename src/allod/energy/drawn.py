"""What chance draws for the members of a sample, from numbers that whoever asks brings.

The core rolls no dice: it is given shares, evenly spread over 0 to 1, and turns them into years and
loads. A member's draws rest on its own shares alone, so no member depends on another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A number between two others: evenly, or in a triangle whose top is the likeliest."""

    low: float
    high: float
    likely: float | None = None

    def __post_init__(self) -> None:
        """Check that they are in order."""
        top = self.low if self.likely is None else self.likely
        if not 0 <= self.low <= top <= self.high < np.inf:
            raise InvalidInput(
                f"a range of {self.words()}", mend="write the least first, none below 0"
            )

    def at(self, shares: Values) -> Values:
        """The values below which `shares` of all draws lie: the inverse of the distribution."""
        wide = self.high - self.low
        if self.likely is None or not wide:
            return np.asarray(self.low + shares * wide)
        rise, fall = self.likely - self.low, self.high - self.likely
        up = self.low + np.sqrt(shares * wide * rise)
        down = self.high - np.sqrt((1 - shares) * wide * fall)
        return np.asarray(np.where(shares * wide < rise, up, down))

    def times(self, factor: float) -> Range:
        """The same range of `factor` times the number."""
        likely = None if self.likely is None else self.likely * factor
        return Range(low=self.low * factor, high=self.high * factor, likely=likely)

    def words(self) -> str:
        """Such as '0.9 to 1.1, evenly'."""
        shape = "evenly" if self.likely is None else f"in a triangle, likeliest {self.likely:g}"
        return f"{self.low:g} to {self.high:g}, {shape}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What chance has drawn for each member."""

    year: NDArray[np.int64]  #: Which of the years; (members, blocks).
    factor: Values  #: Times the load above idle; (members,). [1]
    block_steps: int  #: Length of a block; the last one may be shorter. [steps]

    def __len__(self) -> int:
        """How many members there are."""
        return len(self.factor)

    def block_of(self, grid: Grid) -> NDArray[np.int64]:
        """The block in which each step lies; (steps,)."""
        return np.arange(grid.steps, dtype=np.int64) // self.block_steps


def blocks(grid: Grid, block_steps: int) -> int:
    """How many blocks of so many steps the time has, a shorter last one included."""
    return -(-grid.steps // block_steps)


def draws(shares: Values, years: int, factor: Range, block_steps: int) -> Draws:
    """Draws of all members.

    Args:
        shares: Evenly spread over 0 to 1; (members, 1 + blocks): the load's, then each block's.
        years: How many there are to draw from, all alike.
        factor: Times the load above idle.
        block_steps: Length of a block. [steps]
    """
    return Draws(
        year=np.floor(shares[:, 1:] * years).astype(np.int64),
        factor=factor.at(shares[:, 0]),
        block_steps=block_steps,
    )
