"""Matching: worked by hand, and the formula that the 247-cfe study solves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.grid import Grid
from allod.energy.matching import (
    Method,
    Source,
    cfe_score,
    cfe_wh,
    grid_cfe,
    match_share,
    matched_wh,
)
from allod.errors import InvalidInput

QUARTERS = Grid(0, 900, 8)
LOAD = np.full(8, 10.0)
#: As much as the load over the two hours, and unlike it in every one.
WIND = Source(name="wind", zone="NO4", energy_wh=np.array([20.0, 0, 4, 0, 28, 10, 18, 0]))


@pytest.mark.parametrize(
    ("method", "share"),
    [
        (Method.ANNUAL, 1.0),
        (Method.ANNUAL_SAME_ZONE, 1.0),
        (Method.HOURLY, 0.8),  # min(40, 24) + min(40, 56) of 80.
        (Method.QUARTER_HOURLY, 0.55),  # 10 + 0 + 4 + 0 + 10 + 10 + 10 + 0 of 80.
    ],
)
def test_a_shorter_interval_shows_more_misses(method: Method, share: float) -> None:
    assert match_share(QUARTERS, LOAD, "NO4", [WIND], method) == pytest.approx(share)


def test_only_the_plain_annual_method_takes_another_zone() -> None:
    shares = {method: float(match_share(QUARTERS, LOAD, "FR", [WIND], method)) for method in Method}
    assert shares.pop(Method.ANNUAL) == 1
    assert set(shares.values()) == {0}


def test_what_is_matched_lies_in_its_interval() -> None:
    assert matched_wh(QUARTERS, LOAD, "NO4", [WIND], Method.HOURLY).tolist() == [24, 40]


def test_steps_that_hide_the_misses_are_refused() -> None:
    hourly = Grid(0, 3_600, 2)
    with pytest.raises(InvalidInput, match="quarter-hourly matching of steps of 3600 s"):
        match_share(hourly, np.ones(2), "NO4", [], Method.QUARTER_HOURLY)
    with pytest.raises(InvalidInput, match="whole intervals"):
        match_share(Grid(900, 900, 8), LOAD, "NO4", [], Method.HOURLY)


def test_the_cfe_score_by_hand() -> None:
    # 247-cfe writes C + max(L - C, 0) * g, at most L, over L.
    load = np.array([10.0, 10, 10])
    contracted = np.array([6.0, 15, 0])
    grid_share = np.array([0.5, 0.9, 0.25])
    # 6 + 4 * 0.5 = 8; 10, the 5 too much count for nothing; 0 + 10 * 0.25 = 2.5.
    assert cfe_wh(load, contracted, grid_share).tolist() == [8, 10, 2.5]
    assert cfe_score(load, contracted, grid_share) == pytest.approx(20.5 / 30)


def test_the_grid_s_share_counts_its_imports() -> None:
    clean, everything = np.array([60.0, 0]), np.array([100.0, 0])
    assert grid_cfe(clean, everything)[0] == 0.6
    assert np.isnan(grid_cfe(clean, everything)[1])
    # (60 + 50 * 0.2) / (100 + 50)
    assert grid_cfe(clean, everything, np.array([50.0, 0]), 0.2)[0] == pytest.approx(70 / 150)


def test_an_unknown_step_makes_the_score_unknown() -> None:
    wind = Source(name="wind", zone="NO4", energy_wh=np.where(np.arange(8) == 3, np.nan, 1.0))
    for method in Method:
        assert np.isnan(match_share(QUARTERS, LOAD, "NO4", [wind], method))
    assert np.isnan(cfe_score(LOAD, np.zeros(8), np.where(np.arange(8) == 3, np.nan, 1.0)))
    assert np.isnan(match_share(QUARTERS, np.zeros(8), "NO4", [wind], Method.HOURLY))


AMOUNTS = st.lists(st.floats(0, 1_000), min_size=8, max_size=8).map(np.array)


@given(AMOUNTS, AMOUNTS, st.floats(0, 1))
def test_methods_are_ordered_and_shares_are_shares(
    load: np.ndarray, clean: np.ndarray, grid_share: float
) -> None:
    load = load + 1.0
    source = Source(name="plant", zone="NO4", energy_wh=clean)
    shares = [float(match_share(QUARTERS, load, "NO4", [source], method)) for method in Method]
    near = 1e-9
    assert 1 + near >= shares[0]
    assert all(wide >= narrow - near for wide, narrow in pairwise(shares))
    score = float(cfe_score(load, clean, np.full(8, grid_share)))
    assert shares[-1] - near <= score <= 1 + near
