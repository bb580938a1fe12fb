"""Many years of a site: each member lives as it would alone, and chance comes from outside."""

from __future__ import annotations

import numpy as np
import pytest

from allod.energy.drawn import Draws
from allod.energy.grid import Grid, Values
from allod.energy.monte_carlo import AT_ONCE, Load, Sample, Spread, Year, bin_starts, sample
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.simulation import figures_of, simulate_site, utilised_w
from allod.energy.supplyyear import Signals
from allod.errors import InvalidInput
from tests.energy.test_simulation import site, supplied

DAYS = Grid(0, 3_600, 48)
HOURS = np.arange(48)
YEARS = [
    Year(
        OutdoorAir(mean_c + 8 * np.sin(HOURS / 24 * 2 * np.pi), np.full(48, mean_c - 12)),
        {"river": np.full(48, river)},
        Signals(grid_g_per_kwh=np.full(48, 10 * mean_c), cfe_share=np.full(48, river / 2)),
    )
    for mean_c, river in ((5.0, 0.9), (20.0, 0.5), (33.0, 0.1))
]
COOLED = site(cooling={"plant": "air"}, supply=supplied().supply)
BASE = utilised_w(COOLED, np.where(HOURS % 24 < 12, 0.72, 0.48))
IDLE, FULL = utilised_w(COOLED, np.array([0.0, 1.0])).tolist()
LOAD = Load(base_w=BASE, idle_w=IDLE, full_w=FULL)
ONE = Draws(year=np.zeros((1, 1), np.int64), factor=np.ones(1), block_steps=48)


def draws(members: int, seed: int = 1, parts: int = 1) -> Draws:
    dice = np.random.default_rng(seed)
    return Draws(
        year=dice.integers(0, len(YEARS), (members, parts)),
        factor=dice.uniform(0.5, 1.6, members),
        block_steps=48 // parts,
    )


def lived(drawn: Draws) -> Sample:
    return sample(COOLED, DAYS, YEARS, LOAD, drawn)


def found(drawn: Draws) -> dict[str, Spread]:
    return {one.name: one for one in lived(drawn).spreads}


def alone(years: list[int], factor: float) -> dict[str, float]:
    """One member without any sample, its year put together by hand."""

    def joined(series: list[Values]) -> Values:
        parts = np.array_split(np.arange(48), len(years))
        return np.concatenate([series[year][part] for year, part in zip(years, parts, strict=True)])

    air = OutdoorAir(
        joined([year.air.temp_c for year in YEARS]), joined([year.air.wet_bulb_c for year in YEARS])
    )
    signals = Signals(
        grid_g_per_kwh=joined([np.asarray(year.signals.grid_g_per_kwh) for year in YEARS]),
        cfe_share=joined([np.asarray(year.signals.cfe_share) for year in YEARS]),
    )
    river = {"river": joined([year.available["river"] for year in YEARS])}
    it_w = np.minimum(IDLE + factor * (BASE - IDLE), FULL)
    made = simulate_site(COOLED, DAYS, it_w, air, river, signals)
    used = {"utilisation": float((it_w.mean() - IDLE) / (FULL - IDLE))}
    return used | {name: float(values) for name, (values, _, _) in figures_of(made).items()}


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_each_of_many_members_is_its_own(parts: int) -> None:
    drawn = draws(2 * AT_ONCE + 3, parts=parts)
    pairs = zip(drawn.year.tolist(), drawn.factor.tolist(), strict=True)
    members = [alone(years, factor) for years, factor in pairs]
    told = found(drawn)
    assert set(told) == set(members[0])
    assert {"CFE score", "hourly match", "carbon by location", "from the grid"} <= set(told)
    for name, one in told.items():
        values = [member[name] for member in members]
        assert one.values.tolist() == pytest.approx(values, rel=1e-12), name
        expected = np.percentile(values, (10, 50, 90)).tolist()
        assert one.percentiles == pytest.approx(expected, rel=1e-12, nan_ok=True), name


def test_without_spread_a_member_is_the_single_year_to_the_last_bit() -> None:
    drawn = Draws(year=np.full((5, 1), 1), factor=np.ones(5), block_steps=48)
    year = YEARS[1]
    made = simulate_site(COOLED, DAYS, BASE, year.air, year.available, year.signals)
    told = found(drawn)
    for name, (value, unit, method) in figures_of(made).items():
        assert told[name].percentiles == (float(value),) * 3, name
        assert (told[name].unit, told[name].method) == (unit, method)


