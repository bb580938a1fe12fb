"""Control: who owns a party through the chain of shares, and what of that is not known (L2, L4).

Half is enough: two holders of one half each are in joint control, and both count. A hand commands
the shares that it holds itself and those held by whomever it controls, so a stake that is split
over subsidiaries counts as one. Shares that a party holds in itself, or has what it controls hold,
carry no vote: else a ring of companies would hide the owner behind it. A dispersed rest commands
nothing.

What is not known counts if it could put another hand in control. An unknown hand is taken to be
one hand wherever it appears, and none of those that are listed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from allod.domain.fact import Fact, Standing
from allod.domain.holdings import (
    UNKNOWN_HAND,
    WHOLE_BP,
    Parties,
    UnknownFact,
    assumed_shares,
    holdings,
    no_document,
    no_owners,
    no_seat,
    open_bp,
    ring,
    seat,
    seat_path,
    weakest,
)

_Hands = Mapping[str, set[str]]  #: The hands in control, by party.


@dataclass(frozen=True, slots=True)
class Controller:
    """A party in control of another."""

    party: str
    seat: Fact[str]
    standing: Standing  #: The weakest of the seat and of the shares that the control rests on.
    chain: tuple[str, ...]  #: From the controlled party to this one, by the fewest steps.


@dataclass(frozen=True, slots=True)
class ControlFinding:
    """Who is in control of a party, and what keeps us from being sure."""

    controllers: tuple[Controller, ...]  #: By name; the party itself is one of them.
    unknown: tuple[UnknownFact, ...]  #: By path; empty if no other hand could be in control.
    assumed: tuple[str, ...]  #: Paths of the facts used that a scenario filled in.


def controllers(party: str, parties: Parties) -> ControlFinding:
    """All parties in control of `party`, itself included, and the facts that could add to them.

    A share under half that is not known, not listed or held by a party without document is no
    such fact, unless it reaches the half together with others.
    """
    reach = _owners_above(party, parties)
    sure = _hands(reach, parties, possible=False)
    possible = _hands(reach, parties, possible=True)
    found = tuple(_controller(name, party, parties, sure) for name in sorted(sure[party]))
    unknown = set(_gaps(party, parties, sure, possible))
    # Whoever may turn out to be in control is asked for its seat too, so that one round will do.
    for name in possible[party] - {UNKNOWN_HAND}:
        if not seat(name, parties).known:
            unknown.add(no_seat(name) if name in parties else no_document(name))
    # A small share keeps its holder out of control, so the finding rests on it just as well.
    assumed = {path for name in reach for path in assumed_shares(name, parties)}
    assumed |= {seat_path(item.party) for item in found if item.seat.standing is Standing.ASSUMED}
    return ControlFinding(found, tuple(sorted(unknown)), tuple(sorted(assumed)))


def _owners_above(party: str, parties: Parties) -> tuple[str, ...]:
    """`party` and all that the chain of listed holdings leads to, nearest first."""
    found = {party: None}
    queue = deque([party])
    while queue:
        for holding in holdings(queue.popleft(), parties):
            if holding.party not in found:
                found[holding.party] = None
                queue.append(holding.party)
    return tuple(found)


def _hands(reach: tuple[str, ...], parties: Parties, *, possible: bool) -> _Hands:
    """For every party the hands in control of it; with `possible`, also those that may be.

    The least fixed point: hands are added until nothing changes, so rings of owners end.
    """
    hands = {name: {name} for name in reach}
    if possible:
        for name in reach:
            if name not in parties:
                hands[name].add(UNKNOWN_HAND)
    grown = True
    while grown:
        grown = False
        for name in reach:
            if name in parties:
                more = _reaching_half(name, parties, hands, possible=possible) - hands[name]
                hands[name] |= more
                grown = grown or bool(more)
    return hands


def _reaching_half(name: str, parties: Parties, hands: _Hands, *, possible: bool) -> set[str]:
    """The hands that command half of the votes in `name` or more.

    Where it is asked who possibly does, what is left may all be with any hand that it may be with:
    the unknown one where owners may be missing, those listed without a share where shares are.
    """
    commanded_bp = _commanded_bp(name, parties, hands)
    votes_bp = WHOLE_BP - commanded_bp.pop(name, 0)
    if possible:
        left_bp = open_bp(name, parties)
        may_have_it = {
            hand
            for holding in holdings(name, parties)
            for hand in hands[holding.party]
            if not holding.share_bp.known
        }
        if not parties[name].dispersed.value:
            may_have_it.add(UNKNOWN_HAND)
        commanded_bp.setdefault(UNKNOWN_HAND, 0)
        for hand in commanded_bp:
            commanded_bp[hand] += left_bp if hand in may_have_it else 0
        votes_bp -= left_bp if name in may_have_it else 0
        if votes_bp == 0:
            return set(commanded_bp)  # A ring: whoever is behind it is not listed.
    return {hand for hand, bp in commanded_bp.items() if bp and 2 * bp >= votes_bp}


def _commanded_bp(name: str, parties: Parties, hands: _Hands) -> dict[str, int]:
    """The known share of `name` that each hand commands, itself or by whom it controls. [bp]"""
    commanded_bp: dict[str, int] = {}
    for holding in holdings(name, parties):
        for hand in hands[holding.party]:
            commanded_bp[hand] = commanded_bp.get(hand, 0) + (holding.share_bp.value or 0)
    return commanded_bp


def _controller(hand: str, party: str, parties: Parties, sure: _Hands) -> Controller:
    """`hand` as a controller of `party`: the chain that leads there and how well it stands."""
    its_seat = seat(hand, parties)
    grounds = [its_seat.standing]
    below = {party: ""}  # On the shortest way from `party` up: whose owner it was found as.
    queue = deque([party])
    while queue:
        name = queue.popleft()
        for holding in holdings(name, parties) if name != hand else ():
            if hand in sure[holding.party] and holding.share_bp.known:
                grounds.append(holding.share_bp.standing)
                if holding.party not in below:
                    below[holding.party] = name
                    queue.append(holding.party)
    chain = [hand]
    while below[chain[-1]]:
        chain.append(below[chain[-1]])
    return Controller(hand, its_seat, weakest(*grounds), tuple(reversed(chain)))


def _gaps(party: str, parties: Parties, sure: _Hands, possible: _Hands) -> Iterator[UnknownFact]:
    """What makes the hands that may be in control of `party` more than those that are."""
    found = {party: None}
    queue = deque([party])
    while queue:
        name = queue.popleft()
        if possible[name] == sure[name]:
            continue
        if name not in parties:
            yield no_document(name)
            continue
        weighty = _weighty(name, parties, sure, possible)
        if UNKNOWN_HAND in weighty:
            yield from no_owners(name, parties)
        if _commanded_bp(name, parties, possible).get(name) == WHOLE_BP:
            yield ring(name)
        for part in weighty - found.keys() - {UNKNOWN_HAND}:
            found[part] = None
            queue.append(part)


def _weighty(name: str, parties: Parties, sure: _Hands, possible: _Hands) -> frozenset[str]:
    """The parts of `name` in unclear hands that matter for who controls it; '' for what is open.

    Beside a part that alone is half, small ones are left out if they cannot tip it together, with
    the greatest share that is known to be in one hand out of control.
    """
    left_bp = open_bp(name, parties)
    parts_bp, beside_bp = {UNKNOWN_HAND: left_bp}, {UNKNOWN_HAND: 0}
    for holding in holdings(name, parties):
        share_bp = holding.share_bp.value or left_bp
        if possible[holding.party] != sure[holding.party]:
            parts_bp[holding.party] = parts_bp.get(holding.party, 0) + share_bp
        elif holding.share_bp.known:
            for hand in sure[holding.party] - sure[name]:
                beside_bp[hand] = beside_bp.get(hand, 0) + share_bp
    votes_bp = WHOLE_BP - _commanded_bp(name, parties, sure).get(name, 0)
    parts_bp = {part: bp for part, bp in parts_bp.items() if bp}
    great = {part for part, bp in parts_bp.items() if 2 * bp >= votes_bp}
    small_bp = sum(bp for part, bp in parts_bp.items() if part not in great)
    if great and 2 * (small_bp + max(beside_bp.values())) < votes_bp:
        return frozenset(great)
    return frozenset(parts_bp)
