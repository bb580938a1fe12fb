"""The shares of one party: what is listed, what is left, and which facts about it are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from allod.domain.fact import Fact, Standing
from allod.domain.party import Holding, Party
from allod.domain.said import Said, said

Parties = Mapping[str, Party]

WHOLE_BP = 10_000  #: All shares of a party. [basis points]

#: Stands for the hand that is not known; no party can have this name.
UNKNOWN_HAND = ""
_NO_SEAT: Fact[str] = Fact(standing=Standing.UNKNOWN)
_STRENGTH = {standing: place for place, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True, order=True)
class UnknownFact:
    """A fact that is asked for and not known."""

    path: str  #: Document and path in it, such as 'Party/aker: spec.seat'.
    why: str  #: What is missing, as a clause.
    says: Said | None = field(default=None, compare=False)  #: The same by code, where it has one.


def weakest(*standings: Standing) -> Standing:
    """The standing of what rests on all of these."""
    return max(standings, key=_STRENGTH.__getitem__)


def holdings(name: str, parties: Parties) -> Iterator[Holding]:
    """The listed holdings of `name` that are not known to be nothing."""
    owners = parties[name].owners if name in parties else ()
    return (holding for holding in owners if holding.share_bp.value != 0)


def seat(name: str, parties: Parties) -> Fact[str]:
    """The seat of `name`; not known if there is no document of it."""
    return parties[name].seat if name in parties else _NO_SEAT


def has_open_share(name: str, parties: Parties) -> bool:
    """True if an owner of `name` is listed without a known share."""
    return any(not holding.share_bp.known for holding in holdings(name, parties))


def rest_bp(name: str, parties: Parties) -> int:
    """What is left of `name` when the known shares are taken off. [basis points]"""
    return WHOLE_BP - sum(holding.share_bp.value or 0 for holding in holdings(name, parties))


def open_bp(name: str, parties: Parties) -> int:
    """The rest of `name` if it may be in one hand, that is, not known to be dispersed. [bp]

    What is dispersed is left over by the listed owners, so it is not known while a share is not.
    """
    dispersed = parties[name].dispersed.value and not has_open_share(name, parties)
    return 0 if dispersed else rest_bp(name, parties)


def share_path(name: str, holding: Holding) -> str:
    """Where the share stands, as a scenario names it."""
    return f"Party/{name}: spec.owners.{holding.party}.share_bp"


def assumed_shares(name: str, parties: Parties) -> Iterator[str]:
    """Where a share of `name` stands, or that its rest is dispersed, if a scenario filled it in."""
    if name in parties and parties[name].dispersed.standing is Standing.ASSUMED:
        yield f"Party/{name}: spec.dispersed"
    for holding in holdings(name, parties):
        if holding.share_bp.standing is Standing.ASSUMED:
            yield share_path(name, holding)


def seat_path(name: str) -> str:
    """Where the seat stands, as a scenario names it."""
    return f"Party/{name}: spec.seat"


def no_document(name: str) -> UnknownFact:
    """The fact that `name` is a party that nothing is known of."""
    return UnknownFact(
        f"Party/{name}", "there is no document of this party", said("no-party-document")
    )


def no_seat(name: str) -> UnknownFact:
    """The fact that the seat of `name` is not known."""
    return UnknownFact(seat_path(name), "the seat is not known", said("no-seat"))


def ring(name: str) -> UnknownFact:
    """The fact that the owners of `name` lead back to itself and to nobody else."""
    path, why = f"Party/{name}: spec.owners", "it is owned in a ring with nobody outside"
    return UnknownFact(path, why, said("owned-in-ring"))


def no_owners(name: str, parties: Parties) -> Iterator[UnknownFact]:
    """What is missing about the open rest: shares without value, or else owners not listed."""
    if not has_open_share(name, parties):
        left_bp = rest_bp(name, parties)
        yield UnknownFact(
            f"Party/{name}: spec.owners",
            f"who holds {left_bp} of {WHOLE_BP} basis points is not known",
            said("holders-not-known", bp=left_bp),
        )
    for holding in holdings(name, parties):
        if not holding.share_bp.known:
            yield UnknownFact(
                share_path(name, holding), "the share is not known", said("share-not-known")
            )
