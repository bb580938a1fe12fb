"""Countries and areas."""

from __future__ import annotations

from itertools import product
from string import ascii_uppercase

import pytest

from allod.domain.accelerator import ACCELERATORS
from allod.domain.areas import AREAS, COUNTRIES, check_area, check_country, expand


@pytest.mark.parametrize("name", AREAS)
def test_an_area_holds_countries_and_says_where_it_is_from(name: str) -> None:
    area = AREAS[name]
    assert area.countries
    assert area.countries <= COUNTRIES
    assert area.source
    assert name == name.lower()


def test_areas_that_are_parts_of_others() -> None:
    size = {name: len(area.countries) for name, area in AREAS.items()}
    assert (size["eu"], size["eea"], size["scandinavia"]) == (27, 30, 3)
    assert size["eu-cohesion"] == 15
    for part, whole in (
        ("eu", "eea"),
        ("eu-cohesion", "eu"),
        ("eea", "gdpr"),
        ("gdpr-adequate", "gdpr"),
        ("eea", "europe"),
        ("scandinavia", "nordics"),
        ("northern-europe", "europe"),
        ("europe", "emea"),
        ("africa", "emea"),
    ):
        assert AREAS[part].countries <= AREAS[whole].countries, (part, whole)
    assert AREAS["eea"].countries - AREAS["eu"].countries == {"IS", "LI", "NO"}
    assert not AREAS["eea"].countries & AREAS["gdpr-adequate"].countries


def test_what_the_law_of_the_examples_turns_on() -> None:
    assert "NO" in AREAS["eea"].countries
    assert "NO" not in AREAS["eu"].countries
    assert "MA" in AREAS["emea"].countries
    assert "MA" not in AREAS["gdpr"].countries
    assert "GB" in AREAS["gdpr"].countries
    assert "GB" not in AREAS["eea"].countries


def test_every_pair_of_letters_is_a_country_or_refused() -> None:
    known = 0
    for code in map("".join, product(ascii_uppercase, repeat=2)):
        if code in COUNTRIES:
            assert check_country(code) == check_area(code) == code
            known += 1
        else:
            for check in (check_country, check_area):
                with pytest.raises(ValueError, match=r"unknown (country|area)"):
                    check(code)
    assert known == len(COUNTRIES) == 249


@pytest.mark.parametrize(
    ("name", "mend"),
    [("no", "'NO'"), ("Norway", "did you mean 'NO'"), ("eea", "ISO 3166"), ("UK", "ISO 3166")],
)
def test_a_refused_country_says_what_to_write(name: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        check_country(name)


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("EEA", "write 'eea'"),
        ("nordic", "'nordics'"),
        ("Marocco", "did you mean 'MA'"),
        ("moon", "areas are"),
    ],
)
def test_a_refused_area_says_what_to_write(name: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        check_area(name)


def test_places_stand_for_all_their_countries() -> None:
    assert expand(()) == frozenset()
    assert expand(("MA",)) == {"MA"}
    assert expand(("scandinavia", "MA", "NO")) == {"DK", "NO", "SE", "MA"}


def test_accelerators_are_built_of_whole_things() -> None:
    for name, model in ACCELERATORS.items():
        assert model.per_node >= 1, name
        assert model.nodes_per_nvlink_domain >= 1, name
        assert (model.power_w > 0) == (name != "unit"), name
        assert model.source, name
    racks = [name for name in ACCELERATORS if name.endswith("nvl72")]
    assert racks
    for name in racks:
        assert ACCELERATORS[name].per_node * ACCELERATORS[name].nodes_per_nvlink_domain == 72
