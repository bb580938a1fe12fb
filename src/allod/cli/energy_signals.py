"""What the public grid is like, by files: carbon, carbon-free share, residual mix, price."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from allod.adapters.series.carbon import read_carbon
from allod.adapters.series.price import read_price
from allod.cli.energy_inputs import column_of, on
from allod.domain.site import Site
from allod.energy.grid import Grid, Values
from allod.energy.supplyyear import Signals
from allod.errors import InvalidInput


def signals_of(
    site: Site, grid: Grid, carbon: str, residual: float | None, price: Path | None
) -> tuple[Signals, list[str]]:
    """The signals on the grid, and what is to be said of them.

    Args:
        site: Its contracts, whose prices must be of the currency of the spot price.
        grid: The time.
        carbon: A file, or a file and the column of its direct intensity; empty: none.
        residual: Intensity of the residual mix all year round; None: what the file says. [g/kWh]
        price: A file of day-ahead prices.

    Raises:
        InvalidInput, NotFound: A file or a number is wrong.
    """
    signals, notes = _carbon(grid, carbon)
    if residual is not None:
        if not 0 <= residual < float("inf"):
            raise InvalidInput(f"--residual is {residual}", mend="give g/kWh, 0 or more")
        signals = replace(signals, residual_g_per_kwh=np.full(grid.steps, residual))
        notes.append(f"residual mix of {residual:g} g/kWh at all times, as given")
    if price is None:
        return signals, notes
    paid = read_price(price)
    _one_currency(site, paid.currency, price)
    spot, words = on(grid, paid.grid, paid.price_per_mwh, price.name)
    notes.append(f"spot price of {price.name}{words}{_lost(spot)}")
    return replace(signals, price_per_mwh=spot, currency=paid.currency), notes


def _carbon(grid: Grid, told: str) -> tuple[Signals, list[str]]:
    if not told:
        return Signals(), []
    if ":" in told:
        values, words = column_of(told, grid)
        _checked(values, told)
        return Signals(grid_g_per_kwh=values), [f"carbon of the grid from {told}{words}"]
    read = read_carbon(Path(told))
    notes: list[str] = []

    def laid(values: Values | None, name: str) -> Values | None:
        if values is None:
            return None
        here, words = on(grid, read.grid, _checked(values, name), Path(told).name)
        notes.append(f"{name} of the grid from {Path(told).name}{words}{_lost(here)}")
        return here

    signals = Signals(
        grid_g_per_kwh=laid(read.direct_g_per_kwh, "direct carbon"),
        lifecycle_g_per_kwh=laid(read.lifecycle_g_per_kwh, "life-cycle carbon"),
        residual_g_per_kwh=laid(read.residual_g_per_kwh, "residual mix"),
        cfe_share=laid(read.cfe_share, "carbon-free share"),
    )
    return signals, notes


def _checked(values: Values, name: str) -> Values:
    """`values` as they are: grid carbon and shares are never below 0."""
    if (values < 0).any():
        raise InvalidInput(f"--carbon: {name} is {values[values < 0][0]:g}", mend="give 0 or more")
    return values


def _lost(values: Values) -> str:
    lost = int(np.count_nonzero(np.isnan(values)))
    return f", not known in {lost:,} steps" if lost else ""


def _one_currency(site: Site, currency: str, price: Path) -> None:
    for item in site.supply.purchases if site.supply else ():
        if item.price_cents_per_mwh.value is not None and item.currency != currency:
            raise InvalidInput(
                f"{price.name} is in {currency}, and contract '{item.name}' in {item.currency}",
                mend="give prices of one currency: none is changed into another",
            )
