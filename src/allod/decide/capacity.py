"""Spare rows in the engine's arrays, so that no compiled loop runs out of them."""

from __future__ import annotations

from allod.decide.kernel import reclaim
from allod.decide.kernel import state as k


def ensure(state: k.State) -> None:
    """Make the arrays larger if few rows are free; what is in them stays."""
    number = state.number
    if (
        number[k.JOBS_FREE_N] < 4
        or number[k.BUCKETS_FREE_N] < 4
        or number[k.BLOCKS_FREE_N] < len(state.pool) + number[k.WAITING_N] // 16 + 64
    ):
        k.make_room(state)
    if number[k.PAIR_N] * 2 > len(state.pair):
        reclaim.forget_pairs(state)
        k.make_room(state)
