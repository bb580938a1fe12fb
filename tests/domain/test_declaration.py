"""Declarations: each fact takes its own kind of answer, and every slip is told with its mend."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.document import from_json
from allod.domain.site import Site
from allod.domain.vocabulary import QUESTIONS, AnswerKind
from allod.errors import InvalidDocument


def site(*declarations: Any) -> Site:
    document = from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Site",
            "metadata": {"name": "here"},
            "spec": {
                "title": "Here",
                "country": "NO",
                "operator": "op",
                "management": ["NO"],
                "metadata": ["NO"],
                "pools": [{"name": "p", "accelerator": "h100"}],
                "declarations": list(declarations),
            },
        }
    )
    assert from_json(document.to_json()) == document
    assert isinstance(document.spec, Site)
    return document.spec


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        ("csf-1.1", 4),
        ("csf-2.1", 3),
        ("csf-7.7", 5),
        ("sbom", False),
        ("logs-kept-months", 12),
        ("certificate-level", "substantial"),
        ("keys-held-by", "customer"),
        ("support-from", []),
        ("support-from", ["NO", "SE"]),
        ("remote-access-by", []),
        ("layer-chip", {"nvidia": 9000, "amd": 1000}),
    ],
)
def test_an_answer_of_its_kind_is_taken(fact: str, answer: Any) -> None:
    (item,) = site({"fact": fact, "answer": answer}).declarations
    assert item.answer == (tuple(answer) if isinstance(answer, list) else answer)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"fact": "csf-1.1", "answer": 5}, "not on its ladder.*write 1 .worst. to 4"),
        ({"fact": "csf-2.1", "answer": 4}, "write 1 .worst. to 3"),
        ({"fact": "csf-1.1", "answer": 0}, "not on its ladder"),
        ({"fact": "csf-1.1", "answer": True}, "not on its ladder"),
        ({"fact": "csf-9.1", "answer": 1}, "not a fact that can be declared.*csf-"),
        ({"fact": "country", "answer": "NO"}, "not a fact that can be declared"),
        ({"fact": "sbon", "answer": True}, "write 'sbom'"),
        ({"fact": "sbom", "answer": 1}, "neither true nor false"),
        ({"fact": "sbom", "answer": 1.5}, "is no answer"),
        ({"fact": "sbom", "answer": None}, "is no answer"),
        ({"fact": "logs-kept-months", "answer": -1}, "not a whole number"),
        ({"fact": "certificate-level", "answer": "gold"}, "none, basic, substantial, high"),
        ({"fact": "keys-held-by", "answer": True}, "customer, operator or a party"),
        ({"fact": "contract-law", "answer": []}, "names no country"),
        ({"fact": "contract-law", "answer": ["MA", "MA"]}, "different countries"),
        ({"fact": "contract-law", "answer": ["ma"]}, "write 'MA'"),
        ({"fact": "remote-stop-by", "answer": ["a", "a"]}, "different parties"),
        ({"fact": "layer-os", "answer": {"a": 6000, "b": 5000}}, "at most 10000"),
        ({"fact": "layer-os", "answer": {}}, "at most 10000"),
        ({"fact": "sbom", "answer": True, "grade": "proved"}, "'attested' or 'declared'"),
        ({"fact": "sbom", "answer": True, "grade": "attested"}, "by whom and until when"),
        (
            {"fact": "sbom", "answer": True, "grade": "attested", "by": "tuv"},
            "by whom and until when",
        ),
        (
            {"fact": "sbom", "answer": True, "until": "2026-01-01", "date": "2026-01-02"},
            "ends before it was said",
        ),
        ({"fact": "sbom", "answer": True, "untill": "2026-01-01"}, "write 'until'"),
    ],
)
def test_a_slip_is_told_with_its_mend(declaration: Any, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        site(declaration)


def test_a_fact_is_declared_once() -> None:
    with pytest.raises(InvalidDocument, match="answer 'sbom' twice"):
        site({"fact": "sbom", "answer": True}, {"fact": "sbom", "answer": False})


def test_every_ladder_has_three_to_five_answers() -> None:
    ladders = [item for item in QUESTIONS.values() if item.kind is AnswerKind.STEP]
    assert len(ladders) == 48
    assert {item.steps for item in ladders} == {3, 4, 5}
