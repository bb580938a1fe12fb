"""A plant made of arithmetic: a year of meters whose every total can be worked out by hand.

2025 in UTC: 8,760 hours; "day" is 08:00 to 20:00, so 4,380 hours are day and 4,380 are night.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from allod.domain.meters import Meter
from allod.domain.site import Site
from allod.energy.account import Evidence
from allod.energy.grid import Grid, Values
from allod.energy.readings import Readings, metered, readings
from allod.energy.report import EnergyReport, report

YEAR = Grid(1_735_689_600, 3600, 8760)
HOURS = np.arange(8760)
DAY = (HOURS % 24 >= 8) & (HOURS % 24 < 20)
FIRSTS = (0, 744, 1416, 2160, 2880, 3624, 4344, 5088, 5832, 6552, 7296, 8016)


def by_day(day: float, night: float) -> Values:
    """A value in day hours, another in the night; (8760,)."""
    return np.where(DAY, day, night).astype(float)


#: What each meter counts in an hour: quantity, reads, unit, values.
METERS: dict[str, tuple[str, str, str, Values]] = {
    "feed-a": ("edc", "register", "kWh", by_day(700, 600)),
    "feed-b": ("edc", "gauge", "kW", by_day(500, 400)),
    "diesel": (
        "edc-backup",
        "interval",
        "kWh",
        np.isin(HOURS, FIRSTS) * 100.0,
    ),  # A test run on each first of a month: 12 x 100 kWh.
    "ups": ("eit-ups", "register", "kWh", by_day(1050, 850)),
    "pdu": ("eit-pdu", "register", "MWh", by_day(0.94, 0.94)),
    "chillers": ("cooling", "gauge", "kW", by_day(60, 60)),
    "heat-out": ("heat-removed", "register", "kWh", by_day(900, 900)),
    "lift": ("heat-pump", "gauge", "kW", by_day(50, 0)),
    "city-water": ("water", "register", "l", by_day(500, 500)),
    "tap": ("potable-water", "register", "m3", by_day(0.1, 0.1)),
    "greenhouse": ("heat-reused", "interval", "MWh", by_day(0.2, 0)),
    "return": ("waste-heat-temp", "gauge", "degC", by_day(50, 40)),
    "outside": ("outdoor-temp", "gauge", "degC", np.where(HOURS // 24 < 30, 26.0, 10.0)),
    "hydro": ("renewable-ppa", "interval", "kWh", by_day(500, 500)),
    "roof": ("renewable-on-site", "interval", "kWh", by_day(300, 0)),
    "router-in": ("traffic-in", "register", "TB", by_day(1, 1)),
    "router-out": ("traffic-out", "register", "TB", by_day(2, 2)),
    "grid": ("grid-carbon", "gauge", "gCO2e/kWh", by_day(200, 100)),
    "mix": ("grid-cfe", "gauge", "%", by_day(40, 70)),
}

#: The contract feeds in where the site is.
SUPPLY: dict[str, Any] = {
    "grid": {"zone": "DE-LU"},
    "purchases": [
        {"name": "hydro", "technology": "hydro", "capacity_w": "500 kW", "zone": "DE-LU"}
    ],
}

REPORTING: dict[str, Any] = {
    "year": 2025,
    "owner_contact": "post@owner.example",
    "operator_contact": "post@plant.example",
    "location": "09162000",
    "kind": "colocation",
    "buildings": "structure",
    "also_offers": "nothing",
    "started": "2020-03-01",
    "redundancy_high_voltage": "2N",
    "redundancy_low_voltage": "N+1",
    "redundancy_rack_power": "2N",
    "redundancy_room_cooling": "N+1",
    "redundancy_rack_cooling": "N",
    "it_power_w": "2 MW",
    "it_power_metric": "installed",
    "wue_category": 2,
    "floor_area_m2": 3000,
    "computer_room_m2": 1200,
    "grid_functions": [],
    "battery_to_grid_w": 0,
    "refrigerants": ["R-1234ze(E)"],
    "inlet_setpoint_milli_degc": 25_500,
    "servers": 123_456,
    "servers_covered_milli": 905,
    "storage_tb": 7_500,
    "storage_covered_milli": 1000,
    "bandwidth_in_mbit_s": 400_000,
    "bandwidth_out_mbit_s": 800_000,
    "goo_kwh": 1_000_000,
    "itue_milli": 1050,
    "backup_gco2e_per_kwh": 800,
}


def meter(name: str, **more: Any) -> Meter:
    """A meter of the plant, as a document would have it."""
    measures, reads, unit, _ = METERS[name]
    base = {
        "name": name,
        "measures": measures,
        "reads": reads,
        "unit": unit,
        "every_s": 3600,
        "certificates": "cancelled",
        "table": {
            "file": "plant.csv",
            "value": name,
            "marks": "instant" if reads == "register" else "start",
        },
    }
    return Meter.model_validate(base | more)


def site(**more: Any) -> Site:
    """The plant as a document."""
    base = {
        "title": "Plant",
        "country": "DE",
        "operator": "plant-ag",
        "management": ["DE"],
        "metadata": ["DE"],
        "parties": [{"party": "owner-ag", "role": "owner"}],
        "pools": [{"name": "p", "accelerator": "h100"}],
        "runner": "none",
        "reporting": REPORTING,
        "supply": SUPPLY,
    }
    return Site.model_validate(base | more)


def said(name: str) -> Readings:
    """What a meter says in the year: 8,760 readings, of a register one more."""
    _, reads, _, values = METERS[name]
    times = YEAR.start_s + 3600 * np.arange(8761 if reads == "register" else 8760, dtype=np.int64)
    if reads == "register":
        return readings(times, np.concatenate([[0.0], np.cumsum(values)]) + 5000)
    return readings(times, values)


def evidence(**changed: Readings | Meter | None) -> tuple[Evidence, ...]:
    """All meters; `changed` gives one other readings or another description, or takes it away."""
    made = []
    for name in METERS:
        other = changed.get(name.replace("-", "_"), said(name))
        if other is None:
            continue
        described = other if isinstance(other, Meter) else meter(name)
        read = other if isinstance(other, Readings) else said(name)
        series = metered(described, read, YEAR)
        made.append(Evidence(described, series, f"plant.csv, column {name}", "00" * 32))
    return tuple(made)


def year_of(found: tuple[Evidence, ...], **more: Any) -> EnergyReport:
    """The plant's report on 2025."""
    return report("plant", site(**more), YEAR, found)
