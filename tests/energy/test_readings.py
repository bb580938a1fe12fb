"""Readings on the grid: each rule by hand, and what holds of all of them."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.meters import Meter, Quantity
from allod.energy.grid import Grid
from allod.energy.readings import Flag, Metered, Readings, Span, metered, readings
from allod.errors import InvalidInput

STEP_S = 900
NAN = float("nan")


def meter(reads: str, **more: object) -> Meter:
    base = {
        "name": "m",
        "measures": "water" if more.get("unit") == "m3" else "edc",
        "reads": reads,
        "unit": "W" if reads == "gauge" else "Wh",
        "every_s": STEP_S,
        "table": {
            "file": "f.csv",
            "value": "v",
            "marks": "start" if reads == "interval" else "instant",
        },
    }
    return Meter.model_validate(base | more)


def on_grid(one: Meter, at_s: list[int], values: list[float], steps: int = 4) -> Metered:
    read = readings(np.array(at_s, np.int64), np.array(values, np.float64))
    return metered(one, read, Grid(0, STEP_S, steps))


def quarter_hours(count: int) -> list[int]:
    return [STEP_S * i for i in range(count)]


def test_a_register_gives_what_lies_between_its_readings() -> None:
    made = on_grid(meter("register"), quarter_hours(5), [100, 110, 130, 160, 200])
    assert made.values.tolist() == [10, 20, 30, 40]
    assert not made.flags.any()
    assert made.total() == 100


def test_a_gap_of_a_register_is_known_as_a_whole_only() -> None:
    made = on_grid(meter("register"), [0, 900, 2700, 3600], [100, 110, 160, 200])
    assert np.array_equal(made.values, [10, NAN, NAN, 40], equal_nan=True)
    assert made.flags.tolist() == [0, Flag.GAP, Flag.GAP, 0]
    assert made.spans == (Span(1, 3, 50.0),)
    assert made.total() == 100


def test_a_reset_is_unknown_and_makes_the_total_unknown() -> None:
    made = on_grid(meter("register"), quarter_hours(5), [100, 110, 4, 10, 20])
    assert np.array_equal(made.values, [10, NAN, 6, 10], equal_nan=True)
    assert made.flags.tolist() == [0, Flag.RESET, 0, 0]
    assert math.isnan(made.total())


def test_a_reset_in_a_gap_is_said_of_all_of_it() -> None:
    made = on_grid(meter("register"), [0, 900, 2700, 3600], [100, 110, 4, 20])
    assert made.flags.tolist() == [0, Flag.RESET, Flag.RESET, 0]
    assert math.isnan(made.total())
    assert not made.spans


def test_a_register_that_rolls_over_is_known() -> None:
    # 999_990 to 20 of 1_000_000 are 30.
    rolling = meter("register", rolls_over_at=1_000_000)
    made = on_grid(rolling, quarter_hours(5), [999_980, 999_990, 20, 30, 40])
    assert made.values.tolist() == [10, 30, 10, 10]
    assert made.flags.tolist() == [0, Flag.ROLL_OVER, 0, 0]


@pytest.mark.parametrize(
    ("at_s", "values"),
    [
        ([0, 900, 1800], [800_000, 100, 200]),  # 200_100 in a quarter-hour: it was reset.
        ([0, 1800, 2700], [999_990, 20, 30]),  # Not neighbours: it may have rolled over twice.
    ],
)
def test_a_fall_that_is_no_roll_over_for_certain_is_a_reset(
    at_s: list[int], values: list[float]
) -> None:
    made = on_grid(meter("register", rolls_over_at=1_000_000), at_s, values, steps=2)
    assert made.flags[0] & Flag.RESET
    assert math.isnan(made.values[0])


def test_without_a_stated_range_every_fall_is_a_reset() -> None:
    made = on_grid(meter("register"), quarter_hours(3), [999_990, 20, 30], steps=2)
    assert made.flags.tolist() == [Flag.RESET, 0]


@pytest.mark.parametrize(("off_s", "known"), [(450, True), (451, False), (-450, True)])
def test_a_boundary_takes_the_nearest_reading_within_half_an_interval(
    off_s: int, known: bool
) -> None:
    at_s = [0, 900 + off_s, 1800]
    made = on_grid(meter("register"), at_s, [0, 10, 30], steps=2)
    assert (made.values.tolist() == [10, 20]) is known
    assert made.total() == 30


def test_a_register_read_once_a_month_does_not_stand_for_the_quarter_hours_around_it() -> None:
    monthly = meter("register", every_s=30 * 86_400)
    made = on_grid(monthly, [0, 3600], [0, 40])
    assert np.isnan(made.values).all()
    assert made.total() == 40


def test_two_equal_readings_of_an_instant_count_once_and_different_ones_not_at_all() -> None:
    same = on_grid(meter("interval"), [0, 900, 900, 1800], [1, 2, 2, 3], steps=3)
    assert same.values.tolist() == [1, 2, 3]
    assert same.flags.tolist() == [0, Flag.DUPLICATE, 0]
    different = on_grid(meter("interval"), [0, 900, 900, 1800], [1, 2, 5, 3], steps=3)
    assert np.array_equal(different.values, [1, NAN, 3], equal_nan=True)
    assert different.flags.tolist() == [0, Flag.DUPLICATE | Flag.GAP, 0]


def test_a_double_reading_of_a_register_is_flagged_on_both_sides() -> None:
    made = on_grid(meter("register"), [0, 900, 900, 1800], [1, 2, 5, 7], steps=2)
    assert made.flags.tolist() == [Flag.DUPLICATE | Flag.GAP] * 2
    assert made.total() == 6


def test_readings_that_come_late_are_used_and_flagged() -> None:
    made = on_grid(meter("interval"), [0, 1800, 900], [1, 3, 2], steps=3)
    assert made.values.tolist() == [1, 2, 3]
    assert made.flags.tolist() == [0, Flag.ORDER, 0]


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf, -1.0])
def test_what_cannot_be_a_use_is_unknown(value: float) -> None:
    for reads in ("gauge", "interval"):
        made = on_grid(meter(reads), quarter_hours(2), [1, value], steps=2)
        assert made.values[0] == (0.25 if reads == "gauge" else 1)
        assert math.isnan(made.values[1])
        assert made.flags[1] & Flag.GAP
        assert bool(made.flags[1] & Flag.NEGATIVE) is (value == -1.0)


def test_a_temperature_may_be_below_zero() -> None:
    outside = meter("gauge", measures="outdoor-temp", unit="degC")
    made = on_grid(outside, quarter_hours(2), [-5, -7], steps=2)
    assert made.values.tolist() == [-5, -7]
    assert made.mean() == -6


def test_a_gauge_is_a_mean_over_time() -> None:
    # 100 W for 300 s and 400 W for 600 s: 300 W, over a quarter-hour 75 Wh.
    made = on_grid(meter("gauge", every_s=600), [0, 300], [100, 400], steps=1)
    assert made.values.tolist() == [75]


def test_a_gauge_holds_no_longer_than_it_is_read() -> None:
    made = on_grid(meter("gauge", every_s=300), [0, 300, 600, 1200, 1500], [4] * 5, steps=2)
    assert made.values[0] == 1
    assert math.isnan(made.values[1])
    assert made.flags.tolist() == [0, Flag.GAP]


def test_units_become_base_units() -> None:
    made = on_grid(meter("interval", unit="kWh"), [0], [1.5], steps=1)
    assert made.values.tolist() == [1500]
    water = on_grid(meter("interval", unit="m3"), [0], [2], steps=1)
    assert water.values.tolist() == [2]
    joules = on_grid(meter("register", unit="J"), [0, 900], [0, 3600], steps=1)
    assert joules.values.tolist() == [1]


def test_intervals_longer_than_a_step_are_known_as_a_whole() -> None:
    made = on_grid(meter("interval", every_s=1800), [0, 1800], [10, 30])
    assert np.isnan(made.values).all()
    assert made.spans == (Span(0, 2, 10.0), Span(2, 4, 30.0))
    assert made.total() == 40


def test_intervals_that_overlap_are_unknown() -> None:
    made = on_grid(meter("interval"), [0, 450, 1800], [1, 1, 1], steps=3)
    assert np.array_equal(made.values, [NAN, NAN, 1], equal_nan=True)


def test_no_readings_are_no_zeros() -> None:
    for reads in ("gauge", "register", "interval"):
        made = on_grid(meter(reads), [], [])
        assert np.isnan(made.values).all()
        assert made.flags.tolist() == [Flag.GAP] * 4
        assert math.isnan(made.total())


def test_readings_have_a_time_a_value_and_flags_each() -> None:
    with pytest.raises(InvalidInput, match="shapes"):
        Readings(np.zeros(2, np.int64), np.zeros(1), np.zeros(2, np.uint8))


def test_every_small_register_by_a_second_way() -> None:
    # All registers of four readings of 0..3 or none: 625 of them, against the rules read literally.
    for values in product((NAN, 0.0, 1.0, 2.0, 3.0), repeat=4):
        made = on_grid(meter("register"), quarter_hours(4), list(values), steps=3)
        known = [i for i, value in enumerate(values) if not math.isnan(value)]
        falls = {j for i, j in pairwise(known) if values[j] < values[i]}
        for step in range(3):
            ends_known = step in known and step + 1 in known
            if ends_known and step + 1 not in falls:
                assert made.values[step] == values[step + 1] - values[step]
                assert made.flags[step] == 0
            else:
                assert math.isnan(made.values[step])
                inside = [j for i, j in pairwise(known) if i <= step < j]
                reset = bool(inside) and inside[0] in falls
                assert made.flags[step] == (Flag.RESET if reset else Flag.GAP)
        whole = {0, 3} <= set(known) and not falls
        assert (made.total() == values[3] - values[0]) if whole else math.isnan(made.total())


@given(
    st.sampled_from(["gauge", "register", "interval"]),
    st.lists(
        st.tuples(
            st.integers(-1800, 5400),
            st.one_of(st.floats(-10, 1000), st.just(NAN), st.just(math.inf)),
        ),
        max_size=30,
    ),
)
def test_what_is_not_known_is_flagged_and_what_is_known_is_finite(
    reads: str, said: list[tuple[int, float]]
) -> None:
    made = on_grid(meter(reads), [at_s for at_s, _ in said], [value for _, value in said])
    unknown = np.isnan(made.values)
    why = (made.flags & (Flag.GAP | Flag.RESET)) > 0
    assert np.array_equal(unknown, why)
    assert (made.values[~unknown] >= 0).all()
    assert np.isfinite(made.values[~unknown]).all()


@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=5), st.permutations(range(5)))
def test_the_order_of_arrival_changes_flags_alone(rises: list[int], order: list[int]) -> None:
    values = np.cumsum(rises).astype(float).tolist()
    at_s = quarter_hours(5)
    sorted_ones = on_grid(meter("register"), at_s, values)
    mixed = on_grid(meter("register"), [at_s[i] for i in order], [values[i] for i in order])
    assert np.array_equal(sorted_ones.values, mixed.values)
    assert sorted_ones.total() == values[-1] - values[0]
    assert not sorted_ones.flags.any()


@given(st.sets(st.integers(0, 40), min_size=2), st.integers(1, 50))
def test_steps_and_spans_never_hold_more_than_the_register_counted(
    kept: set[int], per_step: int
) -> None:
    at_s = [STEP_S * i for i in sorted(kept)]
    values = [float(per_step * i) for i in sorted(kept)]
    made = on_grid(meter("register"), at_s, values, steps=40)
    held = np.nansum(made.values) + sum(span.amount for span in made.spans)
    assert held == values[-1] - values[0]
    assert (made.values[~np.isnan(made.values)] == per_step).all()


def test_every_quantity_can_be_metered() -> None:
    units = {"water": "m3", "potable-water": "m3", "traffic-in": "GB", "traffic-out": "GB"}
    gauges = {"waste-heat-temp": "degC", "inlet-temp": "degC", "outdoor-temp": "degC"}
    gauges |= {"grid-carbon": "gCO2e/kWh", "grid-cfe": "%"}
    for quantity in Quantity:
        reads = "gauge" if quantity in gauges else "register"
        unit = gauges.get(quantity) or units.get(quantity, "kWh")
        assert meter(reads, measures=quantity, unit=unit).measures is quantity
