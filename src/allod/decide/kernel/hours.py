"""The start that leaves least to the grid, of all between two times (P3)."""

from __future__ import annotations

from allod.decide.kernel.handle import Array
from allod.decide.kernel.jit import compiled


@compiled
def _sum_until(sums: Array, values: Array, start: int, step: int, at: int) -> int:
    """Sum of `values` from `start` until `at`; `sums` are those until each of their steps."""
    i, rest = (at - start) // step, (at - start) % step
    return int(sums[i] + values[i] * rest) if i < len(values) else int(sums[i])


@compiled
def best_start(
    values: Array, sums: Array, start: int, step: int, wall: int, first: int, last: int
) -> tuple[int, int, int]:
    """The start from `first` to `last` with the least of `values` (per second) in `wall`, how much
    it would be at `first`, and how much at this one.

    Of equal ones it is the first. It or its end is where a step begins, or it is the first or last.
    `sums` are those of `values` until each step, and until their end.
    """
    best = first
    used_first = _sum_until(sums, values, start, step, first + wall) - _sum_until(
        sums, values, start, step, first
    )
    least = used_first
    for i in range(2 * len(values) + 3):
        at = last
        if i <= 2 * len(values) + 1:
            at = start + (i >> 1) * step - (i & 1) * wall
        if at <= first or at > last:
            continue
        used = _sum_until(sums, values, start, step, at + wall) - _sum_until(
            sums, values, start, step, at
        )
        if used < least or (used == least and at < best):
            best, least = at, used
    return best, used_first, least
