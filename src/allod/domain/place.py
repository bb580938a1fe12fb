"""Place: where a site stands, and what the place gives it: land, grid zone, climate, fibre."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from allod.domain.base import Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.units import Count

#: Degrees north in millionths, WGS 84.
LatitudeMicrodeg = Annotated[int, Field(ge=-90_000_000, le=90_000_000, strict=True)]
#: Degrees east in millionths, WGS 84.
LongitudeMicrodeg = Annotated[int, Field(ge=-180_000_000, le=180_000_000, strict=True)]

_TEXT: Fact[Text] = Fact(standing=Standing.UNKNOWN)
_COUNT: Fact[Count] = Fact(standing=Standing.UNKNOWN)


class Place(Part):
    """Where a site stands."""

    city: Fact[Text] = _TEXT
    region: Fact[Text] = _TEXT
    """Region of the state, such as 'Hauts-de-France'."""
    latitude_microdeg: Fact[LatitudeMicrodeg] = Fact(standing=Standing.UNKNOWN)
    """North of the equator, WGS 84. [1e-6 degree]"""
    longitude_microdeg: Fact[LongitudeMicrodeg] = Fact(standing=Standing.UNKNOWN)
    """East of Greenwich, WGS 84. [1e-6 degree]"""
    precision: Text = ""
    """How good the position is, such as 'town' or 'about 10 km'."""
    land_ha: Fact[Count] = _COUNT
    """Area of the ground. [ha]"""
    former_use: Fact[Text] = _TEXT
    """What stood there before, such as an air base or a steel works."""
    bidding_zone: Fact[Text] = _TEXT
    """Zone of the day-ahead market, such as 'NO4'."""
    grid_carbon_mg_per_kwh: Fact[Count] = _COUNT
    """Carbon intensity of the grid there, mean of a year. [mg CO2e/kWh]"""
    climate: Fact[Text] = _TEXT
    connectivity: Fact[Text] = _TEXT
    """Cables, landing points and fibre."""
