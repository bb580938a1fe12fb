"""What a site's contracts and own plants deliver on a grid of time, from their documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from allod.domain.fact import Fact
from allod.domain.supply import (
    Battery,
    Dated,
    GridConnection,
    OnSiteGeneration,
    PowerPurchase,
    Supply,
    Technology,
)
from allod.energy.dispatch import Connection, Storage
from allod.energy.grid import Grid, Values
from allod.energy.solar import SolarPlant, solar_power_w
from allod.energy.weather import Weather
from allod.errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Energy of one contract or own plant."""

    name: str
    technology: Technology
    zone: str  #: Bidding zone in which it feeds in.
    on_site: bool  #: Behind the site's own meter.
    certified: bool  #: Its certificates are the site's.
    energy_wh: Values  #: (..., steps). [Wh per step]
    price_per_mwh: float = float("nan")  #: Agreed price; NaN: not known. [currency/MWh]


def deliveries(grid: Grid, supply: Supply, available: Mapping[str, Values]) -> tuple[Delivery, ...]:
    """What each contract and own plant delivers.

    Args:
        grid: The time.
        supply: The site's document.
        available: Share of its capacity that each piece of supply delivers, by its name;
            (..., steps); what is above 1 passes by. A baseload contract needs none. [1]

    Raises:
        InvalidInput: A fact that is needed is not known, or a series is missing or off the grid.
    """
    home = known(supply.grid.zone, "grid.zone")
    bought = (
        Delivery(
            name=item.name,
            technology=known(item.technology, f"{item.name}.technology"),
            zone=known(item.zone, f"{item.name}.zone"),
            on_site=False,
            certified=item.certificates.value is True,
            energy_wh=_energy_wh(grid, item, _availability(grid, item, available)),
            price_per_mwh=_price(item),
        )
        for item in supply.purchases
    )
    own = (
        Delivery(
            name=item.name,
            technology=known(item.technology, f"{item.name}.technology"),
            zone=home,
            on_site=True,
            certified=True,
            energy_wh=_energy_wh(grid, item, _availability(grid, item, available)),
        )
        for item in supply.on_site
    )
    return (*bought, *own)


def solar_share(item: OnSiteGeneration, weather: Weather) -> Values:
    """What a solar plant of a document could give of its capacity; (steps,). [1]

    The plant's own place goes before that of the weather.

    Raises:
        InvalidInput: It is no solar plant, its capacity is not known, or nobody says where it is.
    """
    if known(item.technology, f"{item.name}.technology") is not Technology.SOLAR:
        raise InvalidInput(
            f"'{item.name}' is {item.technology.value}, not solar", mend="give its own series"
        )
    capacity_w = known(item.capacity_w, f"{item.name}.capacity_w")
    plant = SolarPlant(
        capacity_w=capacity_w * item.modules_milli / 1000,
        inverter_w=capacity_w,
        tilt_deg=item.tilt_deg,
        azimuth_deg=item.azimuth_deg,
    )
    latitude, longitude = item.latitude_mdeg.value, item.longitude_mdeg.value
    if latitude is not None and longitude is not None:
        weather = replace(weather, latitude_deg=latitude / 1000, longitude_deg=longitude / 1000)
    return solar_power_w(plant, weather) / capacity_w


def storage(battery: Battery | None, start_charge: float | None = None) -> Storage:
    """The battery of a document, at its least charge unless `start_charge` says otherwise. [1]

    Raises:
        InvalidInput: A fact that is needed is not known.
    """
    if battery is None:
        return Storage()
    least = battery.min_charge_milli / 1000
    return Storage(
        energy_wh=known(battery.energy_wh, "battery.energy_wh"),
        power_w=known(battery.power_w, "battery.power_w"),
        efficiency=known(battery.efficiency_milli, "battery.efficiency_milli") / 1000,
        min_charge=least,
        start_charge=least if start_charge is None else start_charge,
    )


def connection(grid: GridConnection, envelope_w: float) -> Connection:
    """The connection of a document, within the site's envelope. [W]"""
    into, out = grid.import_w.value, grid.export_w.value
    return Connection(
        import_w=envelope_w if into is None else min(float(into), envelope_w),
        export_w=float(out or 0),  # What is not known to be allowed is not fed in.
    )


def known(fact: Fact[T], name: str) -> T:
    """The value of a fact.

    Raises:
        InvalidInput: It is unknown.
    """
    if fact.value is None:
        raise InvalidInput(f"{name} is unknown", mend="write it into the site's supply")
    return fact.value


def _availability(grid: Grid, item: Dated, available: Mapping[str, Values]) -> Values:
    if isinstance(item, PowerPurchase) and item.delivery == "baseload":
        return np.ones(grid.steps)
    if item.name not in available:
        raise InvalidInput(
            f"'{item.name}' has no series of what it delivers",
            mend="give its availability, from weather or from a meter",
        )
    return grid.check(item.name, available[item.name])


def _energy_wh(grid: Grid, item: Dated, available: Values) -> Values:
    """Capacity times availability in the contract's time; 0 outside. [Wh per step]"""
    times_s = grid.times_s()
    # A step that the contract begins or ends in counts for the part that lies within.
    inside_s = np.minimum(times_s + grid.step_s, item.ends) - np.maximum(times_s, item.starts)
    part_h = np.clip(inside_s, 0, grid.step_s) / 3_600
    capacity_w = known(item.capacity_w, f"{item.name}.capacity_w")
    # Where the contract does not hold, what the plant would have made does not matter.
    return np.where(part_h > 0, capacity_w * np.minimum(available, 1.0) * part_h, 0.0)


def _price(item: PowerPurchase) -> float:
    cents = item.price_cents_per_mwh.value
    return float("nan") if cents is None else cents / 100
