"""Who controls a site: chains, halves, unknown hands."""

from __future__ import annotations

from allod.domain.areas import expand
from allod.plan.chain import UNKNOWN, controlled, held
from tests.plan.announced import fact, known, party, site

WORLD = (
    party("venture", None, ("power", 5000), ("cloud", 5000)),
    party("power", "NO"),
    party("cloud", "GB", ("fund", 6000)),
    party("fund", "US"),
    party("builder", "NO", ("venture", None)),
    site(
        "s",
        operator=fact("venture"),
        parties=[
            {"party": "venture", "role": "owner", "source": "paper"},
            {"party": "builder", "role": "developer", "source": "paper"},
            {"party": "fund", "role": "vendor", "source": "paper"},
        ],
    ),
)


def test_two_halves_are_both_in_control_and_so_is_who_controls_one() -> None:
    world = known(*WORLD)
    found = {one.party: one for one in controlled(world.sites["s"], world.parties, expand(("NO",)))}
    assert list(found) == ["venture", "builder"]
    assert found["venture"].roles == ("operator", "owner")
    names = {item.party for item in found["venture"].control.controllers}
    assert names == {"venture", "power", "cloud", "fund"}
    assert found["venture"].laws == (UNKNOWN, "GB", "NO", "US")


def test_the_foreign_share_is_a_range_where_owners_are_not_known() -> None:
    world = known(*WORLD)
    (venture, *_) = controlled(world.sites["s"], world.parties, expand(("NO",)))
    # Half is held from Great Britain; who owns the Norwegian half is not known.
    assert (venture.foreign.known_bp, venture.foreign.possible_bp) == (5000, 10_000)


def test_the_chain_has_every_share_and_a_row_for_what_is_not_known() -> None:
    world = known(*WORLD)
    rows = {(row.party, row.owner): row for row in held("venture", world.parties)}
    assert rows["venture", "cloud"].share_bp == 5000
    assert rows["venture", "cloud"].source == "paper"
    assert rows["cloud", "fund"].depth == 2
    assert rows["cloud", UNKNOWN].share_bp == 4000
    assert rows["power", UNKNOWN].share_bp == 10_000
    assert ("venture", UNKNOWN) not in rows
    listed = {(row.party, row.owner): row.share_bp for row in held("builder", world.parties)}
    assert listed["builder", "venture"] is None
    assert ("builder", UNKNOWN) not in listed


def test_a_ring_of_owners_ends() -> None:
    world = known(party("a", "NO", ("b", 10_000)), party("b", "NO", ("a", 10_000)))
    assert [(row.party, row.owner) for row in held("a", world.parties)] == [("a", "b"), ("b", "a")]
