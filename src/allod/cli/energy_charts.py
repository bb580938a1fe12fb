"""What an energy report draws: the same charts on its page and in its PDF."""

from __future__ import annotations

import numpy as np

from allod.cli.energy_plots import Chart, bin_s, binned
from allod.domain.meters import Quantity
from allod.energy.account import Account
from allod.energy.grid import Values
from allod.replay.words import amount, energy, span


def charts(account: Account) -> list[Chart]:
    """Energy in, IT energy, PUE, water and heat over time; those of which something is known."""
    grid = account.grid
    each = f"per {span(bin_s(grid))}"
    came = account.steps(Quantity.EDC).values + account.steps(Quantity.EDC_BACKUP).values
    _, category = account.it_energy()
    it_of = (Quantity.EIT_UPS, Quantity.EIT_PDU, Quantity.EIT_DEVICE)[category - 1]
    all_bins = binned(grid, came)
    it_bins = binned(grid, account.steps(it_of).values)
    ratio = np.divide(all_bins, it_bins, out=np.full_like(all_bins, np.nan), where=it_bins > 0)
    water = binned(grid, account.steps(Quantity.WATER).values)
    heat = binned(grid, account.steps(Quantity.HEAT_REUSED).values)
    about = "What is not known is a full bar of another colour."
    return [
        Chart(f"{name}, {each}", f"{name} over time. {about}", values, form)
        for name, values, form in (
            ("Energy into the data centre", all_bins, energy),
            ("IT energy", it_bins, energy),
            ("PUE", ratio, lambda value: f"{value:.2f}"),
            ("Water [m3]", water, amount),
            ("Heat handed over", heat, energy),
        )
        if _has(values)
    ]


def _has(values: Values) -> bool:
    return bool(np.isfinite(values).any() and np.nanmax(values) > 0)
