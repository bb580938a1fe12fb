"""A fixed grid of time in UTC, on which every series of a site's energy lies.

Values of a series are a float64 array whose last axis is time: value `i` holds from
`start_s + i * step_s` until the next one (hour-starting). A power is its mean over the step, an
energy its sum. NaN stands for what is not known; nothing here fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allod.errors import InvalidInput

HOUR_S: Final = 3_600
DAY_S: Final = 86_400

#: Values on a grid, time last.
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """So many steps of equal length from a start on.

    Raises:
        InvalidInput: An hour is no whole number of steps, or the start does not lie on a step.
    """

    start_s: int  #: Where the first step begins. [epoch s]
    step_s: int  #: Length of a step; an hour is a whole number of them. [s]
    steps: int  #: How many there are. [1]

    def __post_init__(self) -> None:
        """Check that steps of several grids fall together."""
        if self.step_s < 1 or HOUR_S % self.step_s:
            raise InvalidInput(
                f"a grid of {self.step_s} s", mend="an hour must be a whole number of steps"
            )
        if self.start_s % self.step_s or self.steps < 1:
            raise InvalidInput(
                f"a grid of {self.steps} steps of {self.step_s} s from {self.start_s} s",
                mend="begin at a multiple of the step, and have at least one",
            )

    @property
    def end_s(self) -> int:
        """Where the last step ends. [epoch s]"""
        return self.start_s + self.steps * self.step_s

    @property
    def step_h(self) -> float:
        """Length of a step; power times it is energy. [h]"""
        return self.step_s / HOUR_S

    def times_s(self) -> NDArray[np.int64]:
        """Where each step begins; (steps,). [epoch s]"""
        return self.start_s + self.step_s * np.arange(self.steps, dtype=np.int64)

    def at(self, at_s: int) -> int:
        """The step that holds an instant.

        Raises:
            InvalidInput: The instant lies outside.
        """
        if not self.start_s <= at_s < self.end_s:
            raise InvalidInput(f"{at_s} s lies outside of {self.start_s} to {self.end_s} s")
        return (at_s - self.start_s) // self.step_s

    def coarser(self, step_s: int) -> Grid:
        """The grid of longer steps over the same time.

        Raises:
            InvalidInput: Its steps are no whole number of these, or do not fill the time.
        """
        many = step_s // self.step_s
        if step_s % self.step_s or self.steps % max(many, 1):
            raise InvalidInput(f"steps of {step_s} s do not fill {self.steps} of {self.step_s} s")
        return Grid(self.start_s, step_s, self.steps // many)

    def check(self, name: str, values: Values) -> Values:
        """`values` if they have one value for each step; what is aligned is aligned by hand.

        Raises:
            InvalidInput: They have more or fewer.
        """
        if values.shape[-1:] != (self.steps,):
            raise InvalidInput(
                f"{name} has {values.shape[-1] if values.ndim else 0} values, and the grid "
                f"{self.steps} steps of {self.step_s} s",
                mend="give one value for each step",
            )
        return values


def means(values: Values, many: int) -> Values:
    """Means of each `many` steps; (..., steps) to (..., steps / many). One NaN makes a NaN."""
    return sums(values, many) / many


def sums(values: Values, many: int) -> Values:
    """Sums of each `many` steps; (..., steps) to (..., steps / many). One NaN makes a NaN.

    Added step by step of the long one, which is many times faster than rows of few values.
    """
    if many == values.shape[-1]:
        return np.asarray(values.sum(axis=-1, keepdims=True))
    total = values[..., ::many].astype(np.float64)
    for place in range(1, many):
        total += values[..., place::many]
    return total


def held(values: Values, many: int) -> Values:
    """Each value for `many` finer steps: a mean power stays one, an energy must be divided."""
    return np.repeat(values, many, axis=-1)
