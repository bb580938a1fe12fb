"""Each cooling plant against what is worked by hand from the formulas it cites."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allod.energy.chiller import air_chiller_cop, part_load, water_chiller_terms
from allod.energy.dry_cooler import DryCooled
from allod.energy.outdoor_air import OutdoorAir
from tests.energy.plants import AIR, DRY, MW, TOWER, air

TEN = np.array([10 * MW])


def power_mw(plant, temp_c: float, wet_bulb_c: float = 10.0, it_mw: float = 10.0) -> float:
    curve = plant.cooling.curve(OutdoorAir(np.array([temp_c]), np.array([wet_bulb_c])))
    return float(curve.power_w(np.array([it_mw * MW]))[0] / MW)


def test_chiller_of_depoorter_and_oro() -> None:
    # COP = 1.08201e-5 T³ - 8.05206e-4 T² - 0.0622451 T + 5.82023, worked at 0, 20 and 35 °C.
    at = air_chiller_cop(np.array([0.0, 20.0, 35.0, 60.0, 50.0]))
    assert at[:3] == pytest.approx([5.82023, 4.339806, 3.119186], abs=1e-5)
    assert at[3] == at[4], "beyond 50 °C the fit says nothing"


def test_chiller_of_lei_and_masanet() -> None:
    # t = 25 °C, L = 0.6: 16.798751 + 5.525 - 3.07041516 + 5.9311764 - 19.015525 + 1.269225
    p, q, r = water_chiller_terms(np.array([25.0]))
    assert p + q * 0.6 + r * 0.36 == pytest.approx(7.4382122)
    assert part_load(np.array([0.0, 5.0, 20.0]), 10.0).tolist() == [0.1, 0.5, 1.0]


def test_dry_cooler_on_a_cool_a_design_and_a_hot_day() -> None:
    # 9 MW in liquid, 1 MW in air. Pumps 1.25 % of 9 MW, room fans 3 % of 1 MW.
    always = 0.1125 + 0.03
    # 8 °C: flow 15 / (50 - 8 - 2) = 0.375 of design; fans 1.5 % of 9 MW times 0.375^2.5.
    assert power_mw(DRY, 8) == pytest.approx(always + 0.135 * 0.375**2.5)
    # 33 °C = 40 - 7: fans at full flow, no trim yet; the room has its chiller.
    cop = air_chiller_cop(np.array([33.0, 38.0, 43.0]))
    assert power_mw(DRY, 33) == pytest.approx(always + 0.135 + 1 / cop[0])
    # 38 °C: trim takes half of the liquid's heat, flow is half of 15 / 10.
    assert power_mw(DRY, 38) == pytest.approx(
        always + 0.135 * 0.75**2.5 + 1 / cop[1] + 4.5 / cop[1]
    )
    # 18 °C: the room's chiller starts above it.
    assert power_mw(DRY, 18) == pytest.approx(always + 0.135 * 0.5**2.5)
    # 43 °C: outdoor air plus approach is as warm as the return; trim takes all.
    assert power_mw(DRY, 43) == pytest.approx(always + 10 / cop[2])
    # 48 °C and more: no difference is left to drive dry coolers, and none is asked of them.
    for temp_c in (48, 50, 60):
        assert power_mw(DRY, temp_c) == pytest.approx(
            always + 10 / air_chiller_cop(np.array(temp_c))
        )
    assert DRY.water_l_per_h(TEN, 43, 30).tolist() == [0]


def test_water_of_45_degrees_hardly_needs_a_chiller(shared_data: Path) -> None:
    """NVIDIA of the Rubin generation: at 45 °C a chiller runs about 1 % of a year in some climates.

    Piedmont's typical year (PVGIS, -2 to 34 °C): never with 45 °C, 11 hours with 40 °C.
    """
    text = (shared_data / "energy/pvgis_tmy_45N_8E_2005_2023.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if line[:8].isdigit() and "," in line]
    temp_c = np.array([float(row[1]) for row in rows])
    assert len(temp_c) == 8_760
    warm = DryCooled(design_it_w=10 * MW, capture_share=1.0, supply_c=45, return_c=55, approach_k=7)
    assert not warm.trim_share(temp_c).any()
    assert (DRY.cooling.trim_share(temp_c) > 0).sum() == (temp_c > 33).sum() == 11


def test_all_liquid_needs_no_air_plant() -> None:
    rubin = DryCooled(
        design_it_w=10 * MW, capture_share=1.0, supply_c=45, return_c=55, approach_k=7
    )
    # 20 °C: pumps, and fans at 15 / (55 - 20 - 2) of design flow.
    expected = 0.125 + 0.15 * (15 / 33) ** 2.5
    assert rubin.curve(air(20)).power_w(TEN)[0] / MW == pytest.approx(expected)


def test_air_uses_the_outdoors_below_seventeen_degrees() -> None:
    # Fans 3 % of 10 MW at full flow, and 0.5^2.5 of that at half load.
    assert power_mw(AIR, 16.9) == pytest.approx(0.3)
    assert power_mw(AIR, 16.9, it_mw=5) == pytest.approx(0.3 * 0.5**2.5)
    cop = air_chiller_cop(np.array([25.0]))[0]
    assert power_mw(AIR, 25) == pytest.approx(0.3 + 10 / cop)
    assert power_mw(AIR, 17.0) > 2, "from supply less 3 K on the chiller runs"


def test_tower_by_wet_bulb() -> None:
    always = 0.3 + 0.25 + 0.12  # Room fans 3 %, pumps 2.5 %, tower fans 1.2 % of 10 MW.
    # 12 °C wet bulb + 4 K + 2 K reach the supply of 18 °C: no chiller.
    assert power_mw(TOWER, 20, 12) == pytest.approx(always)
    # 17 °C: half way to the return of 28 °C; the chiller has half, L = 0.5, t = 21 °C.
    cop = 16.798751 - 0.760621 * 21 + 0.00884 * 441 + (9.885294 + 0.084615 * 21) / 2
    cop -= 8.528931 / 4
    assert power_mw(TOWER, 20, 17) == pytest.approx(always + 5 / cop)


def test_tower_water_by_hand() -> None:
    # At 24 °C wet bulb 95 % leaves by evaporating: /675 Wh/L, times 4/3 for blowdown, plus 1 %.
    heat_w = 10 * MW + (power_mw(TOWER, 30, 24) - 0.67) * MW
    expected = heat_w * 0.95 / 675 * (4 / 3 + 0.01)
    assert TOWER.water_l_per_h(TEN, 30, 24)[0] == pytest.approx(expected)
    # 0 °C: the share falls as 3.629 to 4.685 (0.044 · 24 + 0.3528 · 10 + 0.101).
    cold = 10 * MW * 0.95 * (3.629 / 4.685) / 675 * (4 / 3 + 0.01)
    assert TOWER.water_l_per_h(TEN, 5, 0)[0] == pytest.approx(cold)


def test_tower_water_lies_with_what_is_published() -> None:
    """1.12 L/kWh (NVIDIA: 2.6 million gallons a MW-year) to 2.3 L/kWh, in any weather."""
    for wet_bulb_c in (0, 10, 20, 26):
        l_per_kwh = TOWER.water_l_per_h(TEN, 30, wet_bulb_c)[0] / 10_000
        assert 1.12 < l_per_kwh < 2.4


def test_heat_that_is_taken_needs_no_fans() -> None:
    curve = DRY.cooling.curve(air(20))
    full, none = curve.power_w(TEN), curve.power_w(TEN, 9 * MW)
    assert curve.power_w(TEN, 20 * MW) == none, "more than there is cannot be taken"
    assert full[0] - none[0] == pytest.approx(0.135e6 * (15 / 28) ** 2.5)
