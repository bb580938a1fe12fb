"""Ledger: money, jobs, what is owed and what is objected, of a site, a region or an antenna."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from allod.domain.community import Jobs, Objection, Obligation
from allod.domain.money import Money
from allod.domain.site import Site
from allod.plan.roadmap import announced_w

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Account:
    """What one document says of money; parts of a sum are in it, and are not added again."""

    name: str
    money: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class JobsOf:
    """Jobs of a site, beside its announced power."""

    site: str
    jobs: Jobs
    per_mw: float | None  #: Jobs for each announced MW; None where one of the two is not known.


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries, and sums in which nothing unknown is counted."""

    accounts: tuple[Account, ...]
    own: tuple[str, ...]  #: Those of them that are no sites: their sums are not added to sites'.
    by_state: Mapping[tuple[str, str], int]  #: By currency and state: sums of the sites. [unit]
    by_payer: Mapping[
        tuple[str, str], int
    ]  #: By currency and payer, 'unknown' for the rest. [unit]
    without_amount: tuple[str, ...]  #: 'site: sum' where the amount is not known.
    without_money: tuple[str, ...]  #: Sites of which no sum is known.
    jobs: tuple[JobsOf, ...]
    without_jobs: tuple[str, ...]  #: Sites of which no number of jobs is known.
    obligations: tuple[tuple[str, Obligation], ...]
    objections: tuple[tuple[str, Objection], ...]


def ledger(sites: Mapping[str, Site], own: Iterable[Account] = ()) -> Ledger:
    """The ledger of `sites`.

    Args:
        sites: As they were known at a day.
        own: Sums of a region, antenna or call itself: listed, but not added to those of its
            sites, which may be the same money.
    """
    dossiers = {name: site.dossier for name, site in sorted(sites.items()) if site.dossier}
    of_sites = tuple(Account(name, item.money) for name, item in dossiers.items() if item.money)
    above = tuple(own)
    rests = list(_rests(of_sites or above))
    jobs = [_jobs(name, item, sites[name]) for name, d in dossiers.items() for item in d.jobs]
    known = [one for one in jobs if one.jobs.count.known]
    return Ledger(
        accounts=(*above, *of_sites),
        own=tuple(account.name for account in above if account.money),
        by_state=_summed(((item.currency, item.state.value), rest) for item, rest in rests),
        by_payer=_summed(
            ((item.currency, item.payer.value or _UNKNOWN), rest) for item, rest in rests
        ),
        without_amount=tuple(
            f"{account.name}: {item.name}"
            for account in (*above, *of_sites)
            for item in account.money
            if not item.amount.known
        ),
        without_money=tuple(name for name in sorted(sites) if not _has_money(sites[name])),
        jobs=tuple(known),
        without_jobs=tuple(sorted(set(sites) - {one.site for one in known})),
        obligations=tuple((name, one) for name, d in dossiers.items() for one in d.obligations),
        objections=tuple((name, one) for name, d in dossiers.items() for one in d.objections),
    )


def _has_money(site: Site) -> bool:
    return any(item.amount.known for item in (site.dossier.money if site.dossier else ()))


def _jobs(name: str, jobs: Jobs, site: Site) -> JobsOf:
    power, count = announced_w(site), jobs.count.value
    return JobsOf(name, jobs, count / power * 1e6 if count is not None and power else None)


def _rests(accounts: Iterable[Account]) -> Iterator[tuple[Money, int]]:
    """Each sum with what its parts leave of it: so that no unit of money is counted twice."""
    for account in accounts:
        for item in account.money:
            parts = sum(_known(other) for other in account.money if other.part_of == item.name)
            if (rest := _known(item) - parts) > 0:
                yield item, rest


def _known(item: Money) -> int:
    return item.amount.value or 0


def _summed(pairs: Iterable[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for key, value in pairs:
        sums[key] = sums.get(key, 0) + value
    return dict(sorted(sums.items()))
