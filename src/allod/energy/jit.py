"""The one way in which loops over time are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function`, compiled on first use and cached on disk; a division by zero gives inf or NaN."""
    made: Any = numba.njit(cache=True, error_model="numpy")(function)
    result: F = made
    return result
