"""Plants that several tests share, and what Hypothesis draws of weather and load."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from allod.energy.air_cooled import AirCooled
from allod.energy.constant_pue import ConstantPue
from allod.energy.dry_cooler import DryCooled
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant import CoolingPlant, Plant
from allod.energy.tower import TowerCooled

MW = 1e6


def of_10_mw(
    cooling: CoolingPlant, *, loss: float = 0.096, misc_w: float = 0.1 * MW, return_c: float = 50.0
) -> Plant:
    """A plant built for 10 MW of IT power."""
    return Plant(
        cooling=cooling,
        design_it_w=10 * MW,
        loss_share=loss,
        misc_w=misc_w,
        return_c=return_c,
    )


DRY = of_10_mw(
    DryCooled(design_it_w=10 * MW, capture_share=0.9, supply_c=40, return_c=50, approach_k=7)
)
AIR = of_10_mw(AirCooled(design_it_w=10 * MW, supply_c=20, return_c=35))
TOWER = of_10_mw(
    TowerCooled(design_it_w=10 * MW, capture_share=0.0, supply_c=18, return_c=28, approach_k=4)
)
FLAT = of_10_mw(ConstantPue(1.1), loss=0.0, misc_w=0.0, return_c=float("nan"))
PLANTS = {"dry": DRY, "air": AIR, "tower": TOWER, "flat": FLAT}

plants = st.sampled_from(sorted(PLANTS)).map(PLANTS.__getitem__)
temps_c = st.floats(-40, 55)


@st.composite
def airs(draw: st.DrawFn) -> OutdoorAir:
    """Outdoor air of any climate, its wet bulb at or below the dry one."""
    temp_c = draw(temps_c)
    return air(temp_c, temp_c - draw(st.floats(0, 20)))


def air(temp_c: float, wet_bulb_c: float = 10.0) -> OutdoorAir:
    """Outdoor air of one step."""
    return OutdoorAir(np.array([temp_c]), np.array([wet_bulb_c]))
