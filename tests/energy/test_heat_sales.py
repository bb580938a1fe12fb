"""Heat contracts over a day: what arrives, what it emits, and whether it is low-carbon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from allod.domain.heat import HeatOfftake
from allod.energy.constants import PIPE_LOSS_W_PER_M
from allod.energy.grid import Grid, Values
from allod.energy.heat import HeatFlow
from allod.energy.heat_sales import HeatSale, heat_sales

HOURS = Grid(0, 3_600, 4)
#: 1 MW handed over in three hours, a quarter of it electricity of a heat pump.
FLOW = HeatFlow(
    "town",
    np.array([0.75, 0.75, 0.75, 0]) * 1e6,
    np.array([1.0, 1, 1, 0]) * 1e6,
    np.array([0.25, 0.25, 0.25, 0]) * 1e6,
)


def sale(carbon: Values | None, flow: HeatFlow = FLOW, **more: Any) -> HeatSale:
    told = {"name": "town", "power_w": "1 MW", "temp_c": 80} | more
    (made,) = heat_sales([HeatOfftake.model_validate(told)], [flow], HOURS, carbon)
    return made


def test_three_hours_by_hand() -> None:
    """A quarter of 100, 200, 900 g/kWh is 25, 50, 225 g/kWh of heat; two of three are within 50."""
    made = sale(np.array([100.0, 200, 900, 500]), carbon_g_per_kwh_max=50, distance_m=1_000)
    assert (made.delivered_mwh, made.pump_mwh) == (3, 0.75)
    assert made.carbon_g_per_kwh == pytest.approx(100)
    assert made.low_carbon == pytest.approx(2 / 3)
    assert made.arriving_mwh == pytest.approx(3 - 3 * PIPE_LOSS_W_PER_M.value * 1_000 / 1e6)
    assert made.missing == ()


def test_what_lacks_is_said() -> None:
    made = sale(None, carbon_g_per_kwh_max=50, distance_m=1_000)
    assert (made.carbon_g_per_kwh, made.low_carbon) == (None, None)
    assert made.missing == ("the grid's carbon is not known, and a heat pump draws on it",)
    bare = sale(np.full(4, 100.0))
    assert (bare.arriving_mwh, bare.low_carbon) == (None, None)
    assert bare.carbon_g_per_kwh == pytest.approx(25)
    assert [text.split("'")[1] for text in bare.missing] == [
        "heat.town.carbon_g_per_kwh_max",
        "heat.town.distance_m",
    ]
    nothing = HeatFlow("town", np.zeros(4), np.zeros(4), np.zeros(4))
    assert sale(None, nothing, carbon_g_per_kwh_max=1, distance_m=1).missing == (
        "nothing was handed over",
    )


def test_heat_that_no_pump_has_lifted_carries_nothing_whatever_the_grid() -> None:
    warm = HeatFlow("town", FLOW.delivered_w, FLOW.delivered_w, np.zeros(4))
    made = sale(None, warm, carbon_g_per_kwh_max=50, distance_m=0)
    assert (made.carbon_g_per_kwh, made.low_carbon, made.missing) == (0, 1, ())
    assert made.arriving_mwh == made.delivered_mwh == 3
