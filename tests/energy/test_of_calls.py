"""What a call costs by coefficients: worked by hand, whole, and without heavy imports."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allod.energy.of_calls import cost_of, measured
from allod.run.serving.table import Estimate

RATES = Estimate(
    per_call_nj=500_000, per_prompt_token_nj=20_000_000, per_answer_token_nj=300_000_000
)


def test_a_call_worked_by_hand() -> None:
    # 0.5 mJ + 80 x 20 mJ + 500 x 300 mJ = 151,600.5 mJ; x 1.2 = 181,920.6 mJ at the meter;
    # x 28 g/kWh / 3.6e9 mJ/kWh = 1,414.9 micrograms.
    assert cost_of(RATES, 100, 20, 500, 1200, 28_000) == (181_921, 1415)


def test_without_an_intensity_there_is_energy_and_no_carbon() -> None:
    assert cost_of(RATES, 0, 0, 1, 1000, None) == (301, None)
    assert measured([(300, 1000, 7), (1, 1000, None)]) == (301, 301, None)


def test_more_cached_than_asked_costs_no_less_than_nothing() -> None:
    assert cost_of(RATES, 10, 11, 0, 1000, 0) == (1, 0)


@given(
    st.tuples(*[st.integers(0, 10**12)] * 3),
    st.tuples(*[st.integers(0, 10**6)] * 3),
    st.integers(1000, 10_000),
    st.integers(0, 10**6),
)
def test_it_is_rational_arithmetic_rounded_once(
    rates: tuple[int, int, int], tokens: tuple[int, int, int], pue: int, carbon: int
) -> None:
    prompt, cached, answer = tokens
    estimate = Estimate(
        per_call_nj=rates[0], per_prompt_token_nj=rates[1], per_answer_token_nj=rates[2]
    )
    it = rates[0] + rates[1] * max(prompt - cached, 0) + rates[2] * answer
    exact_mj = Fraction(it * pue, 10**9)
    exact_ug = exact_mj / 3_600_000_000 * carbon * 1000
    energy, co2e = cost_of(estimate, *tokens, pue, carbon)
    assert energy - Fraction(1, 2) <= exact_mj < energy + Fraction(1, 2)
    assert co2e is not None
    assert co2e - Fraction(1, 2) <= exact_ug < co2e + Fraction(1, 2)


def test_the_same_from_millijoules_that_a_meter_gave() -> None:
    assert measured([(151_600, 1200, 28_000)]) == (151_600, 181_920, 1415)
    # Half of it at night, in cleaner air and with less carbon.
    assert measured([(75_800, 1200, 28_000), (75_800, 1100, 10_000)]) == (151_600, 174_340, 939)
    assert measured([]) == (0, 0, 0)


def test_parts_are_rounded_once_and_not_each() -> None:
    assert measured([(1, 1400, 0)] * 5) == (5, 7, 0)


def test_it_brings_nothing_heavy_into_a_worker() -> None:
    program = (
        "import sys, allod.energy.of_calls\n"
        "print([m for m in ('numpy', 'pydantic', 'numba', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
