"""Land: outlines of countries as paths of a picture, no finer than it can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import ceil, floor, radians

from allod.catalogue.countries import Ring
from allod.cli.projection import EARTH_KM, Frame, Places

#: Coordinates of paths are whole numbers of this. [px]
STEP_PX = 0.5
_DEGREE_KM = EARTH_KM * radians(1)
_BEYOND_DEG = 2  #: How far outside of the picture outlines go on.
_SEEN = 5  #: What is smaller cannot be seen. [steps]

Box = tuple[float, float, float, float]  #: West, south, east and north. [degree]


def paths(
    countries: Iterable[tuple[str, tuple[Ring, ...]]], frame: Frame
) -> Iterator[tuple[str, str]]:
    """Country and SVG path, in steps of `STEP_PX`, of each country that is in sight."""
    box, at = frame.box_deg(), frame.places()
    for code, rings in countries:
        drawn = [drawing for ring in rings if (drawing := _path(ring, frame, box, at))]
        if drawn:
            yield code, "".join(drawn)


def _path(ring: Ring, frame: Frame, box: Box, at: Places) -> str:
    """A ring as a path; empty if it is out of sight or too small to see."""
    if not _reaches(ring, box):
        return ""
    spots: list[tuple[int, int]] = []
    for east_deg, north_deg in _thinned(ring, frame, box):
        x, y = at(east_deg, north_deg)
        spot = (round(x / STEP_PX), round(y / STEP_PX))
        if not spots or spot != spots[-1]:
            spots.append(spot)
    if len(spots) < 4:
        return ""
    across, down = [x for x, _ in spots], [y for _, y in spots]
    if max(across) - min(across) < _SEEN and max(down) - min(down) < _SEEN:
        return ""
    wide, high = frame.width_px / STEP_PX, frame.height_px / STEP_PX
    if max(across) < 0 or min(across) > wide or max(down) < 0 or min(down) > high:
        return ""
    moves = [f"{x - left} {y - top}" for (left, top), (x, y) in pairwise(spots)]
    return f"M{spots[0][0]} {spots[0][1]}l{' '.join(moves)}z".replace(" -", "-")


def _reaches(ring: Ring, box: Box) -> bool:
    west, south, east, north = box
    norths = [place[1] for place in ring]
    if max(norths) < south or min(norths) > north:
        return False
    easts = [place[0] for place in ring]
    return max(easts) >= west and min(easts) <= east


def _thinned(ring: Ring, frame: Frame, box: Box) -> Ring:
    """The points on a grid of two steps, so that neighbours share their border still.

    What lies far out of sight is drawn to the edge of a box around what is seen.
    """
    per_deg = frame.px_per_km * _DEGREE_KM / (2 * STEP_PX)
    west, south, east, north = box
    left, right = (west - _BEYOND_DEG) * per_deg, (east + _BEYOND_DEG) * per_deg
    bottom, top = (south - _BEYOND_DEG) * per_deg, (north + _BEYOND_DEG) * per_deg
    thinned: list[tuple[float, float]] = []
    x_before, y_before = left - 1, bottom  # Where no point is.
    for east_deg, north_deg in ring:
        x, y = east_deg * per_deg, north_deg * per_deg
        x = left if x < left else right if x > right else round(x)
        y = bottom if y < bottom else top if y > top else round(y)
        if x != x_before or y != y_before:
            x_before, y_before = x, y
            thinned.append((x / per_deg, y / per_deg))
    return thinned


def graticule(frame: Frame, every_deg: int) -> Iterator[str]:
    """Lines of equal longitude and latitude as SVG paths. [px]"""
    west, south, east, north = frame.box_deg()
    for degree in _marks(west, east, every_deg):
        yield _line(frame, ((degree, south + (north - south) * i / 40) for i in range(41)))
    for degree in _marks(south, north, every_deg):
        yield _line(frame, ((west + (east - west) * i / 40, degree) for i in range(41)))


def _marks(first: float, last: float, every: int) -> Iterator[float]:
    return (float(mark * every) for mark in range(ceil(first / every), floor(last / every) + 1))


def _line(frame: Frame, places: Iterable[tuple[float, float]]) -> str:
    spots = (frame.at(*place) for place in places)
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in spots)
