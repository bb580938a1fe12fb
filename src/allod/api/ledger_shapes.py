"""What the ledger's answer looks like, for the OpenAPI document alone; see `shapes.py`."""

from __future__ import annotations

from datetime import date as Date
from typing import Literal

from allod.api.shapes import Shape
from allod.domain.money import MoneyState


class LedgerEntry(Shape):
    """When something was said, and where."""

    date: Date | None
    """When; null: not known."""
    source: str
    """Who says so."""


class LedgerSum(LedgerEntry):
    """A sum of money."""

    of: str
    """The site, or the cluster, antenna or call whose own it is."""
    name: str
    """What the sum is called by."""
    amount: int | None
    """Null: not known. [whole units of `currency`]"""
    currency: str
    """ISO 4217."""
    payer: str | None
    """Who pays; null: not known."""
    state: MoneyState
    """How far it has come."""
    purpose: str
    """What for."""
    part_of: str | None
    """The sum of the same owner that this one is a part of, which adds nothing to sums then."""


class LedgerByState(Shape):
    """What sites' sums of one currency and state come to."""

    currency: str
    """ISO 4217."""
    state: MoneyState
    """How far they have come."""
    amount: int
    """Without what is not known. [whole units of `currency`]"""


class LedgerByPayer(Shape):
    """What sites' sums of one currency and payer come to."""

    currency: str
    """ISO 4217."""
    payer: str
    """Who pays, or 'unknown'."""
    amount: int
    """Without what is not known. [whole units of `currency`]"""


class LedgerJobs(LedgerEntry):
    """A number of jobs of a site."""

    site: str
    """Name."""
    name: str
    """What the number is called by."""
    count: int | None
    """Null: not known. [1]"""
    work: Literal["construction", "permanent", "unknown"]
    """How long they last."""
    reach: Literal["direct", "indirect", "all", "unknown"]
    """Whom the number counts."""
    state: Literal["announced", "counted"]
    """A promise, or what is there."""
    per_mw: float | None
    """For each announced MW of the site; null: one of the two is not known."""


class LedgerObligation(LedgerEntry):
    """What one side owes the other."""

    site: str
    """Name."""
    name: str
    """What it is called by."""
    debtor: str
    """Who owes it."""
    creditor: str
    """Whom it is owed to."""
    what: str | None
    """What is owed; null: not known."""
    due: str | None
    """By which year, quarter, month or day; null: not known."""
    met: bool | None
    """Null: not known."""


class LedgerObjection(LedgerEntry):
    """What somebody said against a site, and what was answered."""

    site: str
    """Name."""
    name: str
    """What it is called by."""
    who: str
    """Who objects."""
    said_on: Date | None
    """Null: not known."""
    about: str | None
    """What is objected; null: not known."""
    answer: str | None
    """What was answered; null: nothing that is known."""


class LedgerUnknown(Shape):
    """What no sum has."""

    amounts: list[str]
    """Sums without an amount, as 'owner: sum'."""
    money: list[str]
    """Sites of which no sum is known."""
    jobs: list[str]
    """Sites of which no number of jobs is known."""


class LedgerAnswer(Shape):
    """Money, jobs, what is owed in return, and objections with their answers."""

    at: Date
    """As known at the end of that day."""
    title: str
    """Of what was asked for."""
    money: list[LedgerSum]
    """Every sum."""
    by_state: list[LedgerByState]
    """Sums of one currency each, without the parts of a sum."""
    by_payer: list[LedgerByPayer]
    """The same by who pays."""
    jobs: list[LedgerJobs]
    """Every number of jobs."""
    obligations: list[LedgerObligation]
    """What is owed, by site."""
    objections: list[LedgerObjection]
    """What is objected, by site."""
    unknown: LedgerUnknown
    """What is in no sum."""
