"""The parts of a map: projection, outlines, where words stand."""

from __future__ import annotations

from itertools import combinations

import pytest

from allod.cli.map_labels import Spot, placed
from allod.cli.map_land import graticule, paths
from allod.cli.projection import EARTH_KM, EqualArea, Frame

EUROPE = EqualArea(10, 52)


@pytest.mark.parametrize("place", [(10.0, 52.0), (24.9, 60.2), (-7.6, 33.3), (54.4, 24.5)])
def test_there_and_back(place: tuple[float, float]) -> None:
    assert EUROPE.globe(*EUROPE.plane(*place)) == pytest.approx(place)


def test_the_projection_by_hand() -> None:
    # From the pole, a quarter of the globe away is the square root of two radii.
    right, up = EqualArea(0, 90).plane(90, 0)
    assert right == pytest.approx(EARTH_KM * 2**0.5)
    assert up == pytest.approx(0, abs=1e-6)
    north = EUROPE.plane(10, 53)
    assert north == pytest.approx((0, 111.19), abs=0.01)


def test_areas_are_kept() -> None:
    def area(projection: EqualArea, east: float, north: float) -> float:
        step = 0.01
        x0, y0 = projection.plane(east, north)
        x1, y1 = projection.plane(east + step, north)
        x2, y2 = projection.plane(east, north + step)
        return abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))

    assert area(EUROPE, 50, 60) == pytest.approx(area(EqualArea(50, 60), 50, 60), rel=1e-3)


FRAME = Frame(EUROPE, left_km=-500, top_km=500, width_px=1000, height_px=1000, px_per_km=1)


def test_a_frame_has_its_middle_and_its_edges() -> None:
    assert FRAME.at(10, 52) == (500, 500)
    assert FRAME.shows(0, 1000) and not FRAME.shows(-1, 500)
    west, south, east, north = FRAME.box_deg()
    assert west < 3 < 17 < east
    assert south == pytest.approx(47.4, abs=0.3)
    assert north == pytest.approx(56.5, abs=0.3)


def test_outlines_are_drawn_where_they_can_be_seen() -> None:
    square = ((9.0, 51.0), (9.0, 53.0), (11.0, 53.0), (11.0, 51.0), (9.0, 51.0))
    speck = ((10.0, 52.0), (10.0, 52.001), (10.001, 52.001), (10.0, 52.0))
    away = tuple((east + 60, north) for east, north in square)
    drawn = dict(paths([("AA", (square, speck)), ("BB", (away,)), ("CC", (speck,))], FRAME))
    assert list(drawn) == ["AA"]
    assert drawn["AA"].count("M") == 1
    assert drawn["AA"].endswith("z")


def test_lines_of_the_globe_lie_at_whole_steps() -> None:
    # Longitude 0, 5, ... and latitude 50, 55 within the box.
    west, south, east, north = FRAME.box_deg()
    across = sum(1 for degree in range(-180, 180, 5) if west <= degree <= east)
    down = sum(1 for degree in range(-90, 90, 5) if south <= degree <= north)
    assert len(list(graticule(FRAME, 5))) == across + down


def test_words_hide_neither_each_other_nor_a_mark() -> None:
    spots = [Spot(200 + 9 * i, 200 + 4 * i, 5, f"place {i}") for i in range(12)]
    found = placed(spots, 400, 400)
    assert len(found) == 12

    def box(x: float, y: float, wide: float, high: float) -> tuple[float, ...]:
        return (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)

    def meet(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
        return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]

    words = [box(one.x, one.y, 6 * len(one.spot.words), 12) for one in found]
    marks = [box(spot.x, spot.y, 10, 10) for spot in spots]
    assert not any(meet(one, two) for one, two in combinations(words, 2))
    assert not any(meet(one, mark) for one in words for mark in marks)
    assert all(x0 >= 0 and y0 >= 0 and x1 <= 400 and y1 <= 400 for x0, y0, x1, y1 in words)


def test_words_without_room_are_left_out() -> None:
    assert placed([Spot(20, 20, 5, "a name longer than the map")], 40, 40) == []
