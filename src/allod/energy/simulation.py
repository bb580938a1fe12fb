"""A site over a year, or any other time: what it uses, what supplies it, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from allod.domain.site import PhaseState, Site
from allod.energy.contracts import connection, deliveries, storage
from allod.energy.dispatch import SELF_CONSUMPTION, Flexible, Policy
from allod.energy.dispatch import Plant as Electrical
from allod.energy.grid import Grid, Values
from allod.energy.it_power import Draw, draw_of
from allod.energy.kpi import METHODS, Kpi
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant_of import plant_of
from allod.energy.siteyear import SiteYear, simulate
from allod.energy.supplyyear import Signals, SupplyYear, supply_year
from allod.errors import InvalidInput

_FROM_MODEL = ("the model",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Use and supply of a site over a grid of time; leading axes are members of a sample."""

    use: SiteYear
    supply: SupplyYear | None  #: None: the site's document does not say what supplies it.

    @property
    def grid(self) -> Grid:
        """The time."""
        return self.use.grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifting:
    """What of the electricity may be moved in time; cooling and heat stay where they were asked."""

    flexible: float = 0.0  #: Share of what the site draws that may wait. [1]
    defer_s: int = 0  #: How long at most. [s]
    policy: Policy = SELF_CONSUMPTION  #: When the battery takes and gives, and what waits runs.

    def of(self, grid: Grid, load_wh: Values) -> Flexible | None:
        """The load that may wait, of all load; None: there is none."""
        if not self.flexible:
            return None
        return Flexible(asked_wh=load_wh * self.flexible, defer_steps=self.defer_s // grid.step_s)


def simulate_site(
    site: Site,
    grid: Grid,
    it_w: Values,
    air: OutdoorAir,
    available: Mapping[str, Values] | None = None,
    signals: Signals | None = None,
    *,
    design_it_w: float | None = None,
    shifting: Shifting | None = None,
) -> Simulation:
    """`site` through all steps of `grid`.

    Args:
        site: The document.
        grid: The time.
        it_w: IT power; (..., steps). [W]
        air: Outdoor air on the grid.
        available: Share of its capacity that each piece of supply delivers, by its name. [1]
        signals: What the public grid is like.
        design_it_w: IT power that the plant is built for, in place of the document's. [W]
        shifting: What may be moved in time, and when; default: nothing, and the battery by surplus.

    Raises:
        InvalidInput: A fact that is needed is not known, or a series does not lie on the grid.
    """
    use = simulate(grid, it_w, air, plant_of(site, design_it_w=design_it_w), site.heat)
    if site.supply is None:
        return Simulation(use=use, supply=None)
    limit = site.envelope.site.power_w.value if site.envelope else None
    electrical = Electrical(
        storage=storage(site.supply.battery),
        connection=connection(site.supply.grid, float("inf") if limit is None else float(limit)),
    )
    zone = site.supply.grid.zone.value
    if zone is None:
        raise InvalidInput("supply.grid.zone is unknown", mend="write the bidding zone of the site")
    shifting = shifting or Shifting()
    load_wh = use.facility_w * grid.step_h
    supplied = supply_year(
        grid,
        load_wh * (1 - shifting.flexible),
        zone,
        deliveries(grid, site.supply, available or {}),
        plant=electrical,
        policy=shifting.policy,
        flexible=shifting.of(grid, load_wh),
        signals=signals,
    )
    return Simulation(use=use, supply=supplied)


def figures(made: Simulation) -> tuple[Kpi, ...]:
    """What a simulation of one member came to, each with its method, or what lacks for it."""
    lacking = _lacking(made.supply) if made.supply else {}
    return tuple(
        Kpi(
            name,
            None,
            unit,
            method,
            _FROM_MODEL,
            (lacking.get(name, "a series that it needs is not known"),),
        )
        if value is None or np.isnan(value)
        else Kpi(name, float(value), unit, method, _FROM_MODEL)
        for name, (value, unit, method) in _all_of(made).items()
    )


def figures_of(made: Simulation) -> dict[str, tuple[Values, str, str]]:
    """For each figure that can be told its values (...,), one for each member, unit and method."""
    return {
        name: (value, unit, method)
        for name, (value, unit, method) in _all_of(made).items()
        if value is not None
    }


def _all_of(made: Simulation) -> dict[str, tuple[Values | None, str, str]]:
    """The same with None for what cannot be told."""
    use = made.use
    it_mwh, facility_mwh = use.energy_mwh(use.it_w), use.energy_mwh(use.facility_w)
    heat_mwh, water_m3 = use.energy_mwh(use.heat_w), np.asarray(use.water_l.sum(axis=-1) / 1000)
    reused = _over(heat_mwh, facility_mwh)
    found: dict[str, tuple[Values | None, str, str]] = {
        "IT energy": (it_mwh, "MWh", "mean power x time"),
        "energy at the meter": (facility_mwh, "MWh", "mean power x time"),
        "highest power": (np.asarray(use.facility_w.max(axis=-1) / 1e6), "MW", "mean of a step"),
        "PUE": (use.annual_pue, "1", "energy over energy, ISO/IEC 30134-2"),
        "water": (water_m3, "m3", "what the plant draws"),
        "WUE": (_over(water_m3, it_mwh), "m3/MWh", METHODS["WUE"]),
        "heat handed over": (heat_mwh, "MWh", "counted at the boundary"),
        "ERF": (reused, "1", METHODS["ERF"]),
        "ERE": ((1 - reused) * use.annual_pue, "1", METHODS["ERE"]),
    }
    if made.supply is not None:
        found |= _supplied(made.supply)
    return found


def _supplied(year: SupplyYear) -> dict[str, tuple[Values | None, str, str]]:
    flow, carbon = year.dispatch, year.carbon
    spot = "spot at the meter, contracts at their price less spot"
    return {
        "from the grid": (_mwh(flow.import_wh), "MWh", "contracts over the grid included"),
        "fed in": (_mwh(flow.export_wh), "MWh", "own plant that nobody here took"),
        "not served": (_mwh(flow.unserved_wh), "MWh", "beyond plant, battery and connection"),
        "annual match": (year.annual_match, "1", "clean generation over load, any hour and zone"),
        "annual match, same zone": (year.same_zone_match, "1", "any hour, the zone of the site"),
        "hourly match": (year.hourly_match, "1", "same zone and hour"),
        "quarter-hourly match": (year.quarter_match, "1", "same zone and quarter-hour"),
        "CFE score": (year.cfe_score, "1", "Google 2021, with the grid's own share"),
        "carbon by location": (_tonnes(carbon.location_kg), "t", "GHG Protocol Scope 2, direct"),
        "carbon by location, life cycle": (
            _tonnes(carbon.lifecycle_kg),
            "t",
            "with fuel supply and plant, beyond Scope 2",
        ),
        "carbon by market": (_tonnes(carbon.market_kg), "t", "GHG Protocol Scope 2, residual mix"),
        "carbon of a kWh by location": (_per_kwh(carbon.location_kg, year), "g/kWh", "over load"),
        "carbon of a kWh by market": (_per_kwh(carbon.market_kg, year), "g/kWh", "over load"),
        "cost of energy": (year.cost, year.signals.currency or "currency", spot),
    }


def _lacking(year: SupplyYear) -> dict[str, str]:
    """Why a figure of the supply is not known, where it is not."""
    of_grid = "carbon of the grid is not known"
    residual = "carbon of the residual mix is not known"
    too_long = f"not testable at this step: it is {year.grid.step_s:,} s long"
    prices = [
        item.name for item in year.sources if not item.on_site and np.isnan(item.price_per_mwh)
    ]
    return {
        "hourly match": too_long,
        "quarter-hourly match": too_long,
        "CFE score": "carbon-free share of the grid is not known",
        "carbon by location": of_grid,
        "carbon by location, life cycle": of_grid,
        "carbon of a kWh by location": of_grid,
        "carbon by market": residual,
        "carbon of a kWh by market": residual,
        "cost of energy": f"price of contract '{prices[0]}' is not known"
        if prices and year.signals.price_per_mwh is not None
        else "spot price is not known",
    }


def _tonnes(mass_kg: Values | None) -> Values | None:
    return None if mass_kg is None else np.asarray(mass_kg / 1_000)


def _per_kwh(mass_kg: Values | None, year: SupplyYear) -> Values | None:
    """Over all that was used, whatever supplied it."""
    return None if mass_kg is None else _over(mass_kg * 1e6, year.load_wh.sum(axis=-1))


def utilised_w(site: Site, utilisation: Values) -> Values:
    """IT power of all accelerators of a site's phases at a utilisation of 0 to 1. [W]

    Phases that were cancelled do not count; those that are only announced do.

    Raises:
        InvalidInput: No phase says how many there are, or the power of a model is not known.
    """
    drawn = [(draw, count) for draw, count in _installed(site) if count]
    if not drawn:
        raise InvalidInput(
            f"site '{site.title}': no phase says how many accelerators there are",
            mend="write them into the phases, or give the IT power",
        )
    return np.asarray(sum(draw.utilised_w(utilisation) * count for draw, count in drawn))


def busy_w(site: Site, busy: Mapping[str, Values]) -> Values:
    """IT power with so many accelerators of each pool at work and the others idle; (steps,). [W]

    Raises:
        InvalidInput: A pool is none of the site's, or the power of its model is not known.
    """
    names = [pool.name for pool in site.pools]
    if unknown := sorted(set(busy) - set(names)):
        raise InvalidInput(
            f"pool '{unknown[0]}' is none of site '{site.title}'",
            mend=f"it has {', '.join(names)}",
        )
    pools = dict(zip(names, _installed(site), strict=True))
    for name, at_work in busy.items():
        if (most := float(np.max(at_work))) > pools[name][1]:
            raise InvalidInput(
                f"{most:,.0f} accelerators of pool '{name}' are at work, and the phases of site "
                f"'{site.title}' name {pools[name][1]:,}",
                mend="give the documents that the jobs ran with",
            )
    known = [
        draw.pool_w(busy.get(name, np.zeros(1)), float(count))
        for name, (draw, count) in pools.items()
        if count or name in busy
    ]
    return np.asarray(sum(known))


def _installed(site: Site) -> list[tuple[Draw, int]]:
    """For each pool what one of its accelerators draws, and how many the phases name."""
    found = []
    for pool in site.pools:
        count = sum(
            phase.accelerators[pool.name].value or 0
            for phase in site.phases
            if pool.name in phase.accelerators and phase.state.value is not PhaseState.CANCELLED
        )
        rated_w = pool.power_per_accelerator_w.value
        found.append((draw_of(pool.accelerator.value or "", rated_w=rated_w), count))
    return found


def _over(part: Values, whole: Values) -> Values:
    """A ratio; NaN where nothing is below the line."""
    return np.asarray(part / np.where(whole > 0, whole, np.nan))


def _mwh(energy_wh: Values) -> Values:
    return np.asarray(energy_wh.sum(axis=-1) / 1e6)
