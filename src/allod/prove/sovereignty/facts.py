"""The fact base: all that is known of a site or a workload on a day, each fact with its grade.

Facts come from fields of documents, from the site's declarations, and from evidence that the caller
brings, such as leaves of the log. What is stronger wins; what is equally strong and says otherwise
makes the fact unknown. Nobody proves anything by writing 'proved' into a document, and nobody
attests to himself: both are declared. What a scenario assumes is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Any

from allod.domain.control import controllers
from allod.domain.dataset import Dataset
from allod.domain.declaration import DeclaredGrade
from allod.domain.fact import Fact
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.prove.sovereignty.grade import Grade, at_least, grade_of, strongest, weakest
from allod.prove.sovereignty.standing import standing_party, taken

Value = bool | int | str | tuple[str, ...] | tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A fact as it is known: its value, how well it stands, and where it comes from."""

    fact: str  #: Name, such as 'country', 'csf-1.1' or 'keys-held-by'.
    value: Value | None  #: None exactly if the grade is unknown.
    grade: Grade
    origin: str  #: Document and field, or 'log leaf 17'.
    source: str = ""  #: Where the origin has it from.
    by: str = ""  #: Who attests.
    until: Date | None = None  #: Last day of the attestation.
    note: str = ""  #: Why it stands as it does, if that is not plain.


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What of a workload bears on its sovereignty, beside the site that it runs at."""

    name: str
    workload: Workload
    project: Project
    datasets: Mapping[
        str, Dataset
    ]  #: Those that it reads or writes, as far as there are documents.
    sites: Mapping[str, Site]  #: Those that hold copies of them.


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBase:
    """All facts about one subject on one day."""

    subject: str  #: 'Site/narvik' or 'Workload/train-1'.
    site_name: str
    on: Date
    operator: Fact[str]
    parties: Mapping[str, Party]  #: With what does not stand well enough taken out.
    stated: Mapping[str, Stated]  #: By name, sorted.
    least: Grade  #: What stands less well is unknown here.

    def of(self, fact: str) -> Stated:
        """The fact of that name; unknown if nothing states it."""
        if fact in self.stated:
            return self.stated[fact]
        return Stated(
            fact=fact, value=None, grade=Grade.UNKNOWN, origin=f"no statement of '{fact}'"
        )


def fact_base(
    name: str,
    site: Site,
    parties: Mapping[str, Party],
    *,
    on: Date,
    work: Work | None = None,
    evidence: Iterable[Stated] = (),
    least: Grade = Grade.DECLARED,
) -> FactBase:
    """The facts about the site `name`, or about `work` there, as they stand on the day `on`.

    With `least`, what stands less well is unknown: `Grade.ATTESTED` leaves what is evidenced.
    """
    standing = {key: standing_party(party, on, least) for key, party in sorted(parties.items())}
    operator = taken(site.operator, on, least)
    found = [
        *_of_site(name, site, standing, on, least),
        *_of_declarations(name, site, parties, on),
        *evidence,
    ]
    if work is None:
        found += _of_places("storage", site, name, on, least)
    else:
        found += _of_work(work, name, site, standing, on, least)
    subject = f"Site/{name}" if work is None else f"Workload/{work.name}"
    by_name: dict[str, list[Stated]] = {}
    for item in sorted((_weighed(item, on, least) for item in found), key=_order):
        by_name.setdefault(item.fact, []).append(item)
    return FactBase(
        subject=subject,
        site_name=name,
        on=on,
        operator=operator,
        parties=standing,
        stated={fact: _joined(items) for fact, items in by_name.items()},
        least=least,
    )


def _of_fact(name: str, fact: Fact[Any], origin: str, *, grade: Grade | None = None) -> Stated:
    """A fact of a document that was taken; an empty list of countries says nothing."""
    value = None if fact.value == () else fact.value
    stands = Grade.UNKNOWN if value is None else grade or grade_of(fact.standing)
    return Stated(
        fact=name,
        value=value,
        grade=stands,
        origin=origin,
        source=fact.source,
        by=fact.source if stands is Grade.ATTESTED else "",
        note=fact.note,
    )


def _of_places(fact: str, site: Site, name: str, on: Date, least: Grade) -> Iterator[Stated]:
    """The fact that something is where the site stands."""
    yield _listed(_of_fact(fact, taken(site.country, on, least), f"Site/{name}: spec.country"))


def _listed(item: Stated) -> Stated:
    """`item` with its one country as a list of countries."""
    return item if item.value is None else replace(item, value=(str(item.value),))


def _of_site(
    name: str, site: Site, parties: Mapping[str, Party], on: Date, least: Grade
) -> Iterator[Stated]:
    path = f"Site/{name}: spec"
    yield from _of_places("country", site, name, on, least)
    yield from _of_places("processing", site, name, on, least)
    yield _of_fact("management", taken(site.management, on, least), f"{path}.management")
    yield _of_fact("metadata", taken(site.metadata, on, least), f"{path}.metadata")
    operator = taken(site.operator, on, least)
    yield _of_fact("operator", operator, f"{path}.operator")
    if operator.value is None:
        return
    origin = f"Party/{operator.value}: spec.seat"
    if operator.value not in parties:
        yield Stated(fact="operator-seat", value=None, grade=Grade.UNKNOWN, origin=origin)
        return
    seat = parties[operator.value].seat
    stands = weakest(grade_of(seat.standing), grade_of(operator.standing))
    yield _listed(_of_fact("operator-seat", seat, origin, grade=stands))


def _of_declarations(
    name: str, site: Site, parties: Mapping[str, Party], on: Date
) -> Iterator[Stated]:
    for item in site.declarations:
        grade, note = Grade.DECLARED, item.note
        if item.grade is DeclaredGrade.ATTESTED:
            grade = Grade.ATTESTED
            if item.until and item.until < on:
                grade, note = Grade.DECLARED, f"the word of {item.by} ran out on {item.until}"
            elif _is_its_own(item.by, site.operator.value, parties):
                grade, note = Grade.DECLARED, f"{item.by} would attest to itself"
        elif item.until and item.until < on:
            grade, note = Grade.UNKNOWN, f"was declared until {item.until}"
        if item.date and item.date > on:
            grade, note = Grade.UNKNOWN, f"was said on {item.date} only"
        answer = item.answer
        value = tuple(sorted(answer.items())) if isinstance(answer, dict) else answer
        if isinstance(answer, tuple):
            value = tuple(sorted(answer))
        yield Stated(
            fact=item.fact,
            value=None if grade is Grade.UNKNOWN else value,
            grade=grade,
            origin=f"Site/{name}: spec.declarations.{item.fact}",
            source=item.source,
            by=item.by,
            until=item.until,
            note=note,
        )


def _is_its_own(by: str, operator: str | None, parties: Mapping[str, Party]) -> bool:
    """True if `by`, a name or title, is the operator or in one hand with it."""
    names = {by, *(name for name, party in parties.items() if party.title == by)}
    if operator is None or not names & {operator, *parties}:
        return False
    above = {item.party for item in controllers(operator, parties).controllers}
    return any(
        above & {item.party for item in controllers(name, parties).controllers}
        for name in names & {operator, *parties}
    )


def _of_work(
    work: Work, name: str, site: Site, parties: Mapping[str, Party], on: Date, least: Grade
) -> Iterator[Stated]:
    """Where copies of its data lie, and whose the workload is."""
    places: set[str] = set()
    grades: list[Grade] = []
    missing: list[str] = []
    for where, there in sorted(_copies(work, name, site).items()):
        country = taken(there.country, on, least) if there else None
        if country is None or country.value is None:
            missing.append(where)
        else:
            places.add(country.value)
            grades.append(grade_of(country.standing))
    gone = sorted({*work.workload.reads, *work.workload.writes} - set(work.datasets))
    missing += [f"Dataset/{dataset}" for dataset in gone]
    yield Stated(
        fact="storage",
        value=None if missing else tuple(sorted(places)),
        grade=Grade.UNKNOWN if missing else weakest(*grades),
        origin=f"Workload/{work.name}: spec.reads and spec.writes",
        note=f"not known: {', '.join(missing)}" if missing else "",
    )
    party = work.project.party
    if party is not None and party in parties:
        yield _listed(_of_fact("project-seat", parties[party].seat, f"Party/{party}: spec.seat"))
    else:
        origin = f"Project/{work.workload.project}: spec.country"
        yield _listed(_of_fact("project-seat", taken(work.project.country, on, least), origin))


def _copies(work: Work, name: str, site: Site) -> dict[str, Site | None]:
    """The sites that hold the data of `work`, by document; None where there is no document."""
    names = {place for dataset in work.datasets.values() for place in dataset.stored_at}
    found: dict[str, Site | None] = {f"Site/{place}": work.sites.get(place) for place in names}
    return {**found, f"Site/{name}": site}


def _weighed(item: Stated, on: Date, least: Grade) -> Stated:
    """`item` as it counts: unknown if it stands less well than asked, or has run out."""
    if item.grade is Grade.ATTESTED and item.until and item.until < on:
        ran_out = f"the word of {item.by} ran out on {item.until}"
        item = replace(item, grade=Grade.DECLARED, note=ran_out)
    if item.grade is not Grade.UNKNOWN and not at_least(item.grade, least):
        return replace(item, value=None, grade=Grade.UNKNOWN, note=f"only {item.grade.value}")
    return item


def _order(item: Stated) -> tuple[str, ...]:
    parts = (item.value, item.grade, item.origin, item.source, item.by, item.until, item.note)
    return (item.fact, *(repr(part) for part in parts))


def _joined(items: list[Stated]) -> Stated:
    """What all statements of one fact come to: the strongest; unknown if those contradict."""
    best = strongest(*(item.grade for item in items))
    first, *others = (item for item in items if item.grade is best)
    against = next((item for item in others if item.value != first.value), None)
    if against is None:
        return first
    note = f"{first.origin} and {against.origin} contradict each other"
    return replace(first, value=None, grade=Grade.UNKNOWN, note=note)
