"""The roadmap: sums by year and stage, worked out by hand."""

from __future__ import annotations

import pytest

from allod.errors import NotFound
from allod.plan.known import known_at, region
from allod.plan.roadmap import roadmap
from tests.plan.announced import DAY, document, fact, known, phase, site

WORLD = (
    site(
        "north",
        phases=[
            phase("a", "20 MW", "live", due=fact("2025-Q4"), accelerators={"p": fact(8)}),
            phase("b", "40 MW", due=fact("2027"), grid=fact("granted")),
            phase("c", "60 MW", due=fact("2029-H1"), accelerators={"p": fact(100)}),
            phase("old", "99 MW", withdrawn={"date": "2026-02-01", "source": "paper"}),
        ],
        dossier={"capacity_w": fact("150 MW"), "maturity": fact("building")},
    ),
    site("south", "FR", phases=[phase("d")], dossier={"maturity": fact("announced")}),
    site("gone", "FR", dossier={"maturity": fact("cancelled"), "capacity_w": fact("10 MW")}),
    site("later", "FR", dossier={"announced": "2027-01-01"}),
    document(
        "Cluster",
        "coast",
        {"title": "Coast", "countries": ["NO"], "known_as": ["the-coast"], "members": ["north"]}
        | {"target_w": fact("300 MW")},
    ),
)
MW = 10**6


def test_each_year_has_all_that_is_due_by_its_end() -> None:
    made = roadmap(known(*WORLD).sites)
    assert [year.year for year in made.years] == [2025, 2026, 2027, 2028, 2029]
    assert [year.power_w["live"] for year in made.years] == [20 * MW] * 5
    assert [year.power_w["granted"] for year in made.years] == [0, 0, 40 * MW, 40 * MW, 40 * MW]
    assert [year.power_w["announced"] for year in made.years] == [0, 0, 0, 0, 60 * MW]
    assert made.years[-1].accelerators == {"announced": 100, "granted": 0, "live": 8}


def test_what_no_phase_holds_has_no_date_and_what_is_withdrawn_counts_nowhere() -> None:
    made = roadmap(known(*WORLD).sites)
    assert made.undated_w == {"announced": 30 * MW, "granted": 0, "live": 0}
    assert {step.phase for step in made.steps} == {"a", "b", "c", "", "d"}


def test_a_cancelled_site_is_in_no_year_but_is_not_forgotten() -> None:
    made = roadmap(known(*WORLD).sites)
    assert made.cancelled == ("gone",)
    assert made.by_maturity_w == {"building": 150 * MW, "announced": 0, "cancelled": 10 * MW}
    assert made.by_maturity_sites == {"building": 1, "announced": 1, "cancelled": 1}
    assert made.without_power == ("south",)


def test_what_was_announced_later_is_not_there_yet() -> None:
    assert "later" not in known(*WORLD).sites
    assert "later" in known_at(WORLD, DAY.replace(year=2028)).sites


def test_a_region_is_a_cluster_a_country_or_an_area() -> None:
    world = known(*WORLD)
    assert set(region(world, "the-coast").sites) == {"north"}
    assert set(region(world, "fr").sites) == {"south", "gone"}
    assert set(region(world, "Nordics").sites) == {"north"}
    assert set(region(world, "").sites) == {"north", "south", "gone"}
    with pytest.raises(NotFound, match="no region 'atlantis'") as caught:
        region(world, "atlantis")
    assert "coast" in (caught.value.mend or "")
