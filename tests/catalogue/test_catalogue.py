"""The catalogue: sourced, honest about what is unknown, and usable once a scenario assumes it."""

from __future__ import annotations

import pytest

from allod import catalogue
from allod.domain.assume import assume, assumed_paths, facts_of
from allod.domain.charter import Charter
from allod.domain.document import Document
from allod.domain.fact import Standing
from allod.domain.party import Party
from allod.domain.scenario import Scenario
from allod.domain.site import PhaseState, Site
from allod.errors import NotFound
from tests.documents import EXAMPLES, live_at, missing, overpromised, read

NAMES = ("cambrai", "narvik", "nouaceur")
COUNTRY = {"cambrai": "FR", "nouaceur": "MA", "narvik": "NO"}
SCENARIOS = sorted(EXAMPLES.glob("*-20*.scenario.yaml"))


def sites(documents: tuple[Document, ...]) -> dict[str, Site]:
    return {item.name: item.spec for item in documents if isinstance(item.spec, Site)}


def test_the_names() -> None:
    assert set(NAMES) < set(catalogue.names())
    assert list(catalogue.names()) == sorted(catalogue.names())


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="write 'narvik'"):
        catalogue.load("narvk")
    with pytest.raises(NotFound, match="known: 1healthai, abu-dhabi"):
        catalogue.load("../secrets")


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_site_under_its_law_with_a_charter_and_all_it_names(name: str) -> None:
    documents = catalogue.load(name)
    assert missing(documents) == []
    ((site_name, site),) = sites(documents).items()
    assert site.country.value == COUNTRY[site_name]
    charters = [item.spec for item in documents if isinstance(item.spec, Charter)]
    assert [charter.site for charter in charters] == [site_name]
    assert "illustrative" in charters[0].title


@pytest.mark.parametrize("name", NAMES)
def test_every_known_value_says_where_it_is_from(name: str) -> None:
    for document in catalogue.load(name):
        for path, _, fact in facts_of(document.spec):
            if fact.known:
                assert fact.source != "this document", f"{document.key}: {path}"
            assert fact.standing in (Standing.DECLARED, Standing.UNKNOWN)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_live_and_nothing_is_carried_out(name: str) -> None:
    for site in sites(catalogue.load(name)).values():
        assert site.runner == "none"
        assert site.phases
        for phase in site.phases:
            assert phase.state.value in (PhaseState.ANNOUNCED, PhaseState.RESERVED)
        assert not site.pue_milli.known
        assert site.envelope
        assert not site.envelope.site.power_w.known


def test_a_document_comes_once_though_sites_share_it() -> None:
    keys = [item.key for item in catalogue.load(*NAMES)]
    assert len(set(keys)) == len(keys)
    assert "Party/nvidia" in {item.key for item in catalogue.load("narvik")}
    assert "Party/nvidia" in {item.key for item in catalogue.load("nouaceur")}
    assert set(keys) == {item.key for name in NAMES for item in catalogue.load(name)}


def test_what_the_sources_say() -> None:
    documents = {item.key: item.spec for item in catalogue.load(*NAMES)}
    narvik, nouaceur, cambrai = (documents[f"Site/{name}"] for name in COUNTRY_ORDER)
    assert isinstance(narvik, Site)
    assert isinstance(nouaceur, Site)
    assert isinstance(cambrai, Site)
    power = {phase.name: phase.power_w.value for phase in narvik.phases}
    assert power == {"initial": 230_000_000, "rubin": None, "expansion": 290_000_000}
    assert narvik.phases[0].accelerators["gb300"].value == 100_000
    assert nouaceur.phases[0].power_w.value == 16_000_000
    assert "40 MW" in nouaceur.phases[0].power_w.note
    assert nouaceur.management.value == ("MA",)
    assert cambrai.phases[0].power_w.value == 1_000_000_000
    venture = documents["Party/aker-nscale"]
    assert isinstance(venture, Party)
    assert {item.party: item.share_bp.value for item in venture.owners} == {
        "aker": 5000,
        "nscale": 5000,
    }
    nexus = documents["Party/nexus-core-systems"]
    assert isinstance(nexus, Party)
    assert nexus.seat.value == "GB"
    assert "US" in nexus.seat.note
    lloyds = documents["Party/lloyds-capital"]
    assert isinstance(lloyds, Party)
    assert not lloyds.seat.known


COUNTRY_ORDER = ("narvik", "nouaceur", "cambrai")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_a_scenario_makes_them_live_within_their_charter_and_power(path) -> None:  # type: ignore[no-untyped-def]
    scenario, *own = read(path)
    assert isinstance(scenario.spec, Scenario)
    documents = assume(catalogue.load(*scenario.spec.catalogue), scenario)
    assert missing((*documents, *own, scenario)) == []
    assert len(assumed_paths(documents)) == len(scenario.spec.assumptions)
    assert overpromised(documents) == []
    for name, site in sites(documents).items():
        assert live_at(site, scenario.spec.starts) > 0, name
        assert site.pue_milli.known, name
        assert site.operator.known, name
        assert site.envelope, name
        assert site.envelope.site.power_w.known, name
        assert site.envelope.site.base_load_w.known, name
        for pool in site.pools:
            assert pool.accelerator.known, name


def test_there_are_scenarios() -> None:
    assert [path.name for path in SCENARIOS] == [
        "narvik-2027.scenario.yaml",
        "three-sites-2028.scenario.yaml",
    ]


def test_a_name_that_a_cluster_and_a_party_have_is_the_cluster() -> None:
    assert catalogue.find("hauts-de-france").kind == "Cluster"
    assert catalogue.find("hauts-de-france", "Party").kind == "Party"
    assert catalogue.find("stargate-norway").name == "narvik"
