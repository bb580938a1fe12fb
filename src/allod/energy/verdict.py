"""The verdict on a claim: what became of it, once a figure is known or is not."""

from __future__ import annotations

from enum import StrEnum

from allod.domain.claim import Claim
from allod.energy.numbers import at_least, at_most


class Standing(StrEnum):
    """What became of a claim."""

    OPEN = "open"  #: Not due for all of the period.
    KEPT = "kept"
    MISSED = "missed"
    CHANGED = "changed"  #: Another claim took its place.
    NOT_TESTABLE = "not testable"


def verdict(
    claim: Claim, value: float | None, missing: tuple[str, ...], *, due: bool
) -> tuple[Standing, tuple[str, ...]]:
    """What became of a claim whose figure is `value`, and why if it is neither kept nor missed.

    `missing` says what a figure that is not known lacks; `due` is false before the claim's day.
    """
    wanted = number_of(claim)
    if claim.replaced_by:
        return Standing.CHANGED, (f"'{claim.replaced_by}' took its place",)
    if wanted is None:
        return Standing.NOT_TESTABLE, _lacks(claim)
    if not due:
        return Standing.OPEN, (f"due on {claim.due or claim.date}, or for periods from then on",)
    if value is None:
        return Standing.NOT_TESTABLE, missing
    return (Standing.KEPT if _is_met(claim, value, wanted) else Standing.MISSED), ()


def number_of(claim: Claim) -> float | None:
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
