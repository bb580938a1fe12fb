"""The concentration index and what a loss takes away, worked out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allod.plan.concentration import UNKNOWN, Supply, index, layers, loss

A = Supply("a", "chip", (("nvidia", 10_000),), (("US", 10_000),))
B = Supply("b", "chip", (("amd", 4_000), ("sipearl", 6_000)), (("FR", 6_000), ("US", 4_000)))
C = Supply("c", "chip", ((UNKNOWN, 10_000),), ((UNKNOWN, 10_000),), ("nvidia",), {"nvidia": "US"})
D = Supply("a", "os", (("suse", 10_000),), (("DE", 10_000),))


def test_the_index_of_known_shares() -> None:
    assert index((("a", 10_000),)) == (10_000, 10_000)
    assert index((("a", 5_000), ("b", 5_000))) == (5_000, 5_000)
    assert index((("a", 6_000), ("b", 3_000), ("c", 1_000))) == (4_600, 4_600)


def test_what_is_not_known_makes_a_range() -> None:
    assert index(((UNKNOWN, 10_000),)) == (0, 10_000)
    assert index((("a", 5_000), (UNKNOWN, 5_000))) == (2_500, 10_000)


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=5), st.data())
def test_the_range_holds_whatever_the_unknown_turns_out_to_be(
    known: list[int], data: st.DataObject
) -> None:
    shares = [(f"p{i}", bp) for i, bp in enumerate(known)]
    left = 10_000 - sum(known)
    low, high = index([*shares, (UNKNOWN, left)] if left else shares)
    first = data.draw(st.integers(0, left))
    true = index([*shares, ("x", first), ("y", left - first)])
    assert low <= true[0]
    assert true[1] <= high


def test_the_mean_over_sites_adds_up_and_names_who_has_no_share() -> None:
    chip, system = layers((A, B, C, D))
    assert (chip.layer, chip.sites, chip.known_sites, chip.named) == ("chip", 3, 2, ("nvidia",))
    assert chip.parties == ((UNKNOWN, 3_334), ("nvidia", 3_333), ("sipearl", 2_000), ("amd", 1_333))
    assert chip.countries == (("US", 4_666), (UNKNOWN, 3_334), ("FR", 2_000))
    assert system.party_index == (10_000, 10_000)


def test_the_loss_of_a_country_takes_what_is_seated_there() -> None:
    gone = loss((A, B, C, D), "US")
    assert gone.by_layer == {"chip": ("a", "b", "c")}
    assert gone.wholly == {"chip": ("a",)}
    assert gone.open == {"chip": 1}


def test_the_loss_of_a_vendor_takes_its_own() -> None:
    assert loss((A, B, C, D), "sipearl").by_layer == {"chip": ("b",)}
    assert loss((A, B, C, D), "suse").wholly == {"os": ("a",)}
