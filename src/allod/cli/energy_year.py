"""A simulated year with what it rests on, and as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from allod.cli import energy_certificates
from allod.cli.energy_certificates import Papers
from allod.domain.site import Site
from allod.domain.units import instant_text
from allod.energy.breakdown import Contribution, Month, contributions, months
from allod.energy.grid import Values
from allod.energy.heat_sales import HeatSale, heat_sales
from allod.energy.simulation import Simulation, figures
from allod.energy.weather import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A simulation with what it rests on."""

    name: str
    site: Site
    weather: Weather
    made: Simulation
    papers: Papers | None  #: What certificates cover, where some were given.
    notes: tuple[str, ...]

    def sources(self) -> tuple[Contribution, ...]:
        """Each contract and plant; none if nothing is said of supply."""
        return contributions(self.made.supply) if self.made.supply else ()

    def months(self) -> tuple[Month, ...]:
        """The supply of each month; none if nothing is said of supply."""
        return months(self.made.supply) if self.made.supply else ()

    def heat(self) -> tuple[HeatSale, ...]:
        """Each heat contract."""
        supply = self.made.supply
        carbon = supply.signals.grid_g_per_kwh if supply else None
        return heat_sales(self.site.heat, self.made.use.heat, self.made.grid, carbon)


def year_json(told: Told) -> dict[str, Any]:
    """The whole as plain values."""
    grid = told.made.grid
    return {
        "site": told.name,
        "from": instant_text(grid.start_s),
        "to": instant_text(grid.end_s),
        "step_s": grid.step_s,
        "rests_on": list(told.notes),
        "figures": [
            {
                "name": one.name,
                "value": one.value,
                "unit": one.unit,
                "method": one.method,
                "missing": list(one.missing),
            }
            for one in figures(told.made)
        ],
        "sources": [asdict(one) for one in told.sources()],
        "months": [asdict(one) for one in told.months()],
        "heat": [asdict(one) for one in told.heat()],
        "certificates": energy_certificates.shown(told.papers) if told.papers else [],
    }


def columns_of(made: Simulation) -> dict[str, Values]:
    """Every series of a simulated year, by name with its unit; (steps,)."""
    use, supply = made.use, made.supply
    flat = np.broadcast_to(np.asarray(use.misc_w), use.it_w.shape)
    found = {
        "it_w": use.it_w,
        "losses_w": use.losses_w,
        "cooling_w": use.cooling_w,
        "misc_w": flat,
        "heat_pump_w": use.heat_pump_w,
        "facility_w": use.facility_w,
        "pue": use.pue,
        "water_l": use.water_l,
        "heat_captured_w": use.captured_w,
        "heat_delivered_w": use.heat_w,
    }
    if supply is not None:
        flow = supply.dispatch
        found |= {
            "import_wh": flow.import_wh,
            "export_wh": flow.export_wh,
            "stored_wh": flow.stored_wh,
            "unserved_wh": flow.unserved_wh,
            "waited_wh": flow.flexible_wh,
            "papers_wh": supply.papers_wh,
            **{f"clean_{name}_wh": values for name, values in supply.clean_wh.items()},
        }
        if supply.cfe is not None:
            found["cfe"] = supply.cfe
    return found
