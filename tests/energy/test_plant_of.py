"""From a site's document to its plant, with what is assumed where it says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from allod.decide.plants import plant_of as decide_with
from allod.domain.cooling import Cooling
from allod.domain.site import Site
from allod.energy.air_cooled import AirCooled
from allod.energy.constant_pue import ConstantPue
from allod.energy.dry_cooler import DryCooled
from allod.energy.plant_of import cooling_of, plant_of, settings
from allod.energy.tower import TowerCooled
from allod.errors import InvalidInput
from tests.energy.plants import air


def site(accelerators: int = 1_000, **more: object) -> Site:
    return Site.model_validate(
        {
            "title": "Test",
            "country": "NO",
            "operator": "op",
            "management": ["NO"],
            "metadata": ["NO"],
            "pools": [{"name": "gpu", "accelerator": "gb300-nvl72"}],
            "phases": [
                {"name": "p1", "state": "live", "accelerators": {"gpu": accelerators}},
                {"name": "p2", "state": "cancelled", "accelerators": {"gpu": 999}},
            ],
            **more,
        }
    )


def test_without_cooling_pue_is_constant() -> None:
    plant = plant_of(site(pue_milli=1_100))
    assert plant.cooling == ConstantPue(1.1)
    assert plant.facility_w(np.array([1e6]), air(40))[0] == pytest.approx(1.1e6)
    with pytest.raises(InvalidInput, match="neither cooling nor pue_milli"):
        plant_of(site(pue_milli="unknown"))


def test_a_plant_of_unknown_kind_is_counted_by_its_pue() -> None:
    told = site(pue_milli=1_200, cooling={"plant": "unknown", "supply_c": 40, "return_c": 50})
    assert plant_of(told).cooling == ConstantPue(1.2)
    assert cooling_of(told) is None
    assert decide_with(told) is None, "the engine counts with pue_milli too"
    assert cooling_of(site(cooling={"plant": "air"})) == Cooling.model_validate({"plant": "air"})


def test_a_bare_kind_is_filled_from_kind_and_accelerator() -> None:
    plant = plant_of(site(cooling={"plant": "dry-cooler"}))
    assert plant.cooling == DryCooled(
        design_it_w=2_250_000.0, capture_share=0.9, supply_c=40.0, return_c=50.0, approach_k=7.0
    )
    assert plant.return_c == 50
    # 1 / (0.94 · 0.98 · 0.99) - 1, and a hundredth for the rest; the cancelled phase is not built.
    assert plant.loss_share == 0.097
    assert plant.misc_w == 22_500
    assert plant_of(site(cooling={"plant": "air"})).cooling == AirCooled(
        design_it_w=2_250_000.0, supply_c=20.0, return_c=35.0
    )
    tower = plant_of(site(cooling={"plant": "tower"})).cooling
    assert isinstance(tower, TowerCooled)
    assert (tower.capture_share, tower.supply_c, tower.approach_k) == (0.0, 18.0, 4.0)


def test_what_the_document_tells_holds() -> None:
    told = {
        "plant": "dry-cooler",
        "design_it_w": "20 MW",
        "capture_milli": 800,
        "supply_c": 30,
        "return_c": 42,
        "approach_k": 6,
        "electrical_loss_milli": 40,
        "misc_milli": 0,
    }
    plant = plant_of(site(cooling=told))
    assert plant.cooling == DryCooled(
        design_it_w=20e6, capture_share=0.8, supply_c=30.0, return_c=42.0, approach_k=6.0
    )
    assert (plant.loss_share, plant.misc_w, plant.return_c) == (0.04, 0.0, 42.0)
    assert plant_of(site(cooling=told), design_it_w=5e6).design_it_w == 5e6


def test_what_is_assumed_says_so() -> None:
    cooling = Cooling.model_validate(
        {"plant": "dry-cooler", "misc_milli": {"value": 5, "source": "operator, 2026"}}
    )
    made = settings(site(), cooling)
    assert set(made) == set(Cooling.model_fields) - {"plant"}
    assert made["misc_milli"].standing == "declared"
    assert made["misc_milli"].source == "operator, 2026"
    for name in set(made) - {"misc_milli"}:
        assert made[name].standing == "assumed" and made[name].source, name
    assert "Morgan Stanley" in made["capture_milli"].source, "that of the accelerators"


def test_the_least_liquid_pool_counts() -> None:
    pools = [
        {"name": "a", "accelerator": "vera-rubin-nvl72"},
        {"name": "gpu", "accelerator": "h100"},
    ]
    plant = plant_of(site(cooling={"plant": "dry-cooler"}, pools=pools))
    assert isinstance(plant.cooling, DryCooled)
    assert plant.cooling.capture_share == 0.75


def test_a_plant_of_no_size_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"write cooling.design_it_w"):
        plant_of(site(0, cooling={"plant": "air"}))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"plant": "dry-cooler", "supply_c": 40}, "go together"),
        ({"plant": "dry-cooler", "supply_c": 40, "return_c": 40}, "must be above"),
        ({"plant": "dry-cooler", "capture_milli": 0}, "need liquid"),
    ],
)
def test_a_plant_that_cannot_be_is_refused(told: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Cooling.model_validate(told)
