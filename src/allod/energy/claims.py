"""The claim register: what was announced, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from allod.domain.claim import Claim, ClaimSubject
from allod.domain.meters import Quantity
from allod.energy.account import Account
from allod.energy.grid import Grid
from allod.energy.kpi import Kpi
from allod.energy.lines import at_least, at_most, fixed

METHOD: Final = "claim register, version 1: the period's figure against the claim's number"


class Standing(StrEnum):
    """What became of a claim."""

    OPEN = "open"  #: Not due for all of the period.
    KEPT = "kept"
    MISSED = "missed"
    CHANGED = "changed"  #: Another claim took its place.
    NOT_TESTABLE = "not testable"


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


def register(claims: Sequence[Claim], account: Account, found: Sequence[Kpi]) -> tuple[Judged, ...]:
    """Every claim of a site with its verdict, in the order of the document."""
    figures = _figures(account, found)
    return tuple(_judge(claim, figures, account.grid) for claim in claims)


def _figures(account: Account, found: Sequence[Kpi]) -> dict[ClaimSubject, Kpi]:
    """What measures each subject; of several PUEs the first."""
    kpis = {kpi.name: kpi for kpi in reversed(found)}
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
            made[subject] = kpis[subject.upper()]
    return made


def _judge(claim: Claim, figures: Mapping[ClaimSubject, Kpi], grid: Grid) -> Judged:
    kpi = figures.get(claim.subject) if claim.subject else None
    wanted = _wanted(claim)
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
    )


def _verdict(
    claim: Claim, kpi: Kpi | None, wanted: float | None, grid: Grid
) -> tuple[Standing, tuple[str, ...]]:
    if claim.replaced_by:
        return Standing.CHANGED, (f"'{claim.replaced_by}' took its place",)
    if kpi is None or wanted is None:
        return Standing.NOT_TESTABLE, _lacks(claim)
    due = claim.due or claim.date
    if datetime(due.year, due.month, due.day, tzinfo=UTC).timestamp() > grid.start_s:
        return Standing.OPEN, (f"due for periods that begin on {due} or later",)
    if kpi.value is None:
        return Standing.NOT_TESTABLE, kpi.missing
    return (Standing.KEPT if _is_met(claim, kpi.value, wanted) else Standing.MISSED), ()


def _wanted(claim: Claim) -> float | None:
    """The number that keeps the claim; None if it has none."""
    if claim.subject is None or claim.value_milli is None:
        return None
    if not claim.reduces:
        return claim.value_milli / 1000
    if claim.baseline_milli.value is None:
        return None
    return claim.baseline_milli.value / 1000 * (1 - claim.value_milli / 1000)


def _lacks(claim: Claim) -> tuple[str, ...]:
    """What a claim does not say, so that nobody can test it."""
    lacks = []
    if claim.subject is None:
        lacks.append("it does not say what would measure it ('subject')")
    if claim.value_milli is None:
        lacks.append("it has no number ('value_milli')")
    if claim.reduces and claim.baseline_milli.value is None:
        lacks.append("it does not say against what ('baseline_milli')")
    return tuple(lacks)


def _is_met(claim: Claim, value: float, wanted: float) -> bool:
    """Less is asked of what is reduced; else as the claim says."""
    if claim.reduces or claim.is_met == "at-most":
        return at_most(value, wanted)
    return at_least(value, wanted)
