from __future__ import annotations

import pytest

from allod.cli import words


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (45, "45s"),
        (60, "1m"),
        (200, "3m20s"),
        (7200, "2h"),
        (7260, "2h1m"),
        (86_400, "1d"),
        (86_401, "1d"),
        (5 * 86_400 + 3 * 3600 + 59, "5d3h"),
    ],
)
def test_a_span_has_its_two_largest_units(duration_s: int, text: str) -> None:
    assert words.span(duration_s) == text


def test_a_time_to_come_says_how_far_it_is() -> None:
    assert words.from_now(1_800_000_060, 1_800_000_000) == "2027-01-15 08:01:00 UTC (in 1m)"
    assert words.from_now(1_800_000_000, 1_800_000_001) == "2027-01-15 08:00:00 UTC (now)"
    assert words.from_now(1 << 53, 0) == "never"
    assert words.instant(None) == "-"


@pytest.mark.parametrize(
    ("power_w", "text"),
    [
        (None, "-"),
        (0, "0 W"),
        (999, "999 W"),
        (1000, "1.00 kW"),
        (44_000, "44.0 kW"),
        (230_000_000, "230 MW"),
        (10**9, "1.00 GW"),
    ],
)
def test_a_power_has_three_digits_that_count(power_w: int | None, text: str) -> None:
    assert words.power(power_w) == text


def test_what_a_stranger_wrote_cannot_steer_the_terminal() -> None:
    assert words.printable("a\x1b[31mred\nb\u202ec\ud800") == "a?[31mred b?c?"


def test_values_of_facts_are_shown_as_people_say_them() -> None:
    assert words.value({"value": "NO", "standing": "proved"}) == "NO"
    assert words.value({"standing": "unknown"}) == "unknown"
    assert words.value(["NO", "SE"]) == "NO, SE"
    assert words.value({"a": 1, "b": True}) == "a 1, b yes"
    assert words.value([]) == "-"
