"""What a run used of its site: its part of the IT energy, times what the site took in meanwhile.

An attribution: cooling, losses and carbon of the steps in which it ran are shared out by energy.
"""

from __future__ import annotations

from typing import Final

from allod.domain.meters import Quantity
from allod.domain.reporting import ReportingFacts
from allod.energy.account import Account, Total
from allod.energy.kpi import Kpi, emitted_kg, ratio

#: IT energy by how near to the equipment it is metered, the nearest first, with its PUE category.
_NEAREST: Final = ((Quantity.EIT_DEVICE, 3), (Quantity.EIT_PDU, 2), (Quantity.EIT_UPS, 1))
#: Of sums of floats. [1]
_ROUNDING: Final = 1e-9


def of_run(account: Account, facts: ReportingFacts, it_wh: float) -> tuple[Kpi, ...]:
    """Energy at the meter [Wh], water [ml] and carbon [g CO2e] of a run.

    Args:
        account: The site's meters over the steps in which it ran.
        facts: What is declared of the site.
        it_wh: What it drew at the input of its nodes. [Wh]
    """
    it, category = _it_energy(account)
    if it.value is not None and it_wh > it.value * (1 + _ROUNDING):
        lacks = f"its nodes counted {it_wh:,.0f} Wh, and the site's meters {it.value:,.0f} Wh of IT"
        it = Total(None, it.unit, it.meters, (lacks,))
    shared = f"/ EIT (category {category}) x its energy"
    return (
        ratio("energy at the meter", account.all_energy(), it, "Wh", f"EDC {shared}", it_wh),
        # Cubic metres are a million millilitres.
        ratio("water", account.total(Quantity.WATER), it, "ml", f"WIN {shared}", it_wh * 1e6),
        ratio(
            "carbon",
            emitted_kg(account, facts),
            it,
            "g CO2e",
            f"carbon, location-based in each step, {shared}",
            it_wh * 1e3,
        ),
    )


def _it_energy(account: Account) -> tuple[Total, int]:
    """IT energy where it is metered nearest to what the nodes count, and its PUE category."""
    for quantity, category in _NEAREST:
        if account.of(quantity):
            return account.total(quantity), category
    return account.total(Quantity.EIT_UPS), 1
