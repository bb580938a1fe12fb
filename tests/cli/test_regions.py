"""allod report regions: over the catalogue as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from allod import catalogue
from allod.domain.antenna import Antenna
from tests.cli.conftest import Allod

AT = ("--at", "2026-11-22")


def test_the_network_by_state(allod: Allod) -> None:
    answer = json.loads(allod("report", "regions", *AT, "--json").out)
    rows = {row["name"]: row for row in answer["states"]}
    assert len([row for row in rows.values() if row["hosts"]]) == 16
    assert sum(len(row["hosts"]) for row in rows.values()) == 19
    assert sum(len(row["antennas"]) for row in rows.values()) == 13
    assert answer["cohesion"]["neither"] == ["DK", "EE", "HR", "PT"]
    assert rows["FI"]["power_per_head_w"] is None  # LUMI's power is in no source.
    assert rows["NO"]["power_per_head_w"] == pytest.approx(866e6 / 5_347_896)
    assert answer["people_source"].startswith("Natural Earth 5.1.1, estimates of 2019")


def test_people_read_sums_and_what_they_leave_out(allod: Allod) -> None:
    shown = allod("report", "regions", *AT).out
    assert "Hauts-de-France (3 given up)" in shown
    assert "neither factory nor Antenna: DK (takes part in lumi), EE (takes part in lumi)" in shown
    assert "HR (takes part in no factory that is known)" in shown
    assert "playground takes applicants in 35 of these countries; not in AE, MA" in shown
    assert "power unknown, in no sum: 1healthai, ai2f" in shown
    assert "region of the state not looked up: narvik, nouaceur" in shown


def test_a_country_has_its_antenna_wherever_its_factories_are(allod: Allod) -> None:
    shown = allod("report", "regions", "--region", "BE", *AT)
    assert "region       Belgium\n" in shown.out
    assert "be-aifa: lumi, jaif" in shown.out
    assert "no region of a state is known" in shown.err


def test_of_a_cluster_its_sites_alone_are_counted(allod: Allod) -> None:
    answer = json.loads(
        allod("report", "regions", "--region", "hauts-de-france", *AT, "--json").out
    )
    (france,) = answer["states"]
    assert "fouju" not in france["capacity"]["sites"]
    assert len(france["capacity"]["sites"]) == 6
    assert answer["areas"] == [] and answer["cohesion"] is None


def test_before_the_network_there_is_none(allod: Allod) -> None:
    answer = json.loads(allod("report", "regions", "--at", "2024-12-09", "--json").out)
    assert not any(row["hosts"] for row in answer["states"])


def test_an_unknown_region_is_refused(allod: Allod) -> None:
    result = allod("report", "regions", "--region", "atlantis")
    assert result.status != 0
    assert "there is no region 'atlantis'" in result.err


def test_the_page_has_the_map(allod: Allod, tmp_path: Path) -> None:
    allod("report", "regions", *AT, "--html", "map.html")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert 'class="land land-factory"' in page
    assert 'class="land land-neither"' in page
    assert page.count('class="desk"') == 13
    desks = [item.spec for item in catalogue.everything() if isinstance(item.spec, Antenna)]
    assert page.count('class="link"') == sum(len(desk.hosts) for desk in desks)
    assert "Stargate UAE 1.00 GW, beyond the edge" in page
    assert "(not looked up)" in page
    assert "position unknown: Aker Nscale, Korgen" in page
    assert "://" not in page
