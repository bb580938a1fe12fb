"""A site over a grid of time: IT load and weather in, power, heat and water out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allod.domain.heat import HeatOfftake
from allod.energy.grid import Grid, Values
from allod.energy.heat import HeatFlow, offtake
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant import Plant
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SiteYear:
    """What a site drew and gave in each step; arrays are (..., steps), powers means over a step.

    In every step facility = IT + losses + cooling + misc, and the heat pump's electricity where it
    is counted in the facility; and captured heat = taken + rejected.
    """

    grid: Grid
    it_w: Values
    losses_w: Values  #: Between meter and IT. [W]
    cooling_w: Values  #: Of a site of constant PUE all that is not IT. [W]
    misc_w: float
    heat_pump_w: Values  #: Electricity of the site's heat pumps. [W]
    facility_w: Values  #: At the meter. [W]
    captured_w: Values  #: Heat in the loop. [W]
    rejected_w: Values  #: Heat of the loop that goes outdoors. [W]
    heat: tuple[HeatFlow, ...]  #: By contract, in their order.
    water_l: Values  #: Drawn in the step; NaN if the plant is not known. [L]
    heat_pump_in_facility: bool

    @property
    def heat_w(self) -> Values:
        """Heat handed over at the boundary, under all contracts; (..., steps). [W]"""
        return np.asarray(sum((flow.delivered_w for flow in self.heat), np.zeros_like(self.it_w)))

    @property
    def pue(self) -> Values:
        """Facility over IT power in each step, NaN without IT power; (..., steps). [1]"""
        return np.asarray(self.facility_w / np.where(self.it_w > 0, self.it_w, np.nan))

    @property
    def annual_pue(self) -> Values:
        """Energy of the facility over that of IT; (...,). [1]"""
        it_w = self.it_w.sum(axis=-1)
        return np.asarray(self.facility_w.sum(axis=-1) / np.where(it_w > 0, it_w, np.nan))

    def energy_mwh(self, power_w: Values) -> Values:
        """Energy of a power of this year over all steps; (...,). [MWh]"""
        return np.asarray(power_w.sum(axis=-1) * self.grid.step_h / 1e6)


def simulate(
    grid: Grid,
    it_load_w: Values,
    air: OutdoorAir,
    plant: Plant,
    heat: Sequence[HeatOfftake] = (),
    *,
    heat_pump_in_facility: bool = True,
) -> SiteYear:
    """A site through all steps of `grid`. Leading axes of load and weather are members of a sample.

    Contracts are served in their order, each from what the ones before it left. Whether the heat
    pump's electricity counts into the facility is the reader's rule to choose.

    Raises:
        InvalidInput: A series does not lie on the grid, load is below 0, or heat is sold of a plant
            without any.
    """
    load = grid.check("IT load", np.asarray(it_load_w, dtype=np.float64))
    if (load < 0).any():
        raise InvalidInput(f"an IT load of {np.nanmin(load):g} W", mend="write 0 or more")
    grid.check("temperature", air.temp_c)
    grid.check("wet bulb", air.wet_bulb_c)
    if heat and np.isnan(plant.return_c):
        raise InvalidInput(
            "heat is sold, but no cooling plant is known whose heat it could be",
            mend="write the site's cooling",
        )
    curve = plant.cooling.curve(air)
    it_w = np.broadcast_to(load, np.broadcast_shapes(load.shape, air.temp_c.shape))
    captured_w = rest_w = curve.heat_w(it_w)
    flows: list[HeatFlow] = []
    for contract in heat:
        flows.append(offtake(contract, grid, rest_w, plant.return_c))
        rest_w = rest_w - flows[-1].taken_w
    pump_w = np.asarray(sum((flow.pump_w for flow in flows), np.zeros_like(it_w)))
    losses_w = plant.losses_w(it_w)
    cooling_w, outdoors_w = curve.flows(it_w, rest_w)
    facility_w = it_w + losses_w
    facility_w += cooling_w
    facility_w += plant.misc_w
    if heat_pump_in_facility and flows:
        facility_w += pump_w
    return SiteYear(
        grid=grid,
        it_w=it_w,
        losses_w=losses_w,
        cooling_w=cooling_w,
        misc_w=plant.misc_w,
        heat_pump_w=pump_w,
        facility_w=facility_w,
        captured_w=captured_w,
        rejected_w=rest_w,
        heat=tuple(flows),
        water_l=outdoors_w * (plant.cooling.water_l_per_wh(air) * grid.step_h),
        heat_pump_in_facility=heat_pump_in_facility,
    )
