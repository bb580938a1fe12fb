"""Evaluate: whether the facts meet a condition, with all reasons and how well the answer stands.

Yes, no and unknown are three answers; only yes meets a condition (L4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, assert_never

from allod.domain.areas import expand
from allod.domain.control import controllers
from allod.domain.fact import Fact
from allod.domain.foreign_share import foreign_holders, foreign_share
from allod.domain.holdings import WHOLE_BP, holdings
from allod.prove.sovereignty.conditions import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    ControlWithin,
    MajorityWithin,
    NotEncoded,
    OneOf,
    OwnedWithin,
    Touches,
    Within,
    Yes,
)
from allod.prove.sovereignty.facts import FactBase, Stated, Value
from allod.prove.sovereignty.grade import Grade, grade_of, strongest, weakest


class Answer(StrEnum):
    """What the facts say to a condition."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to a condition."""

    answer: Answer
    grade: Grade  #: How well the answer stands; unknown if it is not known.
    reasons: tuple[str, ...]  #: What speaks against yes; empty if it is one.
    unknown: tuple[str, ...] = ()  #: The facts that are missing.


def evaluate(condition: Condition, base: FactBase) -> Finding:
    """What `base` says to `condition`."""
    match condition:
        case Yes() | AtLeast() | OneOf() | Within() | Touches():
            return _on_fact(condition, base.of(condition.fact))
        case ControlWithin(places):
            return _control_within(places, base)
        case OwnedWithin():
            return _owned_within(condition, base)
        case MajorityWithin(places):
            return _majority_within(places, base)
        case All(parts):
            return _all(tuple(evaluate(part, base) for part in parts))
        case AnyOf(parts):
            return _any(tuple(evaluate(part, base) for part in parts))
        case NotEncoded(why):
            return Finding(Answer.UNKNOWN, Grade.UNKNOWN, (why,))
        case _:
            assert_never(condition)


def _on_fact(condition: Yes | AtLeast | OneOf | Within | Touches, stated: Stated) -> Finding:
    """The finding on the one fact that `condition` asks for."""
    value = stated.value
    if value is None:
        why = f" ({stated.note})" if stated.note else ""
        reason = f"{stated.fact} is not known{why}"
        return Finding(Answer.UNKNOWN, Grade.UNKNOWN, (reason,), (stated.fact,))
    match condition:
        case Yes():
            holds, needed = value is True, "true"
        case AtLeast(_, least):
            holds, needed = isinstance(value, int) and value >= least, f"{least} or more"
        case OneOf(_, words):
            holds, needed = value in words, " or ".join(words)
        case Within(_, places):
            holds, needed = _countries(value) <= expand(places), _written("in", places)
        case Touches(_, places):
            holds, needed = bool(_countries(value) & expand(places)), _written("in", places)
        case _:
            assert_never(condition)
    if holds:
        return Finding(Answer.YES, stated.grade, ())
    reason = f"{stated.fact} is {said(value)}, not {needed}"
    return Finding(Answer.NO, stated.grade, (reason,))


