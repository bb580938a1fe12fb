"""Solar power: pvlib's own chain gives the same, and the sun stands where the hour is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from allod.adapters.weather.pvgis import read_pvgis
from allod.energy.grid import Grid
from allod.energy.solar import SolarPlant, solar_power_w
from allod.energy.weather import Weather
from allod.errors import InvalidInput

DAY = Grid(1_710_892_800, 3_600, 24)  # 2024-03-20, the equinox.


def clear_day(**changes: object) -> Weather:
    """A day with a strong direct sun whenever it is up, at the Greenwich meridian."""
    sun = np.full(24, 800.0)
    flat = np.full(24, 100.0)
    weather = Weather(
        grid=DAY,
        temp_c=np.full(24, 15.0),
        humidity_pct=np.full(24, 50.0),
        pressure_pa=np.full(24, 101_325.0),
        wind_m_s=np.full(24, 3.0),
        ghi_w_m2=flat + 300,
        dni_w_m2=sun,
        dhi_w_m2=flat,
        latitude_deg=45.0,
        longitude_deg=0.0,
        altitude_m=0.0,
    )
    return replace(weather, **changes)  # type: ignore[arg-type]


FIELD = SolarPlant(capacity_w=1e6, inverter_w=1e6, tilt_deg=30.0)


def test_the_day_lies_even_about_noon() -> None:
    # Solar noon is at 12:07 UTC that day; a shift of half an hour would tip the pairs by 5 %.
    power = solar_power_w(FIELD, clear_day())
    assert power[:5].max() < 0.05 * power.max()
    for before, after in ((11, 12), (10, 13), (9, 14)):
        assert power[before] == pytest.approx(power[after], rel=0.05)
        assert power[after] > power[before]


def test_a_satellite_image_is_put_where_the_sun_stood() -> None:
    at_once = solar_power_w(FIELD, clear_day(sun_at_s=0.0))
    half = solar_power_w(FIELD, clear_day(sun_at_s=1_800.0))
    assert at_once[12] > at_once[11] * 1.01  # 12:00 is nearer to noon than 11:00.
    assert half.tolist() == solar_power_w(FIELD, clear_day()).tolist()


def test_what_the_sky_does_not_tell_is_not_known() -> None:
    sun = clear_day().dni_w_m2.copy()
    sun[12] = np.nan
    power = solar_power_w(FIELD, clear_day(dni_w_m2=sun))
    assert np.isnan(power).nonzero()[0].tolist() == [12]
    with pytest.raises(InvalidInput, match="latitude_deg"):
        solar_power_w(FIELD, clear_day(latitude_deg=float("nan")))


def test_inverters_cut_and_trackers_follow() -> None:
    small = SolarPlant(capacity_w=1e6, inverter_w=4e5, tilt_deg=30.0)
    assert solar_power_w(small, clear_day()).max() == pytest.approx(4e5)
    turned = solar_power_w(SolarPlant(capacity_w=1e6, inverter_w=1e6), clear_day())
    fixed = solar_power_w(FIELD, clear_day())
    assert turned[8] > 1.3 * fixed[8]
    assert np.isfinite(turned).all()


def test_pvlib_s_own_chain_gives_the_same(shared_data: Path) -> None:
    pd = pytest.importorskip("pandas")
    from pvlib.location import Location
    from pvlib.modelchain import ModelChain
    from pvlib.pvsystem import PVSystem
    from pvlib.temperature import TEMPERATURE_MODEL_PARAMETERS

    weather = read_pvgis(shared_data / "energy/pvgis_tmy_45N_8E_2005_2023.csv", 2023)
    plant = SolarPlant(capacity_w=5e6, inverter_w=4.8e6, tilt_deg=35.0, azimuth_deg=170.0)
    times = pd.to_datetime(weather.grid.times_s() + 634, unit="s", utc=True)
    system = PVSystem(
        surface_tilt=35.0,
        surface_azimuth=170.0,
        albedo=0.25,
        module_parameters={"pdc0": 5e6, "gamma_pdc": -0.0035},
        inverter_parameters={"pdc0": 4.8e6 / 0.96, "eta_inv_nom": 0.96},
        temperature_model_parameters=TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_glass"],
    )
    chain = ModelChain.with_pvwatts(
        system, Location(45.0, 8.0, altitude=250.0), transposition_model="haydavies"
    )
    chain.run_model(
        pd.DataFrame(
            {
                "ghi": weather.ghi_w_m2,
                "dni": weather.dni_w_m2,
                "dhi": weather.dhi_w_m2,
                "temp_air": weather.temp_c,
                "wind_speed": weather.wind_m_s,
            },
            index=times,
        )
    )
    power = solar_power_w(plant, weather)
    assert np.allclose(power, chain.results.ac.to_numpy(), rtol=1e-9, atol=1e-3)
    # PVGIS and maps of solar resource give 1,250 to 1,450 kWh a year for a kW there.
    assert 1_250 < power.sum() / 5e6 < 1_450
