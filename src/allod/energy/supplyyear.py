"""A site's year of supply: contracts, own plant, battery and grid joined over one grid of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from allod.domain.supply import CARBON_FREE
from allod.energy.carbon import Carbon, location_kg, market_kg
from allod.energy.contracts import Delivery
from allod.energy.dispatch import SELF_CONSUMPTION, Dispatch, Flexible, Plant, Policy, dispatch
from allod.energy.grid import Grid, Values
from allod.energy.matching import Method, Source, match_share, share
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the public grid is like over time; NaN where, or all None if, it is not known."""

    cfe_share: Values | None = None  #: Carbon-free share of the grid. [1]
    grid_g_per_kwh: Values | None = None  #: Its intensity, for location-based carbon.
    lifecycle_g_per_kwh: Values | None = None  #: The same with fuel supply and plant.
    residual_g_per_kwh: Values | None = None  #: Of the residual mix, for market-based carbon.
    price_per_mwh: Values | None = None  #: Spot price. [currency/MWh]
    currency: str = ""  #: Of the price, ISO 4217.


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyYear:
    """What supplied a site; series are (..., steps) in Wh per step, scores (...,).

    Scores whose inputs are not known are None; the hourly and quarter-hourly match are None where
    the steps are too long for them, or do not fill whole hours or quarters.
    """

    grid: Grid
    zone: str  #: Bidding zone of the site.
    sources: tuple[Delivery, ...]  #: All contracts and own plants.
    signals: Signals
    dispatch: Dispatch
    load_wh: Values  #: What was consumed.
    clean_wh: dict[str, Values]  #: Carbon-free energy that met load in its step, by source.
    excess_wh: Values  #: Contracted carbon-free energy that neither load nor battery took.
    cfe: Values | None  #: Carbon-free share of each step; (..., steps). [1]
    cfe_score: Values | None  #: Over all of the time. [1]
    annual_match: Values  #: Generation over load, at most 1, any hour and zone. [1]
    same_zone_match: Values  #: The same, of generation in the zone of the site. [1]
    hourly_match: Values | None  #: Same zone and hour, shifted by the battery. [1]
    quarter_match: Values | None  #: Same zone and quarter-hour, shifted by the battery. [1]
    papers_wh: Values  #: What certificates cover of what came from the grid.
    carbon: Carbon
    cost: Values | None  #: Spot for the meter, contracts settled against spot. [currency]

    def covered_wh(self) -> Values:
        """All carbon-free energy that met load in its step. [Wh per step]"""
        return np.asarray(sum(self.clean_wh.values(), np.zeros_like(self.load_wh)))

    def with_certificates(self, covered_wh: Values) -> SupplyYear:
        """The same year, in which certificates cover so much of what came from the grid.

        They take the place of what contracts say of theirs, so that none is counted twice.
        """
        carbon = _carbon(self.signals, self.dispatch, covered_wh)
        return replace(self, papers_wh=covered_wh, carbon=carbon)


#: Name of what the battery gave back, among the sources.
FROM_BATTERY = "battery"


def supply_year(
    grid: Grid,
    load_wh: Values,
    zone: str,
    sources: Sequence[Delivery],
    *,
    plant: Plant | None = None,
    policy: Policy = SELF_CONSUMPTION,
    flexible: Flexible | None = None,
    signals: Signals | None = None,
) -> SupplyYear:
    """Dispatch, match and account a site over the grid's time.

    Contracted energy counts in its own zone and step alone; what the battery took of it counts when
    it gives it back. Load of fossil plant behind the meter is not modelled.

    Args:
        grid: The time.
        load_wh: What must run; (steps,) or (runs, steps). [Wh per step]
        zone: Bidding zone of the site.
        sources: Contracts and own plants, each name once.
        plant: Battery and connection.
        policy: When the battery takes and gives.
        flexible: Load that may wait.
        signals: What the public grid is like.

    Raises:
        InvalidInput: A series does not lie on the grid or is not known, a source is named twice,
            or an own plant is not carbon-free.
    """
    signals = signals or Signals()
    own, bought = clean_in(sources, zone)
    zero = np.zeros(grid.steps)
    own_wh = _sum(grid, own, zero)
    contract_wh = _sum(grid, bought, zero)
    flow = dispatch(
        grid,
        load_wh,
        own_wh,
        contract_wh=contract_wh,
        plant=plant,
        policy=policy,
        flexible=flexible,
    )
    used_wh = flow.used_wh()
    from_grid_wh = used_wh - flow.own_used_wh - flow.discharged_wh
    # Rounding must not make a watt-hour of nothing where the grid gave nothing.
    contract_used_wh = np.clip(np.minimum(contract_wh, from_grid_wh), 0.0, None)
    clean_wh = _split(own, flow.own_used_wh, own_wh) | _split(bought, contract_used_wh, contract_wh)
    if plant is not None and plant.storage.energy_wh:
        clean_wh[FROM_BATTERY] = flow.discharged_clean_wh
    covered_wh = flow.own_used_wh + flow.discharged_clean_wh + contract_used_wh
    rest_wh = np.clip(from_grid_wh - contract_used_wh, 0.0, None)
    there_wh = (
        flow.own_used_wh
        + flow.export_wh
        + flow.discharged_clean_wh
        + (contract_wh - flow.charged_contract_wh)
    )
    cfe, score = _cfe(grid, signals, covered_wh, rest_wh, used_wh)
    papers_wh = _papers(flow, bought, contract_wh, contract_used_wh)
    there = [Source(name="supply", zone=zone, energy_wh=there_wh)]
    return SupplyYear(
        grid=grid,
        zone=zone,
        sources=tuple(sources),
        signals=signals,
        dispatch=flow,
        load_wh=used_wh,
        clean_wh=clean_wh,
        excess_wh=contract_wh - contract_used_wh - flow.charged_contract_wh,
        cfe=cfe,
        cfe_score=score,
        annual_match=_annual(grid, used_wh, zone, sources, Method.ANNUAL),
        same_zone_match=_annual(grid, used_wh, zone, sources, Method.ANNUAL_SAME_ZONE),
        hourly_match=matched(grid, used_wh, zone, there, Method.HOURLY),
        quarter_match=matched(grid, used_wh, zone, there, Method.QUARTER_HOURLY),
        papers_wh=papers_wh,
        carbon=_carbon(signals, flow, papers_wh),
        cost=_cost(grid, signals, flow, sources),
    )


