"""Many years of a site: each member lives as it would alone, and chance comes from outside."""

from __future__ import annotations

import numpy as np
import pytest

from allod.energy.grid import Grid
from allod.energy.monte_carlo import AT_ONCE, Draws, Spread, spread
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.simulation import figures_of, simulate_site, utilised_w
from allod.errors import InvalidInput
from tests.energy.test_simulation import site, supplied

DAYS = Grid(0, 3_600, 48)
HOURS = np.arange(48)
AIRS = [
    OutdoorAir(mean_c + 8 * np.sin(HOURS / 24 * 2 * np.pi), np.full(48, mean_c - 12))
    for mean_c in (5.0, 20.0, 33.0)
]
COOLED = site(cooling={"plant": "air"})
SHAPE = np.where(HOURS % 24 < 12, 1.2, 0.8)


def draws(members: int, seed: int = 1) -> Draws:
    dice = np.random.default_rng(seed)
    return Draws(
        weather=dice.integers(0, len(AIRS), members), utilisation=dice.uniform(0.3, 0.9, members)
    )


def lived(drawn: Draws) -> dict[str, Spread]:
    return {one.name: one for one in spread(COOLED, DAYS, AIRS, SHAPE, drawn)}


def alone(weather: int, utilisation: float) -> dict[str, float]:
    load = utilised_w(COOLED, np.minimum(utilisation * SHAPE, 1.0))
    made = simulate_site(COOLED, DAYS, load, AIRS[weather])
    return {name: float(values) for name, (values, _, _) in figures_of(made).items()}


def test_the_same_draws_give_the_same_figures() -> None:
    assert lived(draws(11)) == lived(draws(11))
    assert lived(draws(11)) != lived(draws(11, seed=2))


def test_one_member_is_the_single_simulation() -> None:
    drawn = Draws(weather=np.array([2]), utilisation=np.array([0.9]))
    found, single = lived(drawn), alone(2, 0.9)
    assert set(found) == set(single)
    for name, value in single.items():
        assert found[name].percentiles == pytest.approx((value,) * 3, rel=1e-12), name


def test_more_members_than_are_lived_at_once_are_each_their_own() -> None:
    drawn = draws(2 * AT_ONCE + 3)
    pairs = zip(drawn.weather.tolist(), drawn.utilisation.tolist(), strict=True)
    members = [alone(weather, utilisation) for weather, utilisation in pairs]
    for name, one in lived(drawn).items():
        expected = np.percentile([member[name] for member in members], (10, 50, 90))
        assert one.percentiles == pytest.approx(expected.tolist(), rel=1e-12), name
        assert list(one.percentiles) == sorted(one.percentiles), name


def test_supply_is_left_out_and_what_is_not_known_stays_so() -> None:
    found = {one.name: one for one in spread(supplied(), DAYS, AIRS, SHAPE, draws(3))}
    assert "from the grid" not in found
    assert np.isnan(found["water"].percentiles).all()
    assert found["PUE"].percentiles == pytest.approx((1.1,) * 3)


def test_whoever_asks_is_told_how_far_it_is() -> None:
    seen: list[int] = []
    spread(COOLED, DAYS, AIRS, SHAPE, draws(AT_ONCE + 1), seen.append)
    assert seen == [AT_ONCE, AT_ONCE + 1]


def test_a_sample_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no members .draw at least one"):
        lived(draws(0))
