"""A year of supply by source and by month: who covered what of the load, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allod.domain.supply import CARBON_FREE, Technology
from allod.energy.carbon import location_kg, market_kg
from allod.energy.contracts import Delivery
from allod.energy.grid import Values
from allod.energy.matching import Method, Source, cfe_score, share
from allod.energy.supplyyear import SupplyYear, matched


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one contract or plant would cover by itself, and what it covered among the others."""

    name: str
    technology: Technology
    zone: str
    energy_mwh: float  #: What it delivered. [MWh]
    used_mwh: float  #: What of it met load in its own step, the battery left out. [MWh]
    shares: dict[Method, float | None]  #: By itself; None: not testable at these steps. [1]
    cfe_score: float | None  #: By itself, with the grid's share; None: that is not known. [1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One calendar month, UTC; what is not known is None."""

    month: str  #: Such as '2027-01'.
    load_mwh: float  #: [MWh]
    match: float | None  #: Covered in its own step by contracts, plant and battery. [1]
    cfe_score: float | None  #: [1]
    location_kg: float | None  #: [kg CO2e]
    market_kg: float | None  #: [kg CO2e]


def contributions(year: SupplyYear) -> tuple[Contribution, ...]:
    """Every source of a year of one run, in the order of the document."""
    return tuple(_contribution(year, source) for source in year.sources)


def _contribution(year: SupplyYear, source: Delivery) -> Contribution:
    clean_wh = source.energy_wh * (source.technology in CARBON_FREE)
    alone = [Source(name=source.name, zone=source.zone, energy_wh=clean_wh)]
    known, here_wh = year.signals.cfe_share, clean_wh * (source.zone == year.zone)
    used_wh = year.clean_wh.get(source.name, np.zeros(1))
    return Contribution(
        name=source.name,
        technology=source.technology,
        zone=source.zone,
        energy_mwh=float(source.energy_wh.sum() / 1e6),
        used_mwh=float(used_wh.sum() / 1e6),
        shares={
            method: _known(matched(year.grid, year.load_wh, year.zone, alone, method))
            for method in Method
        },
        cfe_score=None if known is None else _known(cfe_score(year.load_wh, here_wh, known)),
    )


def months(year: SupplyYear) -> tuple[Month, ...]:
    """Every month of a year of one run that the grid touches."""
    stamps = year.grid.times_s().astype("datetime64[s]").astype("datetime64[M]")
    firsts = np.flatnonzero(np.r_[True, stamps[1:] != stamps[:-1]])
    ends = [*firsts[1:].tolist(), year.grid.steps]
    return tuple(
        _month(year, str(stamps[first]), slice(first, end))
        for first, end in zip(firsts.tolist(), ends, strict=True)
    )


def _month(year: SupplyYear, name: str, part: slice) -> Month:
    load_wh, flow, signals = year.load_wh[part], year.dispatch, year.signals
    location, market, cfe = None, None, None
    if signals.grid_g_per_kwh is not None:
        location = location_kg(flow.import_wh[part], signals.grid_g_per_kwh[part])
    if signals.residual_g_per_kwh is not None:
        market = market_kg(
            flow.import_wh[part], year.papers_wh[part], signals.residual_g_per_kwh[part]
        )
    if year.cfe is not None:
        # Where nothing was used, nothing was carbon-free; what is not known stays so.
        cfe_wh = np.where(load_wh > 0, year.cfe[part] * load_wh, 0.0)
        cfe = share(np.asarray(cfe_wh.sum()), load_wh)
    return Month(
        month=name,
        load_mwh=float(load_wh.sum() / 1e6),
        match=_known(share(np.asarray(year.covered_wh()[part].sum()), load_wh)),
        cfe_score=_known(cfe),
        location_kg=_known(location),
        market_kg=_known(market),
    )


def _known(value: Values | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
