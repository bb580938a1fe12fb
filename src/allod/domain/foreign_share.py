"""Foreign share: how much of a party belongs to owners seated outside an area (L2, L4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from allod.domain.fact import Fact, Standing
from allod.domain.holdings import (
    WHOLE_BP,
    Parties,
    UnknownFact,
    assumed_shares,
    holdings,
    no_document,
    no_owners,
    no_seat,
    open_bp,
    rest_bp,
    ring,
    seat,
    seat_path,
)

#: Begins the column of a row for what is outside at once; no party has such a name. What follows
#: is who holds it, or nothing where that is not known.
_OUTSIDE = ":"

_Row = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class ForeignShare:
    """How much of a party belongs to owners seated outside an area."""

    known_bp: int  #: At least this much, rounded up. [basis points]
    possible_bp: int  #: At most this much: all that is not known is outside; rounded up. [bp]
    unknown: tuple[UnknownFact, ...]  #: By path; what makes the two differ.
    assumed: tuple[str, ...]  #: Paths of the facts used that a scenario filled in.


def foreign_share(party: str, within: frozenset[str], parties: Parties) -> ForeignShare:
    """The share of `party` in the hands of owners seated outside `within`, along the chain.

    Shares multiply along a chain and chains add up, exactly, rings included. A chain ends at the
    first owner seated outside: the law of its seat reaches the share, whoever stands behind it.
    A dispersed rest has no owners to look up; it counts as seated where the company is seated,
    since that law governs the register and the meeting through which small holders act.
    """
    inside = _not_outside_above(party, within, parties)
    known, _ = _outside(inside, within, parties, unknown_is=0)
    possible, rings = _outside(inside, within, parties, unknown_is=1)
    known_share, possible_share = sum(known.values()), sum(possible.values())
    unknown = {ring(name) for name in rings}
    assumed: set[str] = set()
    for name in inside:
        unknown |= set(_gaps(name, parties, first=name == party))
        assumed |= set(_assumed(name, parties))
    return ForeignShare(
        ceil(known_share * WHOLE_BP),
        ceil(possible_share * WHOLE_BP),
        tuple(sorted(unknown)),
        tuple(sorted(assumed)),
    )


def foreign_holders(party: str, within: frozenset[str], parties: Parties) -> dict[str, Fraction]:
    """The known share of `party` by the owner outside `within` at whom the chain ends, by name.

    The parts of `foreign_share`, exact: their sum, rounded up, is its `known_bp`.
    """
    inside = _not_outside_above(party, within, parties)
    row, _ = _outside(inside, within, parties, unknown_is=0)
    held = {name.removeprefix(_OUTSIDE): share for name, share in sorted(row.items())}
    return {name: share for name, share in held.items() if share}


def _not_outside_above(party: str, within: frozenset[str], parties: Parties) -> tuple[str, ...]:
    """`party`, then the owners along the chain whose seat is inside or not known."""
    found = {party: None}
    queue = deque([party])
    while queue:
        for holding in holdings(queue.popleft(), parties):
            name = holding.party
            if name in found or name not in parties:
                continue
            if not _counts(seat(name, parties), within, unknown_is=0):
                found[name] = None
                queue.append(name)
    return tuple(found)


def _outside(
    inside: tuple[str, ...], within: frozenset[str], parties: Parties, *, unknown_is: int
) -> tuple[_Row, tuple[str, ...]]:
    """The share of the first of `inside` that ends outside, by holder, and rings without end.

    Solves x(p) = outside(p) + sum of share(p, q) * x(q) by putting the row of one owner after the
    other into those that are left. A ring shows as x = loop * x + rest; where the loop is 1 it has
    no owner outside itself, and `unknown_is` holds.
    """
    first = inside[0]
    if first not in parties:
        return {_OUTSIDE: Fraction(unknown_is)}, ()
    rows = {name: _row(name, first, within, parties, unknown_is) for name in inside}
    rings: list[str] = []
    for name in reversed(inside):
        row = rows.pop(name)
        loop = row.pop(name, Fraction(0))
        if loop == 1:
            rings.append(name)
            row = {_OUTSIDE: Fraction(unknown_is)}
        else:
            row = {column: value / (1 - loop) for column, value in row.items()}
        for other in rows.values():
            part = other.pop(name, Fraction(0))
            for column, value in row.items() if part else ():
                other[column] = other.get(column, Fraction(0)) + part * value
    return row, tuple(rings)


def _row(name: str, first: str, within: frozenset[str], parties: Parties, unknown_is: int) -> _Row:
    """The shares of `name` by the owner inside who holds them, and what is outside at once.

    What the `first` party holds in a ring of itself is no share of an owner, wherever its seat is;
    it stays in the ring.
    """
    row: _Row = {}

    def add(column: str, share: Fraction) -> None:
        row[column] = row.get(column, Fraction(0)) + share

    for holding in holdings(name, parties):
        share = Fraction(holding.share_bp.value or 0, WHOLE_BP)
        outside = _counts(seat(holding.party, parties), within, unknown_is)
        if holding.party == first or (holding.party in parties and not outside):
            add(holding.party, share)
        else:
            add(_OUTSIDE + holding.party, share * outside)
    left = Fraction(rest_bp(name, parties), WHOLE_BP)
    if open_bp(name, parties):
        add(_OUTSIDE, left * unknown_is)
    else:
        add(_OUTSIDE + name, left * _counts(seat(name, parties), within, unknown_is))
    return row


def _counts(where: Fact[str], within: frozenset[str], unknown_is: int) -> int:
    """1 if the seat is outside, 0 if it is inside, `unknown_is` if it is not known."""
    return int(where.value not in within) if where.known else unknown_is


def _gaps(name: str, parties: Parties, *, first: bool) -> Iterator[UnknownFact]:
    """What must be known at `name` to say how much is outside.

    The seat of the `first` party, whose owners are asked for, matters for a dispersed rest alone.
    """
    if name not in parties:
        yield no_document(name)
        return
    open_rest = open_bp(name, parties) > 0
    has_dispersed = rest_bp(name, parties) > 0 and not open_rest
    if not seat(name, parties).known and (has_dispersed or not first):
        yield no_seat(name)
    for holding in holdings(name, parties):
        if holding.party not in parties:
            yield no_document(holding.party)
    if open_rest:
        yield from no_owners(name, parties)


def _assumed(name: str, parties: Parties) -> Iterator[str]:
    """What a scenario filled in at `name`: its seat, its shares, the seats of its owners."""
    yield from assumed_shares(name, parties)
    for seated in (name, *(holding.party for holding in holdings(name, parties))):
        if seat(seated, parties).standing is Standing.ASSUMED:
            yield seat_path(seated)
