"""ReportingFacts: what the yearly report on a data centre declares and no meter measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from allod.domain.base import Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.meters import Dimension, Quantity, dimension_of
from allod.domain.units import Count, InstantS, PowerW

#: A ratio in thousandths.
Milli = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
#: A temperature in thousandths of a degree Celsius.
MilliDegC = Annotated[int, Field(ge=-100_000, le=200_000, strict=True)]


class ReportingFacts(Part):
    """What the EU 2024/1364 record asks for beside what is metered, of one calendar year."""

    year: int = Field(ge=2023, le=2200)
    """Calendar year of which these facts are; a report of another year does not use them."""
    absent: tuple[Quantity, ...] = ()
    """Quantities that there are none of at this site, such as edc-backup: 0 without a meter."""
    owner_contact: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """How the owner is reached."""
    operator_contact: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """How the operator is reached."""
    location: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Code of the local administrative unit (LAU), by Eurostat's latest table."""
    kind: Fact[Literal["enterprise", "colocation", "co-hosting"]] = Fact(standing=Standing.UNKNOWN)
    """Type of data centre, by its main operation."""
    buildings: Fact[Literal["structure", "group of structures"]] = Fact(standing=Standing.UNKNOWN)
    """Whether it is one structure or a group of them."""
    also_offers: Fact[Literal["nothing", "colocation", "co-hosting"]] = Fact(
        standing=Standing.UNKNOWN
    )
    """What it offers beside its main operation."""
    started: Fact[InstantS] = Fact(standing=Standing.UNKNOWN)
    """When it began to operate; the law asks more of what is new. [epoch s]"""
    redundancy_high_voltage: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Redundancy of the electrical infrastructure at high voltage, such as '2N'."""
    redundancy_low_voltage: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Redundancy of the electrical infrastructure at low voltage (line-up), such as '2N'."""
    redundancy_rack_power: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Redundancy of the electrical infrastructure at the rack, such as '2N'."""
    redundancy_room_cooling: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Redundancy of the cooling of rooms, such as 'N+1'."""
    redundancy_rack_cooling: Fact[Text] = Fact(standing=Standing.UNKNOWN)
    """Redundancy of the cooling at the rack, such as 'N+1'."""
    it_power_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """Installed IT power demand, PDIT; where it changed, its mean over the year. [W]"""
    it_power_metric: Fact[Literal["installed", "rated"]] = Fact(standing=Standing.UNKNOWN)
    """Whether `it_power_w` is the installed power demand, or, where that cannot be told, the rated
    one."""
    floor_area_m2: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Floor of the data centre, SDC. [m2]"""
    computer_room_m2: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Floor of its computer rooms, SCR. [m2]"""
    grid_functions: Fact[tuple[Text, ...]] = Fact(standing=Standing.UNKNOWN)
    """What it does for the grid; an empty list is none."""
    battery_to_grid_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """Average battery capacity offered to the grid, CBtG. [W]"""
    refrigerants: Fact[tuple[Text, ...]] = Fact(standing=Standing.UNKNOWN)
    """Refrigerants in its cooling, such as 'R-1234ze(E)'; an empty list is none."""
    inlet_setpoint_milli_degc: Fact[MilliDegC] = Fact(standing=Standing.UNKNOWN)
    """Average set point of the intake air of IT equipment, TIN, where no meter has it. [m°C]"""
    wue_category: Fact[Literal[1, 2]] = Fact(standing=Standing.UNKNOWN)
    """Category of EN 50600-4-9 by which the water input is metered."""
    cooling_degree_days_milli: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Cooling degree days of the place and year above 21 °C, in thousandths, from the open source
    that the regulation asks for; it comes before a meter of the outdoor air."""
    servers: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """ICT capacity of its servers, CSERV: the sum of their active-state performance. [1]"""
    servers_covered_milli: Fact[Milli] = Fact(standing=Standing.UNKNOWN)
    """Share of the computer rooms' floor that CSERV covers, in thousandths."""
    storage_tb: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """ICT capacity of its storage, CSTOR: raw. [TB]"""
    storage_covered_milli: Fact[Milli] = Fact(standing=Standing.UNKNOWN)
    """Share of the computer rooms' floor that CSTOR covers, in thousandths."""
    bandwidth_in_mbit_s: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Provisioned bandwidth for incoming traffic, BIN, mean of the year. [Mbit/s]"""
    bandwidth_out_mbit_s: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Provisioned bandwidth for outgoing traffic, BOUT, mean of the year. [Mbit/s]"""
    goo_kwh: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Guarantees of origin cancelled for the year and this site alone, where no meter has them and
    they are of neither a power purchase agreement nor on-site generation. [kWh]"""
    itue_milli: Fact[Milli] = Fact(standing=Standing.UNKNOWN)
    """IT power usage effectiveness in thousandths, for the total usage effectiveness (TUE)."""
    backup_gco2e_per_kwh: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    """Carbon of a kWh from backup generators. [gCO2e/kWh]"""

    @field_validator("absent")
    @classmethod
    def _adds_up(cls, absent: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        always = {Quantity.EDC, Quantity.EIT_UPS, Quantity.EIT_PDU, Quantity.EIT_DEVICE}
        for quantity in absent:
            rate = dimension_of(quantity) in (Dimension.TEMPERATURE, Dimension.INTENSITY)
            if rate or quantity in always:
                raise ValueError(f"there is always some '{quantity}'; meter it instead")
        return absent
