"""What each heat contract came to: handed over, arriving, and low-carbon or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allod.domain.heat import HeatOfftake
from allod.energy.grid import Grid, Values
from allod.energy.heat import HeatFlow, arriving_w, low_carbon_share

METHOD = "heat pump's electricity at the grid's carbon over heat handed over, step by step"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSale:
    """A contract over the whole time; what is not known is None, and `missing` says why."""

    name: str
    delivered_mwh: float  #: At the boundary. [MWh]
    arriving_mwh: float | None  #: At the taker's end of the pipe. [MWh]
    pump_mwh: float  #: Electricity of the site's heat pump. [MWh]
    carbon_g_per_kwh: float | None  #: Of heat handed over, over all of the time. [g/kWh]
    low_carbon: float | None  #: Share of it within the contract's limit in its step. [1]
    missing: tuple[str, ...]


def heat_sales(
    contracts: Sequence[HeatOfftake],
    flows: Sequence[HeatFlow],
    grid: Grid,
    grid_g_per_kwh: Values | None,
) -> tuple[HeatSale, ...]:
    """Each contract with its flow, in their order.

    Args:
        contracts: The site's.
        flows: What each moved; (steps,).
        grid: The time.
        grid_g_per_kwh: Carbon of the electricity; None: not known, which matters to heat that a
            pump has lifted alone. [g CO2e/kWh]
    """
    return tuple(
        _sale(contract, flow, grid, grid_g_per_kwh)
        for contract, flow in zip(contracts, flows, strict=True)
    )


def _sale(
    contract: HeatOfftake, flow: HeatFlow, grid: Grid, grid_g_per_kwh: Values | None
) -> HeatSale:
    lifted = bool(flow.pump_w.any())
    carbon = np.full(grid.steps, np.nan) if grid_g_per_kwh is None else grid_g_per_kwh
    carbon = carbon if lifted else np.zeros(grid.steps)
    total_w = flow.delivered_w.sum()
    mean = (flow.pump_w * carbon).sum() / total_w if total_w else float("nan")
    return HeatSale(
        name=contract.name,
        delivered_mwh=_mwh(flow.delivered_w, grid),
        arriving_mwh=_known(_mwh(arriving_w(contract, flow.delivered_w), grid)),
        pump_mwh=_mwh(flow.pump_w, grid),
        carbon_g_per_kwh=_known(float(mean)),
        low_carbon=_known(float(low_carbon_share(contract, flow, carbon))),
        missing=_missing(contract, flow, bool(np.isnan(carbon).any())),
    )


def _missing(contract: HeatOfftake, flow: HeatFlow, carbon_unknown: bool) -> tuple[str, ...]:
    where, lacks = f"heat.{contract.name}", []
    if not flow.delivered_w.any():
        lacks.append("nothing was handed over")
    elif carbon_unknown:
        lacks.append("the grid's carbon is not known, and a heat pump draws on it")
    if contract.carbon_g_per_kwh_max.value is None:
        lacks.append(f"'{where}.carbon_g_per_kwh_max' sets no limit for low-carbon heat")
    if contract.distance_m.value is None:
        lacks.append(f"'{where}.distance_m' is not known, so neither is what arrives")
    return tuple(lacks)


def _mwh(power_w: Values, grid: Grid) -> float:
    return float(power_w.sum() * grid.step_h / 1e6)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
