"""Supply: where a site's electricity comes from: contracts, plant of its own, battery, grid."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.units import NEVER_S, EnergyWh, InstantS, PowerW

#: A bidding zone by the name that its market uses, such as 'NO4', 'DE-LU' or 'FR'.
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z0-9-]{0,14}$"), Field(title="Zone")]
#: Currency, ISO 4217.
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
#: Hundredths of a currency unit for a megawatt-hour; spot prices may be negative, contracts not.
PriceCents = Annotated[int, Field(title="PriceCents", ge=0, le=10**9, strict=True)]
#: A share in thousandths.
Milli = Annotated[int, Field(ge=0, le=1000, strict=True)]
#: An efficiency in thousandths; nothing comes out of what has none.
EfficiencyMilli = Annotated[int, Field(title="Efficiency", ge=1, le=1000, strict=True)]
#: Thousandths of a degree, north positive.
LatitudeMdeg = Annotated[int, Field(title="Latitude", ge=-90_000, le=90_000, strict=True)]
#: Thousandths of a degree, east positive.
LongitudeMdeg = Annotated[int, Field(title="Longitude", ge=-180_000, le=180_000, strict=True)]


class Technology(StrEnum):
    """What makes the electricity."""

    HYDRO = "hydro"
    WIND = "wind"
    SOLAR = "solar"
    GEOTHERMAL = "geothermal"
    BIOMASS = "biomass"
    NUCLEAR = "nuclear"
    FOSSIL = "fossil"


#: What counts as carbon-free: all that burns nothing. Biomass burns, and is left to who reports.
CARBON_FREE = frozenset(
    {
        Technology.HYDRO,
        Technology.WIND,
        Technology.SOLAR,
        Technology.GEOTHERMAL,
        Technology.NUCLEAR,
    }
)
#: What counts as renewable (Directive (EU) 2018/2001, article 2).
RENEWABLE = frozenset(
    {
        Technology.HYDRO,
        Technology.WIND,
        Technology.SOLAR,
        Technology.GEOTHERMAL,
        Technology.BIOMASS,
    }
)


class Dated(Part):
    """A piece of supply with a name, a technology, a size and the time in which it counts."""

    name: Name
    technology: Fact[Technology]
    capacity_w: Fact[PowerW]
    """What it delivers at most. [W]"""
    starts: InstantS = 0
    ends: InstantS = NEVER_S
    commissioned: Fact[InstantS] = Fact(standing=Standing.UNKNOWN)
    """When the plant began to produce; rules about new plants ask for it. [epoch s]"""

    @model_validator(mode="after")
    def _forward(self) -> Dated:
        if self.ends <= self.starts:
            raise ValueError(f"'{self.name}' ends before it starts")
        return self


class PowerPurchase(Dated):
    """A power purchase agreement: electricity from a plant elsewhere, over the public grid."""

    zone: Fact[Zone]
    """Bidding zone in which the plant feeds in."""
    delivery: Literal["as-produced", "baseload"] = "as-produced"
    """'baseload': the capacity in every hour, whatever the weather."""
    price_cents_per_mwh: Fact[PriceCents] = Fact(standing=Standing.UNKNOWN)
    """Agreed price. [0.01 currency/MWh]"""
    currency: Currency = "EUR"
    certificates: Fact[bool] = Fact(standing=Standing.UNKNOWN)
    """Whether its guarantees of origin are handed over; unknown counts as no."""
    seller: Name | None = None
    """The party that sells."""


class OnSiteGeneration(Dated):
    """A plant behind the site's own meter."""

    latitude_mdeg: Fact[LatitudeMdeg] = Fact(standing=Standing.UNKNOWN)
    """Thousandths of a degree, north positive."""
    longitude_mdeg: Fact[LongitudeMdeg] = Fact(standing=Standing.UNKNOWN)
    """Thousandths of a degree, east positive."""
    tilt_deg: Annotated[int, Field(ge=0, le=90, strict=True)] | None = None
    """Solar: tilt of the modules from level; none for trackers. [deg]"""
    azimuth_deg: Annotated[int, Field(ge=0, le=359, strict=True)] = 180
    """Solar: where the modules look, clockwise from north. [deg]"""
    modules_milli: Annotated[int, Field(ge=500, le=5000, strict=True)] = 1200
    """Solar: power of the modules over `capacity_w`, which the inverters give at most, in
    thousandths; 1200 is the default of PVWatts. [1/1000]"""
    hub_height_m: Annotated[int, Field(ge=1, le=400, strict=True)] | None = None
    """Wind: height of the hub above ground. [m]"""
    turbine: Text = ""
    """Wind: type as in the turbine library, such as 'E-126/4200'."""


class Battery(Part):
    """A battery behind the site's own meter."""

    energy_wh: Fact[EnergyWh]
    """What it holds when full. [Wh]"""
    power_w: Fact[PowerW]
    """At its terminals, in and out. [W]"""
    efficiency_milli: Fact[EfficiencyMilli]
    """Round trip, from terminal to terminal, in thousandths. [1/1000]"""
    min_charge_milli: Milli = 0
    """Share of its energy that is never drawn, in thousandths. [1/1000]"""


class GridConnection(Part):
    """Where the site meets the public grid."""

    zone: Fact[Zone]
    """Bidding zone of the connection."""
    import_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """What it may draw at most; unknown: what the envelope says. [W]"""
    export_w: Fact[PowerW] = Fact(value=0)
    """What it may feed in at most. [W]"""


class Supply(Part):
    """All that a site's electricity comes from."""

    grid: GridConnection
    purchases: tuple[PowerPurchase, ...] = ()
    on_site: tuple[OnSiteGeneration, ...] = ()
    battery: Battery | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> Supply:
        names = [item.name for item in (*self.purchases, *self.on_site)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two pieces of supply are called '{twice}'; rename one of them")
        return self
