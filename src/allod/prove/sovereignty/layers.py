"""The layers of the statement: how much of each is at home, and which is the weakest.

The chain is as strong as its weakest layer. A layer is at home if all of it is known to be under
the law of home; there is no average, so that twelve good layers hide no thirteenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allod.domain.areas import expand
from allod.domain.holdings import WHOLE_BP
from allod.prove.sovereignty.conditions import ControlWithin
from allod.prove.sovereignty.control import CUSTOMER, UNKNOWN, Act, Asset, Cell
from allod.prove.sovereignty.dependencies import Dependency
from allod.prove.sovereignty.evaluate import Answer, evaluate, percent, said
from allod.prove.sovereignty.facts import FactBase
from allod.prove.sovereignty.grade import Grade


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, and how much of it is known to be at home."""

    name: str
    home_bp: int  #: Share that is known to be under the law of home. [basis points]
    grade: Grade
    says: str  #: In plain words.

    @property
    def at_home(self) -> bool:
        """True if all of it is known to be at home."""
        return self.home_bp == WHOLE_BP


#: Layers that are places: the facts that say where, and what is there.
_PLACES = (
    ("storage", "data are stored in"),
    ("processing", "data are processed in"),
    ("management", "it is managed from"),
    ("metadata", "logs and metadata are kept in"),
)


def layers_of(
    base: FactBase, home: tuple[str, ...], matrix: Sequence[Cell], deps: Sequence[Dependency]
) -> tuple[Layer, ...]:
    """All layers, from the place to the owner; `home` are countries and areas, maybe none."""
    inside = expand(home)
    return (
        *(_place(fact, words, base, inside) for fact, words in _PLACES),
        _control(base, home),
        _keys(matrix, inside),
        *(_dependency(item, inside) for item in deps),
    )


def weakest_layers(layers: Sequence[Layer]) -> tuple[str, ...]:
    """The layers of which the least is at home, by name; none if all of each is."""
    least = min(layer.home_bp for layer in layers)
    if least == WHOLE_BP:
        return ()
    return tuple(layer.name for layer in layers if layer.home_bp == least)


def _place(fact: str, words: str, base: FactBase, inside: frozenset[str]) -> Layer:
    stated = base.of(fact)
    if not isinstance(stated.value, tuple) or not stated.value:
        why = f" ({stated.note})" if stated.note else ""
        return Layer(fact, 0, Grade.UNKNOWN, f"it is not known where{why}")
    at_home = sum(str(country) in inside for country in stated.value)
    text = f"{words} {said(stated.value)}"
    return Layer(fact, WHOLE_BP * at_home // len(stated.value), stated.grade, text)


def _control(base: FactBase, home: tuple[str, ...]) -> Layer:
    found = evaluate(ControlWithin(home), base)
    match found.answer:
        case Answer.YES:
            text = "everyone in control of the operator has its seat at home"
            return Layer("control", WHOLE_BP, found.grade, text)
        case Answer.NO | Answer.UNKNOWN:
            return Layer("control", 0, found.grade, "; ".join(found.reasons))


def _keys(matrix: Sequence[Cell], inside: frozenset[str]) -> Layer:
    """At home if only the customer holds the keys, or whoever does is under the law of home."""
    (cell,) = (item for item in matrix if (item.asset, item.act) == (Asset.KEYS, Act.READ))
    held = [hand for hand in cell.hands if hand.party != CUSTOMER]
    at_home = all(law in inside for hand in held for law in hand.laws)
    if any(hand.party == UNKNOWN for hand in held):
        return Layer("keys", 0, Grade.UNKNOWN, "it is not known who holds the keys")
    names = ", ".join(f"{hand.party} (law of {', '.join(hand.laws)})" for hand in held)
    text = f"the keys to customer data are with {names or 'the customer alone'}"
    return Layer("keys", WHOLE_BP if at_home else 0, cell.grade, text)


def _dependency(item: Dependency, inside: frozenset[str]) -> Layer:
    party, party_bp = item.largest_party
    country, country_bp = item.largest_country
    if not country_bp and not party_bp:  # Nothing but what is unknown.
        return Layer(item.layer, 0, Grade.UNKNOWN, "who is behind it is not known")
    parts = [f"{percent(country_bp)} from {country}"] if country_bp else []
    if party_bp:
        parts.append(f"the most, {percent(party_bp)}, by {party}")
    if item.unknown_bp:
        parts.append(f"{percent(item.unknown_bp)} from nobody knows where")
    return Layer(item.layer, item.within_bp(inside), item.grade, "; ".join(parts))
