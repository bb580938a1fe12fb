"""Quantities: every small text, and the texts that must not pass."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.units import (
    NEVER_S,
    instant_text,
    parse_duration_s,
    parse_instant_s,
    parse_power_w,
)

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
WATTS = {"": 1, "w": 1, "kw": 10**3, "mw": 10**6, "gw": 10**9}


def test_durations_of_one_and_two_parts() -> None:
    for count, (unit, seconds) in product(range(13), SECONDS.items()):
        for text in (f"{count}{unit}", f"{count} {unit}", f" {count}{unit.upper()} "):
            assert parse_duration_s(text) == count * seconds, text
    for (one, a), (two, b) in product(SECONDS.items(), repeat=2):
        assert parse_duration_s(f"3{one}2{two}") == 3 * a + 2 * b
        assert parse_duration_s(f"3{one} 2{two}") == 3 * a + 2 * b


@pytest.mark.parametrize("count", [0, 1, 90, 10**9])
def test_a_bare_number_is_in_the_smallest_unit(count: int) -> None:
    assert parse_duration_s(str(count)) == parse_duration_s(count) == count
    assert parse_power_w(str(count)) == parse_power_w(count) == count
    assert parse_instant_s(str(count)) == parse_instant_s(count) == count


@pytest.mark.parametrize("text", ["", " ", "h", "1x", "1h x", "-1h", "1.5h", "1h,2m", "x1h", "1 2"])
def test_what_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration_s(text)


def test_powers_with_every_unit_and_up_to_three_decimals() -> None:
    for whole, decimals, (unit, watts) in product((0, 1, 20), range(4), WATTS.items()):
        for fraction in {0, 1, 5 * 10 ** max(0, decimals - 1)}:
            if fraction >= 10**decimals and decimals:
                continue
            tail = f".{fraction:0{decimals}d}" if decimals else ""
            text = f"{whole}{tail} {unit}"
            numerator = (whole * 10**decimals + (fraction if decimals else 0)) * watts
            if numerator % 10**decimals:
                with pytest.raises(ValueError, match="whole"):
                    parse_power_w(text)
            else:
                assert parse_power_w(text) == numerator // 10**decimals, text
                assert parse_power_w(text.upper()) == numerator // 10**decimals


@pytest.mark.parametrize(
    "text", ["", "MW", "-1 W", "1.W", ".5 MW", "1 J", "1 kWh", "1,5 MW", "1e3"]
)
def test_what_is_not_a_power(text: str) -> None:
    with pytest.raises(ValueError, match="power"):
        parse_power_w(text)


def test_instants() -> None:
    new_year = 1_767_225_600
    for value in (
        "2026-01-01",
        "2026-01-01T00:00Z",
        "2026-01-01T01:00+01:00",
        "2026-01-01T00:00:00",
        date(2026, 1, 1),
        datetime(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        new_year,
        str(new_year),
    ):
        assert parse_instant_s(value) == new_year, value
    assert instant_text(new_year) == "2026-01-01T00:00:00Z"
    assert instant_text(NEVER_S) == "never"


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "2026-02-30", "01.02.2026"])
def test_what_is_not_an_instant(text: str) -> None:
    with pytest.raises(ValueError, match="date"):
        parse_instant_s(text)


@given(st.integers(0, 253_402_300_799))
def test_an_instant_reads_its_own_text(at_s: int) -> None:
    assert parse_instant_s(instant_text(at_s)) == at_s
