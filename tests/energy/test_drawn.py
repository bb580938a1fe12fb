"""What chance draws: a range by its inverse distribution, and years and factors by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.drawn import Range, blocks, draws
from allod.energy.grid import Grid
from allod.errors import InvalidInput

SHARES = np.array([0.0, 0.25, 0.5, 1.0])


def test_an_even_range_is_as_far_as_the_share() -> None:
    assert Range(low=0.5, high=0.9).at(SHARES).tolist() == pytest.approx([0.5, 0.6, 0.7, 0.9])


def test_a_triangle_by_hand() -> None:
    """Low 0, likely 1, high 4: P(x <= 1) = 1/4; then 1 - (4 - x)^2 / 12."""
    found = Range(low=0, likely=1, high=4).at(SHARES)
    assert found.tolist() == pytest.approx([0, 1, 4 - np.sqrt(6), 4])


@pytest.mark.parametrize("likely", [None, 0.8])
def test_a_range_of_one_value_is_that_value(likely: float | None) -> None:
    assert Range(low=0.8, high=0.8, likely=likely).at(SHARES).tolist() == [0.8] * 4


@given(st.lists(st.floats(0, 10), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=2))
def test_a_triangle_stays_within_and_rises(corners: list[float], shares: list[float]) -> None:
    low, likely, high = sorted(corners)
    found = Range(low=low, likely=likely, high=high).at(np.sort(shares))
    assert found.min() >= low - 1e-9
    assert found.max() <= high + 1e-9
    assert (np.diff(found) >= -1e-9).all()


@pytest.mark.parametrize(
    "corners", [{"low": 0.9, "high": 0.5}, {"low": -0.1, "high": 1}, {"low": 0, "high": np.nan}]
)
def test_a_range_out_of_order_is_refused(corners: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="write the least first"):
        Range(**corners)


def test_draws_by_hand() -> None:
    """Of three years: shares below 1/3, 2/3 and 1."""
    shares = np.array([[0.5, 0.0, 0.34], [1.0, 0.66, 0.999]])
    found = draws(shares, 3, Range(low=0.9, high=1.1), 24)
    assert found.year.tolist() == [[0, 1], [1, 2]]
    assert found.factor.tolist() == pytest.approx([1.0, 1.1])
    assert len(found) == 2
    assert found.block_of(Grid(0, 3_600, 30)).tolist() == [0] * 24 + [1] * 6


def test_a_last_block_may_be_shorter() -> None:
    assert [blocks(Grid(0, 3_600, steps), 24) for steps in (24, 25, 48)] == [1, 2, 2]
