"""The heat map: which cell an hour lies in, and what is not known and what is outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

from allod.cli.energy_heat_map import by_hour, heat_map
from allod.energy.grid import Grid

DAY_S = 86_400


def drawn(picture: str) -> dict[str, list[tuple[float, ...]]]:
    """Boxes of each class: x, y, width, height."""
    found = {}
    for paint, path in re.findall(r'<path class="(\w+)" d="([^"]*)"', picture):
        boxes = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path)
        found[paint] = [tuple(map(float, box)) for box in boxes]
    return found


def test_steps_of_an_hour_are_added_up_before_they_are_divided() -> None:
    """3 of 10 and 1 of 30 Wh are 4 of 40; an hour without load has no share."""
    grid = Grid(DAY_S, 1_800, 48)
    part, whole = np.zeros(48), np.zeros(48)
    part[:2], whole[:2] = (3, 1), (10, 30)
    shares = by_hour(grid, part, whole)
    assert shares.shape == (1, 24)
    assert shares[0, 0] == pytest.approx(0.1)
    assert np.isnan(shares[0, 1:]).all()


def test_hours_go_upwards_and_days_along() -> None:
    """The first day all covered but for its last hour, the second day half."""
    grid = Grid(0, 3_600, 48)
    part = np.repeat([1.0, 0.5], 24)
    part[23] = 0
    found = drawn(heat_map("t", "a", grid, by_hour(grid, part, np.ones(48))))
    assert found.keys() == {"h0", "h2", "h6"}
    ((left, top, wide, tall),) = found["h6"]
    ((low_left, low_top, _, low_tall),) = found["h0"]
    ((right, right_top, _, right_tall),) = found["h2"]
    assert left == low_left
    assert right == pytest.approx(left + wide, abs=0.2)
    assert tall == pytest.approx(23 * low_tall, abs=1.5)
    assert low_top < top, "the last hour of a day is the highest"
    assert right_top == low_top
    assert right_tall == pytest.approx(tall + low_tall, abs=0.2)


def test_what_is_not_known_is_drawn_and_what_is_outside_is_not() -> None:
    """From 23:00 to 02:00, of which one hour is not known."""
    grid = Grid(DAY_S - 3_600, 3_600, 3)
    picture = heat_map("t", "a", grid, by_hour(grid, np.array([1.0, np.nan, 1]), np.ones(3)))
    found = drawn(picture)
    assert {paint: len(boxes) for paint, boxes in found.items()} == {"h6": 2, "lost": 1}
    assert "not known" in picture
    whole = heat_map("t", "a", grid, by_hour(grid, np.ones(3), np.ones(3)))
    assert "not known" not in whole
    assert "lost" not in drawn(whole)
