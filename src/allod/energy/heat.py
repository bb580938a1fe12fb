"""Heat that is handed over: a loop's warmth, a heat pump where the taker needs more, contracts.

Heat counts where it is handed over, at the site's boundary, and once. Arrays are (..., steps).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allod.domain.heat import HeatOfftake
from allod.energy.constants import (
    DIRECT_HEAT_MARGIN_K,
    HEAT_PUMP_EXERGY,
    KELVIN,
    PIPE_LOSS_W_PER_M,
)
from allod.energy.grid import HOUR_S, Grid, Values
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class HeatFlow:
    """What one offtake moves; all (..., steps)."""

    name: str
    taken_w: Values  #: Heat out of the site's loop. [W]
    delivered_w: Values  #: Heat over the boundary. [W]
    pump_w: Values  #: Electricity of the site's heat pump. [W]


def heat_pump_cop(source_c: float, sink_c: float, exergy: float = HEAT_PUMP_EXERGY.value) -> float:
    """Heat given over electricity of a heat pump that lifts from `source_c` to `sink_c` [°C]. [1]

    COP = exergy · T_sink / (T_sink - T_source) in kelvin, a share of Carnot's.
    """
    return exergy * (sink_c + KELVIN) / (sink_c - source_c)


def lift_cop(contract: HeatOfftake, source_c: float) -> float:
    """COP of the site's heat pump under a contract; infinite where no lift is needed. [1]

    Raises:
        InvalidInput: The lift is so high that the pump would be no better than a heater.
    """
    sink_c = contract.temp_c.value
    if contract.heat_pump == "taker" or sink_c is None:
        return float("inf")
    if sink_c + DIRECT_HEAT_MARGIN_K.value <= source_c:
        return float("inf")
    told = contract.exergy_milli.value
    exergy = HEAT_PUMP_EXERGY.value if told is None else told / 1000
    # A lift of less than the exchanger's margin would have no end to its COP.
    cop = heat_pump_cop(min(source_c, sink_c - DIRECT_HEAT_MARGIN_K.value), sink_c, exergy)
    if cop <= 1:
        raise InvalidInput(
            f"heat offtake '{contract.name}': from {source_c:g} to {sink_c} °C a heat pump would "
            f"give {cop:.2f} W of heat for a watt",
            mend="write a lower temp_c, or a higher exergy_milli",
        )
    return cop


def taking(contract: HeatOfftake, grid: Grid) -> NDArray[np.bool_]:
    """In which steps heat is taken: dates, months and hours of the contract, UTC; (steps,)."""
    times_s = grid.times_s()
    first, hour_of_step = times_s[0] // HOUR_S, times_s // HOUR_S
    epoch_hours = np.arange(first, hour_of_step[-1] + 1)  # A calendar of each hour once: fewer.
    hours = epoch_hours % 24
    months = epoch_hours.astype("datetime64[h]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    if contract.from_hour < contract.to_hour:
        in_hours = (hours >= contract.from_hour) & (hours < contract.to_hour)
    else:
        in_hours = (hours >= contract.from_hour) | (hours < contract.to_hour)
    in_dates = (times_s >= contract.starts) & (times_s < contract.ends)
    in_season = in_hours & np.isin(months, contract.months)
    return np.asarray(in_dates & in_season[hour_of_step - first])


def offtake(contract: HeatOfftake, grid: Grid, there_w: Values, source_c: float) -> HeatFlow:
    """What `contract` takes of `there_w`, heat in the loop at `source_c` [°C]; (..., steps).

    With a heat pump of the site, what is handed over is heat of the loop and its electricity.

    Raises:
        InvalidInput: How much is taken, or how warm, is not known.
    """
    power_w = contract.power_w.value
    if power_w is None or contract.temp_c.value is None:
        raise InvalidInput(
            f"heat.{contract.name}.{'power_w' if power_w is None else 'temp_c'} is unknown",
            mend="write it into the site's heat, or let a scenario assume it",
        )
    most_w = np.where(taking(contract, grid), float(power_w), 0.0)
    from_loop = 1.0 - 1.0 / lift_cop(contract, source_c)
    taken_w = np.minimum(there_w, most_w * from_loop)
    delivered_w = taken_w / from_loop
    return HeatFlow(contract.name, taken_w, delivered_w, np.asarray(delivered_w - taken_w))


def arriving_w(contract: HeatOfftake, delivered_w: Values) -> Values:
    """Heat at the taker's end of the pipe, for him; NaN if its length is not known. [W]

    What the site has handed over, and reports, is `delivered_w`.
    """
    length_m = contract.distance_m.value
    if length_m is None:
        return np.full_like(delivered_w, np.nan)
    lost_w = PIPE_LOSS_W_PER_M.value * length_m
    return np.asarray(np.maximum(delivered_w - lost_w, 0.0))


def carbon_of_heat_g_per_kwh(flow: HeatFlow, grid_g_per_kwh: Values) -> Values:
    """Carbon of heat handed over: that of the heat pump's electricity; (..., steps). [g/kWh]

    Heat of the loop itself is a by-product and carries none. NaN where nothing is handed over.
    """
    delivered_w = np.where(flow.delivered_w > 0, flow.delivered_w, np.nan)
    return np.asarray(flow.pump_w * grid_g_per_kwh / delivered_w)


def low_carbon_share(contract: HeatOfftake, flow: HeatFlow, grid_g_per_kwh: Values) -> Values:
    """Share of heat handed over that is low-carbon under the contract; (...,). [1]

    NaN if the contract sets no limit, nothing was handed over, or carbon is not known in a step
    in which heat was.
    """
    limit = contract.carbon_g_per_kwh_max.value
    total = flow.delivered_w.sum(axis=-1)
    if limit is None:
        return np.full_like(total, np.nan)
    carbon = carbon_of_heat_g_per_kwh(flow, grid_g_per_kwh)
    # Ratios of floats are not exact; what only rounding parts from the limit keeps it.
    good_w = np.where(carbon <= limit * (1 + 1e-9), flow.delivered_w, 0.0)
    unknown = (np.isnan(carbon) & (flow.delivered_w != 0)).any(axis=-1)
    return np.asarray(good_w.sum(axis=-1) / np.where((total > 0) & ~unknown, total, np.nan))
