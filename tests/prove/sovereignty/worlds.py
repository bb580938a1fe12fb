"""Sites for the statement: one that meets everything, and how to spoil one thing of it."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

from allod.domain.document import from_json
from allod.domain.party import Party
from allod.domain.site import Site
from allod.domain.vocabulary import QUESTIONS, AnswerKind
from allod.prove.sovereignty.facts import FactBase, fact_base
from allod.prove.sovereignty.grade import Grade

ON = Date(2026, 11, 22)
UNTIL = "2027-06-30"


def party(seat: Any, owners: dict[str, int | None] | None = None, **more: Any) -> Party:
    """A party whose rest is dispersed."""
    held = [
        {"party": name, "share_bp": "unknown" if share is None else share}
        for name, share in (owners or {}).items()
    ]
    spec = {"title": "A party", "seat": seat or "unknown", "owners": held, "dispersed": True}
    document = from_json(_document("Party", "p", {**spec, **more}))
    assert isinstance(document.spec, Party)
    return document.spec


def site(declarations: list[dict[str, Any]] | None = None, **more: Any) -> Site:
    """A site in France, run from there."""
    spec = {
        "title": "Here",
        "country": "FR",
        "operator": "op",
        "management": ["FR"],
        "metadata": ["FR"],
        "pools": [{"name": "p", "accelerator": "h100"}],
        "declarations": declarations or [],
        **more,
    }
    document = from_json(_document("Site", "here", spec))
    assert isinstance(document.spec, Site)
    return document.spec


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def best(country: str = "FR") -> dict[str, Any]:
    """The best answer to each fact that can be declared, for a site in `country`."""
    answers: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        match question.kind:
            case AnswerKind.STEP:
                answers[name] = question.steps
            case AnswerKind.YES_NO:
                answers[name] = True
            case AnswerKind.NUMBER:
                answers[name] = 12
            case AnswerKind.WORD:
                answers[name] = question.words[-1]
            case AnswerKind.HOLDER:
                answers[name] = "customer"
            case AnswerKind.COUNTRIES:
                answers[name] = [country]
            case AnswerKind.PARTIES:
                answers[name] = []
            case AnswerKind.SHARES:
                answers[name] = {"maker": 10_000}
    return answers


def attested(answers: dict[str, Any]) -> list[dict[str, Any]]:
    """Declarations that an auditor vouches for."""
    more = {"grade": "attested", "by": "An auditor", "until": UNTIL}
    return [{"fact": fact, "answer": answer, **more} for fact, answer in answers.items()]


def declared(answers: dict[str, Any]) -> list[dict[str, Any]]:
    """The same without anyone behind them."""
    return [{"fact": fact, "answer": answer} for fact, answer in answers.items()]


def register(country: str = "FR") -> dict[str, Party]:
    """An operator and a maker in `country`, each in many small hands."""
    return {"op": party(country), "maker": party(country)}


def everything(country: str = "FR") -> tuple[Site, dict[str, Party]]:
    """A site of which everything is in `country` and for the best."""
    there = site(attested(best(country)), country=country, management=[country], metadata=[country])
    return there, register(country)


def base_of(
    there: Site, parties: dict[str, Party], least: Grade = Grade.DECLARED, **more: Any
) -> FactBase:
    """The fact base of the site on the day of the tests."""
    return fact_base("here", there, parties, on=ON, least=least, **more)
