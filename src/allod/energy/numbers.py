"""Numbers of a report: how they are written, and when one keeps to a limit."""

from __future__ import annotations

from typing import Final

#: Sums of floats are not exact; a limit is kept by what differs from it by no more. [1]
_ROUNDING: Final = 1e-9


def fixed(value: float, places: int) -> str:
    """`value` with so many digits behind the point; there is no minus before nothing."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def at_most(value: float, limit: float) -> bool:
    """Whether `value` is no more than `limit`, but for rounding."""
    return value <= limit + abs(limit) * _ROUNDING


def at_least(value: float, limit: float) -> bool:
    """Whether `value` is no less than `limit`, but for rounding."""
    return value >= limit - abs(limit) * _ROUNDING
