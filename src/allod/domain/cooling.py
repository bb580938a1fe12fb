"""Cooling: the plant that takes the heat of a site away, as far as its operator tells."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from allod.domain.base import Part
from allod.domain.fact import Fact, Standing
from allod.domain.units import PowerW

#: Whole degrees Celsius.
TempC = Annotated[int, Field(ge=-60, le=200, strict=True)]
#: Whole kelvins between two temperatures.
DifferenceK = Annotated[int, Field(ge=3, le=40, strict=True)]
#: A share in thousandths.
ShareMilli = Annotated[int, Field(ge=0, le=1000, strict=True)]


class PlantKind(StrEnum):
    """How heat leaves the site."""

    DRY_COOLER = "dry-cooler"  #: Liquid-cooled chips, closed loop, dry coolers, a trim chiller.
    AIR = "air"  #: Air through the racks; outdoor air while it is cool, else a chiller.
    TOWER = "tower"  #: Chilled water with evaporating towers and a water-side economiser.


class Cooling(Part):
    """The cooling plant of a site; what is left unknown is assumed from the kind of plant."""

    plant: Fact[PlantKind]
    """How heat leaves the site: dry-cooler, air or tower; unknown: pue_milli stands for it."""
    design_it_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """IT power that plant and supply are built for; default: all accelerators of phases. [W]"""
    capture_milli: Fact[ShareMilli] = Fact(standing=Standing.UNKNOWN)
    """Share of IT heat that leaves by liquid, in thousandths; default: that of the accelerators
    with dry coolers, 0 with towers."""
    supply_c: Fact[TempC] = Fact(standing=Standing.UNKNOWN)
    """What the racks are given: 40 with dry coolers, 20 (air) or 18 (towers). [°C]"""
    return_c: Fact[TempC] = Fact(standing=Standing.UNKNOWN)
    """What comes back: 50 with dry coolers, 35 (air) or 28 (towers). [°C]"""
    approach_k: Fact[DifferenceK] = Fact(standing=Standing.UNKNOWN)
    """How far above the outdoor air (dry coolers: 7) or its wet bulb (towers: 4) water gets. [K]"""
    electrical_loss_milli: Fact[ShareMilli] = Fact(standing=Standing.UNKNOWN)
    """Losses of transformers, UPS and PDUs at design load, in thousandths of IT power;
    default: 97."""
    misc_milli: Fact[ShareMilli] = Fact(standing=Standing.UNKNOWN)
    """Light, offices, controls: always on, in thousandths of design IT power; default: 10."""

    @model_validator(mode="after")
    def _warms_up(self) -> Cooling:
        supply, back = self.supply_c.value, self.return_c.value
        if (supply is None) != (back is None):
            raise ValueError("supply_c and return_c go together; write both or none")
        if supply is not None and back is not None and back <= supply:
            raise ValueError(f"return_c {back} must be above supply_c {supply}")
        if self.plant.value is PlantKind.DRY_COOLER and self.capture_milli.value == 0:
            raise ValueError("dry coolers need liquid: capture_milli must be above 0")
        return self
