"""The indicators of a data centre: each a number with its method, or what lacks for it.

Energy over energy for the whole period, never the mean of ratios. Editions: ISO/IEC 30134-2:2026
took the place of the 2016 one, which was withdrawn in February 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from allod.domain.meters import Quantity
from allod.domain.reporting import ReportingFacts
from allod.energy.account import Account, Total

_IT = {1: Quantity.EIT_UPS, 2: Quantity.EIT_PDU, 3: Quantity.EIT_DEVICE}

METHODS: Final = {
    "PUE": "ISO/IEC 30134-2:2026, category",
    "WUE": "ISO/IEC 30134-9:2022",
    "ERF": "ISO/IEC 30134-6:2021",
    "ERE": "(1 - ERF) x PUE, The Green Grid 2010",
    "REF": "ISO/IEC 30134-3:2016",
    "CUE": "ISO/IEC 30134-8:2022, location-based, in each step",
    "CER": "ISO/IEC 30134-7:2023",
    "TUE": "ITUE x PUE, Patterson et al. 2013",
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """An indicator: a value with all that it rests on, or what lacks."""

    name: str
    value: float | None
    unit: str
    method: str  #: Standard and edition.
    inputs: tuple[str, ...]  #: Names of meters.
    missing: tuple[str, ...] = ()  #: What lacks; nothing exactly where there is a value.


def ratio(name: str, over: Total, under: Total, unit: str, method: str, times: float = 1.0) -> Kpi:
    """`over` / `under` x `times`; refused where one is not known or nothing is below the line."""
    inputs = tuple(dict.fromkeys(over.meters + under.meters))
    missing = tuple(dict.fromkeys(over.missing + under.missing))
    if over.value is None or under.value is None:
        return Kpi(name, None, unit, method, inputs, missing)
    if under.value <= 0:
        return Kpi(name, None, unit, method, inputs, ("what it is divided by is 0",))
    return Kpi(name, over.value / under.value * times, unit, method, inputs)


def pue(edc: Total, it: Total, category: int) -> Kpi:
    """Power usage effectiveness, EDC / EIT; category 1 is UPS, 2 PDU, 3 the device. [1]"""
    return ratio("PUE", edc, it, "1", f"{METHODS['PUE']} {category}")


def wue(water: Total, it: Total) -> Kpi:
    """Water usage effectiveness: m3 per MWh of IT energy, which is l/kWh."""
    return ratio("WUE", water, it, "m3/MWh", METHODS["WUE"], 1e6)


def erf(reused: Total, edc: Total) -> Kpi:
    """Energy reuse factor: heat handed over / EDC. [1]"""
    return ratio("ERF", reused, edc, "1", METHODS["ERF"])


def ere(edc: Total, reused: Total, it: Total) -> Kpi:
    """Energy reuse effectiveness: (EDC - reused) / EIT. [1]"""
    known = edc.value is not None and reused.value is not None
    rest = Total(
        (edc.value or 0) - (reused.value or 0) if known else None,
        edc.unit,
        edc.meters + reused.meters,
        edc.missing + reused.missing,
    )
    return ratio("ERE", rest, it, "1", METHODS["ERE"])


def ref(renewable: Total, edc: Total) -> Kpi:
    """Renewable energy factor: renewable energy used / EDC, 1 at most. [1]"""
    made = ratio("REF", renewable, edc, "1", METHODS["REF"])
    if made.value is None or made.value <= 1:
        return made
    return Kpi("REF", 1.0, "1", made.method, made.inputs)


def cer(removed: Total, electricity: Total) -> Kpi:
    """Cooling efficiency ratio: heat taken away / electricity of the cooling. [1]"""
    return ratio("CER", removed, electricity, "1", METHODS["CER"])


def cue(emitted_kg: Total, it: Total) -> Kpi:
    """Carbon usage effectiveness: kg CO2e per kWh of IT energy."""
    return ratio("CUE", emitted_kg, it, "kgCO2e/kWh", METHODS["CUE"], 1e3)


def tue(itue_milli: int | None, of_site: Kpi) -> Kpi:
    """Total usage effectiveness, ITUE x PUE. [1]"""
    missing = of_site.missing + (() if itue_milli else ("'reporting.itue_milli' is not said",))
    value = None
    if itue_milli and of_site.value is not None:
        value = itue_milli / 1000 * of_site.value
    return Kpi("TUE", value, "1", METHODS["TUE"], of_site.inputs, missing)


# -- of a site ----------------------------------------------------------------------------------


def renewable(account: Account, facts: ReportingFacts) -> tuple[Total, Total, Total]:
    """Renewable energy by guarantees of origin, purchase agreements and on-site plants. [Wh]"""
    goo = account.total(Quantity.RENEWABLE_GOO)
    if not account.of(Quantity.RENEWABLE_GOO) and facts.goo_kwh.value is not None:
        goo = Total(facts.goo_kwh.value * 1e3, "Wh", (f"declared: {facts.goo_kwh.source}",))
    return (
        goo,
        account.total(Quantity.RENEWABLE_PPA),
        account.total(Quantity.RENEWABLE_ON_SITE),
    )


def emitted_kg(account: Account, facts: ReportingFacts) -> Total:
    """Carbon of what came from the grid in each step, and of backup generators. [kg CO2e]"""
    came = account.steps(Quantity.EDC)
    own = account.steps(Quantity.RENEWABLE_ON_SITE, certified=False)
    grid = account.steps(Quantity.GRID_CARBON)
    backup = account.total(Quantity.EDC_BACKUP)
    inputs = came.meters + own.meters + grid.meters + backup.meters
    missing = came.missing + own.missing + grid.missing + backup.missing
    factor = facts.backup_gco2e_per_kwh.value
    if backup.value and factor is None:
        missing += ("'reporting.backup_gco2e_per_kwh' is not said",)
    if missing:
        return Total(None, "kg", inputs, missing)
    bought = np.maximum(came.values - own.values, 0.0)
    grams = float((bought * grid.values).sum()) + (backup.value or 0.0) * (factor or 0)
    return Total(grams / 1e6, "kg", inputs)


def kpis(account: Account, facts: ReportingFacts) -> tuple[Kpi, ...]:
    """Indicators of a site: PUE in each category that is metered, then the others."""
    edc, (it, category) = account.all_energy(), account.it_energy()
    reused = account.total(Quantity.HEAT_REUSED)
    goo, ppa, own = renewable(account, facts)
    others = [c for c in _IT if c != category and account.of(_IT[c])]
    main = pue(edc, it, category)
    return (
        main,
        *(pue(edc, account.total(_IT[c]), c) for c in others),
        wue(account.total(Quantity.WATER), it),
        erf(reused, edc),
        ere(edc, reused, it),
        ref(goo + ppa + own, edc),
        cue(emitted_kg(account, facts), it),
        cer(account.total(Quantity.HEAT_REMOVED), account.total(Quantity.COOLING)),
        tue(facts.itue_milli.value, main),
    )
