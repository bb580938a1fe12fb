"""Wet bulb and density of air against published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.outdoor_air import outdoor_air, wet_bulb_c


def test_the_papers_own_example() -> None:
    """Stull (2011): 20 °C and 50 % give a wet bulb of 13.7 °C."""
    assert wet_bulb_c(np.array([20.0]), np.array([50.0]))[0] == pytest.approx(13.7, abs=0.005)


def psychrometer_c(temp_c: float, humidity_pct: float) -> float:
    """Wet bulb at 101,325 Pa by halving: vapour pressure = es(Tw) - 0.000662 p (T - Tw), Sprung's
    formula for an aspirated psychrometer; es by Magnus."""

    def saturated_pa(at_c: float) -> float:
        return float(610.94 * np.exp(17.625 * at_c / (at_c + 243.04)))

    vapour_pa = saturated_pa(temp_c) * humidity_pct / 100
    low, high = temp_c - 40, temp_c
    for _ in range(50):
        middle = (low + high) / 2
        shown_pa = saturated_pa(middle) - 0.000662 * 101_325 * (temp_c - middle)
        low, high = (middle, high) if shown_pa < vapour_pa else (low, middle)
    return low


@given(st.floats(5, 45), st.floats(20, 99))
def test_within_a_kelvin_of_the_psychrometer(temp_c: float, humidity_pct: float) -> None:
    by_fit = wet_bulb_c(np.array([temp_c]), np.array([humidity_pct]))[0]
    assert by_fit == pytest.approx(psychrometer_c(temp_c, humidity_pct), abs=1)


@given(st.floats(-20, 50), st.floats(0, 100), st.floats(0, 20))
def test_damper_air_has_a_higher_wet_bulb(temp_c: float, dry: float, more: float) -> None:
    damp = min(100.0, dry + more)
    at = wet_bulb_c(np.array([temp_c, temp_c]), np.array([dry, damp]))
    assert at[0] <= at[1] + 0.2  # Stull's fit is not quite monotone where it is cold and dry.
    assert at[1] <= temp_c


def test_a_gap_stays_a_gap() -> None:
    air = outdoor_air(np.array([np.nan, 20.0, 20.0]), np.array([50.0, np.nan, 50.0]))
    assert np.isnan(air.wet_bulb_c).tolist() == [True, True, False]
