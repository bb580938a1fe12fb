"""Facility power over IT power, and the IT power that a limit at the meter leaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.constant_pue import ConstantPue
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant import Plant
from tests.energy.plants import AIR, DRY, FLAT, MW, PLANTS, TOWER, air, airs, of_10_mw, plants


@given(plants, airs(), st.floats(0, 30 * MW), st.floats(0, 5 * MW))
def test_each_watt_of_it_costs_at_least_a_watt_at_the_meter(
    plant: Plant, outside: OutdoorAir, it_w: float, more_w: float
) -> None:
    less = plant.facility_w(np.array([it_w]), outside)
    more = plant.facility_w(np.array([it_w + more_w]), outside)
    assert more[0] - less[0] >= more_w - 1e-6
    for one in (less, more):
        assert one[0] >= it_w


@given(plants, airs(), st.floats(0, 40 * MW))
def test_the_it_limit_keeps_the_meter_and_leaves_nothing(
    plant: Plant, outside: OutdoorAir, limit_w: float
) -> None:
    it_w = plant.it_limit_w(np.array([limit_w]), outside)
    assert it_w[0] == np.floor(it_w[0]) >= 0
    if plant.facility_w(np.zeros(1), outside)[0] > limit_w:
        assert it_w[0] == 0
        return
    assert plant.facility_w(it_w, outside)[0] <= limit_w
    assert plant.facility_w(it_w + 1, outside)[0] > limit_w


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_a_limit_for_each_step_and_member(name: str) -> None:
    plant = PLANTS[name]
    outside = OutdoorAir(np.linspace(-20, 45, 24), np.linspace(-21, 25, 24))
    limits = np.array([[5 * MW], [12 * MW], [0.0]])
    it_w = plant.it_limit_w(limits, outside)
    assert it_w.shape == (3, 24)
    assert (it_w[2] == 0).all()
    assert (plant.facility_w(it_w[:2], outside) <= limits[:2]).all()
    assert (plant.facility_w(it_w[:2] + 1, outside) > limits[:2]).all()


def test_what_is_not_known_stays_so() -> None:
    nan = np.array([np.nan, 20.0])
    dry, wet = OutdoorAir(nan, np.array([10.0, 10.0])), OutdoorAir(np.array([20.0, 20.0]), nan)
    load = np.full(2, 5 * MW)
    for plant, outside in ((DRY, dry), (AIR, dry), (TOWER, wet)):
        assert np.isnan(plant.facility_w(load, outside)).tolist() == [True, False]
        assert np.isnan(plant.it_limit_w(12 * MW, outside)).tolist() == [True, False]
        assert np.isnan(plant.it_limit_w(nan * MW, air(20))).tolist() == [True, False]
    assert not np.isnan(FLAT.facility_w(load, dry)).any(), "a constant PUE needs no weather"
    assert np.isnan(FLAT.water_l_per_h(load, nan, nan)).all(), "its water is not known"


def test_a_limit_over_all_limits_ends() -> None:
    for limit in (np.inf, 2.0**60):
        it_w = DRY.it_limit_w(limit, air(20))
        assert DRY.facility_w(it_w, air(20))[0] <= limit


def test_a_limit_that_is_met_exactly_is_kept() -> None:
    bare = of_10_mw(ConstantPue(1.0), loss=0.0, misc_w=0.0)
    limits = np.array([0.0, 1.0, 7.0, 5_000_000.0, 7.9])
    assert bare.it_limit_w(limits, air(20)).tolist() == [0, 1, 7, 5_000_000, 7]


def test_losses_by_hand() -> None:
    # 9.6 % of 10 MW at full load: 20 % always, 30 % with the load, 50 % with its square.
    at = DRY.losses_w(np.array([0.0, 5 * MW, 10 * MW]))
    assert at == pytest.approx([192_000, 192_000 + 144_000 + 120_000, 960_000])
    assert FLAT.facility_w(np.array([5 * MW]), air(0))[0] == pytest.approx(5.5 * MW)
