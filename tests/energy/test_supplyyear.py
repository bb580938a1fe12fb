"""A year of supply: three steps by hand, and what must hold between its figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.adapters.series.availability import read_availability
from allod.domain.supply import Technology
from allod.energy.contracts import Delivery
from allod.energy.dispatch import Connection, Plant, Storage
from allod.energy.grid import Grid, Values
from allod.energy.matching import cfe_score
from allod.energy.supplyyear import FROM_BATTERY, Signals, supply_year
from allod.errors import InvalidInput
from tests.energy.test_dispatch import residual_wh

MW = 1e6
HOURS = Grid(0, 3_600, 3)


def source(name: str, energy_wh: Values, **changes: object) -> Delivery:
    made = {
        "technology": Technology.WIND,
        "zone": "NO4",
        "on_site": False,
        "certified": True,
        "price_per_mwh": 40.0,
    }
    return Delivery(name=name, energy_wh=energy_wh, **(made | changes))  # type: ignore[arg-type]


def test_three_hours_by_hand() -> None:
    load = np.full(3, 100 * MW)
    sources = [
        source("roof", np.array([20.0, 0, 0]) * MW, on_site=True, technology=Technology.SOLAR),
        source("wind", np.array([100.0, 40, 0]) * MW),
        source("river", np.array([10.0, 10, 10]) * MW, certified=False),
        source("far", np.array([0.0, 0, 100]) * MW, zone="SE1"),
        source("coal", np.array([0.0, 0, 100]) * MW, technology=Technology.FOSSIL),
    ]
    signals = Signals(
        cfe_share=np.array([0.5, 0.5, 0.9]),
        grid_g_per_kwh=np.full(3, 100.0),
        residual_g_per_kwh=np.full(3, 400.0),
        price_per_mwh=np.array([10.0, 20, 100]),
    )
    plant = Plant(storage=Storage(energy_wh=25 * MW, power_w=30 * MW))
    year = supply_year(HOURS, load, "NO4", sources, plant=plant, signals=signals)
    # Hour 1: 20 roof and 80 of the 110 contracted; 25 of the other 30 fill the battery.
    # Hour 2: 50 contracted, 25 from the battery, 25 from the grid. Hour 3: 10 and 90.
    clean = {name: (values / MW).tolist() for name, values in year.clean_wh.items()}
    assert clean == {
        "roof": [20, 0, 0],
        "wind": [pytest.approx(100 * 80 / 110), 40, 0],
        "river": [pytest.approx(10 * 80 / 110), 10, 10],
        FROM_BATTERY: [0, 25, 0],
    }
    assert (year.excess_wh / MW).tolist() == [5, 0, 0]
    assert (year.dispatch.import_wh / MW).tolist() == [105, 75, 100]
    assert year.cfe is not None
    assert year.cfe == pytest.approx([1, 0.875, 0.91])
    assert year.cfe_score == pytest.approx((100 + 87.5 + 91) / 300)
    assert year.hourly_match == pytest.approx((100 + 75 + 10) / 300)
    assert year.quarter_match is None  # An hour hides its quarters.
    assert year.annual_match == pytest.approx(290 / 300)  # 'far' counts, coal does not.
    assert year.carbon.location_kg == pytest.approx(280_000 * 100 / 1_000)
    # Wind has papers: 100/110 of the 105 taken, all 40 of its own in hour 2, none in hour 3.
    covered = 105 * 100 / 110 + 40
    assert year.carbon.market_kg == pytest.approx((280 - covered) * 400)
    spot = 105 * 10 + 75 * 20 + 100 * 100
    contracts = (100 + 10) * 30 + 50 * 20 + 10 * -60 + 100 * -60 * 2
    assert year.cost == pytest.approx(spot + contracts)


def test_by_the_hour_what_comes_in_another_quarter_counts() -> None:
    quarters = Grid(0, 900, 4)
    sources = [source("wind", np.array([20.0, 0, 20, 0]))]
    year = supply_year(quarters, np.full(4, 10.0), "NO4", sources)
    assert year.hourly_match == pytest.approx(1)
    assert year.quarter_match == pytest.approx(0.5)
    assert (year.cfe, year.cfe_score, year.cost) == (None, None, None)
    assert year.carbon.location_kg is None


def test_a_battery_that_nobody_knows_the_charge_of_is_not_clean() -> None:
    plant = Plant(storage=Storage(energy_wh=20, power_w=10, start_charge=1))
    signals = Signals(cfe_share=np.zeros(3))
    year = supply_year(HOURS, np.full(3, 10.0), "NO4", [], plant=plant, signals=signals)
    assert year.dispatch.discharged_wh.tolist() == [10, 10, 0]
    assert year.hourly_match == 0
    assert year.cfe_score == 0


def test_what_cannot_be_told_apart_is_refused() -> None:
    load = np.ones(3)
    with pytest.raises(InvalidInput, match="called 'wind'"):
        supply_year(HOURS, load, "NO4", [source("wind", load), source("wind", load)])
    with pytest.raises(InvalidInput, match="called 'battery'"):
        supply_year(HOURS, load, "NO4", [source(FROM_BATTERY, load)])
    diesel = source("diesel", load, on_site=True, technology=Technology.FOSSIL)
    with pytest.raises(InvalidInput, match="own plant 'diesel' is fossil"):
        supply_year(HOURS, load, "NO4", [diesel])
    with pytest.raises(InvalidInput, match="contract_wh is nan"):
        supply_year(HOURS, load, "NO4", [source("wind", np.full(3, np.nan))])


AMOUNTS = st.lists(st.floats(0, 1_000), min_size=6, max_size=6).map(np.array)


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.floats(0, 1))
def test_without_a_battery_the_score_is_the_published_one(
    load: Values, own: Values, bought: Values, grid_share: float
) -> None:
    grid, load = Grid(0, 3_600, 6), load + 1
    share = np.full(6, grid_share)
    sources = [source("roof", own, on_site=True), source("wind", bought)]
    year = supply_year(grid, load, "NO4", sources, signals=Signals(cfe_share=share))
    assert year.cfe_score == pytest.approx(float(cfe_score(load, own + bought, share)))


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.floats(0, 2_000), st.floats(0, 500))
def test_clean_energy_never_exceeds_load_or_generation(
    load: Values, own: Values, bought: Values, energy_wh: float, import_w: float
) -> None:
    grid = Grid(0, 3_600, 6)
    plant = Plant(
        storage=Storage(energy_wh=energy_wh, power_w=300, efficiency=0.81),
        connection=Connection(import_w=import_w, export_w=50),
    )
    sources = [source("roof", own, on_site=True), source("wind", bought)]
    signals = Signals(cfe_share=np.full(6, 0.3), residual_g_per_kwh=np.full(6, 400.0))
    year = supply_year(grid, load, "NO4", sources, plant=plant, signals=signals)
    near = 1e-6
    assert (year.covered_wh() <= year.load_wh + near).all()
    assert year.covered_wh().sum() <= (own + bought).sum() + near
    assert (year.excess_wh >= -near).all()
    assert (year.clean_wh["wind"] + year.excess_wh <= bought + near).all()
    if year.load_wh.sum() > 1:
        assert year.cfe_score is not None
        assert -near <= float(year.cfe_score) <= 1 + near


def test_runs_beside_each_other_score_as_alone() -> None:
    loads = np.array([[100.0, 50, 80], [10, 20, 30]])
    sources = [source("roof", np.array([60.0, 0, 60]), on_site=True), source("wind", loads[1])]
    plant = Plant(storage=Storage(energy_wh=30, power_w=30))
    signals = Signals(
        cfe_share=np.full(3, 0.5),
        grid_g_per_kwh=np.full(3, 1.0),
        residual_g_per_kwh=np.full(3, 2.0),
        price_per_mwh=np.full(3, 3.0),
    )
    both = supply_year(HOURS, loads, "NO4", sources, plant=plant, signals=signals)
    for place, load in enumerate(loads):
        alone = supply_year(HOURS, load, "NO4", sources, plant=plant, signals=signals)
        for name in ("cfe_score", "annual_match", "hourly_match", "cost"):
            assert getattr(both, name)[place] == pytest.approx(float(getattr(alone, name)))
        assert both.carbon.market_kg is not None
        assert alone.carbon.market_kg is not None
        assert both.carbon.market_kg[place] == pytest.approx(float(alone.carbon.market_kg))


def sized(share: Values, load_wh: Values) -> Values:
    """A plant as large as makes the load's energy over the year."""
    return share * (load_wh.sum() / share.sum())


