"""The network of AI Factories: counted from its documents, bound together, and all of it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from allod import catalogue
from allod.catalogue.check import check
from allod.catalogue.files import Shelf
from allod.domain.access_mode import AccessModeTerms
from allod.domain.antenna import Antenna
from allod.domain.areas import AREAS, expand
from allod.domain.assume import facts_of
from allod.domain.cluster import Cluster
from allod.domain.control import controllers
from allod.domain.document import Document
from allod.domain.fact import Standing
from allod.domain.funding_call import FundingCall
from allod.domain.party import Party
from allod.domain.period import first_day
from allod.domain.site import PhaseState, Site
from tests.documents import ROOT, missing

FACTS = ROOT.parent / "shared/facts/sites.yaml"
EU = AREAS["eu"].countries
#: Of the facts' names of factories; ours have none.
PREFIX = "aif-"
TODAY = date(2026, 11, 22)
T = TypeVar("T")


def of_kind(kind: type[T]) -> dict[str, T]:
    return {item.name: item.spec for item in catalogue.everything() if isinstance(item.spec, kind)}


def factories() -> dict[str, Site]:
    sites = of_kind(Site)
    return {name: site for name, site in sites.items() if site.dossier and site.dossier.factory}


def network() -> Cluster:
    return of_kind(Cluster)["ai-factories"]


def test_nineteen_factories_in_sixteen_member_states() -> None:
    countries = {site.country.value for site in factories().values()}
    assert len(factories()) == network().counts["factories"].value == 19
    assert len(countries) == network().counts["member-states"].value == 16
    assert countries <= EU


def test_thirteen_antennas_seven_of_them_in_the_union() -> None:
    antennas = of_kind(Antenna)
    inside = [name for name, item in antennas.items() if item.country.value in EU]
    assert len(antennas) == network().counts["antennas"].value == 13
    assert len(inside) == network().counts["antennas-in-union"].value == 7
    assert network().counts["antennas-of-partners"].value == len(antennas) - len(inside) == 6


def test_the_network_has_each_of_them_once() -> None:
    assert sorted(network().members) == sorted(factories())
    assert sorted(network().antennas) == sorted(of_kind(Antenna))


def test_each_antenna_is_bound_to_factories_that_exist() -> None:
    hosts = {host.value for antenna in of_kind(Antenna).values() for host in antenna.hosts}
    assert hosts <= set(factories())
    assert missing(catalogue.everything()) == []


def test_a_wrong_host_is_found() -> None:
    (antenna,) = (item for item in catalogue.everything() if item.key == "Antenna/be-aifa")
    assert isinstance(antenna.spec, Antenna)
    host = antenna.spec.hosts[0].model_copy(update={"value": "luma"})
    spec = antenna.spec.model_copy(update={"hosts": (host, *antenna.spec.hosts[1:])})
    wrong = Document(antenna.kind, antenna.name, spec)
    others = [item for item in catalogue.everything() if item is not antenna]
    assert missing([wrong, *others]) == ["Antenna/be-aifa names Site/luma"]
    assert [item.says for item in check(shelf_of((wrong, *others)), TODAY) if "luma" in item.says]


def shelf_of(documents: tuple[Document, ...]) -> Shelf:
    return replace(catalogue.shelf(), documents=documents)


def test_whoever_supplies_a_layer_has_a_document() -> None:
    parties = of_kind(Party)
    for name, site in factories().items():
        for item in site.declarations:
            assert isinstance(item.answer, dict)
            assert set(item.answer) <= set(parties), f"{name}: {item.fact}"


def test_what_is_inferred_says_so() -> None:
    hosts = {host.value: host for host in of_kind(Antenna)["saifa"].hosts}
    assert "inferred" in hosts["it4lia"].note
    assert "inferred" not in hosts["pharos"].note


@pytest.mark.parametrize("name", sorted(network().members))
def test_a_factory_says_who_hosts_it_and_what_is_not_known(name: str) -> None:
    site = factories()[name]
    assert site.dossier
    assert site.dossier.factory
    factory = site.dossier.factory
    assert site.runner == "none"
    assert site.dossier.announced == factory.selected.value
    assert site.country.value in (factory.participating.value or ())
    assert not site.management.known
    assert site.management.note
    assert not site.pue_milli.known
    assert site.dossier.place.bidding_zone.known
    assert site.dossier.place.grid_carbon_mg_per_kwh.known
    operators = [part.party for part in site.parties if part.role == "operator"]
    assert site.operator.value in operators
    assert missing(catalogue.load(name)) == []


@pytest.mark.parametrize("name", sorted(network().members))
def test_the_system_is_promised_for_one_time(name: str) -> None:
    """The phase and the factory must not promise different days."""
    site = factories()[name]
    assert site.dossier
    assert site.dossier.factory
    promised = site.dossier.factory.operational
    for phase in site.phases:
        if phase.due.known:
            assert phase.due.value == promised.value, phase.name
            assert [said.value for said in phase.due.others] == [
                said.value for said in promised.others
            ]


def test_every_value_of_the_network_says_where_it_is_from() -> None:
    for item in network_documents():
        for path, _, fact in facts_of(item.spec):
            if fact.known and path != "accelerator_hours_min":  # No least is the default.
                assert fact.source != "this document", f"{item.key}: {path}"
                assert fact.date, f"{item.key}: {path}"
            assert fact.standing in (Standing.DECLARED, Standing.UNKNOWN), f"{item.key}: {path}"


def network_documents() -> Iterator[Document]:
    ours = (Antenna, AccessModeTerms, Cluster, FundingCall)
    for item in catalogue.everything():
        if isinstance(item.spec, ours) or item.name in factories():
            yield item


def test_who_pays_for_1healthai() -> None:
    dossier = factories()["1healthai"].dossier
    assert dossier
    paid = {item.payer.value: item.amount.value for item in dossier.money if item.part_of}
    assert paid == {"EuroHPC JU": 41_000_000, "Spain": 24_000_000, "Galicia": 17_000_000}
    assert dossier.money[0].amount.value == sum(value or 0 for value in paid.values())


def test_interim_systems_serve_until_the_own_is_there() -> None:
    serving = {
        name: {part.system.value: part.accelerators.value for part in site.dossier.factory.interim}
        for name, site in factories().items()
        if site.dossier and site.dossier.factory
    }
    assert serving["aiat"] == {"MUSICA in Vienna, Innsbruck and Linz": 272 * 4}
    assert serving["lumi"] == {"LUMI": 11_912}
    assert serving["ro"] == {"the BSC AI Factory, to which ICI refers users": None}
    assert serving["jaif"] == {}


def test_one_factory_is_live() -> None:
    live = {
        name
        for name, site in factories().items()
        for phase in site.phases
        if phase.state.value is PhaseState.LIVE
    }
    assert live == {"jaif"}


def test_what_was_promised_first_is_kept() -> None:
    dossier = factories()["mimer"].dossier
    assert dossier
    assert dossier.factory
    operational = dossier.factory.operational
    assert [said.value for said in (*operational.earlier, operational)] == ["2026", "2027"]
    assert operational.at(date(2025, 6, 1)).value == "2026"


def test_the_company_of_pharos_is_the_state_s_by_seven_tenths() -> None:
    parties = of_kind(Party)
    owners = {item.party: item.share_bp.value for item in parties["pharos-ai-factory"].owners}
    assert owners == {"greece": 3000, "hcap": 7000}
    found = controllers("pharos-ai-factory", parties)
    assert "hcap" in {item.party for item in found.controllers}


def test_the_clock_of_the_access_modes() -> None:
    modes = of_kind(AccessModeTerms)
    days = {name: mode.answer_working_days.value for name, mode in modes.items()}
    assert {days["playground"], days["fast-lane"], days["large-scale"]} == {2, 4, 10}
    assert modes["fast-lane"].accelerator_hours_max.value == 50_000
    assert modes["large-scale"].accelerator_hours_min.value == 50_001
    assert modes["ai-for-science"].inference_max_bp.value == 1000
    assert {closure.site for closure in modes["fast-lane"].closures} == {"bsc"}
    for mode in modes.values():
        assert mode.always_open != mode.cutoffs.known
        assert mode.programme == "ai-factories"
        assert set(mode.sites) <= set(factories())


def test_cut_offs_are_in_order_and_22() -> None:
    for name, mode in of_kind(AccessModeTerms).items():
        days = mode.cutoffs.value or ()
        assert all(early < late for early, late in pairwise(days)), name
    assert len(of_kind(AccessModeTerms)["large-scale"].cutoffs.value or ()) == 22


def test_every_antenna_s_country_may_ask() -> None:
    may_ask = expand(of_kind(AccessModeTerms)["playground"].countries.value or ())
    assert {item.country.value for item in of_kind(Antenna).values()} <= may_ask
    assert "MA" not in may_ask


def test_the_call_keeps_both_deadlines_and_both_numbers_of_places() -> None:
    call = of_kind(FundingCall)["ai-gigafactories"]
    deadlines = [call.deadline.value, *(said.value for said in call.deadline.others)]
    assert deadlines == [date(2026, 11, 12), date(2026, 12, 3)]
    assert call.places_max.at(date(2025, 12, 31)).value == 5
    assert call.places_max.value == 7
    assert call.selected.value == ()
    assert call.union_share_max_bp.value == 1700


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    if not FACTS.exists():
        pytest.skip("skipped: no shared data")
    read: dict[str, Any] = yaml.load(Path(FACTS).read_text(), yaml.CSafeLoader)
    return read


def test_every_factory_of_the_facts_is_there(facts: dict[str, Any]) -> None:
    told = {item["id"].removeprefix(PREFIX): item for item in facts["ai_factories"]}
    assert sorted(told) == sorted(factories())
    for name, item in told.items():
        site = factories()[name]
        assert site.country.value == item["country"], name
        assert site.dossier
        assert site.dossier.factory
        assert site.dossier.factory.selected.value == date.fromisoformat(item["selected"]), name
        place, where = site.dossier.place, item["location"]
        assert place.latitude_microdeg.value == round(where["lat"] * 10**6), name
        assert place.longitude_microdeg.value == round(where["lon"] * 10**6), name
        assert place.bidding_zone.value == item["price_zone"]["v"], name
        carbon_mg_per_kwh = round(item["grid_gco2_kwh"]["v"] * 1000)
        assert place.grid_carbon_mg_per_kwh.value == carbon_mg_per_kwh, name
        assert list(site.dossier.factory.participating.value or ()) == item["participating"]["v"]


def test_every_antenna_of_the_facts_is_there_with_its_hosts(facts: dict[str, Any]) -> None:
    told = {item["country"]: item for item in facts["ai_factory_antennas"]}
    ours = {item.country.value: item for item in of_kind(Antenna).values()}
    assert sorted(told) == sorted(country or "" for country in ours)
    for country, item in told.items():
        hosts = {host.removeprefix(PREFIX) for host in item["linked_factories"]}
        assert hosts <= {host.value for host in ours[country].hosts}, country
    assert facts["antenna_programme"]["funded"] == len(ours)


def test_every_cut_off_of_the_facts_is_there(facts: dict[str, Any]) -> None:
    modes = of_kind(AccessModeTerms)
    told = {item["id"].replace("_", "-"): item for item in facts["access_modes"]}
    assert set(told) <= set(modes)
    for name, field in (("large-scale", "cutoff_dates"), ("ai-for-science", "cutoffs")):
        days = tuple(date.fromisoformat(day) for day in told[name][field])
        assert modes[name].cutoffs.value == days
    for name, mode in told.items():
        assert modes[name].answer_working_days.value == mode["time_to_access_working_days"]
        assert list(modes[name].months.value or ()) == mode["duration_months"]


def test_periods_lie_after_the_selection() -> None:
    for name, site in factories().items():
        assert site.dossier
        assert site.dossier.factory
        period = site.dossier.factory.operational.value
        if period and site.dossier.announced:
            assert first_day(period) > site.dossier.announced, name
