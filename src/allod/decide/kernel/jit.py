"""The one way in which kernel functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import types

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function`, compiled on first use and cached on disk.

    numba makes a variant for each constant that a caller passes (-1, True); here every whole number
    is an int64 and one variant serves all, which makes compiling several times faster.
    """
    made: Any = numba.njit(cache=True, error_model="numpy")(function)
    plain, unliteral = made.get_call_template, cast(Any, types.unliteral)

    def without_constants(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return plain(
            tuple(unliteral(arg) for arg in args),
            {key: unliteral(value) for key, value in kws.items()},
        )

    made.get_call_template = without_constants
    result: F = made
    return result
