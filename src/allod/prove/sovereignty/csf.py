"""The verdict under the EU Cloud Sovereignty Framework: minimum first, then gate, then score.

The SEAL of an objective is the lowest of its criteria, the overall SEAL the lowest of all; no
average hides a gap. The contracting authority sets the least SEAL; only what reaches it has a
score, which ranks and no more. A criterion without a known answer counts as its worst answer.
All numbers are whole or fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allod.prove.sovereignty.evaluate import Answer, evaluate
from allod.prove.sovereignty.facts import FactBase
from allod.prove.sovereignty.frameworks.csf import BOUNDS, OBJECTIVES, SEAL_MAX, Criterion
from allod.prove.sovereignty.grade import Grade, weakest

#: What the Commission asked of its own Cloud III competition (April 2026).
LEAST_SEAL = 2
_OBJECTIVE_POINTS = 100_000  #: Nominal best of an objective in the calculator. [1/100]


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """One criterion: the answer that counts, and what it gives."""

    criterion: Criterion
    step: int  #: The answer that counts; 1 is the worst.
    seal: int
    points: int  #: [1/100]
    grade: Grade  #: Of the answer; unknown if there is none.
    note: str  #: Why another answer counts than the one given; may be empty.

    @property
    def known(self) -> bool:
        """True if an answer is known."""
        return self.grade is not Grade.UNKNOWN


@dataclass(frozen=True, slots=True)
class ObjectiveVerdict:
    """One objective: the lowest SEAL of its criteria, and the sum of their points."""

    id: str
    name: str
    seal: int
    grade: Grade  #: How well the SEAL stands.
    points: int  #: [1/100]
    criteria: tuple[CriterionVerdict, ...]

    @property
    def weakest(self) -> tuple[str, ...]:
        """The criteria that hold the SEAL down, by id; none at the highest SEAL."""
        if self.seal == SEAL_MAX:
            return ()
        return tuple(item.criterion.id for item in self.criteria if item.seal == self.seal)


@dataclass(frozen=True, slots=True)
class CsfVerdict:
    """The SEALs, the gate, and the score under both sets of weights."""

    seal: int
    least_seal: int
    objectives: tuple[ObjectiveVerdict, ...]
    score_2025: Fraction | None  #: v1.2.1; None if the gate is not passed. [%]
    score_2026: Fraction | None  #: Guidance of 2026; None if the gate is not passed. [%]

    @property
    def passed(self) -> bool:
        """True if the overall SEAL is what was asked, or more."""
        return self.seal >= self.least_seal

    @property
    def grade(self) -> Grade:
        """How well the overall SEAL stands: it rests on every objective."""
        return weakest(*(item.grade for item in self.objectives))

    @property
    def weakest(self) -> tuple[str, ...]:
        """The objectives that hold the overall SEAL down, by id; none at the highest SEAL."""
        if self.seal == SEAL_MAX:
            return ()
        return tuple(item.id for item in self.objectives if item.seal == self.seal)


def csf_verdict(
    base: FactBase, least_seal: int = LEAST_SEAL, claims: FactBase | None = None
) -> CsfVerdict:
    """What `base` comes to; `least_seal` is what the contracting authority asks (0 to 4).

    `claims` is the base of all that is claimed, where `base` leaves some of it out: what a site
    says against itself counts, however it stands.
    """
    refuted = {**_refuted(claims or base), **_refuted(base)}
    objectives = []
    for objective in OBJECTIVES:
        criteria = tuple(_of(item, base, refuted) for item in objective.criteria)
        seal = min(item.seal for item in criteria)
        points = sum(item.points for item in criteria)
        grade = _grade(criteria)
        objectives.append(
            ObjectiveVerdict(objective.id, objective.name, seal, grade, points, criteria)
        )
    overall = min(item.seal for item in objectives)
    passed = overall >= least_seal
    return CsfVerdict(
        seal=overall,
        least_seal=least_seal,
        objectives=tuple(objectives),
        score_2025=score_2025([item.seal for item in objectives]) if passed else None,
        score_2026=score_2026([item.points for item in objectives]) if passed else None,
    )


def score_2025(seals: Sequence[int]) -> Fraction:
    """The score of v1.2.1 from the SEAL of each objective, SOV-1 first. [%]

    Sum of Score(SOVn) / MaxScore(SOVn) * W_n, with the SEAL as score. 4,4,4,4,2,3,4,4 give 86.25 %,
    as Safespring published.
    """
    weights = (objective.weight_2025 for objective in OBJECTIVES)
    return sum(
        (Fraction(seal, SEAL_MAX) * weight for seal, weight in zip(seals, weights, strict=True)),
        Fraction(0),
    )


def score_2026(points: Sequence[int]) -> Fraction:
    """The score of the Guidance of 2026 from the points of each objective [1/100]. [%]

    Sum of Score(SOVn) / 1000 * W_n. All best answers give 100.0756 %, since the calculator rounds
    points to two digits and divides by a nominal 1000.
    """
    weights = (objective.weight_2026 for objective in OBJECTIVES)
    return sum(
        (
            Fraction(score, _OBJECTIVE_POINTS) * weight
            for score, weight in zip(points, weights, strict=True)
        ),
        Fraction(0),
    )


def decimal(value: Fraction) -> str:
    """`value` as an exact decimal number; all scores have one of at most five digits."""
    whole, rest = divmod(value.numerator * 10**5, value.denominator)
    assert rest == 0, "a score has at most five digits"
    return f"{whole // 10**5}.{whole % 10**5:05d}".rstrip("0").rstrip(".")


def _of(
    criterion: Criterion, base: FactBase, refuted: Mapping[str, tuple[str, Grade]]
) -> CriterionVerdict:
    stated = base.of(criterion.fact)
    steps = len(criterion.seals)
    grade, note = stated.grade, ""
    # The document checks the range; evidence comes from elsewhere, and what is off the ladder is
    # no answer to it.
    if isinstance(stated.value, int) and not isinstance(stated.value, bool):
        step = stated.value if 1 <= stated.value <= steps else 0
    else:
        step = 0
    if step == 0:
        known = "is not on the ladder" if stated.value is not None else "is not known"
        why = f" ({stated.note})" if stated.note else ""
        step, grade, note = 1, Grade.UNKNOWN, f"{criterion.fact} {known}{why}"
    elif step == steps and criterion.id in refuted:
        why, how_well = refuted[criterion.id]
        step, grade = steps - 1, weakest(grade, how_well)
        note = f"{stated.grade} as the best answer, but {why}"
    return CriterionVerdict(
        criterion, step, criterion.seals[step - 1], criterion.points[step - 1], grade, note
    )


def _refuted(base: FactBase) -> dict[str, tuple[str, Grade]]:
    """The criteria whose best answer the documents speak against: why, and how well that stands."""
    found = {}
    for bound in BOUNDS:
        finding = evaluate(bound.condition, base)
        if finding.answer is Answer.NO:
            found[bound.criterion] = (bound.why, finding.grade)
    return found


def _grade(criteria: Sequence[CriterionVerdict]) -> Grade:
    """How well the SEAL of the objective stands: it rests on every criterion that can lower it."""
    return weakest(*(item.grade for item in criteria if not item.criterion.inert))
