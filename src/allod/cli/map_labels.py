"""Labels: where words stand on a map so that none hides another or a mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

_LETTER_PX, _LINE_PX = 6.4, 14.0
_AWAY_PX = (6, 13, 24, 38, 54, 72, 92, 114)
_SIDES = 16


@dataclass(frozen=True, slots=True)
class Spot:
    """A mark with words."""

    x: float
    y: float
    radius: float
    words: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Words and where their middle stands; far ones are joined to their mark by a line."""

    spot: Spot
    x: float
    y: float
    far: bool


_Box = tuple[float, float, float, float]


def placed(
    spots: Sequence[Spot], width: float, height: float, taken: Iterable[Spot] = ()
) -> list[Placed]:
    """A place for the words of each spot, the largest first; what finds none is left out."""
    marks = [_box(s.x, s.y, 2 * s.radius, 2 * s.radius) for s in (*spots, *taken)]
    words: list[_Box] = []
    found = []
    for spot in sorted(spots, key=lambda one: (-one.radius, one.words)):
        best = _place(spot, marks, words, (width, height))
        if best:
            words.append(_text_box(spot, best.x, best.y))
            found.append(best)
    return found


def _place(
    spot: Spot, marks: Sequence[_Box], words: Sequence[_Box], size: tuple[float, float]
) -> Placed | None:
    """The nearest free place; marks may be covered only where nothing else is free."""
    half = len(spot.words) * _LETTER_PX / 2
    for obstacles in ([*marks, *words], words):
        for away in _AWAY_PX:
            for turn in range(_SIDES):
                angle = _ANGLES[turn]
                far = spot.radius + away
                x = spot.x + cos(angle) * (far + half)
                y = spot.y + sin(angle) * (far + _LINE_PX / 2)
                box = _text_box(spot, x, y)
                inside = box[0] >= 2 and box[1] >= 2 and box[2] <= size[0] and box[3] <= size[1]
                if inside and not any(_meet(box, other) for other in obstacles):
                    return Placed(spot, x, y, far=away > _AWAY_PX[1])
    return None


#: Right and left first, where words read best, then up and down.
_ANGLES = sorted((2 * pi * i / _SIDES for i in range(_SIDES)), key=lambda a: abs(sin(a)))


def _text_box(spot: Spot, x: float, y: float) -> _Box:
    return _box(x, y, len(spot.words) * _LETTER_PX, _LINE_PX)


def _box(x: float, y: float, wide: float, high: float) -> _Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _meet(one: _Box, two: _Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
