"""A site with its supply over time: a day worked by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from allod.domain.accelerator import ACCELERATORS
from allod.domain.site import Site
from allod.energy.grid import Grid, Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.simulation import (
    Simulation,
    busy_w,
    figures,
    figures_of,
    simulate_site,
    utilised_w,
)
from allod.energy.supplyyear import Signals
from allod.errors import InvalidInput
from tests.energy.plants import MW

DAY = Grid(0, 3_600, 24)
MILD = OutdoorAir(np.full(24, 10.0), np.full(24, 8.0))
#: Full in the first half of the day, half in the second.
RIVER = np.repeat([1.0, 0.5], 12)


def site(**more: object) -> Site:
    """1,000 accelerators of 2 kW, PUE 1.1; 500 more were cancelled; none in the other pool."""
    return Site.model_validate(
        {
            "title": "Test",
            "country": "NO",
            "operator": "op",
            "management": ["NO"],
            "metadata": ["NO"],
            "pools": [
                {"name": "gpu", "accelerator": "gb300-nvl72", "power_per_accelerator_w": 2_000},
                {"name": "old", "accelerator": "h100", "power_per_accelerator_w": 1_000},
            ],
            "phases": [
                {"name": "p1", "state": "live", "accelerators": {"gpu": 600}},
                {"name": "p2", "state": "announced", "accelerators": {"gpu": 400}},
                {"name": "p3", "state": "cancelled", "accelerators": {"gpu": 500}},
            ],
            "pue_milli": 1_100,
            **more,
        }
    )


def supplied(**grid: object) -> Site:
    """The same, with a contract on 2 MW of hydro power in its zone."""
    hydro = {"name": "river", "technology": "hydro", "capacity_w": "2 MW", "zone": "NO4"}
    return site(supply={"grid": {"zone": "NO4", **grid}, "purchases": [hydro]})


def day(of: Site, it_w: Values | None = None, **more: object) -> Simulation:
    """`of` at 1 MW of IT power through a mild day."""
    load = np.full(24, MW) if it_w is None else it_w
    return simulate_site(of, DAY, load, MILD, **more)  # type: ignore[arg-type]


def told(made: Simulation) -> dict[str, float | None]:
    return {one.name: one.value for one in figures(made)}


def test_a_day_of_use_by_hand() -> None:
    """1 MW of IT and a tenth of it more, 24 hours long; nobody knows the plant, so no water."""
    found = told(day(site()))
    assert found.pop("water") is None
    assert found.pop("WUE") is None
    assert found == pytest.approx(
        {
            "IT energy": 24.0,
            "energy at the meter": 26.4,
            "highest power": 1.1,
            "PUE": 1.1,
            "heat handed over": 0.0,
            "ERF": 0.0,
            "ERE": 1.1,
        }
    )


def test_pue_is_energy_over_energy_and_the_peak_a_step_s() -> None:
    """A dry-cooled site with no load at night: losses and lights go on, and count."""
    cooled = site(cooling={"plant": "dry-cooler", "design_it_w": "2 MW"})
    made = day(cooled, np.repeat([2 * MW, 0.0], 12))
    found = told(made)
    assert found["IT energy"] == 24.0
    assert found["highest power"] == pytest.approx(made.use.facility_w[0] / 1e6)
    night_mwh = 12 * made.use.facility_w[-1] / 1e6
    day_mwh = 12 * made.use.facility_w[0] / 1e6
    assert night_mwh > 0
    assert found["PUE"] == pytest.approx((day_mwh + night_mwh) / 24)


def test_heat_that_is_handed_over_is_no_longer_the_site_s() -> None:
    """300 kW at 30 °C need no pump; all day that is 7.2 MWh."""
    heat = [{"name": "farm", "power_w": "300 kW", "temp_c": 30}]
    found = told(day(site(cooling={"plant": "dry-cooler"}, heat=heat)))
    assert found["heat handed over"] == pytest.approx(7.2)
    erf = 7.2 / (found["energy at the meter"] or 0)
    assert found["ERF"] == pytest.approx(erf)
    assert found["ERE"] == pytest.approx((1 - erf) * (found["PUE"] or 0))


def test_supply_is_joined_to_use() -> None:
    """1.1 MW are needed in each hour; the river gives 2 MW for half the day, then 1 MW.

    36 MWh cover 26.4 MWh over the day, but hour by hour only 12 · 1.1 + 12 · 1.0 = 25.2 of them.
    """
    signals = Signals(grid_g_per_kwh=np.full(24, 100.0))
    found = told(day(supplied(), available={"river": RIVER}, signals=signals))
    assert found["from the grid"] == pytest.approx(26.4)
    assert found["fed in"] == found["not served"] == 0
    assert found["annual match"] == 1
    assert found["hourly match"] == pytest.approx(25.2 / 26.4)
    assert found["annual match, same zone"] == 1
    assert found["carbon by location"] == pytest.approx(2.64)
    assert found["carbon of a kWh by location"] == pytest.approx(100)


def test_what_cannot_be_told_says_what_lacks() -> None:
    found = {one.name: one.missing for one in figures(day(supplied(), available={"river": RIVER}))}
    too_long = "not testable at this step: it is 3,600 s long"
    assert {name: missing for name, missing in found.items() if missing} == {
        "water": ("a series that it needs is not known",),
        "WUE": ("a series that it needs is not known",),
        "quarter-hourly match": (too_long,),
        "CFE score": ("carbon-free share of the grid is not known",),
        "carbon by location": ("carbon of the grid is not known",),
        "carbon by location, life cycle": ("carbon of the grid is not known",),
        "carbon of a kWh by location": ("carbon of the grid is not known",),
        "carbon by market": ("carbon of the residual mix is not known",),
        "carbon of a kWh by market": ("carbon of the residual mix is not known",),
        "cost of energy": ("spot price is not known",),
    }
    spot = Signals(price_per_mwh=np.full(24, 50.0), currency="EUR")
    made = figures(day(supplied(), available={"river": RIVER}, signals=spot))
    (cost,) = (one for one in made if one.name == "cost of energy")
    assert (cost.unit, cost.missing) == ("EUR", ("price of contract 'river' is not known",))


def test_a_river_in_another_zone_covers_no_hour() -> None:
    away = supplied(zone="NO1")
    found = told(day(away, available={"river": RIVER}))
    assert found["hourly match"] == 0
    assert found["annual match"] == 1


def test_the_envelope_and_the_connection_limit_what_is_drawn() -> None:
    envelope = {"site": {"power_w": "1 MW", "base_load_w": "0 W"}}
    within = supplied().model_copy(update={"envelope": site(envelope=envelope).envelope})
    found = told(day(within, available={"river": RIVER}))
    assert found["not served"] == pytest.approx(24 * 0.1)
    narrow = day(supplied(import_w="500 kW"), available={"river": RIVER})
    assert told(narrow)["not served"] == pytest.approx(24 * 0.6)


def test_members_have_a_figure_each() -> None:
    made = day(site(), np.stack([np.full(24, MW), np.full(24, 2 * MW)]))
    values, unit, _ = figures_of(made)["energy at the meter"]
    assert values == pytest.approx([26.4, 52.8])
    assert unit == "MWh"


def test_a_load_that_is_not_known_makes_its_figures_unknown() -> None:
    load = np.full(24, MW)
    load[5] = np.nan
    found = {one.name: one for one in figures(day(site(), load))}
    assert found["energy at the meter"].value is None
    assert found["energy at the meter"].missing == ("a series that it needs is not known",)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"pue_milli": "unknown"}, "neither cooling nor pue_milli is known.*write the plant into"),
        (
            {"supply": {"grid": {"zone": "unknown"}}},
            "supply.grid.zone is unknown.*write the bidding zone",
        ),
        (
            {
                "supply": {
                    "grid": {"zone": "NO4"},
                    "purchases": [
                        {
                            "name": "river",
                            "technology": "hydro",
                            "capacity_w": "unknown",
                            "zone": "NO4",
                        }
                    ],
                }
            },
            "river.capacity_w is unknown.*write it into the site's supply",
        ),
        (
            {
                "cooling": {"plant": "air"},
                "heat": [{"name": "farm", "power_w": "unknown", "temp_c": 30}],
            },
            "heat.farm.power_w is unknown.*write it into the site's heat",
        ),
    ],
)
def test_what_is_needed_and_unknown_is_named(more: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        day(site(**more), available={"river": RIVER})


def test_a_contract_without_a_series_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'river' has no series of what it delivers.*give its"):
        day(supplied())


def test_utilisation_counts_what_nobody_has_cancelled() -> None:
    found = utilised_w(site(), np.array([0.0, 0.5, 1.0]))
    assert found[2] == pytest.approx(1_000 * 2_000)
    model = ACCELERATORS["gb300-nvl72"]
    network = model.network_share.value if model.network_share else 0
    assert found[0] == pytest.approx(2 * MW * (network + (1 - network) * model.idle_share.value))
    assert found[1] == pytest.approx((found[0] + found[2]) / 2)


def test_pools_at_work_draw_as_much_as_the_same_share_of_time() -> None:
    half = busy_w(site(), {"gpu": np.array([500.0])})
    assert half == pytest.approx(utilised_w(site(), np.array([0.5])))
    assert busy_w(site(), {}) == pytest.approx(utilised_w(site(), np.zeros(1)))


def test_what_the_phases_do_not_tell_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no phase says how many.*write them into the phases"):
        utilised_w(site(phases=[]), np.ones(1))
    with pytest.raises(InvalidInput, match=r"pool 'tpu' is none of site 'Test' .it has gpu, old"):
        busy_w(site(), {"tpu": np.ones(1)})
    with pytest.raises(InvalidInput, match=r"1,001 accelerators of pool 'gpu'.* name 1,000"):
        busy_w(site(), {"gpu": np.array([3.0, 1_001.0])})