@pytest.mark.parametrize(
    ("column", "technology", "hourly"),
    [("WTON", Technology.WIND, 0.7438), ("HROR", Technology.HYDRO, 0.8323)],
)
def test_a_year_of_100_percent_misses_many_hours(
    shared_data: Path, column: str, technology: Technology, hourly: float
) -> None:
    norway = read_availability(shared_data / "energy/dispaset_AF_NO_2016.csv")
    load = np.full(norway.grid.steps, 100 * MW)
    plant_wh = sized(np.minimum(norway.shares[column], 1), load)
    # A grid without anything clean leaves what the contract covers by itself.
    signals = Signals(cfe_share=np.zeros(norway.grid.steps))
    sources = [source("plant", plant_wh, technology=technology)]
    year = supply_year(norway.grid, load, "NO4", sources, signals=signals)
    assert year.annual_match == pytest.approx(1)
    assert year.hourly_match == pytest.approx(hourly, abs=1e-4)
    assert year.cfe_score == pytest.approx(np.minimum(load, plant_wh).sum() / load.sum())
    assert year.hourly_match == pytest.approx(np.asarray(year.cfe_score))


def test_four_hours_of_battery_mend_a_third_of_the_misses(shared_data: Path) -> None:
    path = shared_data / "energy/oemof_storage_investment_hourly.csv"
    rows = np.genfromtxt(path, delimiter=",", names=True)
    grid, load = Grid(1_356_998_400, 3_600, rows.size), rows["demand_el"]
    sources = [
        source("wind", sized(rows["wind"], load) / 2),
        source("sun", sized(rows["pv"], load) / 2, technology=Technology.SOLAR),
    ]
    mean_w = float(load.mean())
    battery = Plant(storage=Storage(energy_wh=4 * mean_w, power_w=mean_w, efficiency=0.9))
    alone = supply_year(grid, load, "NO4", sources)
    stored = supply_year(grid, load, "NO4", sources, plant=battery)
    assert alone.annual_match == pytest.approx(1)
    assert alone.hourly_match == pytest.approx(0.6856, abs=1e-4)
    assert stored.hourly_match == pytest.approx(0.7838, abs=1e-4)
    flow = stored.dispatch
    assert np.abs(residual_wh(flow)).max() <= 1e-9 * load.max()
