"""Rates from windows: what made them is found again, the minimum is one, and nothing is below 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.energy.fit import WINDOWS_MIN, Seen, call_rates, fit, non_negative
from allod.energy.of_calls import cost_of
from allod.energy.split import WorkRates
from allod.energy.stay import Work

TRUTH = WorkRates(
    idle_mw=75_000, per_prefill_nj=12_000_000, per_decode_nj=250_000_000, per_context_nj=20_000
)


def windows(noise_mj: int = 0, count: int = 60) -> list[Seen]:
    """Windows of 5 s of a model whose rates are known, a third of them without calls."""
    chance = np.random.default_rng(7)
    found = []
    for i in range(count):
        busy = i % 3 > 0
        decode = int(chance.integers(50, 2_000)) * busy
        work = Work(
            int(chance.integers(0, 20_000)) * busy,
            decode,
            decode * int(chance.integers(100, 4_000)),
        )
        energy = (
            75_000 * 5 + TRUTH.of(work) // 1_000_000 + int(chance.integers(-noise_mj, noise_mj + 1))
        )
        found.append(Seen(length_ms=5000, busy_ms=4000 * busy, energy_mj=energy, work=work))
    return found


def test_the_rates_that_made_the_windows_are_found_again() -> None:
    found = fit(windows())
    assert found is not None
    assert found.idle_mw == pytest.approx(TRUTH.idle_mw, rel=1e-4)
    assert found.per_prefill_nj == pytest.approx(TRUTH.per_prefill_nj, rel=1e-4)
    assert found.per_decode_nj == pytest.approx(TRUTH.per_decode_nj, rel=1e-4)
    assert found.per_context_nj == pytest.approx(TRUTH.per_context_nj, rel=1e-4)


def test_a_meter_that_is_off_by_some_joules_moves_them_little() -> None:
    found = fit(windows(noise_mj=20_000))
    assert found is not None
    assert found.idle_mw == pytest.approx(TRUTH.idle_mw, rel=0.05)
    assert found.per_decode_nj == pytest.approx(TRUTH.per_decode_nj, rel=0.1)


def test_too_few_windows_or_none_with_calls_say_nothing() -> None:
    assert fit(windows(count=WINDOWS_MIN - 1)) is None
    assert fit([one for one in windows() if not one.busy_ms]) is None


def test_calls_that_are_all_alike_are_still_fitted_together() -> None:
    one = Work(100, 50, 6_225)
    found = fit([
        Seen(
            length_ms=5000,
            busy_ms=5000 * n,
            energy_mj=400_000 + 30_000 * n,
            work=Work(one.prefill * n, one.decode * n, one.context * n),
        )
        for n in (0, 1) * 10
    ])  # fmt: skip
    assert found is not None
    assert found.of(one) == pytest.approx(30_000 * 1_000_000, rel=1e-3)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_it_is_the_minimum(seed: int, columns: int) -> None:
    chance = np.random.default_rng(seed)
    known = chance.uniform(0, 1000, (20, columns))
    wanted = known @ chance.uniform(-1, 2, columns) + chance.normal(0, 50, 20)
    x = non_negative(known, wanted)
    slope = known.T @ (known @ x - wanted)
    scale = float(np.abs(known.T @ wanted).max()) + 1.0
    # Karush, Kuhn and Tucker: nothing below zero, no way down, and flat where it is above zero.
    assert (x >= 0).all()
    assert (slope >= -1e-6 * scale).all()
    assert (np.abs(slope * (x > 0)) <= 1e-6 * scale).all()


def test_what_is_told_in_answers_adds_up_to_what_was_drawn_while_somebody_called() -> None:
    seen = windows()
    told = call_rates(TRUTH, seen)
    assert told.method == "provisional"
    prefill = sum(one.work.prefill for one in seen)
    decode = sum(one.work.decode for one in seen)
    energy_mj, _ = cost_of(told, prefill, 0, decode, 1000, None)
    reserve = 75 * sum(one.length_ms - one.busy_ms for one in seen)
    assert energy_mj == pytest.approx(sum(one.energy_mj for one in seen) - reserve, rel=1e-6)


def test_where_there_are_no_answers_prompts_bear_the_idle_energy() -> None:
    seen = [Seen(length_ms=1000, busy_ms=1000, energy_mj=0, work=Work(100, 0, 0))]
    told = call_rates(TRUTH, seen)
    assert (told.per_prompt_token_nj, told.per_answer_token_nj) == (
        12_000_000 + 75_000 * 1000 * 1000 // 100,
        250_000_000,
    )
