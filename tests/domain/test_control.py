"""L2, L4: who is in control through the chain of shares, and which missing facts keep it open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.control import controllers
from allod.domain.fact import Fact, Standing
from allod.domain.foreign_share import foreign_holders, foreign_share
from allod.domain.party import Holding, Party

NAMES = ("a", "b", "c", "d", "e")
STRANGER = "stranger"
Owners = Mapping[str, int | None]


def a_party(seat: str | None, owners: Owners | None = None, *, dispersed: bool = True) -> Party:
    return Party(
        title="a party",
        seat=Fact(value=seat) if seat else Fact(standing="unknown"),
        owners=tuple(
            Holding(
                party=name,
                share_bp=Fact(standing="unknown") if share is None else Fact(value=share),
            )
            for name, share in (owners or {}).items()
        ),
        dispersed=Fact(value=dispersed),
    )


def in_control(party: str, parties: Mapping[str, Party]) -> set[str]:
    return {controller.party for controller in controllers(party, parties).controllers}


def unknown_paths(party: str, parties: Mapping[str, Party]) -> list[str]:
    return [fact.path for fact in controllers(party, parties).unknown]


# ------------------------------------------------------------------ cases by hand


def test_two_halves_are_joint_control_and_the_chain_goes_up() -> None:
    parties = {
        "venture": a_party("NO", {"aker": 5000, "nscale": 5000}),
        "aker": a_party("NO", {"trg": 6800}),
        "trg": a_party("NO"),
        "nscale": a_party("GB", {"fund": 4999}),
        "fund": a_party("US"),
    }
    finding = controllers("venture", parties)
    assert [(one.party, one.chain) for one in finding.controllers] == [
        ("aker", ("venture", "aker")),
        ("nscale", ("venture", "nscale")),
        ("trg", ("venture", "aker", "trg")),
        ("venture", ("venture",)),
    ]
    assert finding.unknown == ()


def test_a_stake_split_over_subsidiaries_counts_as_one() -> None:
    parties = {
        "x": a_party("NO", {"sub-1": 3000, "sub-2": 2500}),
        "sub-1": a_party("NO", {"us": 10_000}),
        "sub-2": a_party("NO", {"us": 6000}),
        "us": a_party("US"),
    }
    assert in_control("x", parties) == {"x", "us"}


def test_shares_held_in_a_ring_of_itself_carry_no_vote() -> None:
    parties = {
        "x": a_party("NO", {"own": 6000, "us": 2000}),
        "own": a_party("NO", {"x": 10_000}),
        "us": a_party("US"),
    }
    assert in_control("x", parties) == {"x", "own", "us"}


def test_a_ring_with_nobody_outside_is_unknown() -> None:
    parties = {"x": a_party("NO", {"y": 10_000}), "y": a_party("NO", {"x": 10_000})}
    assert in_control("x", parties) == {"x", "y"}
    assert unknown_paths("x", parties) == ["Party/x: spec.owners", "Party/y: spec.owners"]
    share = foreign_share("x", frozenset({"NO"}), parties)
    assert (share.known_bp, share.possible_bp) == (0, 10_000)
    assert [fact.path for fact in share.unknown] == ["Party/x: spec.owners"]


@pytest.mark.parametrize(
    ("parties", "expected"),
    [
        ({}, ["Party/x"]),
        ({"x": a_party("NO", dispersed=False)}, ["Party/x: spec.owners"]),
        ({"x": a_party(None)}, ["Party/x: spec.seat"]),
        ({"x": a_party("NO", {"y": 4999}, dispersed=False)}, ["Party/x: spec.owners"]),
        ({"x": a_party("NO", {"y": 5001}, dispersed=False)}, ["Party/y"]),
        ({"x": a_party("NO", {"y": 4999})}, []),
        ({"x": a_party("NO", {"y": None})}, ["Party/x: spec.owners.y.share_bp", "Party/y"]),
        (
            {"x": a_party("NO", {"y": None}), "y": a_party(None)},
            ["Party/x: spec.owners.y.share_bp", "Party/y: spec.seat"],
        ),
        # Two small shares in hands that are not known may be in one.
        ({"x": a_party("NO", {"y": 2500, "z": 2500})}, ["Party/y", "Party/z"]),
        # Beside an owner of half that is not known, a small rest is no matter.
        ({"x": a_party("NO", {"y": 6000}, dispersed=False)}, ["Party/y"]),
        # Up the chain, and only the facts of those in control.
        (
            {
                "x": a_party("NO", {"y": 6000, "z": 4000}),
                "y": a_party(None, {"w": 5000}),
                "z": a_party(None),
                "w": a_party("NO", dispersed=False),
            },
            ["Party/w: spec.owners", "Party/y: spec.seat"],
        ),
        # A small rest is a matter if it could tip the balance with a share known to be beside it.
        (
            {
                "x": a_party("NO", {"y": 5000, "z": 3000, "sub": None}),
                "z": a_party("NO"),
                "sub": a_party("NO", {"z": 10_000}),
            },
            ["Party/x: spec.owners.sub.share_bp", "Party/y"],
        ),
        # If x turns out to hold 3000 of itself, w has 4000 of 7000 votes.
        (
            {
                "x": a_party("NO", {"own": None, "z": 3000, "w": 4000}),
                "own": a_party("NO", {"x": 10_000}),
                "z": a_party("NO"),
                "w": a_party("NO"),
            },
            ["Party/x: spec.owners.own.share_bp"],
        ),
        # What is open here is z's, so the hand behind y has 3000 at most.
        (
            {
                "x": a_party("NO", {"y": 3000, "z": None, "w": 4000}),
                "z": a_party("NO"),
                "w": a_party("NO"),
            },
            [],
        ),
        # y cannot reach half whatever its share turns out to be; z is in control as it is.
        ({"x": a_party("NO", {"y": None, "z": 6000}), "z": a_party("NO"), "y": a_party("NO")}, []),
    ],
)
def test_what_is_not_known_is_named(parties: Mapping[str, Party], expected: list[str]) -> None:
    assert unknown_paths("x", parties) == expected


def test_a_controller_stands_as_its_weakest_fact_and_assumed_shares_are_listed() -> None:
    owner = Holding(party="y", share_bp=Fact(value=6000, standing=Standing.ASSUMED))
    small = Holding(party="z", share_bp=Fact(value=4000, standing=Standing.ASSUMED))
    parties = {
        "x": a_party("NO").model_copy(update={"owners": (owner, small)}),
        "y": a_party("GB").model_copy(
            update={"seat": Fact[str](value="GB", standing=Standing.PROVED)}
        ),
        "z": a_party("NO").model_copy(
            update={
                "owners": (
                    Holding(party="y", share_bp=Fact(value=4000, standing=Standing.ASSUMED)),
                )
            }
        ),
    }
    finding = controllers("x", parties)
    assert {one.party: one.standing for one in finding.controllers} == {
        "x": Standing.DECLARED,
        "y": Standing.ASSUMED,
    }
    assert finding.assumed == (
        "Party/x: spec.owners.y.share_bp",
        # These are small, and so z and y out of control of x and z, by assumption.
        "Party/x: spec.owners.z.share_bp",
        "Party/z: spec.owners.y.share_bp",
    )


def test_that_the_rest_is_dispersed_can_be_assumed_and_the_finding_says_so() -> None:
    unknown = a_party("NO").model_copy(update={"dispersed": Fact[bool](standing="unknown")})
    assert unknown_paths("x", {"x": unknown}) == ["Party/x: spec.owners"]
    assumed = Fact[bool](value=True, standing=Standing.ASSUMED)
    finding = controllers("x", {"x": unknown.model_copy(update={"dispersed": assumed})})
    assert (finding.unknown, finding.assumed) == ((), ("Party/x: spec.dispersed",))


# ------------------------------------------------------------------ against other statements


@st.composite
def registers(draw: st.DrawFn, *, all_known: bool) -> dict[str, Party]:
    """Up to five parties that own each other at random, rings and own shares included."""
    parties = {}
    for name in NAMES[: draw(st.integers(1, 5))]:
        left, owners = 10, {}
        for owner in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
            if not all_known and draw(st.integers(0, 4)) == 0:
                owners[owner] = None
            else:
                share = draw(st.integers(0, left))
                owners[owner], left = share * 1000, left - share
        seats = ("NO", "GB") if all_known else ("NO", "GB", None)
        dispersed = all_known or draw(st.booleans())
        parties[name] = a_party(draw(st.sampled_from(seats)), owners, dispersed=dispersed)
    if all_known:
        for name in NAMES:
            parties.setdefault(name, a_party("NO"))
    return parties


def control_by_matrix(parties: Mapping[str, Party]) -> dict[str, set[str]]:
    """Who controls whom: iterate K = K or (2 S K >= votes) on matrices until nothing changes."""
    names = sorted(parties)
    shares = np.array(
        [
            [sum(h.share_bp.value or 0 for h in parties[n].owners if h.party == o) for o in names]
            for n in names
        ]
    )
    control = np.eye(len(names), dtype=int)
    while True:
        commanded = shares @ control
        votes = 10_000 - np.diag(commanded)
        more = control | ((commanded > 0) & (2 * commanded >= votes[:, None]))
        if (more == control).all():
            return {n: {o for o, yes in zip(names, row, strict=True) if yes}
                    for n, row in zip(names, control, strict=True)}  # fmt: skip
        control = more


@given(registers(all_known=True))
def test_control_is_the_fixed_point_of_halves(parties: dict[str, Party]) -> None:
    expected = control_by_matrix(parties)
    for name in parties:
        finding = controllers(name, parties)
        assert {one.party for one in finding.controllers} == expected[name]
        for one in finding.controllers:
            assert (one.chain[0], one.chain[-1]) == (name, one.party)
            for lower, upper in zip(one.chain, one.chain[1:], strict=False):
                assert upper in {h.party for h in parties[lower].owners if h.share_bp.value}


@given(registers(all_known=True))
def test_whoever_holds_half_along_the_chain_is_in_control(parties: dict[str, Party]) -> None:
    reached = {"a"}
    for _ in NAMES:
        reached |= {
            h.party for n in reached for h in parties[n].owners if (h.share_bp.value or 0) >= 5000
        }
    assert reached <= in_control("a", parties)


def completed(parties: Mapping[str, Party], draw: st.DrawFn) -> dict[str, Party]:
    """`parties` with all that is not known filled in somehow, missing owners by one stranger."""
    complete = {STRANGER: a_party("US")}
    for name in NAMES:
        if name not in parties:
            complete[name] = a_party("US", {STRANGER: draw(st.integers(0, 10)) * 1000})
            continue
        party = parties[name]
        left = 10_000 - sum(h.share_bp.value or 0 for h in party.owners)
        owners = {}
        for h in party.owners:
            share = h.share_bp.value
            if share is None:
                share = draw(st.integers(0, left // 1000)) * 1000
                left -= share
            owners[h.party] = share
        if not party.dispersed.value:
            owners[STRANGER] = left
        complete[name] = a_party("NO", owners)
    return complete


@given(registers(all_known=False), st.data())
def test_if_nothing_is_called_unknown_nothing_unknown_can_change_control(
    parties: dict[str, Party], data: st.DataObject
) -> None:
    finding = controllers("a", parties)
    known = {one.party for one in finding.controllers}
    after = in_control("a", completed(parties, data.draw))
    assert known <= after
    if all(fact.path.endswith("spec.seat") for fact in finding.unknown):
        assert after == known


def completions(owners: Owners, dispersed: bool) -> Iterator[dict[str, int]]:
    """All ways to fill in `owners` of one party, in steps of a tenth."""
    open_names = [name for name, share in owners.items() if share is None]
    left = 10_000 - sum(share or 0 for share in owners.values())
    for shares in product(range(0, left + 1, 1000), repeat=len(open_names)):
        if sum(shares) <= left:
            filled = {name: share for name, share in owners.items() if share is not None}
            filled |= dict(zip(open_names, shares, strict=True))
            yield filled | ({} if dispersed else {STRANGER: left - sum(shares)})


def test_a_gap_is_named_exactly_if_filling_it_could_put_another_in_control() -> None:
    values = (None, 0, 1000, 4000, 5000, 6000, 10_000)
    cases = 0
    for y, z, dispersed in product(values, values, (True, False)):
        if (y or 0) + (z or 0) > 10_000:
            continue
        parties = {"y": a_party("NO"), "z": a_party("GB"), STRANGER: a_party("US")}
        given_now = {**parties, "x": a_party("NO", {"y": y, "z": z}, dispersed=dispersed)}
        known = {"x"} | {n for n, s in (("y", y), ("z", z)) if s is not None and s >= 5000}
        could = set[str]()
        for filled in completions({"y": y, "z": z}, dispersed):
            could |= {"x"} | {name for name, share in filled.items() if share >= 5000}
        assert in_control("x", given_now) == known
        paths = unknown_paths("x", given_now)
        assert bool(paths) == (could != known), (y, z, dispersed)
        if paths:
            open_shares = [n for n, s in (("y", y), ("z", z)) if s is None]
            assert paths == (
                [f"Party/x: spec.owners.{n}.share_bp" for n in open_shares]
                or ["Party/x: spec.owners"]
            )
        cases += 1
    assert cases > 60


# ------------------------------------------------------------------ foreign share


def test_shares_multiply_add_up_and_are_rounded_up_at_the_end_alone() -> None:
    parties = {
        "x": a_party("NO", {"y": 3333, "z": 3333}),
        "y": a_party("NO", {"us": 3333}),
        "z": a_party("NO", {"us": 3334}),
        "us": a_party("US"),
    }
    # 3333 * 6667 / 10 000 = 2222.1111
    share = foreign_share("x", frozenset({"NO"}), parties)
    assert (share.known_bp, share.possible_bp, share.unknown) == (2223, 2223, ())


def test_a_ring_is_summed_to_its_end() -> None:
    parties = {
        "x": a_party("NO", {"y": 5000, "us": 2500, "no": 2500}),
        "y": a_party("NO", {"x": 10_000}),
        "us": a_party("US"),
        "no": a_party("NO"),
    }
    assert foreign_share("x", frozenset({"NO"}), parties).known_bp == 5000


def test_a_chain_ends_at_the_first_owner_outside() -> None:
    parties = {
        "x": a_party("GB", {"gb": 4000}),
        "gb": a_party("GB", {"no": 10_000}, dispersed=False),
        "no": a_party("NO"),
    }
    # The dispersed rest of x counts as seated where x is.
    assert foreign_share("x", frozenset({"NO", "GB"}), parties).known_bp == 0
    assert foreign_share("x", frozenset({"NO"}), parties).known_bp == 10_000
    parties["x"] = a_party("NO", {"gb": 4000})
    assert foreign_share("x", frozenset({"NO"}), parties).known_bp == 4000


@pytest.mark.parametrize(
    ("parties", "bounds", "expected"),
    [
        ({}, (0, 10_000), ["Party/x"]),
        ({"x": a_party("NO", dispersed=False)}, (0, 10_000), ["Party/x: spec.owners"]),
        ({"x": a_party("NO", {"y": 1000})}, (0, 1000), ["Party/y"]),
        ({"x": a_party("NO", {"y": 1000}), "y": a_party(None)}, (0, 1000), ["Party/y: spec.seat"]),
        (
            {"x": a_party("NO", {"y": 1000}), "y": a_party(None, {"z": 5000}), "z": a_party("US")},
            (500, 1000),
            ["Party/y: spec.seat"],
        ),
        (
            {"x": a_party("NO", {"y": None, "z": 4000}), "z": a_party("US"), "y": a_party("NO")},
            (4000, 10_000),
            ["Party/x: spec.owners.y.share_bp"],
        ),
        # Whose seat the dispersed rest would share.
        ({"x": a_party(None)}, (0, 10_000), ["Party/x: spec.seat"]),
        ({"x": a_party(None, {"y": 10_000}), "y": a_party("NO")}, (0, 0), []),
    ],
)
def test_unknown_shares_are_bounded_and_named(
    parties: Mapping[str, Party], bounds: tuple[int, int], expected: list[str]
) -> None:
    share = foreign_share("x", frozenset({"NO"}), parties)
    assert (share.known_bp, share.possible_bp) == bounds
    assert [fact.path for fact in share.unknown] == expected


def test_a_foreign_share_names_the_assumptions_that_it_rests_on() -> None:
    assumed = Fact[int](value=4000, standing=Standing.ASSUMED)
    parties = {
        "x": a_party("NO").model_copy(update={"owners": (Holding(party="y", share_bp=assumed),)}),
        "y": a_party("GB").model_copy(
            update={"seat": Fact[str](value="GB", standing=Standing.ASSUMED)}
        ),
    }
    share = foreign_share("x", frozenset({"NO"}), parties)
    assert share.assumed == ("Party/x: spec.owners.y.share_bp", "Party/y: spec.seat")


def walk(
    start: str, parties: Mapping[str, Party], *, unknown_walks_on: bool
) -> tuple[float, float]:
    """(ended outside, ended inside) of one unit that walks up the shares for ever."""
    names = sorted({*parties, *NAMES})
    size, place = len(names) + 3, {name: index for index, name in enumerate(names)}
    outside, inside, nobody = size - 3, size - 2, size - 1
    steps = np.zeros((size, size))
    steps[outside, outside] = steps[inside, inside] = steps[nobody, nobody] = 1.0
    end = {"NO": inside, "GB": outside, None: nobody}
    for name in names:
        if name not in parties:
            steps[place[name], nobody] = 1.0
            continue
        party = parties[name]
        open_share = any(h.share_bp.value is None for h in party.owners)
        left = 10_000 - sum(h.share_bp.value or 0 for h in party.owners)
        if party.dispersed.value and not open_share:
            steps[place[name], end[party.seat.value]] += left / 10_000
        else:
            steps[place[name], nobody] += left / 10_000
        for h in party.owners:
            seat = parties[h.party].seat.value if h.party in parties else None
            ends = seat == "GB" or (seat is None and not unknown_walks_on)
            target = end[seat] if ends and h.party != start else place[h.party]
            steps[place[name], target] += (h.share_bp.value or 0) / 10_000
    far = np.linalg.matrix_power(steps, 1 << 14)[place[start]]
    return float(far[outside]), float(far[inside])


@given(registers(all_known=False))
def test_the_foreign_share_is_where_a_walk_up_the_shares_ends(parties: dict[str, Party]) -> None:
    share = foreign_share("a", frozenset({"NO"}), parties)
    known_bp = 10_000 * walk("a", parties, unknown_walks_on=True)[0]
    possible_bp = 10_000 * (1 - walk("a", parties, unknown_walks_on=False)[1])
    assert share.known_bp - 1 - 1e-5 < known_bp < share.known_bp + 1e-5
    assert share.possible_bp - 1 - 1e-5 < possible_bp < share.possible_bp + 1e-5
    if share.known_bp != share.possible_bp:
        assert share.unknown


@given(registers(all_known=False))
def test_the_holders_outside_hold_the_known_share_together(parties: dict[str, Party]) -> None:
    within = frozenset({"NO"})
    held = foreign_holders("a", within, parties)
    assert ceil(sum(held.values()) * 10_000) == foreign_share("a", within, parties).known_bp
    seats = {parties[name].seat.value for name in held}
    assert not seats & {"NO", None}
