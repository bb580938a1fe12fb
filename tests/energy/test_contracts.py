"""Contracts on a grid: dates cut them, capacity bounds them, unknown facts refuse them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from allod.domain.supply import Supply, Technology
from allod.energy.contracts import connection, deliveries, solar_share, storage
from allod.energy.grid import Grid
from allod.energy.solar import SolarPlant, solar_power_w
from allod.energy.weather import Weather
from allod.errors import InvalidInput

GRID = Grid(1_767_225_600, 3_600, 4)  # 2026-01-01T00:00Z


def supply(**changes: object) -> Supply:
    river = {
        "name": "river",
        "technology": "hydro",
        "capacity_w": "10 MW",
        "zone": "NO4",
        "delivery": "baseload",
        "starts": "2026-01-01T01:30Z",
        "ends": "2026-01-01T03:00Z",
        "price_cents_per_mwh": 3_250,
        "certificates": True,
    }
    roof = {"name": "roof", "technology": "solar", "capacity_w": "1 MW"}
    found = {"grid": {"zone": "NO4"}, "purchases": [river], "on_site": [roof]} | changes
    return Supply.model_validate(found)


def test_a_contract_delivers_in_its_time_alone() -> None:
    shares = {"roof": np.array([0.0, 0.5, 1.2, np.nan])}
    river, roof = deliveries(GRID, supply(), shares)
    assert river.energy_wh.tolist() == [0, 5e6, 10e6, 0]
    assert (river.price_per_mwh, river.certified, river.on_site) == (32.5, True, False)
    assert (roof.zone, roof.on_site, roof.technology) == ("NO4", True, Technology.SOLAR)
    # No plant gives more than its capacity, and what is not known stays so.
    assert roof.energy_wh[:3].tolist() == [0, 5e5, 1e6]
    assert np.isnan(roof.energy_wh[3])


def test_energy_is_power_times_the_step() -> None:
    quarters = Grid(GRID.start_s + 7_200, 900, 4)
    river, _ = deliveries(quarters, supply(), {"roof": np.zeros(4)})
    assert river.energy_wh.tolist() == [2.5e6] * 4


def test_what_is_not_known_delivers_nothing() -> None:
    with pytest.raises(InvalidInput, match="'roof' has no series"):
        deliveries(GRID, supply(), {})
    unknown = {"name": "x", "technology": "wind", "capacity_w": "unknown", "zone": "NO4"}
    with pytest.raises(InvalidInput, match=r"x\.capacity_w is unknown"):
        deliveries(GRID, supply(purchases=[unknown], on_site=[]), {"x": np.zeros(4)})
    wind = unknown | {"capacity_w": "1 MW"}
    made = deliveries(GRID, supply(purchases=[wind], on_site=[]), {"x": np.zeros(4)})
    assert not made[0].certified
    assert np.isnan(made[0].price_per_mwh)


def test_a_roof_of_a_document_is_the_plant_that_it_says() -> None:
    grid = Grid(1_710_892_800, 3_600, 24)  # 2024-03-20
    flat = np.full(24, 100.0)
    weather = Weather(
        grid=grid,
        temp_c=np.full(24, 5.0),
        humidity_pct=flat,
        pressure_pa=flat,
        wind_m_s=np.full(24, 3.0),
        ghi_w_m2=flat + 500,
        dni_w_m2=flat * 8,
        dhi_w_m2=flat,
        latitude_deg=45.0,
        longitude_deg=0.0,
        altitude_m=0.0,
    )
    roof = {
        "name": "roof",
        "technology": "solar",
        "capacity_w": "1 MW",
        "tilt_deg": 30,
        "latitude_mdeg": 45_000,
        "longitude_mdeg": 90_000,
        "modules_milli": 1_100,
    }
    item = supply(on_site=[roof]).on_site[0]
    share = solar_share(item, weather)
    plant = SolarPlant(capacity_w=1.1e6, inverter_w=1e6, tilt_deg=30.0)
    there = replace(weather, longitude_deg=90.0)
    assert share == pytest.approx(solar_power_w(plant, there) / 1e6)
    assert int(share.argmax()) in (5, 6)  # Noon is six hours before Greenwich's.
    wind = supply(on_site=[roof | {"technology": "wind"}]).on_site[0]
    with pytest.raises(InvalidInput, match="'roof' is wind, not solar"):
        solar_share(wind, weather)


def test_battery_and_connection_are_those_of_the_document() -> None:
    assert storage(None).energy_wh == 0
    battery = {
        "energy_wh": "40 MWh",
        "power_w": "10 MW",
        "efficiency_milli": 880,
        "min_charge_milli": 100,
    }
    found = supply(battery=battery)
    made = storage(found.battery)
    assert (made.energy_wh, made.power_w, made.efficiency) == (40e6, 10e6, 0.88)
    assert (made.min_charge, made.start_charge) == (0.1, 0.1)
    assert storage(found.battery, 0.5).start_charge == 0.5
    assert connection(found.grid, 5e6).import_w == 5e6
    limited = supply(grid={"zone": "NO4", "import_w": "2 MW", "export_w": "1 MW"})
    assert connection(limited.grid, 5e6).import_w == 2e6
    assert connection(limited.grid, 5e6).export_w == 1e6
    shut = supply(grid={"zone": "NO4", "export_w": "unknown"})
    assert connection(shut.grid, 5e6).export_w == 0
