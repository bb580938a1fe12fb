"""The claim register: what was announced, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from allod.domain.claim import Claim, ClaimSubject
from allod.domain.meters import Quantity
from allod.energy.account import Account
from allod.energy.grid import Grid
from allod.energy.kpi import Kpi
from allod.energy.measured import MATCHES
from allod.energy.numbers import fixed
from allod.energy.verdict import Standing, number_of, verdict

METHOD: Final = "claim register, version 1: the period's figure against the claim's number"

#: What is said of clean energy by the year is seen best beside the same by the hour.
_CLEAN: Final = frozenset(
    {
        ClaimSubject.REF,
        ClaimSubject.CFE,
        ClaimSubject.CFE_SCORE,
        ClaimSubject.ANNUAL_MATCH,
        ClaimSubject.HOURLY_MATCH,
        ClaimSubject.QUARTER_HOURLY_MATCH,
    }
)
#: Why a subject that has no figure in a report has none.
_NO_FIGURE: Final = {
    ClaimSubject.LOW_CARBON_HEAT: "the site's document has no 'heat' part",
    ClaimSubject.ACCELERATORS: "no meter counts them; 'allod report claims' does",
    ClaimSubject.POWER_MW: "no meter knows it; 'allod report claims' does",
    ClaimSubject.JOBS: "no meter counts them; 'allod report claims' does",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, what was measured until when and how, and what became of it."""

    claim: Claim
    standing: Standing
    method: str
    measured: str | None  #: To three places, in `unit`.
    unit: str
    until_s: int  #: End of the period that was measured. [epoch s]
    wanted: str | None  #: The claim's number, in `unit`.
    inputs: tuple[str, ...]
    why: tuple[str, ...]  #: Why it is open, changed or cannot be tested.
    beside: tuple[str, ...]  #: Of a claim about clean energy: each way of matching it.


def register(claims: Sequence[Claim], account: Account, found: Sequence[Kpi]) -> tuple[Judged, ...]:
    """Every claim of a site with its verdict, in the order of the document."""
    figures = _figures(account, found)
    beside = tuple(_shown(kpi) for kpi in found if kpi.name in MATCHES)
    return tuple(
        _judge(claim, figures, account.grid, beside if claim.subject in _CLEAN else ())
        for claim in claims
    )


def _shown(kpi: Kpi) -> str:
    return f"{kpi.name} {'refused' if kpi.value is None else fixed(kpi.value, 3)}"


def _figures(account: Account, found: Sequence[Kpi]) -> dict[ClaimSubject, Kpi]:
    """What measures each subject; of several PUEs the first."""
    kpis = {kpi.name.lower().replace(" ", "-"): kpi for kpi in reversed(found)}
    amounts = (
        (ClaimSubject.WATER_M3, Quantity.WATER, "m3", 1.0),
        (ClaimSubject.HEAT_REUSED_MWH, Quantity.HEAT_REUSED, "MWh", 1e-6),
    )
    made = {}
    for subject, quantity, unit, times in amounts:
        total = account.total(quantity)
        value = None if total.value is None else total.value * times
        made[subject] = Kpi(subject, value, unit, "sum of the period", total.meters, total.missing)
    for subject in ClaimSubject:
        if subject not in made:
            made[subject] = kpis.get(subject.value) or _unmeasured(subject)
    return made


def _unmeasured(subject: ClaimSubject) -> Kpi:
    return Kpi(subject.value, None, "1", METHOD, (), (_NO_FIGURE[subject],))


def _judge(
    claim: Claim, figures: Mapping[ClaimSubject, Kpi], grid: Grid, beside: tuple[str, ...]
) -> Judged:
    kpi = figures.get(claim.subject) if claim.subject else None
    wanted = number_of(claim)
    standing, why = _verdict(claim, kpi, wanted, grid)
    return Judged(
        claim,
        standing,
        f"{METHOD}; {kpi.method}" if kpi else METHOD,
        None if kpi is None or kpi.value is None else fixed(kpi.value, 3),
        kpi.unit if kpi else "",
        grid.end_s,
        None if wanted is None else fixed(wanted, 3),
        kpi.inputs if kpi else (),
        why,
        beside,
    )


def _verdict(
    claim: Claim, kpi: Kpi | None, wanted: float | None, grid: Grid
) -> tuple[Standing, tuple[str, ...]]:
    due = claim.due or claim.date
    begins = datetime(due.year, due.month, due.day, tzinfo=UTC).timestamp()
    value, missing = (kpi.value, kpi.missing) if kpi else (None, ())
    return verdict(claim, value, missing, due=begins <= grid.start_s)
