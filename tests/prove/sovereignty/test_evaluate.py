"""Conditions: three answers, all reasons, and how well an answer stands; every small case."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from allod.prove.sovereignty.conditions import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    NotEncoded,
    OneOf,
    Touches,
    Within,
    Yes,
)
from allod.prove.sovereignty.evaluate import Answer, Finding, evaluate, percent, said
from allod.prove.sovereignty.facts import FactBase, Stated
from allod.prove.sovereignty.grade import Grade
from tests.prove.sovereignty.worlds import base_of, register, site

#: A fact by its value and grade; None is one that nobody states.
CASES: list[tuple[bool, Grade] | None] = [
    None,
    *product((True, False), (Grade.PROVED, Grade.ATTESTED, Grade.DECLARED)),
]


def facts(**values: Any) -> FactBase:
    found = []
    for name, item in values.items():
        value, grade = item if isinstance(item, tuple) and len(item) == 2 else (item, Grade.PROVED)
        if value is not None:
            found.append(Stated(fact=name, value=value, grade=grade, origin=f"leaf {name}"))
    return base_of(site(), register(), evidence=found)


def asked(make: Any, cases: tuple[Any, ...]) -> Finding:
    names = ("a", "b")[: len(cases)]
    base = facts(**{name: case or (None, None) for name, case in zip(names, cases, strict=True)})
    condition: Condition = make(tuple(Yes(name) for name in names))
    return evaluate(condition, base)


def answers(cases: tuple[Any, ...]) -> list[bool | None]:
    return [case[0] if case else None for case in cases]


STRENGTH = [Grade.PROVED, Grade.ATTESTED, Grade.DECLARED]


@pytest.mark.parametrize("cases", list(product(CASES, repeat=2)))
def test_all_holds_if_each_part_does_and_stands_as_the_weakest(cases: tuple[Any, ...]) -> None:
    found, values = asked(All, cases), answers(cases)
    if False in values:
        grades = [case[1] for case in cases if case and not case[0]]
        assert (found.answer, found.grade) == (Answer.NO, min(grades, key=STRENGTH.index))
    elif None in values:
        assert (found.answer, found.grade) == (Answer.UNKNOWN, Grade.UNKNOWN)
    else:
        grades = [case[1] for case in cases]
        assert (found.answer, found.grade) == (Answer.YES, max(grades, key=STRENGTH.index))
    assert len(found.reasons) == sum(value is not True for value in values)
    assert len(found.unknown) == values.count(None)


@pytest.mark.parametrize("cases", list(product(CASES, repeat=2)))
def test_any_holds_if_one_part_does_and_stands_as_the_strongest(cases: tuple[Any, ...]) -> None:
    found, values = asked(AnyOf, cases), answers(cases)
    if True in values:
        grades = [case[1] for case in cases if case and case[0]]
        assert (found.answer, found.grade) == (Answer.YES, min(grades, key=STRENGTH.index))
        assert found.reasons == ()
    elif None in values:
        assert (found.answer, found.grade) == (Answer.UNKNOWN, Grade.UNKNOWN)
        assert len(found.unknown) == values.count(None)
    else:
        grades = [case[1] for case in cases]
        assert (found.answer, found.grade) == (Answer.NO, max(grades, key=STRENGTH.index))


@pytest.mark.parametrize(
    ("condition", "value", "answer"),
    [
        (AtLeast("a", 12), 12, Answer.YES),
        (AtLeast("a", 12), 11, Answer.NO),
        (OneOf("a", ("x", "y")), "y", Answer.YES),
        (OneOf("a", ("x", "y")), "z", Answer.NO),
        (Within("a", ("eu",)), ("FR", "DE"), Answer.YES),
        (Within("a", ("eu",)), ("FR", "NO"), Answer.NO),
        (Within("a", ("eea",)), ("FR", "NO"), Answer.YES),
        (Touches("a", ("MA",)), ("FR", "MA"), Answer.YES),
        (Touches("a", ("MA",)), ("FR",), Answer.NO),
        (Yes("a"), 1, Answer.NO),  # A number is not a yes.
        (NotEncoded("no text"), True, Answer.UNKNOWN),
    ],
)
def test_each_condition_on_one_fact(condition: Condition, value: Any, answer: Answer) -> None:
    base = base_of(
        site(), register(), evidence=[Stated(fact="a", value=value, grade=Grade.PROVED, origin="l")]
    )
    found = evaluate(condition, base)
    assert found.answer is answer
    assert (found.reasons == ()) == (answer is Answer.YES)


def test_values_and_shares_are_told_in_words() -> None:
    assert [said(value) for value in (None, True, False, 3, "x", ())] == [
        "unknown",
        "true",
        "false",
        "3",
        "x",
        "nowhere",
    ]
    assert said((("a", 9000), ("b", 1000))) == "a 9000 bp, b 1000 bp"
    assert [percent(bp) for bp in (0, 1, 3901, 10_000)] == [
        "0.00 %",
        "0.01 %",
        "39.01 %",
        "100.00 %",
    ]
