"""The control matrix: who can read, copy, stop, change and delete what, and under whose law.

Whoever runs the machines can do all of it, unless something is known to lock him out; an order to a
party reaches as far as its hands do, wherever the data lie. So the laws of a hand are those of its
seat and of the seats of all in control of it. What is not known is taken to be possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from allod.domain.control import controllers
from allod.domain.holdings import seat
from allod.prove.sovereignty.facts import FactBase
from allod.prove.sovereignty.grade import Grade, grade_of, weakest

#: Stands for a party, or a law, that is not known.
UNKNOWN = "?"
CUSTOMER = "customer"
_OWNS = "owns it"


class Asset(StrEnum):
    """What is controlled."""

    DATA = "data"
    WEIGHTS = "weights"
    KEYS = "keys"
    ADMIN_PLANE = "admin plane"


class Act(StrEnum):
    """What can be done with it."""

    READ = "read"
    COPY = "copy"
    STOP = "stop"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, order=True)
class Hand:
    """A party that can do it."""

    party: str  #: Its name; 'customer', or '?' if it is not known.
    how: str  #: By what it can, in a few words.
    laws: tuple[str, ...]  #: Countries whose law reaches it, sorted; '?' if some are not known.
    grade: Grade  #: How well it stands that this hand can.


@dataclass(frozen=True, slots=True)
class Cell:
    """One asset and one act."""

    asset: Asset
    act: Act
    hands: tuple[Hand, ...]  #: By name.
    locked_out: tuple[str, ...]  #: Who is known to be unable, and on whose word.
    grade: Grade  #: The weakest of the hands, and of what locks others out.

    @property
    def laws(self) -> tuple[str, ...]:
        """The countries whose law reaches a hand, sorted; '?' if some are not known."""
        return tuple(sorted({law for hand in self.hands for law in hand.laws}))


#: The fact that locks whoever runs the machines out of reading an asset.
_SEALS = {Asset.DATA: "data-sealed-from-operator", Asset.WEIGHTS: "weights-sealed-from-operator"}


def control_matrix(base: FactBase) -> tuple[Cell, ...]:
    """All cells, asset by asset and act by act, as `base` knows them."""
    return tuple(_cell(asset, act, base) for asset in Asset for act in Act)


def _cell(asset: Asset, act: Act, base: FactBase) -> Cell:
    hands: list[Hand] = []
    locked_out: list[str] = []
    grades: list[Grade] = []
    match asset:
        case Asset.KEYS:
            hands += _key_holders(base)
        case Asset.ADMIN_PLANE:
            hands += _running(base)
        case Asset.DATA | Asset.WEIGHTS:
            seal = base.of(_SEALS[asset])
            runs = list(_running(base))
            if act in (Act.READ, Act.COPY):
                if seal.value is True:
                    word = f" by {seal.by}" if seal.by else ""
                    locked_out += [f"{hand.party} [{seal.grade}{word}]" for hand in runs]
                    grades.append(seal.grade)
                    runs = []
                else:
                    runs = [replace(hand, grade=weakest(hand.grade, seal.grade)) for hand in runs]
                if act is Act.READ:
                    hands += _key_holders(base)
            hands += runs
            if act is not Act.STOP:
                hands.append(_customer(base))
    if act is Act.STOP and asset is not Asset.KEYS:
        hands += _afar("remote-stop-by", "can stop it from afar", base)
    joined = _joined(hands)
    # That the owner of a thing can do with it what it likes needs no evidence.
    grades += [hand.grade for hand in joined if hand.how != _OWNS]
    return Cell(asset, act, joined, tuple(sorted(set(locked_out))), weakest(*grades))


def _joined(hands: list[Hand]) -> tuple[Hand, ...]:
    """`hands` by name, each party once, with all that it can do it by."""
    found: dict[str, Hand] = {}
    for hand in sorted(set(hands)):
        first = found.get(hand.party, hand)
        ways = dict.fromkeys((*first.how.split("; "), *hand.how.split("; ")))
        laws = tuple(sorted({*first.laws, *hand.laws}))
        grade = weakest(first.grade, hand.grade)
        found[hand.party] = Hand(hand.party, "; ".join(ways), laws, grade)
    return tuple(found[name] for name in sorted(found))


def _running(base: FactBase) -> Iterator[Hand]:
    """Who runs the machines: the operator, and who reaches the admin plane from afar."""
    yield _operator(base)
    yield from _afar("remote-access-by", "reaches the admin plane from afar", base)


def _operator(base: FactBase) -> Hand:
    operator = base.operator
    if operator.value is None:
        return Hand(UNKNOWN, "the operator is not known", (UNKNOWN,), Grade.UNKNOWN)
    return hand_of(operator.value, "operates the site", grade_of(operator.standing), base)


def _afar(fact: str, how: str, base: FactBase) -> Iterator[Hand]:
    stated = base.of(fact)
    if not isinstance(stated.value, tuple):
        yield Hand(UNKNOWN, f"who {how} is not known", (UNKNOWN,), Grade.UNKNOWN)
        return
    for party in stated.value:
        yield hand_of(str(party), how, stated.grade, base)


def _key_holders(base: FactBase) -> Iterator[Hand]:
    stated = base.of("keys-held-by")
    match stated.value:
        case "customer":
            yield replace(_customer(base), how="holds the keys", grade=stated.grade)
        case "operator":
            hand = _operator(base)
            yield replace(hand, how="holds the keys", grade=weakest(hand.grade, stated.grade))
        case str(party):
            yield hand_of(party, "holds the keys", stated.grade, base)
        case _:
            how = "who holds the keys is not known"
            yield Hand(UNKNOWN, how, (UNKNOWN,), Grade.UNKNOWN)


def _customer(base: FactBase) -> Hand:
    """The customer: of a workload under the law of the project's seat; of a site under its own."""
    if not base.subject.startswith("Workload/"):
        return Hand(CUSTOMER, _OWNS, (), Grade.DECLARED)
    seat_of = base.of("project-seat")
    laws = seat_of.value if isinstance(seat_of.value, tuple) else (UNKNOWN,)
    return Hand(CUSTOMER, _OWNS, tuple(str(law) for law in laws), seat_of.grade)


def hand_of(party: str, how: str, grade: Grade, base: FactBase) -> Hand:
    """`party` as a hand, under the laws of its seat and of those in control of it."""
    found = controllers(party, base.parties)
    laws = {one.seat.value or UNKNOWN for one in found.controllers}
    if found.unknown or not seat(party, base.parties).known:
        laws.add(UNKNOWN)
    stands = weakest(grade, *(grade_of(one.standing) for one in found.controllers))
    return Hand(party, how, tuple(sorted(laws)), stands)
