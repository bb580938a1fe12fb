"""Declaration: what a site says of itself, or has others vouch for, where no field asks for it."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from allod.domain.areas import check_country
from allod.domain.base import Name, Part, Text
from allod.domain.nearest import mend_of
from allod.domain.vocabulary import QUESTIONS, AnswerKind, Question

#: Names of parties and words that may be said.
_Word = Annotated[str, StringConstraints(max_length=64)]
_Share = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class DeclaredGrade(StrEnum):
    """How a declaration stands: a proof comes from the log, never from a document."""

    ATTESTED = "attested"  #: A named third party vouches for it until a day.
    DECLARED = "declared"  #: The site says so.


class Declaration(Part):
    """One fact, its answer, and who stands behind it."""

    fact: Text
    """Name of the fact, such as 'csf-1.1' or 'keys-held-by'."""
    answer: StrictBool | StrictInt | _Word | tuple[_Word, ...] | dict[Name, _Share]
    """A step of the ladder (1 is the worst), true or false, a number, a word, a list of countries
    or parties, or parties by share in basis points: as the fact asks."""
    grade: DeclaredGrade = DeclaredGrade.DECLARED
    """'attested' needs `by` and `until`."""
    by: Text = ""
    """Who vouches for it: a party's name or a title."""
    until: Date | None = None
    """Last day on which it holds; after that it is no more than declared."""
    date: Date | None = None
    """Day on which it was said; before that it is unknown."""
    source: Text = "this document"
    """Where it can be read: a title or address."""
    note: Text = ""

    @field_validator("answer", mode="before")
    @classmethod
    def _is_an_answer(cls, value: Any) -> Any:
        if not isinstance(value, bool | int | str | list | tuple | dict):
            raise ValueError(
                "is no answer; write it as the fact asks, or leave the declaration out"
            )
        return value

    @model_validator(mode="after")
    def _fits_the_fact(self) -> Declaration:
        question = QUESTIONS.get(self.fact)
        if question is None:
            mend = mend_of(self.fact, QUESTIONS, "the reference of documents lists them")
            raise ValueError(f"'{self.fact}' is not a fact that can be declared; {mend}")
        fault = _fault(question, self.answer)
        if fault:
            raise ValueError(f"the answer to '{self.fact}' {fault}")
        if self.grade is DeclaredGrade.ATTESTED and not (self.by and self.until):
            raise ValueError(
                f"'{self.fact}' is attested, but not by whom and until when; add 'by:' and 'until:'"
            )
        if self.until and self.date and self.until < self.date:
            raise ValueError(f"'{self.fact}' ends before it was said; write a later 'until'")
        return self


def _fault(question: Question, answer: Any) -> str:
    """What is wrong with `answer`, and the mend after '; '; nothing if it fits."""
    match question.kind:
        case AnswerKind.STEP:
            fits = type(answer) is int and 1 <= answer <= question.steps
            return "" if fits else f"is not on its ladder; write 1 (worst) to {question.steps}"
        case AnswerKind.YES_NO:
            return "" if type(answer) is bool else "is neither true nor false; write one of them"
        case AnswerKind.NUMBER:
            fits = type(answer) is int and 0 <= answer <= 100_000
            return "" if fits else "is not a whole number; write one of 0 to 100000"
        case AnswerKind.WORD:
            words = ", ".join(question.words)
            return "" if answer in question.words else f"is not one of its words; write {words}"
        case AnswerKind.HOLDER:
            fits = isinstance(answer, str)
            return "" if fits else "is no name; write customer, operator or a party"
        case AnswerKind.COUNTRIES:
            return _countries_fault(question, answer)
        case AnswerKind.PARTIES:
            fits = isinstance(answer, tuple) and len(set(answer)) == len(answer)
            return "" if fits else "is no list of different parties; write one: [a, b]"
        case AnswerKind.SHARES:
            fits = isinstance(answer, dict) and bool(answer) and sum(answer.values()) <= 10_000
            return "" if fits else "is no mapping of at most 10000; write {party: basis points}"


def _countries_fault(question: Question, answer: Any) -> str:
    if answer == () and not question.may_be_nowhere:
        return "names no country; write at least one, or leave the declaration out"
    if not isinstance(answer, tuple) or len(set(answer)) != len(answer):
        return "is no list of different countries; write one: [NO, SE]"
    for country in answer:
        try:
            check_country(country)
        except ValueError as error:
            return f"has '{country}': {error}"
    return ""
