"""Money, jobs, what is owed and what is objected, of a site, region, antenna or call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from allod.catalogue.answers.days import site_then
from allod.domain.community import Objection, Obligation
from allod.domain.fact import Fact
from allod.domain.money import Money
from allod.errors import NotFound
from allod.plan.known import Known, region
from allod.plan.ledger import Account, JobsOf, Ledger, ledger


@dataclass(frozen=True, slots=True)
class LedgerAnswer:
    """The ledger as known at the end of `day`."""

    day: Date
    title: str
    ledger: Ledger

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        found = self.ledger
        return {
            "at": self.day.isoformat(),
            "title": self.title,
            "money": [
                {"of": account.name, **_money(item)}
                for account in found.accounts
                for item in account.money
            ],
            "by_state": _sums(found.by_state, "state"),
            "by_payer": _sums(found.by_payer, "payer"),
            "jobs": [_jobs(one) for one in found.jobs],
            "obligations": [_obligation(name, one) for name, one in found.obligations],
            "objections": [_objection(name, one) for name, one in found.objections],
            "unknown": {
                "amounts": list(found.without_amount),
                "money": list(found.without_money),
                "jobs": list(found.without_jobs),
            },
        }


def ledger_of(known: Known, asked: str) -> LedgerAnswer:
    """The ledger of the site, antenna, call or region that people call `asked`.

    Raises:
        NotFound: There is none.
        InvalidInput: The site was not announced by then.
    """
    if asked in known.antennas:
        antenna = known.antennas[asked]
        return LedgerAnswer(known.day, antenna.title, ledger({}, [Account(asked, antenna.money)]))
    try:
        name, site = site_then(asked, known)
    except NotFound as no_site:
        return _of_region(known, asked, no_site)
    return LedgerAnswer(known.day, site.title, ledger({name: site}))


def _of_region(known: Known, asked: str, no_site: NotFound) -> LedgerAnswer:
    """The ledger of a region, which has sums of its own if it is a cluster; else of a call."""
    try:
        part = region(known, asked)
    except NotFound as no_region:
        if asked not in known.calls:
            mend = f"{no_site.mend}; for a region, {no_region.mend}"
            words = f"there is no site, region, antenna or call '{asked}'"
            raise NotFound(words, mend=mend, field="name", value=asked) from no_region
        call = known.calls[asked]
        return LedgerAnswer(known.day, call.title, ledger({}, [Account(asked, call.money)]))
    own = [Account(part.name, part.cluster.money)] if part.cluster else []
    own += [
        Account(name, known.antennas[name].money)
        for name in (part.cluster.antennas if part.cluster else ())
        if name in known.antennas
    ]
    return LedgerAnswer(known.day, part.title, ledger(part.sites, own))


def _sums(sums: Any, by: str) -> list[dict[str, Any]]:
    return [{"currency": key[0], by: key[1], "amount": value} for key, value in sums.items()]


def _money(item: Money) -> dict[str, Any]:
    return {
        "name": item.name,
        "amount": item.amount.value,
        "currency": item.currency,
        "payer": item.payer.value,
        "state": item.state.value,
        "purpose": item.purpose,
        "part_of": item.part_of,
        **_said(item.amount),
    }


def _jobs(one: JobsOf) -> dict[str, Any]:
    jobs = one.jobs
    return {
        "site": one.site,
        "name": jobs.name,
        "count": jobs.count.value,
        "work": jobs.work,
        "reach": jobs.reach,
        "state": jobs.state,
        "per_mw": one.per_mw,
        **_said(jobs.count),
    }


def _obligation(site: str, one: Obligation) -> dict[str, Any]:
    return {
        "site": site,
        "name": one.name,
        "debtor": one.debtor,
        "creditor": one.creditor,
        "what": one.what.value,
        "due": one.due.value,
        "met": one.met.value,
        **_said(one.what),
    }


def _objection(site: str, one: Objection) -> dict[str, Any]:
    return {
        "site": site,
        "name": one.name,
        "who": one.who,
        "said_on": one.date.isoformat() if one.date else None,
        "about": one.about.value,
        "answer": one.answer.value,
        **_said(one.about),
    }


def _said(fact: Fact[Any]) -> dict[str, Any]:
    return {"date": fact.date.isoformat() if fact.date else None, "source": fact.source}
