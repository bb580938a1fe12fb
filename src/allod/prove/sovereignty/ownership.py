"""The facts about parties that a statement rests on: seats and shares of all whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allod.domain.fact import Fact, Standing
from allod.domain.holdings import seat_path, share_path
from allod.prove.sovereignty.control import CUSTOMER
from allod.prove.sovereignty.facts import FactBase, Stated
from allod.prove.sovereignty.grade import Grade, grade_of

_OPERATOR = "operator"  #: A holder of keys that is no name of a party.


def party_facts(base: FactBase) -> tuple[Stated, ...]:
    """Seat, shares and small hands of every party that the statement names, and of its owners.

    Those are the operator, and whoever supplies a layer, holds keys or has access from afar. A
    party without a document has an unknown seat.
    """
    found: list[Stated] = []
    for name in _concerned(base):
        if name not in base.parties:
            origin = f"Party/{name}"
            found.append(
                _stated(
                    f"seat-of-{name}",
                    Fact(standing=Standing.UNKNOWN),
                    origin,
                    "there is no document",
                )
            )
            continue
        party = base.parties[name]
        found.append(_stated(f"seat-of-{name}", party.seat, seat_path(name)))
        found += (
            _stated(f"share-of-{held.party}-in-{name}", held.share_bp, share_path(name, held))
            for held in party.owners
        )
        path = f"Party/{name}: spec.dispersed"
        found.append(_stated(f"rest-of-{name}-in-small-hands", party.dispersed, path))
    return tuple(sorted(found, key=lambda item: item.fact))


def _concerned(base: FactBase) -> tuple[str, ...]:
    """The parties that the facts name, and all owners above them, by name."""
    names = set(_named(base))
    waiting = sorted(names)
    while waiting:
        party = base.parties.get(waiting.pop())
        above = {holding.party for holding in party.owners} if party else set()
        waiting += sorted(above - names)
        names |= above
    return tuple(sorted(names))


def _named(base: FactBase) -> Iterator[str]:
    if base.operator.value is not None:
        yield base.operator.value
    for fact in ("remote-access-by", "remote-stop-by"):
        value = base.of(fact).value
        yield from (str(part) for part in value) if isinstance(value, tuple) else ()
    for fact, stated in base.stated.items():
        if fact.startswith("layer-") and isinstance(stated.value, tuple):
            yield from (str(part[0]) for part in stated.value)
    holder = base.of("keys-held-by").value
    if isinstance(holder, str) and holder not in (CUSTOMER, _OPERATOR):
        yield holder


def _stated(name: str, fact: Fact[Any], origin: str, note: str = "") -> Stated:
    grade = grade_of(fact.standing) if fact.known else Grade.UNKNOWN
    return Stated(
        fact=name,
        value=fact.value,
        grade=grade,
        origin=origin,
        source=fact.source if fact.known else "",
        by=fact.source if grade is Grade.ATTESTED else "",
        note=note or fact.note,
    )
