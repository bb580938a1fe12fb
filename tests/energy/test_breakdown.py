"""A year by source and month: Google's CFE score worked out by hand on four hours."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from allod.domain.supply import Technology
from allod.energy.breakdown import contributions, months
from allod.energy.grid import Grid
from allod.energy.matching import Method
from allod.energy.supplyyear import Signals, SupplyYear, supply_year
from tests.energy.test_supplyyear import source

MW = 1e6
#: Two hours of January, two of February.
HOURS = Grid(int(datetime(2027, 1, 31, 22, tzinfo=UTC).timestamp()), 3_600, 4)


def year(**signals: object) -> SupplyYear:
    """A load of 10, 10, 20, 20 MWh; wind here, sun in another zone, gas by contract."""
    sources = [
        source("wind", np.array([6.0, 15, 4, 0]) * MW),
        source("sun", np.array([0.0, 0, 30, 30]) * MW, zone="SE1", technology=Technology.SOLAR),
        source("gas", np.full(4, 5.0) * MW, technology=Technology.FOSSIL),
    ]
    load = np.array([10.0, 10, 20, 20]) * MW
    known = Signals(cfe_share=np.array([0.5, 0.9, 0.25, 0.6]), **signals)  # type: ignore[arg-type]
    return supply_year(HOURS, load, "NO4", sources, signals=known)


def test_the_published_score_of_four_hours_by_hand() -> None:
    """6 + 4·0.5 = 8; 10, the 5 too much count for nothing; 4 + 16·0.25 = 8; 20·0.6 = 12; of 60.

    Google, '24/7 Carbon-Free Energy: Methodologies and Metrics' (2021).
    """
    made = year()
    assert made.cfe_score == pytest.approx(38 / 60)
    assert made.cfe == pytest.approx([0.8, 1, 0.4, 0.6])
    assert made.annual_match == 1  # 85 MWh of wind and sun for 60.
    assert made.same_zone_match == pytest.approx(25 / 60)
    assert made.hourly_match == pytest.approx((6 + 10 + 4) / 60)


def test_each_source_by_itself() -> None:
    """The grid alone is clean to 5 + 9 + 5 + 12 = 31 of 60."""
    wind, sun, gas = contributions(year())
    assert [one.name for one in (wind, sun, gas)] == ["wind", "sun", "gas"]
    assert (wind.energy_mwh, wind.used_mwh) == pytest.approx((25, 20))
    assert list(wind.shares.values()) == [
        pytest.approx(25 / 60), pytest.approx(25 / 60), pytest.approx(20 / 60), None,
    ]  # fmt: skip
    assert wind.cfe_score == pytest.approx(38 / 60)
    assert sun.shares[Method.ANNUAL] == 1
    assert sun.shares[Method.ANNUAL_SAME_ZONE] == sun.shares[Method.HOURLY] == 0
    assert (sun.energy_mwh, sun.used_mwh) == (60, 0)
    assert set(list(gas.shares.values())[:3]) == {0}
    assert gas.energy_mwh == 20
    assert sun.cfe_score == gas.cfe_score == pytest.approx(31 / 60)


def test_months_end_where_the_calendar_s_do() -> None:
    """Wind has papers: 16 of the 20 MWh of January, 4 of the 40 of February."""
    carbon = {
        "grid_g_per_kwh": np.full(4, 100.0),
        "residual_g_per_kwh": np.array([400.0, 400, 500, 500]),
    }
    made = year(**carbon)
    january, february = months(made)
    assert (january.month, february.month) == ("2027-01", "2027-02")
    assert (january.load_mwh, february.load_mwh) == (20, 40)
    assert (january.match, february.match) == pytest.approx((16 / 20, 4 / 40))
    assert (january.cfe_score, february.cfe_score) == pytest.approx((18 / 20, 20 / 40))
    assert (january.location_kg, february.location_kg) == pytest.approx((2_000, 4_000))
    assert (january.market_kg, february.market_kg) == pytest.approx((4 * 400, 36 * 500))
    assert made.carbon.market_kg == pytest.approx(4 * 400 + 36 * 500)


def test_what_is_not_known_is_none() -> None:
    load = np.full(4, 10.0) * MW
    plain = supply_year(HOURS, load, "NO4", [source("wind", load)])
    assert contributions(plain)[0].cfe_score is None
    assert [(one.cfe_score, one.location_kg, one.market_kg) for one in months(plain)] == [
        (None, None, None)
    ] * 2
    holed = supply_year(
        HOURS, load, "NO4", [], signals=Signals(cfe_share=np.array([0.5, np.nan, 0.5, 0.5]))
    )
    assert [one.cfe_score for one in months(holed)] == [None, pytest.approx(0.5)]


def test_certificates_take_the_place_of_what_contracts_say_of_theirs() -> None:
    made = year(residual_g_per_kwh=np.full(4, 500.0), lifecycle_g_per_kwh=np.full(4, 50.0))
    assert made.carbon.market_kg == pytest.approx(40 * 500)
    spent = made.with_certificates(np.array([10.0, 10, 20, 0]) * MW)
    assert spent.carbon.market_kg == pytest.approx(20 * 500)
    assert spent.carbon.lifecycle_kg == made.carbon.lifecycle_kg == pytest.approx(60 * 50)
    assert spent.cfe_score == made.cfe_score
