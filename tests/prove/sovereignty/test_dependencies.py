"""Dependencies: shares by party and country, what is unknown beside them, owners to the end."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.party import Party
from allod.prove.sovereignty.dependencies import Dependency, dependencies
from allod.prove.sovereignty.grade import Grade
from tests.prove.sovereignty.worlds import attested, base_of, party, register, site


def layers(answers: dict[str, Any], known: dict[str, Party], **more: Any) -> dict[str, Dependency]:
    there = site(attested(answers), **more)
    return {item.layer: item for item in dependencies(base_of(there, known), there)}


def test_all_layers_are_there_and_unknown_where_nothing_is_said() -> None:
    found = layers({}, register())
    assert list(found) == [
        "chip", "firmware", "network", "os", "scheduler", "model", "owner"
    ]  # fmt: skip
    chip = found["chip"]
    assert (chip.parties, chip.countries) == ((("?", 10_000),), (("?", 10_000),))
    assert (chip.grade, chip.unknown_bp, chip.largest_party) == (Grade.UNKNOWN, 10_000, ("?", 0))


def test_a_vendor_without_a_layer_is_a_hint_alone() -> None:
    vendor = {"party": "nvidia", "role": "vendor"}
    found = layers({}, {**register(), "nvidia": party("US")}, parties=[vendor])["chip"]
    assert found.note == "vendors named, for no layer: nvidia (US)"
    assert found.grade is Grade.UNKNOWN


def test_shares_add_up_by_country_and_the_rest_is_unknown() -> None:
    parties = {**register(), "a": party("US"), "b": party("US"), "c": party("KR")}
    shares = {"a": 4000, "b": 2500, "c": 3000, "nameless": 200}
    found = layers({"layer-chip": shares}, parties)["chip"]
    assert found.parties == (("a", 4000), ("c", 3000), ("b", 2500), ("?", 300), ("nameless", 200))
    assert found.countries == (("US", 6500), ("KR", 3000), ("?", 500))
    assert (found.largest_party, found.largest_country) == (("a", 4000), ("US", 6500))
    assert found.within_bp(frozenset({"KR", "FR"})) == 3000
    assert found.grade is Grade.DECLARED  # The seats of the makers are no better.


@pytest.mark.parametrize(
    ("parties", "owners"),
    [
        ({"op": party("FR")}, (("small hands of op", 10_000),)),
        ({"op": party("FR", dispersed=False)}, (("?", 10_000),)),
        ({}, (("?", 10_000),)),
        (
            {"op": party("FR", {"a": 6000}), "a": party("US")},
            (("a", 6000), ("small hands of op", 4000)),
        ),
        # Through a holding, half of which is in small hands; a share that is not known.
        (
            {"op": party("FR", {"h": 8000, "x": None}), "h": party("LU", {"a": 5000})},
            (("a", 4000), ("small hands of h", 4000), ("?", 2000)),
        ),
        # A ring: op holds a fifth of itself through its daughter.
        (
            {"op": party("FR", {"d": 2000, "a": 8000}), "d": party("FR", {"op": 10_000})},
            (("a", 10_000),),
        ),
        (
            {"op": party("FR", {"op-2": 10_000}), "op-2": party("FR", {"op": 10_000})},
            (("?", 10_000),),
        ),
        # Thirds are cut, and what is cut off is not known.
        (
            {
                "op": party("FR", {"d": 5000, "a": 2500, "b": 2500}),
                "d": party("FR", {"a": 3333, "b": 6667}),
            },
            (("b", 5833), ("a", 4166), ("?", 1)),
        ),
    ],
)
def test_owners_are_followed_to_the_end(
    parties: dict[str, Party], owners: tuple[tuple[str, int], ...]
) -> None:
    assert layers({}, parties)["owner"].parties == owners


def test_small_hands_are_under_the_law_of_their_company() -> None:
    parties = {"op": party("FR", {"h": 8000}), "h": party("LU", {"a": 5000}), "a": party("US")}
    found = layers({}, parties)["owner"]
    assert found.countries == (("LU", 4000), ("US", 4000), ("FR", 2000))
    assert found.largest_party == ("a", 4000)
