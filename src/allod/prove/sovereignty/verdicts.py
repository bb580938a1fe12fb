"""Verdicts: what the facts come to under a framework of points in levels.

A level is reached if each of its points is met, and each of all levels below. A point that is not
known is not met, and says which fact is missing. The EU framework with its ladders is in `csf`.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.prove.sovereignty.conditions import Framework, Point
from allod.prove.sovereignty.evaluate import Answer, evaluate
from allod.prove.sovereignty.facts import FactBase
from allod.prove.sovereignty.frameworks.cada import CADA
from allod.prove.sovereignty.frameworks.morocco import MOROCCO
from allod.prove.sovereignty.frameworks.secnumcloud import SECNUMCLOUD
from allod.prove.sovereignty.grade import Grade, weakest

#: In the order in which the statement gives them.
FRAMEWORKS: tuple[Framework, ...] = (MOROCCO, SECNUMCLOUD, CADA)


@dataclass(frozen=True, slots=True)
class PointVerdict:
    """One point: met or not, how well that stands, and all that speaks against it."""

    id: str
    asks: str
    answer: Answer
    grade: Grade
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]  #: Facts that are missing.

    @property
    def met(self) -> bool:
        """True on a yes alone; unknown is a no."""
        return self.answer is Answer.YES


@dataclass(frozen=True, slots=True)
class LevelVerdict:
    """One level: its own points, and whether it is reached."""

    level: int
    name: str
    reached: bool  #: Its points and those of all levels below are met.
    grade: Grade  #: The weakest of all points that it rests on.
    points: tuple[PointVerdict, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the facts come to under one framework."""

    framework: Framework
    reached: int  #: The highest level that is reached; 0 if none is.
    levels: tuple[LevelVerdict, ...]


def verdict(framework: Framework, base: FactBase) -> Verdict:
    """What `base` comes to under `framework`."""
    levels: list[LevelVerdict] = []
    reached, grade = True, Grade.PROVED
    for level in framework.levels:
        points = tuple(_of(point, base) for point in level.points)
        reached = reached and all(point.met for point in points)
        grade = weakest(grade, *(point.grade for point in points))
        levels.append(LevelVerdict(level.level, level.name, reached, grade, points))
    highest = max((level.level for level in levels if level.reached), default=0)
    return Verdict(framework, highest, tuple(levels))


def _of(point: Point, base: FactBase) -> PointVerdict:
    found = evaluate(point.condition, base)
    return PointVerdict(
        point.id, point.asks, found.answer, found.grade, found.reasons, found.unknown
    )
