"""The EU framework: golden scores, the minimum before the gate before the score, ladders."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.vocabulary import QUESTIONS, AnswerKind
from allod.prove.sovereignty.csf import csf_verdict, decimal, score_2025
from allod.prove.sovereignty.facts import Stated
from allod.prove.sovereignty.frameworks.csf import OBJECTIVES
from allod.prove.sovereignty.grade import Grade
from tests.prove.sovereignty.worlds import (
    base_of,
    best,
    declared,
    everything,
    party,
    register,
    site,
)

CRITERIA = [criterion for objective in OBJECTIVES for criterion in objective.criteria]
LADDERS = {criterion.fact: len(criterion.seals) for criterion in CRITERIA}


def test_the_published_score_of_v1_2_1_comes_out() -> None:
    score = score_2025([4, 4, 4, 4, 2, 3, 4, 4])
    assert score == Fraction("86.25")
    assert decimal(score) == "86.25"


def test_all_best_answers_score_as_the_calculator_does() -> None:
    verdict = csf_verdict(base_of(*everything()), least_seal=4)
    assert verdict.score_2026 == Fraction("100.0756")
    assert decimal(verdict.score_2026) == "100.0756"
    assert verdict.score_2025 == 100
    assert (verdict.seal, verdict.passed, verdict.weakest) == (4, True, ())
    points = [objective.points for objective in verdict.objectives]
    assert points == [100_003, 100_200, 100_000, 100_200, 100_100, 100_000, 100_100, 100_000]


def test_the_example_of_the_workbook_sums_to_its_points() -> None:
    # Answers to 1.1 to 1.8 but 1.6: 125.01 + 62.5 + 41.67 + 93.75 + 62.5 + 83 + 62.5.
    steps = {1: 4, 2: 3, 3: 2, 4: 4, 5: 3, 7: 3, 8: 3}
    answers = {f"csf-1.{number}": step for number, step in steps.items()}
    verdict = csf_verdict(base_of(site(declared(answers)), register()))
    assert verdict.objectives[0].points == 53_093


def test_the_tables_are_whole() -> None:
    assert [len(objective.criteria) for objective in OBJECTIVES] == [8, 6, 5, 6, 7, 5, 7, 4]
    inert = [sum(item.inert for item in objective.criteria) for objective in OBJECTIVES]
    assert inert == [5, 1, 0, 0, 1, 0, 1, 1]
    assert [objective.weight_2025 for objective in OBJECTIVES] == [15, 10, 10, 15, 20, 15, 10, 5]
    assert [objective.weight_2026 for objective in OBJECTIVES] == [20, 10, 10, 15, 10, 15, 15, 5]
    asked = {
        name: question.steps
        for name, question in QUESTIONS.items()
        if question.kind is AnswerKind.STEP
    }
    assert asked == LADDERS
    for criterion in CRITERIA:
        assert len(criterion.points) == len(criterion.seals)
        assert all(low <= high for low, high in pairwise(criterion.seals))
        assert all(low < high for low, high in pairwise(criterion.points))
        assert (criterion.points[0], criterion.seals[-1]) == (0, 4)


def test_four_criteria_pass_seal_2_with_their_best_answer_alone() -> None:
    cliffs = [item.id for item in CRITERIA if not item.inert and item.seals[-2] < 2]
    assert cliffs == ["2.1", "2.3", "3.4", "7.7"]


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda item: item.id)
def test_one_criterion_alone_holds_the_seal_down(criterion: Any) -> None:
    for step, seal in enumerate(criterion.seals, 1):
        answers = {**best(), criterion.fact: step}
        verdict = csf_verdict(base_of(site(declared(answers)), register()), least_seal=2)
        assert verdict.seal == seal
        assert (verdict.score_2026 is not None) == (seal >= 2)
        if seal < 4:
            objective = f"SOV-{criterion.id[0]}"
            assert verdict.weakest == (objective,)


@given(
    st.fixed_dictionaries({fact: st.integers(1, steps) for fact, steps in LADDERS.items()}),
    st.sampled_from(sorted(LADDERS)),
    st.booleans(),
)
def test_a_worse_answer_never_gives_a_better_seal_or_score(
    answers: dict[str, int], worse: str, unknown: bool
) -> None:
    lower = {fact: step for fact, step in answers.items() if fact != worse}
    if not unknown:
        lower[worse] = max(1, answers[worse] - 1)
    before = csf_verdict(base_of(site(declared(answers)), register()), least_seal=0)
    after = csf_verdict(base_of(site(declared(lower)), register()), least_seal=0)
    assert after.seal <= before.seal
    for one, other in zip(after.objectives, before.objectives, strict=True):
        assert (one.seal <= other.seal, one.points <= other.points) == (True, True)
    assert before.score_2025 is not None and after.score_2025 is not None
    assert before.score_2026 is not None and after.score_2026 is not None
    assert after.score_2025 <= before.score_2025
    assert after.score_2026 <= before.score_2026


def test_an_unknown_answer_is_the_worst_and_is_named() -> None:
    answers = best()
    del answers["csf-3.4"]
    verdict = csf_verdict(base_of(site(declared(answers)), register()))
    location = verdict.objectives[2].criteria[3]
    assert (location.step, location.seal, location.grade) == (1, 0, Grade.UNKNOWN)
    assert location.note == "csf-3.4 is not known"
    assert (verdict.seal, verdict.score_2025, verdict.score_2026) == (0, None, None)


def test_an_answer_off_the_ladder_is_no_answer() -> None:
    there, parties = everything()
    for value in (0, 6, True, "5"):
        proof = Stated(fact="csf-7.7", value=value, grade=Grade.PROVED, origin="log leaf 1")
        verdict = csf_verdict(base_of(there, parties, evidence=[proof]))
        assert verdict.objectives[6].criteria[6].note == "csf-7.7 is not on the ladder"
        assert verdict.seal == 1


@pytest.mark.parametrize(
    ("more", "held_down"),
    [
        ({"country": "NO"}, {"3.4": 1}),
        ({"metadata": ["FR", "US"]}, {"3.4": 1, "7.4": 3}),
        ({"operator": "abroad"}, {"1.1": 3, "2.1": 1}),
        ({"operator": "daughter"}, {"1.1": 3}),
        ({"country": "unknown", "operator": "nobody-knows"}, {}),
    ],
)
def test_documents_hold_down_a_best_answer_that_they_refute(
    more: dict[str, Any], held_down: dict[str, int]
) -> None:
    parties = {
        **register(),
        "abroad": party("US"),
        "daughter": party("FR", {"abroad": 10_000}),
    }
    verdict = csf_verdict(base_of(site(declared(best()), **more), parties))
    found = {
        item.criterion.id: item.seal
        for objective in verdict.objectives
        for item in objective.criteria
        if item.note
    }
    assert found == held_down


def test_evidenced_leaves_out_what_is_only_declared() -> None:
    there = site(declared(best()))
    claimed = csf_verdict(base_of(there, register()))
    evidenced = csf_verdict(base_of(there, register(), Grade.ATTESTED))
    assert (claimed.seal, evidenced.seal) == (4, 0)
    note = evidenced.objectives[2].criteria[0].note
    assert note == "csf-3.1 is not known (only declared)"


def test_what_a_site_says_against_itself_counts_however_it_stands() -> None:
    there, parties = everything()
    abroad = there.model_copy(update={"country": site(country="NO").country})
    claims = base_of(abroad, parties)
    evidenced = base_of(abroad, parties, Grade.ATTESTED)
    assert csf_verdict(claims).seal == 1
    assert csf_verdict(evidenced, claims=claims).seal == 1


def test_documents_never_raise_an_answer() -> None:
    for step, seal in enumerate((0, 0, 1, 1, 1), 1):
        there = site(declared({**best(), "csf-3.4": step}), country="NO")
        location = csf_verdict(base_of(there, register())).objectives[2].criteria[3]
        assert (location.step, location.seal) == (min(step, 4), seal)
