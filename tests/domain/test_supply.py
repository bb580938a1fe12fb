"""Supply of a site as a document: what is read, and what is refused with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.fact import Standing
from allod.domain.supply import CARBON_FREE, RENEWABLE, Supply, Technology


def supply(**changes: Any) -> dict[str, Any]:
    return {
        "grid": {"zone": "NO4", "import_w": "230 MW"},
        "purchases": [
            {
                "name": "river",
                "technology": "hydro",
                "capacity_w": "150 MW",
                "zone": "NO4",
                "starts": "2026-01-01",
                "price_cents_per_mwh": 3_250,
                "certificates": True,
            }
        ],
        "on_site": [{"name": "roof", "technology": "solar", "capacity_w": "2.5 MW"}],
        "battery": {
            "energy_wh": "40 MWh",
            "power_w": "10 MW",
            "efficiency_milli": 880,
            "min_charge_milli": 100,
        },
    } | changes


def test_quantities_are_read_with_their_units() -> None:
    read = Supply.model_validate(supply())
    assert read.grid.import_w.value == 230_000_000
    assert read.grid.export_w.value == 0
    assert read.purchases[0].starts == 1_767_225_600
    assert read.purchases[0].certificates.value is True
    assert read.on_site[0].capacity_w.value == 2_500_000
    assert read.on_site[0].commissioned.standing is Standing.UNKNOWN
    assert read.battery is not None
    assert read.battery.energy_wh.value == 40_000_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grid": {"zone": "narvik"}}, "String should match pattern"),
        ({"on_site": [{"name": "river", "technology": "solar", "capacity_w": 1}]}, "two pieces"),
        ({"on_site": [{"name": "a", "technology": "coal", "capacity_w": 1}]}, "Input should be"),
        (
            {"on_site": [{"name": "a", "technology": "solar", "capacity_w": 1, "ends": 0}]},
            "'a' ends before it starts",
        ),
        (
            {"battery": {"energy_wh": "40 MW", "power_w": 1, "efficiency_milli": 900}},
            "whole number of watt-hours",
        ),
        ({"battery": {"energy_wh": 1, "power_w": 1, "efficiency_milli": 0}}, "greater than"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Supply.model_validate(supply(**changes))


def test_what_burns_is_not_carbon_free() -> None:
    assert {Technology.BIOMASS, Technology.FOSSIL}.isdisjoint(CARBON_FREE)
    assert Technology.NUCLEAR in CARBON_FREE - RENEWABLE
