"""The scenarios for energy: what they assume is all that the model needs, and nobody goes short."""

from __future__ import annotations

import numpy as np
import pytest

from allod.domain.fact import Standing
from allod.domain.site import Site
from allod.energy.grid import Grid
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant_of import installed_it_w
from allod.energy.simulation import figures, simulate_site, utilised_w
from allod.errors import InvalidInput
from allod.replay.world import scenario_world
from tests.documents import EXAMPLES

SCENARIOS = sorted((EXAMPLES / "energy").glob("*.scenario.yaml"))
DAY = Grid(0, 3_600, 24)
WARM = OutdoorAir(np.full(24, 30.0), np.full(24, 20.0))
#: IT power of what each is said to have [MW]; see the scenarios for how it follows.
INSTALLED_MW = {
    "narvik": {"narvik": 225.0},
    "morocco-2025": {"nouaceur": 35.9424},
    "morocco-2026": {"nouaceur": 14.37696, "morocco-north": 17.9712},
    "cambrai": {"cambrai": 53.946},
}


def sites(name: str) -> dict[str, Site]:
    world = scenario_world(EXAMPLES / f"energy/{name}.scenario.yaml", None)
    return {one.name: one.spec for one in world.documents if isinstance(one.spec, Site)}


def lived(site: Site, utilisation: float) -> dict[str, float | None]:
    """A warm day, with contracts that deliver all they may."""
    supply = site.supply
    available = {item.name: np.ones(24) for item in supply.purchases} if supply else {}
    load = utilised_w(site, np.full(24, utilisation))
    return {one.name: one.value for one in figures(simulate_site(site, DAY, load, WARM, available))}


def test_there_is_one_for_each_plan() -> None:
    assert {path.name.partition(".")[0] for path in SCENARIOS} == set(INSTALLED_MW)


@pytest.mark.parametrize("name", INSTALLED_MW)
def test_a_scenario_runs_and_stays_within_its_envelope(name: str) -> None:
    found = sites(name)
    installed = {one: installed_it_w(site) / 1e6 for one, site in found.items()}
    assert installed == pytest.approx(INSTALLED_MW[name])
    for site in found.values():
        day = lived(site, 0.8)
        assert day["not served"] == 0
        assert 1.1 < (day["PUE"] or 0) < 1.2
        assert day["water"] == 0, "closed loops with dry coolers"


@pytest.mark.parametrize("name", INSTALLED_MW)
def test_every_assumption_says_why_and_without_them_the_model_refuses(name: str) -> None:
    path = EXAMPLES / f"energy/{name}.scenario.yaml"
    world = scenario_world(path, None)
    assert world.assumed
    for one, site in sites(name).items():
        assert site.cooling
        assert site.cooling.plant.standing is Standing.ASSUMED, one
        assert site.cooling.plant.note, one
        bare = site.model_copy(update={"cooling": None})
        with pytest.raises(InvalidInput, match="neither cooling nor pue_milli is known"):
            lived(bare, 0.8)
