"""Wind power: windpowerlib's own chain gives the same, and the physics are the textbook's."""

from __future__ import annotations

import csv
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest

from allod.adapters.turbines import wind_plant
from allod.energy.grid import Grid
from allod.energy.weather import Weather
from allod.energy.wind import WindPlant, wind_power_w
from allod.errors import InvalidInput, NotFound


def weather(wind_m_s: list[float], **changes: object) -> Weather:
    many = len(wind_m_s)
    unknown = np.full(many, np.nan)
    made = Weather(
        grid=Grid(0, 3_600, many),
        temp_c=np.full(many, 15.0),
        humidity_pct=unknown,
        pressure_pa=unknown,
        wind_m_s=np.array(wind_m_s),
        ghi_w_m2=unknown,
        dni_w_m2=unknown,
        dhi_w_m2=unknown,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


LINE = WindPlant(
    capacity_w=2e6,
    hub_height_m=100.0,
    curve_m_s=np.array([3.0, 13.0, 25.0]),
    curve_share=np.array([0.0, 1.0, 1.0]),
    roughness_m=0.1,
)


def test_wind_is_carried_up_by_the_logarithmic_law() -> None:
    # ln(100 / 0.1) / ln(10 / 0.1) = 1.5: 6 m/s at 10 m are 9 m/s at the hub, 0.6 of the line.
    assert log(1_000) / log(100) == pytest.approx(1.5)
    power = wind_power_w(LINE, weather([6.0, 1.0, 20.0, float("nan")]))
    assert power[0] == pytest.approx(1.2e6)
    assert power[1] == 0  # Below cut-in.
    assert power[2] == 0  # 30 m/s at the hub: above cut-out.
    assert np.isnan(power[3])


def test_thin_air_carries_less() -> None:
    level = wind_power_w(LINE, weather([6.0], pressure_pa=np.array([101_325.0])))
    high = wind_power_w(LINE, weather([6.0], pressure_pa=np.array([80_000.0])))
    assert high[0] < 0.9 * level[0]


def test_what_is_no_turbine_is_refused() -> None:
    with pytest.raises(NotFound, match="windmill"):
        wind_plant("windmill", 100.0, 1e6)
    with pytest.raises(InvalidInput, match="rising"):
        replace(LINE, curve_m_s=np.array([3.0, 3.0, 25.0]))
    with pytest.raises(InvalidInput, match="hub_height_m"):
        replace(LINE, hub_height_m=0.01)


def test_windpowerlib_s_own_chain_gives_the_same(shared_data: Path) -> None:
    pd = pytest.importorskip("pandas")
    from windpowerlib import ModelChain, WindTurbine

    with (shared_data / "energy/windpowerlib_weather.csv").open() as file:
        names, heights, *rows = list(csv.reader(file))
    rows = rows[:2_000]
    columns = list(zip(names, heights, strict=True))

    def column(name: str, height: str) -> np.ndarray:
        place = columns.index((name, height))
        return np.array([float(row[place]) for row in rows])

    pressure, temp_k = column("pressure", "0"), column("temperature", "2")
    wind, roughness = column("wind_speed", "10"), column("roughness_length", "0")
    frame = pd.DataFrame(
        np.column_stack([pressure, temp_k, wind, roughness]),
        columns=pd.MultiIndex.from_tuples(
            [("pressure", 0), ("temperature", 2), ("wind_speed", 10), ("roughness_length", 0)]
        ),
    )
    turbine = WindTurbine(hub_height=135, turbine_type="E-126/4200")
    theirs = ModelChain(turbine, density_correction=True).run_model(frame).power_output.to_numpy()
    ours = wind_power_w(
        wind_plant("E-126/4200", 135.0, 4.2e6, roughness_m=0.15),
        weather(wind.tolist(), pressure_pa=pressure, temp_c=temp_k - 273.15),
    )
    assert set(roughness) == {0.15}
    assert theirs.max() > 4e6
    assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-3)
