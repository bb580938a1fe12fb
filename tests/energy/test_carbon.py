"""Carbon: both methods by hand, and nothing claimed twice."""

from __future__ import annotations

import numpy as np
import pytest

from allod.energy.carbon import location_kg, market_kg
from allod.errors import InvalidInput

BOUGHT = np.array([[1_000.0, 2_000.0], [0.0, 4_000.0]])


def test_location_is_all_imports_at_the_grid_s_intensity() -> None:
    # 1 kWh at 100 g and 2 kWh at 300 g; then 4 kWh at 300 g.
    assert location_kg(BOUGHT, np.array([100.0, 300.0])).tolist() == [0.7, 1.2]


def test_market_is_what_is_not_covered_at_the_residual_mix() -> None:
    covered = np.array([[500.0, 2_000.0], [0.0, 1_000.0]])
    residual = np.array([400.0, 400.0])
    assert market_kg(BOUGHT, covered, residual).tolist() == [0.2, 1.2]
    assert market_kg(BOUGHT, covered, residual, 20.0).tolist() == pytest.approx([0.25, 1.22])
    with pytest.raises(InvalidInput, match="more is covered"):
        market_kg(BOUGHT, covered + 501, residual)


def test_an_unknown_intensity_makes_the_sum_unknown() -> None:
    assert np.isnan(location_kg(BOUGHT, np.array([100.0, np.nan]))).all()
