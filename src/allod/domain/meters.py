"""Meter: what measures a site's energy, water, heat and traffic, and where its readings are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.fact import Standing
from allod.domain.units import DurationS


class Quantity(StrEnum):
    """What a meter measures; several meters of one quantity add up (temperatures: their mean)."""

    EDC = "edc"  #: All energy into the data centre upstream of the transfer switch, fuels too.
    EDC_BACKUP = "edc-backup"  #: Energy from backup generators; added to `edc`.
    EIT_UPS = "eit-ups"  #: IT energy at the output of the UPSs (PUE category 1).
    EIT_PDU = "eit-pdu"  #: IT energy at the output of the PDUs (PUE category 2).
    EIT_DEVICE = "eit-device"  #: IT energy at the input of the IT equipment (PUE category 3).
    COOLING = "cooling"  #: Electricity of the cooling system.
    HEAT_REMOVED = "heat-removed"  #: Heat that the cooling system takes away.
    HEAT_PUMP = "heat-pump"  #: Electricity of heat pumps that lift heat for others; part of `edc`.
    WATER = "water"  #: All water across the boundary for the data centre's work.
    POTABLE_WATER = "potable-water"  #: What of it is drinking water.
    HEAT_REUSED = "heat-reused"  #: Heat handed over at the boundary that replaces other energy.
    WASTE_HEAT_TEMP = "waste-heat-temp"  #: Temperature of the waste heat.
    INLET_TEMP = "inlet-temp"  #: Set point of the air that IT equipment takes in.
    OUTDOOR_TEMP = "outdoor-temp"  #: Air outside, for the cooling degree days.
    RENEWABLE_GOO = "renewable-goo"  #: Guarantees of origin, cancelled for this site alone.
    RENEWABLE_PPA = "renewable-ppa"  #: Renewable energy under power purchase agreements.
    RENEWABLE_ON_SITE = "renewable-on-site"  #: Renewable energy made and used on the site.
    TRAFFIC_IN = "traffic-in"  #: Data that came in.
    TRAFFIC_OUT = "traffic-out"  #: Data that went out.
    GRID_CARBON = "grid-carbon"  #: Carbon intensity of the grid's power.
    GRID_CFE = "grid-cfe"  #: Carbon-free share of the grid's power, imports included.


class Dimension(StrEnum):
    """What kind of thing a unit counts."""

    POWER = "power"
    ENERGY = "energy"
    VOLUME = "volume"
    TEMPERATURE = "temperature"
    TRAFFIC = "traffic"
    INTENSITY = "intensity"
    SHARE = "share"


Unit = Literal[
    "W",
    "kW",
    "MW",
    "Wh",
    "kWh",
    "MWh",
    "GWh",
    "J",
    "l",
    "m3",
    "degC",
    "B",
    "GB",
    "TB",
    "gCO2e/kWh",
    "1",
    "%",
]

#: Dimension of each unit, and how many of W, Wh, m3, degC, B, gCO2e/kWh or 1 one of it is (SI).
UNITS: Final[dict[str, tuple[Dimension, float]]] = {
    "W": (Dimension.POWER, 1.0),
    "kW": (Dimension.POWER, 1e3),
    "MW": (Dimension.POWER, 1e6),
    "Wh": (Dimension.ENERGY, 1.0),
    "kWh": (Dimension.ENERGY, 1e3),
    "MWh": (Dimension.ENERGY, 1e6),
    "GWh": (Dimension.ENERGY, 1e9),
    "J": (Dimension.ENERGY, 1 / 3600),
    "l": (Dimension.VOLUME, 1e-3),
    "m3": (Dimension.VOLUME, 1.0),
    "degC": (Dimension.TEMPERATURE, 1.0),
    "B": (Dimension.TRAFFIC, 1.0),
    "GB": (Dimension.TRAFFIC, 1e9),
    "TB": (Dimension.TRAFFIC, 1e12),
    "gCO2e/kWh": (Dimension.INTENSITY, 1.0),
    "1": (Dimension.SHARE, 1.0),
    "%": (Dimension.SHARE, 0.01),
}

_OTHERS: Final = {
    Quantity.WATER: Dimension.VOLUME,
    Quantity.POTABLE_WATER: Dimension.VOLUME,
    Quantity.WASTE_HEAT_TEMP: Dimension.TEMPERATURE,
    Quantity.INLET_TEMP: Dimension.TEMPERATURE,
    Quantity.OUTDOOR_TEMP: Dimension.TEMPERATURE,
    Quantity.TRAFFIC_IN: Dimension.TRAFFIC,
    Quantity.TRAFFIC_OUT: Dimension.TRAFFIC,
    Quantity.GRID_CARBON: Dimension.INTENSITY,
    Quantity.GRID_CFE: Dimension.SHARE,
}


def dimension_of(quantity: Quantity) -> Dimension:
    """What a quantity is counted in; energy, unless it is something else."""
    return _OTHERS.get(quantity, Dimension.ENERGY)


#: An address without user or password: documents are shown to others.
Address = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$", max_length=500)
]


#: A name of the IANA list of time zones.
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")]


class PrometheusSource(Part):
    """Readings kept by a Prometheus server, asked for at every step."""

    url: Address
    """Address of the server, such as 'http://metrics.example:9090'."""
    query: Text
    """PromQL that gives exactly one series, such as 'plant_energy_kwh_total{feed="a"}'."""


class TableSource(Part):
    """Readings in a column of a CSV or parquet file, one row each."""

    file: Text
    """Name of the file, without folder; the report is told where it lies."""
    value: Text
    """Column of the readings."""
    time: Text = "time"
    """Column of the times: ISO 8601, or seconds since 1970."""
    marks: Literal["start", "end", "instant"]
    """Whether a time is the start of what a row is of, its end, or the instant of the reading."""
    time_zone: Zone = "UTC"
    """Zone of times that do not say theirs, such as Europe/Oslo; where its clocks change, what is
    not certain is left out."""


class RedfishSource(Part):
    """A property of a Redfish service. It tells only what is now, so its readings are kept."""

    url: Address
    """Address of the service, such as 'https://bmc.example'."""
    path: Annotated[str, StringConstraints(pattern=r"^/redfish/v1/[A-Za-z0-9_./-]*$")]
    """Resource, such as '/redfish/v1/Chassis/1/EnvironmentMetrics'."""
    property: Annotated[str, StringConstraints(pattern=r"^/[^\s]+$")] = "/EnergykWh/Reading"
    """JSON pointer to the number in it."""


class Meter(Part):
    """What measures one quantity, how it counts, and where its readings are."""

    name: Name
    measures: Quantity
    """What it measures."""
    reads: Literal["gauge", "register", "interval"]
    """'gauge': what is now, or a mean; 'register': a total that only grows; 'interval': what each
    interval came to."""
    unit: Unit
    """Unit of its readings."""
    every_s: DurationS = Field(gt=0)
    """Time between readings; a reading stands for no longer than that. [s]"""
    rolls_over_at: int | None = Field(default=None, gt=0)
    """Where a register begins at 0 again, in its unit: 1000000 for six digits."""
    certificates: Literal["cancelled", "not-issued", "sold", "unknown"] = "unknown"
    """Of renewable energy: what became of its guarantees of origin."""
    standing: Standing = Standing.DECLARED
    """How well its readings stand: attested if it is calibrated and sealed by a third party."""
    prometheus: PrometheusSource | None = None
    """Exactly one of `prometheus`, `table` and `redfish` says where its readings are."""
    table: TableSource | None = None
    redfish: RedfishSource | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = [source for source in (self.prometheus, self.table, self.redfish) if source]
        if len(given) != 1:
            raise ValueError("write exactly one of 'prometheus', 'table' and 'redfish'")
        wanted, has = dimension_of(self.measures), UNITS[self.unit][0]
        if self.reads == "gauge" and wanted is Dimension.ENERGY:
            wanted = Dimension.POWER
        if has is not wanted:
            units = ", ".join(unit for unit, (kind, _) in UNITS.items() if kind is wanted)
            raise ValueError(
                f"a {self.reads} of '{self.measures}' is no {has} ('{self.unit}'); write {units}"
            )
        rates = (Dimension.TEMPERATURE, Dimension.INTENSITY, Dimension.SHARE)
        if self.reads != "gauge" and wanted in rates:
            raise ValueError(f"'{self.measures}' does not add up; write 'reads: gauge'")
        if self.reads == "gauge" and wanted in (Dimension.VOLUME, Dimension.TRAFFIC):
            raise ValueError(f"'{self.measures}' adds up; write 'reads: register' or 'interval'")
        if self.rolls_over_at and self.reads != "register":
            raise ValueError("only a register rolls over; leave 'rolls_over_at' out")
        if self.table and self.table.marks != "instant" and self.reads == "register":
            raise ValueError("a register is read at an instant; write 'marks: instant'")
        if self.table and self.table.marks == "instant" and self.reads == "interval":
            raise ValueError("say whether a time is an interval's start or end; write 'marks'")
        return self


def _different(meters: tuple[Meter, ...]) -> tuple[Meter, ...]:
    names = [meter.name for meter in meters]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"two meters are called '{twice}'; rename one of them")
    return meters


#: The meters of a site, each under a name of its own.
Meters = Annotated[tuple[Meter, ...], AfterValidator(_different)]
