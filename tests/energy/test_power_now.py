"""Power now: gauges, intervals and registers that roll over or are reset."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.meters import Meter
from allod.energy.power_now import Point, PowerReading, look_back_s, power_now
from allod.errors import InvalidInput


def meter(reads: str, unit: str, every_s: int = 60, **more: Any) -> Meter:
    source = {"url": "http://metrics.example:9090", "query": "power"}
    base = {"name": "main", "measures": "edc", "reads": reads, "unit": unit, "every_s": every_s}
    return Meter.model_validate({**base, "prometheus": source, **more})


def test_a_gauge_is_the_power_and_an_interval_its_mean() -> None:
    assert power_now(meter("gauge", "MW"), Point(1.5, 99.9)) == PowerReading(1_500_000, 99)
    assert power_now(meter("interval", "kWh", 900), Point(250, 900)) == PowerReading(1_000_000, 900)


def test_a_register_is_looked_at_over_two_of_its_readings_or_five_minutes() -> None:
    assert look_back_s(meter("register", "kWh", 60)) == 300
    assert look_back_s(meter("register", "kWh", 900)) == 1800
    assert look_back_s(meter("gauge", "kW", 900)) == 0


def test_a_register_is_its_mean_between_the_two_readings() -> None:
    register = meter("register", "kWh")
    assert power_now(register, Point(1010, 1240), Point(1000, 940)) == PowerReading(120_000, 1240)
    assert power_now(register, Point(1010, 1240)) is None
    assert power_now(register, Point(1010, 1240), Point(1010, 1240)) is None


def test_a_register_that_falls_has_rolled_over_or_was_reset() -> None:
    rolling = meter("register", "kWh", rolls_over_at=1000)
    rolled = power_now(rolling, Point(5, 300), Point(995, 0))
    assert rolled == PowerReading(120_000, 300)
    assert power_now(rolling, Point(5, 300), Point(500, 0)) is None
    assert power_now(meter("register", "kWh"), Point(5, 300), Point(995, 0)) is None


@pytest.mark.parametrize("value", [-0.1, 1e13, float("nan")])
def test_what_no_site_draws_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="no power of a site"):
        power_now(meter("gauge", "kW"), Point(value, 0))
