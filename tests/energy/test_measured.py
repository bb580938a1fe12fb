"""Matching and heat by a site's meters, on the plant of arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from allod.domain.meters import Meter
from allod.energy.account import Evidence
from allod.energy.constants import PIPE_LOSS_W_PER_M
from allod.energy.grid import Grid
from allod.energy.kpi import Kpi
from allod.energy.readings import metered, readings
from allod.energy.report import report
from tests.energy.metered_plant import SUPPLY, evidence, site, year_of

QUARTERS = Grid(1_735_689_600, 900, 8)


def found(*, meters: tuple[Evidence, ...] | None = None, **more: Any) -> dict[str, Kpi]:
    made = year_of(meters or evidence(), **more)
    return {kpi.name: kpi for kpi in made.kpis}


def interval(name: str, measures: str, kwh: list[float]) -> Evidence:
    """A meter that tells what each quarter-hour came to."""
    made = Meter.model_validate(
        {
            "name": name,
            "measures": measures,
            "reads": "interval",
            "unit": "kWh",
            "every_s": 900,
            "certificates": "cancelled",
            "table": {"file": "q.csv", "value": name, "marks": "start"},
        }
    )
    return Evidence(made, metered(made, readings(QUARTERS.times_s(), np.array(kwh)), QUARTERS), "q")


def test_two_hours_of_quarters_by_hand() -> None:
    """More wind than load by the year; min(40, 29) + 40 of 80 by the hour, 44 of 80 by quarters."""
    meters = (
        interval("feed", "edc", [10.0] * 8),
        interval("wind", "renewable-ppa", [25.0, 0, 4, 0, 28, 10, 18, 0]),
    )
    plant = site(reporting={"year": 2025, "absent": ["edc-backup", "renewable-on-site"]})
    made = {kpi.name: kpi for kpi in report("plant", plant, QUARTERS, meters).kpis}
    assert made["annual match"].value == 1
    assert made["hourly match"].value == pytest.approx(69 / 80)
    assert made["quarter-hourly match"].value == pytest.approx(0.55)
    assert made["CFE"].value == pytest.approx(0.55), "by the step"
    assert made["CFE score"].missing == ("no meter measures 'grid-cfe'",)
    assert made["hourly match"].inputs[:2] == ("feed", "declared: reporting.absent")


@pytest.mark.parametrize(
    ("supply", "said"),
    [
        (None, "'supply' does not say in which bidding zones site and contracts are"),
        ({**SUPPLY, "grid": {"zone": "unknown"}}, "'supply.grid.zone' is not known"),
        (
            {**SUPPLY, "grid": {"zone": "FR"}},
            "contract 'hydro' feeds in to DE-LU, the site is in FR, and meters do not tell "
            "contracts apart",
        ),
    ],
)
def test_energy_of_another_zone_covers_no_hour(supply: Any, said: str) -> None:
    made = found(supply=supply)
    assert made["annual match"].value == pytest.approx(5_694_000 / 9_637_200)
    for name in ("hourly match", "quarter-hourly match", "CFE", "CFE score"):
        assert made[name].missing == (said,), name


def test_a_site_without_contracts_needs_no_zone() -> None:
    without = {"reporting": {"year": 2025, "absent": ["renewable-ppa"]}, "supply": None}
    made = found(meters=evidence(hydro=None), **without)
    assert made["hourly match"].value == pytest.approx(1_314_000 / 9_637_200)


HEAT = {
    "name": "town", "power_w": "200 kW", "temp_c": 70, "distance_m": 1_000,
    "carbon_g_per_kwh_max": 50,
}  # fmt: skip


def test_heat_by_its_meters() -> None:
    """By day 200 kW, a quarter of it electricity at 200 g/kWh: 50 g/kWh of heat."""
    made = found(heat=[HEAT])
    assert made["low-carbon heat"].value == 1
    assert made["low-carbon heat"].inputs == ("greenhouse", "lift", "grid")
    lost_mwh = PIPE_LOSS_W_PER_M.value * 1_000 * 4_380 / 1e6
    assert made["heat that arrives"].value == pytest.approx(876 - lost_mwh)
    assert made["heat that arrives"].unit == "MWh"
    stricter = found(heat=[{**HEAT, "carbon_g_per_kwh_max": 49}])
    assert stricter["low-carbon heat"].value == 0


def test_what_lacks_for_heat_is_named() -> None:
    bare = found(heat=[{"name": "town", "power_w": "200 kW", "temp_c": 70}])
    assert bare["low-carbon heat"].missing == ("'heat.town.carbon_g_per_kwh_max' is not known",)
    assert bare["heat that arrives"].missing == ("'heat.town.distance_m' is not known",)
    several = found(heat=[HEAT, {**HEAT, "name": "farm"}])
    for name in ("low-carbon heat", "heat that arrives"):
        assert several[name].missing == ("meters do not tell the 2 heat contracts apart",)
    blind = found(meters=evidence(grid=None), heat=[HEAT])
    assert blind["low-carbon heat"].missing == ("no meter measures 'grid-carbon'",)
    assert "low-carbon heat" not in found()


def test_a_pump_of_the_taker_is_not_the_site_s() -> None:
    made = found(meters=evidence(lift=None, grid=None), heat=[{**HEAT, "heat_pump": "taker"}])
    assert made["low-carbon heat"].value == 1
