"""A site over time: the balance in every step, a plant worked by hand, members of a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from allod.domain.heat import HeatOfftake
from allod.energy.chiller import air_chiller_cop
from allod.energy.grid import Grid
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant import Plant
from allod.energy.siteyear import simulate
from allod.errors import InvalidInput
from tests.energy.plants import AIR, DRY, FLAT, MW, TOWER, plants

DAY = Grid(0, 3_600, 24)
HOT = HeatOfftake.model_validate({"name": "dh", "power_w": "3 MW", "temp_c": 80})
WARM = HeatOfftake.model_validate(
    {"name": "fish", "power_w": "9 MW", "temp_c": 30, "from_hour": 12}
)


def series(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(np.float64, (2, 24), elements=st.floats(low, high))


@given(plants, series(0, 12 * MW), series(-40, 50), st.booleans(), st.booleans())
def test_energy_balance_closes_in_every_step(
    plant: Plant, load: np.ndarray, temp_c: np.ndarray, sold: bool, counted: bool
) -> None:
    sold = sold and plant is not FLAT
    air = OutdoorAir(temp_c, temp_c - 3)
    contracts = (HOT, WARM) if sold else ()
    year = simulate(DAY, load, air, plant, contracts, heat_pump_in_facility=counted)
    parts = year.it_w + plant.losses_w(load) + plant.misc_w + year.cooling_w
    parts += year.heat_pump_w * counted
    assert year.facility_w == pytest.approx(parts, rel=1e-9)
    # Heat: what is captured goes to takers or outdoors; what is handed over is that and pumps.
    taken = sum((flow.taken_w for flow in year.heat), np.zeros_like(load))
    assert taken + year.rejected_w == pytest.approx(year.captured_w, rel=1e-9, abs=1e-6)
    assert year.heat_w == pytest.approx(taken + year.heat_pump_w, rel=1e-9, abs=1e-6)
    assert (year.rejected_w >= 0).all()
    if not sold:
        assert year.facility_w == pytest.approx(plant.facility_w(load, air), rel=1e-12)
    else:
        # Heat that is taken needs no fans: the meter shows less than without takers, but for pumps.
        least = year.facility_w - year.heat_pump_w * counted
        assert (least <= plant.facility_w(load, air) * (1 + 1e-12)).all()


def test_an_hour_by_hand() -> None:
    """10 MW of IT at 38 °C, 9 MW of it in liquid at 50 °C; 3 MW are sold at 80 °C.

    COP 0.45 · 353.15 / 30; 3 MW handed over are 2.4337 MW of the loop and 0.5663 MW of pumps.
    6.566 MW go outdoors, half of it through the trim chiller.
    """
    year = simulate(
        Grid(0, 3_600, 1),
        np.array([10 * MW]),
        OutdoorAir(np.array([38.0]), np.array([25.0])),
        DRY,
        (HOT,),
    )
    pump = 3 * 30 / (0.45 * 353.15)
    rejected = 9 - (3 - pump)
    cop = float(air_chiller_cop(np.array(38.0)))
    fans = 0.135 * (0.75 * rejected / 9) ** 2.5
    cooling = 0.1125 + 0.03 + 1 / cop + rejected / 2 / cop + fans
    assert year.heat_pump_w[0] / MW == pytest.approx(pump)
    assert year.cooling_w[0] / MW == pytest.approx(cooling)
    assert year.losses_w[0] / MW == pytest.approx(0.96)
    assert year.facility_w[0] / MW == pytest.approx(10 + 0.96 + 0.1 + cooling + pump)
    assert year.heat_w[0] / MW == pytest.approx(3)
    assert year.pue[0] == pytest.approx(year.facility_w[0] / (10 * MW))


def test_the_pumps_electricity_is_a_switch() -> None:
    air = OutdoorAir(np.full(24, 10.0), np.full(24, 5.0))
    load = np.full(24, 8 * MW)
    with_it = simulate(DAY, load, air, DRY, (HOT,))
    without = simulate(DAY, load, air, DRY, (HOT,), heat_pump_in_facility=False)
    assert with_it.facility_w - without.facility_w == pytest.approx(with_it.heat_pump_w)
    assert (without.heat_pump_w == with_it.heat_pump_w).all(), "it is told all the same"


def test_annual_pue_is_energy_over_energy() -> None:
    """An idle hour has a PUE of its own, and hardly counts."""
    load = np.array([0.0, 1.0, 10.0, 10.0]) * MW
    air = OutdoorAir(np.array([5.0, 5.0, 5.0, 30.0]), np.full(4, 4.0))
    year = simulate(Grid(0, 900, 4), load, air, DRY)
    assert np.isnan(year.pue[0])
    assert year.annual_pue == pytest.approx(year.facility_w.sum() / (21 * MW))
    assert year.annual_pue < np.nanmean(year.pue)
    assert year.energy_mwh(year.it_w) == pytest.approx(21 / 4)


def test_water_is_by_step() -> None:
    air = OutdoorAir(np.full(4, 25.0), np.full(4, 20.0))
    load = np.full(4, 10 * MW)
    quarter, hour = (simulate(Grid(0, step, 4), load, air, TOWER) for step in (900, 3_600))
    assert hour.water_l == pytest.approx(4 * quarter.water_l)
    assert hour.water_l == pytest.approx(TOWER.water_l_per_h(load, air.temp_c, air.wet_bulb_c))
    assert not simulate(Grid(0, 900, 4), load, air, DRY).water_l.any()
    assert np.isnan(simulate(Grid(0, 900, 4), load, air, FLAT).water_l).all()


@pytest.mark.parametrize("plant", [DRY, AIR, TOWER], ids=["dry", "air", "tower"])
def test_members_of_a_sample_do_not_touch_each_other(plant: Plant) -> None:
    loads = np.linspace(1, 10, 3 * 24).reshape(3, 24) * MW
    temps = np.linspace(-10, 40, 3 * 24).reshape(3, 24)
    both = simulate(DAY, loads, OutdoorAir(temps, temps - 2), plant, (HOT, WARM))
    one_load = simulate(DAY, loads[0], OutdoorAir(temps, temps - 2), plant, (HOT, WARM))
    assert one_load.facility_w.shape == (3, 24)
    for member in range(3):
        air = OutdoorAir(temps[member], temps[member] - 2)
        alone = simulate(DAY, loads[member], air, plant, (HOT, WARM))
        for name in ("facility_w", "cooling_w", "water_l", "heat_w", "rejected_w"):
            assert (getattr(both, name)[member] == getattr(alone, name)).all(), name


def test_a_gap_in_the_weather_is_a_gap_in_the_year() -> None:
    temp_c = np.full(24, 10.0)
    temp_c[5] = np.nan
    year = simulate(DAY, np.full(24, MW), OutdoorAir(temp_c, temp_c), DRY)
    assert np.isnan(year.facility_w).nonzero()[0].tolist() == [5]
    assert np.isnan(year.annual_pue)


def test_what_does_not_fit_is_refused() -> None:
    air = OutdoorAir(np.full(24, 10.0), np.full(24, 5.0))
    with pytest.raises(InvalidInput, match="IT load has 23 values"):
        simulate(DAY, np.full(23, MW), air, DRY)
    with pytest.raises(InvalidInput, match="an IT load of -5 W"):
        simulate(DAY, np.full(24, -5.0), air, DRY)
    with pytest.raises(InvalidInput, match="no cooling plant is known"):
        simulate(DAY, np.full(24, MW), air, FLAT, (HOT,))