def said(value: Value | None) -> str:
    """A value as a sentence quotes it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(
            part if isinstance(part, str) else f"{part[0]} {part[1]} bp" for part in value
        ) or ("nowhere")
    return str(value)


def percent(basis_points: int | Fraction) -> str:
    """Basis points as per cent, to two digits, cut."""
    whole = int(basis_points)
    return f"{whole // 100}.{whole % 100:02d} %"


def _written(word: str, places: tuple[str, ...]) -> str:
    return f"{word} {', '.join(places)}"


def _countries(value: Value) -> frozenset[str]:
    return frozenset(str(part) for part in value) if isinstance(value, tuple) else frozenset()


def _all(parts: tuple[Finding, ...]) -> Finding:
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    unknown = tuple(sorted({fact for part in parts for fact in part.unknown}))
    no = [part.grade for part in parts if part.answer is Answer.NO]
    if no:
        return Finding(Answer.NO, strongest(*no), reasons, unknown)
    if any(part.answer is Answer.UNKNOWN for part in parts):
        return Finding(Answer.UNKNOWN, Grade.UNKNOWN, reasons, unknown)
    return Finding(Answer.YES, weakest(*(part.grade for part in parts)), ())


def _any(parts: tuple[Finding, ...]) -> Finding:
    yes = [part.grade for part in parts if part.answer is Answer.YES]
    if yes:
        return Finding(Answer.YES, strongest(*yes), ())
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    unknown = tuple(sorted({fact for part in parts for fact in part.unknown}))
    if all(part.answer is Answer.NO for part in parts):
        return Finding(Answer.NO, weakest(*(part.grade for part in parts)), reasons)
    return Finding(Answer.UNKNOWN, Grade.UNKNOWN, reasons, unknown)


def _no_operator(base: FactBase) -> Finding:
    return Finding(Answer.UNKNOWN, Grade.UNKNOWN, ("operator is not known",), ("operator",))


def _missing(unknown: list[tuple[str, str]]) -> Finding:
    reasons = tuple(f"{path}: {why}" for path, why in unknown)
    return Finding(Answer.UNKNOWN, Grade.UNKNOWN, reasons, tuple(path for path, _ in unknown))


def _control_within(places: tuple[str, ...], base: FactBase) -> Finding:
    operator = base.operator
    if operator.value is None:
        return _no_operator(base)
    inside = expand(places)
    found = controllers(operator.value, base.parties)
    outside = [one for one in found.controllers if one.seat.known and one.seat.value not in inside]
    rests_on = grade_of(operator.standing)
    if outside:
        reasons = tuple(
            f"{one.party} of {one.seat.value} is in control of the operator "
            f"({' < '.join(one.chain)})"
            if len(one.chain) > 1
            else f"the operator {one.party} has its seat in {one.seat.value}"
            for one in outside
        )
        grade = strongest(*(weakest(grade_of(one.standing), rests_on) for one in outside))
        return Finding(Answer.NO, grade, reasons, tuple(fact.path for fact in found.unknown))
    if found.unknown:
        return _missing([(fact.path, fact.why) for fact in found.unknown])
    return Finding(Answer.YES, ownership_grade(base), ())


def ownership_grade(base: FactBase) -> Grade:
    """The weakest grade of the operator and of all seats and shares on the way to its owners."""
    grades = [grade_of(base.operator.standing)]
    seen: set[str] = set()
    names = [base.operator.value] if base.operator.value else []
    while names:
        name = names.pop()
        if name in seen or name not in base.parties:
            continue
        seen.add(name)
        party = base.parties[name]
        facts: tuple[Fact[Any], ...] = (party.seat, party.dispersed)
        facts += tuple(holding.share_bp for holding in party.owners)
        grades += [grade_of(fact.standing) for fact in facts if fact.known]
        names += [holding.party for holding in holdings(name, base.parties)]
    return weakest(*grades)


def _owned_within(condition: OwnedWithin, base: FactBase) -> Finding:
    operator = base.operator.value
    if operator is None:
        return _no_operator(base)
    inside = expand(condition.places)
    share = foreign_share(operator, inside, base.parties)
    # What the operator would hold of itself is in many small hands, none of which counts alone.
    ends = foreign_holders(operator, inside, base.parties)
    holders = {name: part for name, part in ends.items() if name != operator}
    hands = _hands(holders, inside, base)
    outside = _written("outside", condition.places)
    reasons = [
        f"{hand} holds {percent(held)} from {outside}; at most {percent(condition.each_max_bp)}"
        for hand, its in hands.items()
        if (held := _sum_bp(holders, its)) > condition.each_max_bp
    ]
    if share.known_bp > condition.together_max_bp:
        reasons.append(
            f"{percent(share.known_bp)} is held from {outside}; "
            f"at most {percent(condition.together_max_bp)}"
        )
    # Holders whose own owners are not known may all be in the one hand that holds the most, and
    # so may all that is not listed.
    loose = {name: controllers(name, base.parties).unknown for name in holders}
    loose = {name: facts for name, facts in loose.items() if facts}
    most_bp = max(_sum_bp(holders, {*its, *loose}) for its in (*hands.values(), frozenset[str]()))
    open_bp = share.possible_bp - share.known_bp
    missing = list(share.unknown)
    if most_bp > condition.each_max_bp:
        missing += [fact for facts in loose.values() for fact in facts]
    if reasons:
        paths = tuple(sorted({fact.path for fact in missing}))
        return Finding(Answer.NO, ownership_grade(base), tuple(reasons), paths)
    if missing and (
        most_bp + open_bp > condition.each_max_bp or share.possible_bp > condition.together_max_bp
    ):
        return _missing(sorted({(fact.path, fact.why) for fact in missing}))
    return Finding(Answer.YES, ownership_grade(base), ())


def _hands(
    holders: Mapping[str, Fraction], inside: frozenset[str], base: FactBase
) -> dict[str, frozenset[str]]:
    """The holders outside that each hand commands; the hand has its own seat outside too."""
    found: dict[str, frozenset[str]] = {}
    for holder in holders:
        for one in controllers(holder, base.parties).controllers:
            if one.seat.known and one.seat.value not in inside:
                found[one.party] = found.get(one.party, frozenset()) | {holder}
    return dict(sorted(found.items()))


def _sum_bp(holders: Mapping[str, Fraction], names: Iterable[str]) -> Fraction:
    return sum((holders[name] for name in names), Fraction(0)) * WHOLE_BP


def _majority_within(places: tuple[str, ...], base: FactBase) -> Finding:
    operator = base.operator.value
    if operator is None:
        return _no_operator(base)
    inside = expand(places)
    share = foreign_share(operator, inside, base.parties)
    outside_bp = sum(foreign_holders(operator, inside, base.parties).values()) * WHOLE_BP
    if 2 * outside_bp >= WHOLE_BP:
        reason = f"{percent(share.known_bp)} is held from {_written('outside', places)}"
        paths = tuple(fact.path for fact in share.unknown)
        return Finding(Answer.NO, ownership_grade(base), (f"{reason}; half or more",), paths)
    if share.unknown and 2 * share.possible_bp >= WHOLE_BP:
        return _missing([(fact.path, fact.why) for fact in share.unknown])
    return Finding(Answer.YES, ownership_grade(base), ())
