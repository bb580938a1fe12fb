"""Chillers: electricity for each watt of heat that outdoor air alone does not take."""

from __future__ import annotations

import numpy as np

from allod.energy.constants import (
    CHILLER_COP_CUBIC,
    CHILLER_COP_WATER,
    CUBIC_RANGE_C,
    PART_LOAD_MIN,
    WATER_RANGE_C,
)
from allod.energy.grid import Values


def air_chiller_cop(temp_c: Values) -> Values:
    """COP of an air-cooled chiller with its pumps over outdoor temperature; (..., steps). [1]

    Depoorter & Oro's cubic, as olejandro/dc-eh codes it (Apache-2.0). It was fitted for chilled
    water; for water of 40 °C, as behind dry coolers, it is on the safe side.
    """
    a, b, c, d = CHILLER_COP_CUBIC
    t = np.clip(temp_c, *CUBIC_RANGE_C)
    return np.asarray(((a * t + b) * t + c) * t + d)


def water_chiller_terms(condenser_c: Values) -> tuple[Values, Values, float]:
    """(p, q, r) of COP = p + q L + r L² at part load L, over condenser water [°C]; (..., steps).

    Lei & Masanet's fit, as nuoaleon/Data-center-PUE-prediction-tool codes it.
    """
    one, t1, t2, load, load2, both = CHILLER_COP_WATER
    t = np.clip(condenser_c, *WATER_RANGE_C)
    return np.asarray((t2 * t + t1) * t + one), np.asarray(both * t + load), load2


def part_load(heat_w: Values, design_w: float) -> Values:
    """Part load of a chiller, kept within its fit; (..., steps). [1]"""
    return np.clip(heat_w / design_w, PART_LOAD_MIN, 1.0)
