"""A run's part of the plant in tests/energy/metered_plant.py, whose year was worked out by hand.

The PDUs are metered nearest to its nodes: 8,234,400 kWh of IT, from 9,637,200 kWh, 4,380 m3 of
water and 1,227,360 kg of carbon (see test_metered_plant).
"""

from __future__ import annotations

import pytest

from allod.energy.account import Account, Evidence
from allod.energy.kpi import Kpi
from allod.energy.of_run import of_run
from allod.energy.report import facts_of
from tests.energy.metered_plant import YEAR, evidence, meter, site

IT_WH = 8_234_400e3
WHOLE = (9_637_200e3, 4_380e6, 1_227_360e3)  #: Wh, ml, g.


def part(it_wh: float, found: tuple[Evidence, ...] | None = None) -> tuple[Kpi, ...]:
    facts, _ = facts_of(site(), 2025)
    return of_run(Account(YEAR, evidence() if found is None else found), facts, it_wh)


@pytest.mark.parametrize("share", [1.0, 0.25, 1e-6])
def test_shares_add_up_to_what_the_site_took_in(share: float) -> None:
    made = part(share * IT_WH)
    assert [kpi.value for kpi in made] == pytest.approx([share * whole for whole in WHOLE])
    assert [kpi.unit for kpi in made] == ["Wh", "ml", "g CO2e"]
    assert all("category 2" in kpi.method and "pdu" in kpi.inputs for kpi in made)


def test_the_meter_nearest_to_the_nodes_is_taken() -> None:
    device = meter("ups", measures="eit-device")
    assert "category 3" in part(1.0, evidence(ups=device))[0].method
    made = part(1_000.0, evidence(pdu=None))[0]
    assert "category 1" in made.method
    assert made.value == pytest.approx(9_637_200 / 8_322)


def test_what_lacks_costs_its_own_line_only() -> None:
    energy, water, carbon = part(1.0, evidence(city_water=None))
    assert water.value is None and water.missing == ("no meter measures 'water'",)
    assert energy.value is not None and carbon.value is not None
    energy, water, carbon = part(1.0, evidence(pdu=None, ups=None))
    assert energy.value is water.value is carbon.value is None


def test_a_run_that_drew_more_than_all_it_is_not_believed() -> None:
    for kpi in part(IT_WH + 1_000):
        assert kpi.value is None
        assert kpi.missing[0].startswith("its nodes counted 8,234,401,000 Wh, and the site's")
