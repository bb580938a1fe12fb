"""Standing: how a fact of a document counts in a statement, which may be less than it says."""

from __future__ import annotations

from datetime import date as Date
from typing import TypeVar

from allod.domain.fact import Fact, Standing
from allod.domain.party import Party
from allod.prove.sovereignty.grade import Grade, at_least, grade_of

T = TypeVar("T")

_NOBODY = "this document"  #: The source of a fact that names none.


def taken(fact: Fact[T], on: Date, least: Grade) -> Fact[T]:
    """`fact` as it counts on the day `on`: unknown if assumed, said later, or too weak.

    'proved' in a document, and 'attested' without a source, stand as declared.
    """
    standing, note = fact.standing, fact.note
    if standing is Standing.PROVED:
        standing, note = Standing.DECLARED, "called proved; no proof was brought"
    elif standing is Standing.ATTESTED and fact.source == _NOBODY:
        standing, note = Standing.DECLARED, "called attested; nobody is named"
    if fact.value is None or standing is Standing.ASSUMED or (fact.date and fact.date > on):
        why = "assumed by a scenario" if standing is Standing.ASSUMED else note
        return Fact(standing=Standing.UNKNOWN, source=fact.source, note=why)
    if not at_least(grade_of(standing), least):
        return Fact(standing=Standing.UNKNOWN, source=fact.source, note=f"only {standing.value}")
    return fact.model_copy(update={"standing": standing, "note": note})


def standing_party(party: Party, on: Date, least: Grade) -> Party:
    """`party` with its seat, shares and small hands as they count on the day `on`."""
    owners = tuple(
        holding.model_copy(update={"share_bp": taken(holding.share_bp, on, least)})
        for holding in party.owners
    )
    return party.model_copy(
        update={
            "seat": taken(party.seat, on, least),
            "owners": owners,
            "dispersed": taken(party.dispersed, on, least),
        }
    )