def test_percentiles_by_hand() -> None:
    """Eleven members of factor 0, 0.1 to 1 over idle: the tenth part of the way is the second."""
    load = Load(base_w=np.full(48, FULL), idle_w=IDLE, full_w=FULL)
    drawn = Draws(year=np.zeros((11, 1), np.int64), factor=np.arange(11) / 10, block_steps=48)
    told = {one.name: one for one in sample(COOLED, DAYS, YEARS, load, drawn).spreads}
    assert told["utilisation"].percentiles == pytest.approx((0.1, 0.5, 0.9))
    span_mwh = 48 * (FULL - IDLE) / 1e6
    expected = [48 * IDLE / 1e6 + share * span_mwh for share in (0.1, 0.5, 0.9)]
    assert told["IT energy"].percentiles == pytest.approx(expected)


def test_the_order_of_members_is_nothing() -> None:
    drawn = draws(3 * AT_ONCE + 1, parts=2)
    mixed = np.random.default_rng(5).permutation(len(drawn))
    other = Draws(year=drawn.year[mixed], factor=drawn.factor[mixed], block_steps=24)
    one, two = lived(drawn), lived(other)
    assert [item.percentiles for item in one.spreads] == [item.percentiles for item in two.spreads]
    for fan, again in zip(one.fans, two.fans, strict=True):
        assert np.array_equal(fan.percentiles, again.percentiles)


def test_no_load_falls_below_idle_or_rises_above_full() -> None:
    base = np.array([IDLE / 2, IDLE, (IDLE + FULL) / 2, FULL, 2 * FULL])
    scaled = Load(base_w=base, idle_w=IDLE, full_w=FULL).scaled_w(np.array([0.0, 1.0, 9.0]))
    low = [IDLE / 2, IDLE, IDLE, IDLE, IDLE]
    high = [IDLE / 2, IDLE, FULL, FULL, 2 * FULL]
    assert scaled.tolist() == [pytest.approx(low), base.tolist(), pytest.approx(high)]


def test_without_accelerators_the_whole_load_is_scaled_and_nothing_is_said_of_its_use() -> None:
    load = Load(base_w=np.full(48, 100.0))
    assert load.scaled_w(np.array([0.5, 3.0]))[:, 0].tolist() == [50, 300]
    assert np.isnan(load.utilisation(load.base_w))


def test_the_course_is_told_in_bins() -> None:
    """Two days: each bin holds its own day."""
    power, pue, met = lived(draws(9)).fans
    assert (power.name, power.unit) == ("power at the meter", "MW")
    assert power.starts_s.tolist() == [0, 86_400]
    assert all(len(values) == 2 for values in power.percentiles)
    single = sample(COOLED, DAYS, YEARS, LOAD, ONE)
    made = simulate_site(COOLED, DAYS, BASE, YEARS[0].air, YEARS[0].available)
    day = made.use.facility_w[:24]
    assert single.fans[0].percentiles[1][0] == pytest.approx(day.mean() / 1e6)
    assert single.fans[1].percentiles[1][0] == pytest.approx(day.sum() / made.use.it_w[:24].sum())
    assert made.supply is not None
    clean = made.supply.clean_wh["river"][:24].sum() / day.sum()
    assert single.fans[2].percentiles[1][0] == pytest.approx(clean)
    assert (np.asarray(pue.percentiles) > 1).all()
    assert (np.diff(np.asarray(met.percentiles), axis=0) >= 0).all()


def test_a_long_time_is_told_in_weeks_and_the_last_is_what_is_left() -> None:
    first = bin_starts(Grid(0, 3_600, 365 * 24))
    assert (len(first), first[1], first[-1]) == (53, 7 * 24, 364 * 24)
    assert bin_starts(DAYS).tolist() == [0, 24]


def test_what_is_not_known_stays_so() -> None:
    plain = supplied()
    years = [Year(one.air, one.available) for one in YEARS]
    told = {one.name: one for one in sample(plain, DAYS, years, LOAD, draws(3)).spreads}
    assert np.isnan(told["water"].percentiles).all()
    assert told["PUE"].percentiles == pytest.approx((1.1,) * 3)
    assert "CFE score" not in told


def test_whoever_asks_is_told_how_far_it_is() -> None:
    seen: list[int] = []
    sample(COOLED, DAYS, YEARS, LOAD, draws(AT_ONCE + 1), seen.append)
    assert seen == [AT_ONCE, AT_ONCE + 1]


def test_a_sample_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no members .draw at least one"):
        lived(draws(0))


def test_a_year_that_does_not_lie_on_the_grid_is_refused() -> None:
    short = Year(OutdoorAir(np.zeros(47), np.zeros(47)))
    with pytest.raises(InvalidInput, match="temp_c has 47 values, and the grid 48 steps"):
        sample(COOLED, DAYS, [short], LOAD, ONE)
