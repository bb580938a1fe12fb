"""The example files: they read, need nothing but the world, and keep what they promise on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from allod.domain.accelerator import ACCELERATORS
from allod.domain.document import Document
from allod.domain.scenario import Scenario
from allod.domain.site import Site
from allod.domain.units import parse_instant_s
from allod.domain.workload import Workload
from tests.documents import EXAMPLES, live_at, missing, overpromised, read

WORLD = EXAMPLES / "world.yaml"
FILES = sorted(EXAMPLES.rglob("*.yaml"))
ASKED = sorted((EXAMPLES / "applicants").glob("*.yaml"))  #: For `report find` alone.
ON_THE_WORLD = [
    path for path in FILES if path not in (WORLD, *ASKED) and "scenario" not in path.name
]


def names(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


def sites(documents: tuple[Document, ...]) -> dict[str, Site]:
    return {item.name: item.spec for item in documents if isinstance(item.spec, Site)}


def test_the_page_lists_every_file() -> None:
    shown = set(re.findall(r"`([\w./-]+\.yaml)`", (EXAMPLES / "README.md").read_text()))
    assert shown == {names(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_file_begins_with_what_it_shows(path: Path) -> None:
    assert path.read_text().startswith("# ")
    assert read(path)


@pytest.mark.parametrize("path", ON_THE_WORLD, ids=names)
def test_an_example_needs_nothing_but_the_world_and_its_own_site(path: Path) -> None:
    own, world = read(path), read(WORLD)
    beside = path.with_name("site.yaml")
    if beside.exists() and beside != path:
        own = (*read(beside), *own)
    assert missing((*world, *own)) == []
    assert not {item.key for item in own} & {item.key for item in world}
    assert overpromised((*world, *own)) == []


@pytest.mark.parametrize("path", ON_THE_WORLD, ids=names)
def test_a_file_is_either_applied_or_submitted(path: Path) -> None:
    workloads = {isinstance(item.spec, Workload) for item in read(path)}
    applied = path.name == "site.yaml" or path.parent.name == "services"
    assert workloads == {not applied}


def test_the_world_and_the_trace_scenario_stand_alone() -> None:
    for path in (WORLD, EXAMPLES / "helios.scenario.yaml"):
        documents = read(path)
        assert missing(documents) == []
        assert overpromised(documents) == []


def test_the_world_is_small_enough_and_within_its_power() -> None:
    for name, site in sites(read(WORLD)).items():
        assert site.runner == "local"
        assert site.envelope
        for at_s in (parse_instant_s("2026-01-01"), parse_instant_s("2030-01-01")):
            live = live_at(site, at_s)
            assert 8 <= live <= 16, name
            (pool,) = site.pools
            model = ACCELERATORS[pool.accelerator.value or ""]
            it_power_w = live * model.power_w * (site.pue_milli.value or 0) // 1000
            needed_w = it_power_w + (site.envelope.site.base_load_w.value or 0)
            assert needed_w <= (site.envelope.site.power_w.value or 0), name


def test_every_workload_of_an_example_runs_for_seconds_and_ends() -> None:
    for path in ON_THE_WORLD:
        for document in read(path):
            if isinstance(document.spec, Workload):
                assert document.spec.command[0] == "sh"
                assert document.spec.wall_time_s <= 1800


def test_the_surplus_workloads_fill_narvik_exactly() -> None:
    narvik = sites(read(WORLD))["narvik"]
    asked = [
        item.spec.accelerators
        for item in read(EXAMPLES / "reclaim/surplus.yaml")
        if isinstance(item.spec, Workload)
    ]
    assert sum(asked) == live_at(narvik, parse_instant_s("2026-01-01")) == 16


def test_the_trace_scenario_holds_what_helios_was_made_for() -> None:
    documents = read(EXAMPLES / "helios.scenario.yaml")
    scenario = documents[0].spec
    assert isinstance(scenario, Scenario)
    total = sum(live_at(site, scenario.starts) for site in sites(documents).values())
    assert 800 <= total <= 1200
    assert sum(portion.weight for portion in scenario.mapping.portions) == 100
