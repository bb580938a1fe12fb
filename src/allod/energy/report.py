"""The energy report of a site over a period: figures, record, tests and claims, with evidence."""

from __future__ import annotations

from dataclasses import dataclass

from allod.domain.reporting import ReportingFacts
from allod.domain.site import Site
from allod.energy import claims, enefg, eu2024_1364, measured
from allod.energy.account import Account, Evidence
from allod.energy.claims import Judged
from allod.energy.enefg import Tested
from allod.energy.grid import Grid
from allod.energy.kpi import Kpi, kpis
from allod.energy.lines import Line


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """All that is reported; each figure names its meters, and `account` has their evidence."""

    name: str  #: Name of the site.
    title: str
    account: Account
    year: int | None  #: The calendar year that the period is, if it is one.
    notes: tuple[str, ...]  #: What a reader must know of the whole.
    kpis: tuple[Kpi, ...]
    record: tuple[Line, ...]  #: EU 2024/1364.
    enefg: tuple[Tested, ...]  #: Of sites in Germany.
    claims: tuple[Judged, ...]


def report(name: str, site: Site, grid: Grid, evidence: tuple[Evidence, ...]) -> EnergyReport:
    """The report on `site` by its meters' readings on `grid`."""
    started_s = site.reporting.started.value if site.reporting else None
    year = eu2024_1364.year_of(grid, started_s)
    facts, notes = facts_of(site, year)
    account = Account(grid, evidence, frozenset(facts.absent))
    found = (*kpis(account, facts), *measured.matches(account, site), *measured.heat(account, site))
    return EnergyReport(
        name,
        site.title,
        account,
        year,
        notes,
        found,
        eu2024_1364.record(site, account, facts),
        enefg.section_11(account, facts) if site.country.value == "DE" else (),
        claims.register(site.claims, account, found),
    )


def facts_of(site: Site, year: int | None) -> tuple[ReportingFacts, tuple[str, ...]]:
    """What is declared of the period; of another year than its own only what does not change."""
    said = site.reporting
    if said is None:
        return ReportingFacts(year=2023), ("the site's document has no 'reporting' part",)
    if year is None:
        # What there is none of is none in a part of the year too; a year's certificates are not.
        facts = said.model_copy(update={"goo_kwh": ReportingFacts(year=2023).goo_kwh})
        return facts, ("the period is no calendar year: nothing of it can be handed in",)
    if year != said.year:
        facts = ReportingFacts(year=year, started=said.started)
        return facts, (f"'reporting' is of {said.year} and is not used for {year}",)
    return said, ()