def clean_in(sources: Sequence[Delivery], zone: str) -> tuple[list[Delivery], list[Delivery]]:
    """Own plants, and contracts that are carbon-free and in the zone.

    Raises:
        InvalidInput: A source is named twice, or an own plant is not carbon-free.
    """
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or FROM_BATTERY in names:
        raise InvalidInput(
            f"a source is called '{twice or FROM_BATTERY}' and something else is too",
            mend="give each source a name of its own",
        )
    own = [source for source in sources if source.on_site]
    for source in own:
        if source.technology not in CARBON_FREE:
            raise InvalidInput(
                f"own plant '{source.name}' is {source.technology}, which is not carbon-free",
                mend="leave it out: only plant that burns nothing is dispatched",
            )
    bought = [
        source
        for source in sources
        if not source.on_site and source.zone == zone and source.technology in CARBON_FREE
    ]
    return own, bought


def _sum(grid: Grid, sources: Sequence[Delivery], zero: Values) -> Values:
    total = zero
    for source in sources:
        total = total + grid.check(source.name, source.energy_wh)
    return total


def _split(sources: Sequence[Delivery], used_wh: Values, all_wh: Values) -> dict[str, Values]:
    """What was used, shared out among `sources` by what each one gave in the step."""
    if len(sources) == 1:
        return {sources[0].name: used_wh}
    part = np.divide(used_wh, all_wh, out=np.zeros_like(used_wh), where=all_wh > 0)
    return {source.name: source.energy_wh * part for source in sources}


def _cfe(
    grid: Grid, signals: Signals, covered_wh: Values, rest_wh: Values, used_wh: Values
) -> tuple[Values | None, Values | None]:
    """Google's score with the battery in it: what it gave back is covered, or is nothing.

    `rest_wh` is what the grid gave beyond contracts; it counts by the grid's share. Without a
    battery this is `matching.cfe_score`.
    """
    if signals.cfe_share is None:
        return None, None
    clean_wh = covered_wh + rest_wh * grid.check("cfe_share", signals.cfe_share)
    each = np.divide(clean_wh, used_wh, out=np.full_like(clean_wh, np.nan), where=used_wh > 0)
    return each, share(clean_wh.sum(axis=-1), used_wh)


def _annual(
    grid: Grid, used_wh: Values, zone: str, sources: Sequence[Delivery], method: Method
) -> Values:
    """All carbon-free generation of the time over all load, at most 1."""
    clean = [
        Source(name=source.name, zone=source.zone, energy_wh=source.energy_wh)
        for source in sources
        if source.technology in CARBON_FREE
    ]
    return match_share(grid, used_wh, zone, clean, method)


def matched(
    grid: Grid, load_wh: Values, zone: str, sources: Sequence[Source], method: Method
) -> Values | None:
    """`match_share`, or None where the steps make no whole intervals of the method."""
    try:
        return match_share(grid, load_wh, zone, sources, method)
    except InvalidInput:
        return None


def _papers(
    flow: Dispatch, bought: Sequence[Delivery], contract_wh: Values, contract_used_wh: Values
) -> Values:
    """What contracts cover that hand their certificates over; without them one covers nothing."""
    taken_wh = contract_used_wh + flow.charged_contract_wh
    papers_wh = sum((item.energy_wh for item in bought if item.certified), np.zeros(()))
    part = np.divide(papers_wh, contract_wh, out=np.zeros_like(taken_wh), where=contract_wh > 0)
    return np.minimum(taken_wh * part, flow.import_wh)


def _carbon(signals: Signals, flow: Dispatch, papers_wh: Values) -> Carbon:
    """All methods whose intensities are known."""
    direct, lifecycle = signals.grid_g_per_kwh, signals.lifecycle_g_per_kwh
    residual = signals.residual_g_per_kwh
    return Carbon(
        location_kg=None if direct is None else location_kg(flow.import_wh, direct),
        lifecycle_kg=None if lifecycle is None else location_kg(flow.import_wh, lifecycle),
        market_kg=None if residual is None else market_kg(flow.import_wh, papers_wh, residual),
    )


def _cost(
    grid: Grid, signals: Signals, flow: Dispatch, sources: Sequence[Delivery]
) -> Values | None:
    """Spot for what passed the meter, and each contract as its price less spot."""
    if signals.price_per_mwh is None:
        return None
    spot = grid.check("price_per_mwh", signals.price_per_mwh)
    total = ((flow.import_wh - flow.export_wh) * spot).sum(axis=-1)
    for source in sources:
        if not source.on_site:
            total = total + (source.energy_wh * (source.price_per_mwh - spot)).sum(axis=-1)
    return np.asarray(total / 1e6)
