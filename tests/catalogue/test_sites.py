"""The announced data centres: all of the facts are there, and each day has its own picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from allod import catalogue
from allod.catalogue.files import read_sources
from allod.domain.assume import facts_of
from allod.domain.claim import ClaimSubject
from allod.domain.cluster import Cluster
from allod.domain.control import controllers
from allod.domain.dossier import Maturity
from allod.domain.fact import Said
from allod.domain.history import at
from allod.domain.party import Party
from allod.domain.site import GridState, Role, Site
from allod.domain.units import NEVER_S
from tests.documents import SOURCES

MW = 1_000_000
JUNE_2025, END_2025, JUNE_2026 = date(2025, 6, 30), date(2025, 12, 31), date(2026, 6, 30)

#: Our name for each system of the facts file that is a data centre or a set of them.
IN_FACTS = {
    "ma-nexus-ai-factory": "Site/nouaceur",
    "fr-hdf-cluster": "Cluster/hauts-de-france",
    "no-stargate-norway": "Site/narvik",
    "ae-stargate-uae": "Site/abu-dhabi",
    "fr-cambrai-evalley": "Site/cambrai",
    "fr-escaudain": "Site/escaudain",
    "fr-bosquel": "Site/bosquel",
    "fr-dunkerque-gpmd": "Site/dunkerque",
    "fr-rantigny": "Site/rantigny",
    "fr-fouju-campus-ia": "Site/fouju",
    "fr-montereau": "Site/montereau",
    "fr-ovh-roubaix": "Site/roubaix",
}
#: Sites that the facts name inside another entry.
BESIDE = ("korgen", "morocco-north", "quaedypre", "skien", "vieille-eglise", "zouafques")
SITES = tuple(sorted([key[5:] for key in IN_FACTS.values() if key[:5] == "Site/"] + [*BESIDE]))


def spec(key: str) -> Any:
    return next(item.spec for item in catalogue.everything() if item.key == key)


def site(name: str) -> Site:
    found = spec(f"Site/{name}")
    assert isinstance(found, Site)
    assert found.dossier is not None
    return found


def powers_mw(of: Site) -> dict[str, int | None]:
    """What each phase adds, by phase; what is given up is left out."""
    return {
        phase.name: None if phase.power_w.value is None else phase.power_w.value // MW
        for phase in of.phases
        if phase.withdrawn is None
    }


def said(name: str) -> Iterator[tuple[str, Said[Any]]]:
    """Every value of the site with its path, also what was said before and by others."""
    for path, _, fact in facts_of(site(name)):
        yield from ((path, one) for one in (*fact.earlier, fact, *fact.others) if one.known)


def test_every_data_centre_of_the_facts_is_there(shared_data: Path) -> None:
    facts = yaml.safe_load((shared_data.parent / "facts/sites.yaml").read_text())
    there = {item["id"] for item in (*facts["seed_systems"], *facts["france_sites"])}
    assert there == IN_FACTS.keys()
    keys = {item.key for item in catalogue.everything()}
    assert keys >= set(IN_FACTS.values()) | {f"Site/{name}" for name in BESIDE}


def test_a_site_is_found_by_each_of_its_names() -> None:
    called = [(also, name) for name in SITES for also in site(name).dossier.known_as]  # type: ignore[union-attr]
    assert {"morocco", "stargate-norway", "stargate-uae", "campus-ia"} <= {
        also for also, _ in called
    }
    for also, name in called:
        assert catalogue.site_name(also) == name


@pytest.mark.parametrize("name", SITES)
def test_every_value_has_a_source_and_a_day(name: str) -> None:
    values = list(said(name))
    assert len(values) >= 8
    for path, value in values:
        assert value.source != "this document", path
        assert value.date is not None, path


@pytest.mark.parametrize("name", SITES)
def test_nothing_is_guessed_and_nothing_is_carried_out(name: str) -> None:
    of = site(name)
    assert of.runner == "none"
    assert not of.pue_milli.known
    assert not any(value.standing == "assumed" for _, value in said(name))
    assert of.phases
    assert all(role.source != "this document" for role in of.parties)


def test_every_source_says_when_it_was_published_or_read() -> None:
    for name, source in read_sources(SOURCES.read_text()).items():
        assert (source.date is None) != (source.read is None), name


@pytest.mark.parametrize(
    ("name", "phases_mw", "whole_mw"),
    [
        ("abu-dhabi", {"first": 200, "rest": 800}, 1000),
        ("bosquel", {"campus": 700}, 700),
        ("cambrai", {"campus": 1000}, 1000),
        ("dunkerque", {"campus": 700}, 700),
        ("escaudain", {"campus": 700}, 700),
        ("fouju", {"first": 240, "second": 460, "third": 700}, 1400),
        ("korgen", {"all": 250}, 250),
        ("montereau", {"campus": 700}, 700),
        ("morocco-north", {"first": 20}, 20),
        ("narvik", {"initial": 230, "rubin": None, "expansion": 290}, 520),
        ("nouaceur", {"first": 16, "full": None}, 16),
        ("rantigny", {"first-hall": 100, "second-hall": 100}, 200),
        ("skien", {"all": 96}, 96),
        ("roubaix", {"existing": None}, None),
        ("quaedypre", {}, None),
        ("vieille-eglise", {}, None),
        ("zouafques", {}, None),
    ],
)
def test_power(name: str, phases_mw: dict[str, int | None], whole_mw: int | None) -> None:
    of = site(name)
    assert powers_mw(of) == phases_mw
    assert of.dossier is not None
    whole_w = of.dossier.capacity_w.value
    assert (None if whole_w is None else whole_w // MW) == whole_mw


def test_what_is_of_the_computers_is_told_from_what_is_at_the_meter() -> None:
    assert {phase.power_is for phase in site("rantigny").phases} == {"it"}
    assert {phase.power_is for phase in site("fouju").phases} == {"facility"}
    assert {phase.power_is for phase in site("narvik").phases} == {"unknown"}


def test_morocco_was_planned_anew() -> None:
    now = site("nouaceur")
    (given_up,) = (phase for phase in now.phases if phase.withdrawn)
    assert given_up.name == "first-2025"
    assert given_up.withdrawn is not None
    assert given_up.withdrawn.date == date(2026, 4, 30)
    for day in (JUNE_2025, END_2025):
        then = at(now, day)
        assert powers_mw(then) == {"first-2025": 40, "full": 460}
        assert then.phases[0].due.value == "2025-12-31"
        assert then.dossier is not None
        assert then.dossier.capacity_w.value == 500 * MW
        assert then.dossier.money == then.dossier.jobs == ()
        assert not then.dossier.place.city.known
        (first,) = (claim for claim in then.claims if claim.name == "first-phase-2025")
        assert first.replaced_by is None
    then = at(now, JUNE_2026)
    assert powers_mw(then) == {"first": 16, "full": None}
    assert then.dossier is not None
    assert then.dossier.capacity_w.value == 16 * MW
    assert [item.count.value for item in then.dossier.jobs] == [50]
    (first,) = (claim for claim in then.claims if claim.name == "first-phase-2025")
    assert first.replaced_by == "first-phase-2026"
    assert [fact.value for fact in now.phases[0].power_w.others] == [40 * MW]


def test_the_anchor_of_narvik_changed() -> None:
    now = site("narvik")
    assert at(now, JUNE_2025).parties == ()
    told = {
        day: at(now, day).dossier.told["anchor-tenant"].value  # type: ignore[union-attr]
        for day in (date(2025, 8, 31), END_2025, JUNE_2026)
    }
    assert [str(value).split()[0].rstrip(",") for value in told.values()] == [
        "OpenAI",
        "OpenAI",
        "Microsoft",
    ]
    assert "Microsoft" in str(told[END_2025])
    anchors = {
        day: {
            role.party: role.ends
            for role in at(now, day).parties
            if role.role is Role.ANCHOR_TENANT
        }
        for day in told
    }
    assert anchors[date(2025, 8, 31)] == {"openai": NEVER_S}
    assert anchors[END_2025] == {"openai": NEVER_S, "microsoft": NEVER_S}
    assert anchors[JUNE_2026]["openai"] < NEVER_S == anchors[JUNE_2026]["microsoft"]


def test_the_accelerators_of_narvik_changed() -> None:
    now = site("narvik")
    assert [phase.name for phase in at(now, END_2025).phases] == ["initial", "expansion"]
    assert [phase.name for phase in at(now, JUNE_2026).phases] == ["initial", "rubin", "expansion"]
    promised = now.phases[0].accelerators["gb300"]
    assert promised.value == 100_000
    assert [other.value for other in promised.others] == [52_000]
    assert now.phases[1].accelerators["vera-rubin"].value == 30_000
    generation = now.dossier.told["accelerator-generation"]  # type: ignore[union-attr]
    assert "GB300" in str(generation.at(END_2025).value)
    assert "Vera Rubin" in str(generation.at(JUNE_2026).value)


def test_how_far_the_grid_is() -> None:
    narvik = {phase.name: phase.grid for phase in site("narvik").phases}
    assert narvik["initial"].value is GridState.RESERVED
    assert narvik["expansion"].value is GridState.APPLIED
    assert not narvik["rubin"].known
    assert {phase.grid.value for phase in site("fouju").phases} == {GridState.GRANTED}
    assert {phase.grid.value for phase in at(site("fouju"), END_2025).phases} == {None}
    assert site("skien").phases[0].grid.value is GridState.APPLIED
    assert not site("escaudain").phases[0].grid.known


def test_the_sites_in_france_were_counted_again_and_again() -> None:
    cluster = spec("Cluster/hauts-de-france")
    assert isinstance(cluster, Cluster)
    count = cluster.counts["ready-sites-france"]
    days = (date(2025, 2, 7), date(2025, 2, 8), JUNE_2025, END_2025, JUNE_2026)
    assert [count.at(day).value for day in days] == [28, 35, 65, 63, 63]
    ready = cluster.counts["ready-sites"]
    assert [ready.at(day).value for day in days] == [7, 8, 16, 16, 16]
    assert cluster.target_w.value == 2000 * MW
    assert set(cluster.members) == {
        name
        for name in SITES
        if site(name).dossier.place.region.value == "Hauts-de-France"  # type: ignore[union-attr]
    }


def test_what_microsoft_gave_up_stays() -> None:
    for name in ("quaedypre", "vieille-eglise", "zouafques"):
        now = site(name)
        assert now.dossier is not None
        assert now.dossier.maturity.value is Maturity.CANCELLED
        assert now.phases[0].withdrawn is not None
        then = at(now, date(2024, 12, 31))
        assert then.dossier is not None
        assert then.dossier.maturity.value is Maturity.ANNOUNCED
        assert then.phases[0].withdrawn is None


def test_the_objections_stand_with_their_answers() -> None:
    narvik = {item.who: item for item in site("narvik").dossier.objections}  # type: ignore[union-attr]
    assert {who.split(", ")[1] for who in narvik} == {"FrP", "Rødt", "SV"}
    assert narvik["Per-Willy Amundsen, FrP"].answer.known
    assert not narvik["Hanne Stenvaag, Rødt"].answer.known
    (water,) = site("cambrai").dossier.objections  # type: ignore[union-attr]
    assert "SAGE" in water.who
    assert "loop" in str(water.answer.value)


@pytest.mark.parametrize(
    ("name", "claim", "subject", "value_milli", "due"),
    [
        ("narvik", "accelerators", ClaimSubject.ACCELERATORS, 100_000_000, "2026-12-31"),
        ("narvik", "renewable", ClaimSubject.REF, 1000, "None"),
        ("narvik", "water", ClaimSubject.WATER_M3, 900, "None"),
        ("nouaceur", "first-phase-2025", ClaimSubject.POWER_MW, 40_000, "2025-12-31"),
        ("nouaceur", "jobs", ClaimSubject.JOBS, 50_000, "2027-12-31"),
        ("nouaceur", "jurisdiction", None, None, "None"),
        ("bosquel", "accelerators", ClaimSubject.ACCELERATORS, 500_000_000, "2028-12-31"),
        ("escaudain", "jobs", ClaimSubject.JOBS, 2_400_000, "2030-12-31"),
        ("abu-dhabi", "first-phase", ClaimSubject.POWER_MW, 200_000, "2026-09-30"),
    ],
)
def test_what_was_claimed(
    name: str, claim: str, subject: ClaimSubject | None, value_milli: int | None, due: str
) -> None:
    (found,) = (item for item in site(name).claims if item.name == claim)
    assert (found.subject, found.value_milli, str(found.due)) == (subject, value_milli, due)


def test_a_claim_to_save_water_has_no_baseline() -> None:
    (water,) = (item for item in site("narvik").claims if item.name == "water")
    assert water.reduces
    assert not water.baseline_milli.known


def test_who_pays_and_what_is_a_part_of_what() -> None:
    money = {item.name: item for item in spec("Cluster/hauts-de-france").money}
    whole = money["brookfield-france"].amount.value
    parts = [item.amount.value for item in money.values() if item.part_of == "brookfield-france"]
    assert whole == sum(parts) == 20_000_000_000
    (campus,) = site("cambrai").dossier.money  # type: ignore[union-attr]
    assert campus.amount.value == 10_000_000_000
    assert [other.value for other in campus.amount.others] == [20_000_000_000]


def test_who_is_behind_the_owners_of_narvik() -> None:
    parties = {
        item.name: item.spec for item in catalogue.everything() if isinstance(item.spec, Party)
    }
    found = controllers("aker-nscale", parties)
    assert {item.party: item.seat.value for item in found.controllers} == {
        "aker": "NO",
        "aker-nscale": None,
        "kjell-inge-rokke": "CH",
        "nscale": "GB",
        "trg": None,
        "trg-holding": None,
    }
    (person,) = (item for item in found.controllers if item.party == "kjell-inge-rokke")
    assert person.chain == ("aker-nscale", "aker", "trg-holding", "trg", "kjell-inge-rokke")
    assert any("Party/nscale" in unknown.path for unknown in found.unknown)


def test_a_seat_is_known_only_where_a_source_has_it() -> None:
    seats = {
        item.name: item.spec.seat for item in catalogue.everything() if isinstance(item.spec, Party)
    }
    for name in ("lloyds-capital", "aker-nscale", "nexus-operators", "bt-immo"):
        assert not seats[name].known, name
    assert seats["khazna"].value == seats["mgx"].value == seats["g42"].value == "AE"
    assert seats["fluidstack"].value == "GB"
