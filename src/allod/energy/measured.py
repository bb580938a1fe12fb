"""What a site's meters tell of matching and of low-carbon heat, or what lacks for it.

Meters do not say which contract they are of, so that what hangs on a contract's zone or limit is
refused where several contracts differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from allod.domain.meters import Quantity
from allod.domain.site import Site
from allod.energy.account import Account, Steps
from allod.energy.grid import Values
from allod.energy.heat import HeatFlow, arriving_w, low_carbon_share
from allod.energy.heat_sales import METHOD as OF_HEAT
from allod.energy.kpi import Kpi, ratio
from allod.energy.matching import Method, Source, cfe_score, match_share
from allod.errors import InvalidInput

CFE: Final = "Google 2021, contracted energy alone (without the grid's own share)"
SCORE: Final = "Google 2021, with the grid's own share"
#: The indicators of matching, in their order.
MATCHES: Final = ("annual match", "hourly match", "quarter-hourly match", "CFE", "CFE score")
_INTERVALS: Final = {
    "hourly match": (Method.HOURLY, "same zone and hour"),
    "quarter-hourly match": (Method.QUARTER_HOURLY, "same zone and quarter-hour"),
}


def matches(account: Account, site: Site) -> tuple[Kpi, ...]:
    """Annual, hourly and quarter-hourly match, and the CFE score without and with the grid."""
    load, clean = used(account), _clean(account)
    lacks = load.missing + clean.missing + _other_zone(account, site)
    joint = Steps(clean.values, tuple(dict.fromkeys(load.meters + clean.meters)), lacks)
    share = account.steps(Quantity.GRID_CFE)
    with_grid = Steps(share.values, joint.meters + share.meters, lacks + share.missing)
    zero = np.zeros(account.grid.steps)
    return (
        _annual(account),
        *(_matched(name, account, load.values, joint) for name in _INTERVALS),
        _score("CFE", CFE, load.values, clean.values, replace(joint, values=zero)),
        _score("CFE score", SCORE, load.values, clean.values, with_grid),
    )


def used(account: Account) -> Steps:
    """All energy into the data centre in each step. [Wh]"""
    came, backup = account.steps(Quantity.EDC), account.steps(Quantity.EDC_BACKUP)
    return Steps(
        came.values + backup.values, came.meters + backup.meters, came.missing + backup.missing
    )


def _clean(account: Account) -> Steps:
    """Contracted and own clean energy in each step. [Wh]"""
    bought = account.steps(Quantity.RENEWABLE_PPA)
    own = account.steps(Quantity.RENEWABLE_ON_SITE)
    return Steps(
        bought.values + own.values, bought.meters + own.meters, bought.missing + own.missing
    )


def _annual(account: Account) -> Kpi:
    clean = account.total(Quantity.RENEWABLE_PPA) + account.total(Quantity.RENEWABLE_ON_SITE)
    method = "clean energy over load of the whole period, any hour and zone"
    made = ratio("annual match", clean, account.all_energy(), "1", method)
    return made if made.value is None else replace(made, value=min(made.value, 1.0))


def _matched(name: str, account: Account, load_wh: Values, clean: Steps) -> Kpi:
    method, words = _INTERVALS[name]
    if clean.missing:
        return _kpi(name, words, float("nan"), clean)
    source = Source(name=name, zone="", energy_wh=clean.values)
    try:
        found = match_share(account.grid, load_wh, "", [source], method)
    except InvalidInput:
        lacks = f"not testable at this step: it is {account.grid.step_s:,} s long"
        return _kpi(name, words, float("nan"), replace(clean, missing=(lacks,)))
    return _kpi(name, words, float(found), clean)


def _score(name: str, method: str, load_wh: Values, clean_wh: Values, grid_share: Steps) -> Kpi:
    found = cfe_score(load_wh, clean_wh, grid_share.values)
    return _kpi(name, method, float(found), grid_share)


def _kpi(name: str, method: str, value: float, of: Steps) -> Kpi:
    """The indicator; refused where something lacks, or nothing was used."""
    missing = tuple(dict.fromkeys(of.missing))
    if not missing and np.isnan(value):
        missing = ("what it is divided by is 0",)
    return Kpi(name, None if missing else value, "1", method, of.meters, missing)


def _other_zone(account: Account, site: Site) -> tuple[str, ...]:
    """Why contracted energy may not be of the site's zone; nothing if it is."""
    if not account.of(Quantity.RENEWABLE_PPA):
        return ()
    if site.supply is None:
        return ("'supply' does not say in which bidding zones site and contracts are",)
    home = site.supply.grid.zone.value
    if home is None:
        return ("'supply.grid.zone' is not known",)
    return tuple(
        f"contract '{item.name}' feeds in to {item.zone.value or 'a zone that is not known'}, the "
        f"site is in {home}, and meters do not tell contracts apart"
        for item in site.supply.purchases
        if item.zone.value != home
    )


# -- heat -----------------------------------------------------------------------------------------


def heat(account: Account, site: Site) -> tuple[Kpi, ...]:
    """Low-carbon share of heat handed over, and what of it arrives; nothing without a contract."""
    if not site.heat:
        return ()
    given, pump = account.steps(Quantity.HEAT_REUSED), account.steps(Quantity.HEAT_PUMP)
    several: tuple[str, ...] = ()
    if len(site.heat) > 1:
        several = (f"meters do not tell the {len(site.heat)} heat contracts apart",)
    contract, where = site.heat[0], f"'heat.{site.heat[0].name}"
    if contract.heat_pump == "taker":
        pump = Steps(np.zeros(account.grid.steps))
    step_h = account.grid.step_h
    delivered_w, pump_w = given.values / step_h, pump.values / step_h
    flow = HeatFlow(contract.name, delivered_w - pump_w, delivered_w, pump_w)
    lifted = bool(pump_w.any())
    carbon = account.steps(Quantity.GRID_CARBON) if lifted else Steps(np.zeros_like(pump_w))
    limit, length = contract.carbon_g_per_kwh_max.value, contract.distance_m.value
    no_limit = () if limit is not None else (f"{where}.carbon_g_per_kwh_max' is not known",)
    no_length = () if length is not None else (f"{where}.distance_m' is not known",)
    low = float(low_carbon_share(contract, flow, carbon.values))
    arriving_mwh = float(arriving_w(contract, delivered_w).sum() * step_h / 1e6)
    of_low = Steps(
        given.values,
        given.meters + pump.meters + carbon.meters,
        given.missing + pump.missing + carbon.missing + no_limit + several,
    )
    of_arriving = replace(given, missing=given.missing + no_length + several)
    return (
        _kpi("low-carbon heat", OF_HEAT, low, of_low),
        replace(
            _kpi("heat that arrives", "less the loss of the pipe", arriving_mwh, of_arriving),
            unit="MWh",
        ),
    )
