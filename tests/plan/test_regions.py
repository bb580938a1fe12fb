"""Capacity per state, area and head, the EU's cohesion states, who may use what: by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allod.domain.areas import AREAS
from allod.plan.cohesion import Measure, cohesion
from allod.plan.known import Known
from allod.plan.open_to import open_to
from allod.plan.regions import part, regions_of_states, states
from tests.plan.announced import document, fact, known, phase, site

UNKNOWN = {"standing": "unknown"}
MW = 10**6
PEOPLE = {"FI": 5_000_000, "PL": 40_000_000, "NO": 5_000_000, "CY": 1_000_000, "TR": 80_000_000}


def factory(name: str, country: str, *participating: str, **dossier: object) -> dict[str, object]:
    told = {"selected": fact("2026-01-01"), "host": fact(name)}
    if participating:
        told["participating"] = fact(list(participating))
    interim = dossier.pop("interim", None)
    return {"factory": {**told, **({"interim": interim} if interim else {})}, **dossier}


WORLD = (
    site(
        "north",
        "FI",
        phases=[
            phase("a", "20 MW", "live", accelerators={"p": fact(1000)}),
            phase("b", "30 MW", accelerators={"p": fact(4000)}),
        ],
        dossier=factory(
            "north",
            "FI",
            "FI",
            "NO",
            "PL",
            place={"region": fact("Lapland")},
            interim=[{"name": "old", "system": fact("Old"), "accelerators": fact(700)}],
        ),
    ),
    site("east", "PL", phases=[phase("a")], dossier=factory("east", "PL", "PL", "TR")),
    site("fjord", "NO", dossier={"capacity_w": fact("100 MW"), "maturity": fact("announced")}),
    site("gone", "FI", dossier={"maturity": fact("cancelled"), "capacity_w": fact("9 MW")}),
    document(
        "Antenna",
        "desk",
        {"title": "Desk", "country": fact("CY"), "hosts": [fact("east"), fact("north")]},
    ),
    document(
        "AccessMode",
        "fast",
        {"title": "Fast", "programme": "net", "countries": fact(["eu", "NO"]), "sites": ["north"]},
    ),
    document("AccessMode", "vague", {"title": "Vague", "programme": "net"}),
    document("Cluster", "net", {"title": "Net", "countries": ["eu"], "members": ["north", "east"]}),
    document(
        "Charter",
        "promise",
        {
            "site": "fjord",
            "classes": [
                {
                    "name": "nordic",
                    "eligible": {"countries": ["nordics"]},
                    "classes": [
                        {"name": "start-ups", "eligible": {"sectors": ["start-up"]}},
                        {"name": "all", "eligible": {"countries": ["europe"]}},
                        {"name": "named", "eligible": {"parties": ["acme"]}},
                    ],
                }
            ],
        },
    ),
)


@pytest.fixture
def world() -> Known:
    return known(*WORLD)


def test_power_and_accelerators_per_head_of_a_state(world: Known) -> None:
    one = part("FI", ("FI",), world, PEOPLE)
    assert one.capacity.sites == ("north",)
    assert one.capacity.cancelled == ("gone",)
    assert one.capacity.power_w == {"announced": 30 * MW, "granted": 0, "live": 20 * MW}
    assert one.capacity.accelerators == {"announced": 4000, "granted": 0, "live": 1000}
    assert one.capacity.interim_accelerators == 700
    assert one.power_per_head_w == 10.0  # 50 MW for five million.
    assert one.accelerators_per_million == 1000.0


def test_what_no_source_says_is_unknown_and_not_nothing(world: Known) -> None:
    one = part("PL", ("PL",), world, PEOPLE)
    assert one.capacity.power_unknown == one.capacity.accelerators_unknown == ("east",)
    assert one.capacity.promised_w is None
    assert one.power_per_head_w is None
    assert one.accelerators_per_million is None
    assert one.capacity.live_power_unknown == ()  # Its only phase is announced: nothing is live.
    both = part("two", ("PL", "NO"), world, PEOPLE)
    assert both.capacity.promised_w == 100 * MW
    assert both.capacity.power_unknown == ("east",)


def test_how_much_is_live_is_unknown_where_a_live_phase_does_not_say() -> None:
    world = known(site("a", phases=[phase("p", state="live")]), site("b"))
    some = part("NO", ("NO",), world, PEOPLE).capacity
    assert some.live_power_unknown == ("a", "b")
    assert some.live_accelerators_unknown == ("a", "b")


def test_the_number_of_an_interim_system_may_be_unknown() -> None:
    interim = [{"name": "old", "system": fact("Old")}]
    world = known(site("a", dossier=factory("a", "NO", interim=interim)))
    some = part("NO", ("NO",), world, PEOPLE).capacity
    assert (some.interim_accelerators, some.interim_unknown) == (0, ("a",))


def test_an_area_adds_its_states_and_names_those_without_a_number(world: Known) -> None:
    area = part("nordics", AREAS["nordics"].countries, world, PEOPLE)
    assert area.people == 10_000_000
    assert area.people_unknown == ("AX", "DK", "FO", "GL", "IS", "SE")
    assert area.capacity.sites == ("fjord", "north")
    assert area.takes_part == ()  # Norway's part is in a factory of the area itself.
    assert part("none", ("SE",), world, {}).people is None


def test_hosts_parts_and_antennas(world: Known) -> None:
    assert part("FI", ("FI",), world, PEOPLE).hosts == ("north",)
    assert part("PL", ("PL",), world, PEOPLE).takes_part == ("north",)
    assert part("CY", ("CY",), world, PEOPLE).antennas == ("desk",)


def test_states_have_rows_by_ground_antenna_or_part_and_the_union_as_a_whole(
    world: Known,
) -> None:
    rows = states(world, PEOPLE)
    assert set(rows) == AREAS["eu"].countries | {"NO", "TR"}
    outside = replace(world, sites={"fjord": world.sites["fjord"]})
    assert states(outside, PEOPLE) == ("NO",)


def test_regions_of_states(world: Known) -> None:
    found = regions_of_states(world.sites)
    assert list(found) == [("FI", ""), ("FI", "Lapland"), ("NO", ""), ("PL", "")]
    assert found["FI", "Lapland"].sites == ("north",)
    assert found["FI", ""].cancelled == ("gone",)


def test_cohesion_states_against_the_others(world: Known) -> None:
    made = cohesion(world, PEOPLE)
    by_name = {one.name: one for one in made.measures}
    people = by_name["people"]
    assert (people.supported, people.others) == (41_000_000, 5_000_000)
    hosted = by_name["AI Factories hosted"]
    assert (hosted.supported, hosted.others, hosted.share) == (1, 1, 0.5)
    assert hosted.quotient == pytest.approx(0.5 / (41 / 46))
    elsewhere = by_name["part in a factory of another state"]
    assert (elsewhere.supported, elsewhere.others) == (1, 0)  # Poland's; Norway is outside.
    assert by_name["part in a factory, own ones included"].supported == 2
    assert (by_name["Antennas"].supported, by_name["Antennas"].others) == (1, 0)
    neither = {one.name for one in made.neither}
    assert {"DE", "EE"} <= neither
    assert not neither & {"FI", "PL", "CY", "NO"}


def test_an_unknown_group_has_no_share(world: Known) -> None:
    made = {one.name: one for one in cohesion(world, PEOPLE).measures}
    promised = made["accelerators announced, live ones included"]
    assert (promised.supported, promised.others) == (None, 5000)
    assert (promised.share, promised.quotient) == (None, None)
    assert (promised.unknown, promised.sites) == ((1, 0), (1, 1))
    assert made["accelerators live"].supported == 0  # The system is only announced: known to be 0.
    assert made["power announced [MW]"].others == 50
    assert Measure("none of it", 0, 0, 0.3).share is None


def test_what_is_open_to_a_country(world: Known) -> None:
    norway = open_to("NO", world)
    assert norway.takes_part == ("north",)
    assert (norway.modes, norway.by_modes) == (("fast",), ("north",))
    assert norway.modes_unknown == ("vague",)
    assert norway.classes == (("fjord", ("start-ups", "all")),)
    assert open_to("FI", world).takes_part == ()  # Its own factory is no other state's.
    cyprus = open_to("CY", world)
    assert cyprus.antennas == (("desk", ("east", "north")),)
    assert cyprus.modes == ("fast",)
    turkey = open_to("TR", world)
    assert (turkey.takes_part, turkey.modes, turkey.by_modes) == (("east",), (), ())


def test_an_outer_class_binds_those_inside_it(world: Known) -> None:
    # 'all' takes all of Europe, but lies in a class for the Nordic countries.
    assert open_to("DE", world).classes == ()
