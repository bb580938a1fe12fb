"""What must hold of the catalogue: each rule with what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from itertools import pairwise
from typing import Any

from allod.catalogue.files import Shelf
from allod.domain.antenna import Antenna
from allod.domain.charter import AccessClass, Charter
from allod.domain.cluster import Cluster
from allod.domain.document import Document
from allod.domain.fact import Fact, Said
from allod.domain.money import Money
from allod.domain.party import Party
from allod.domain.period import first_day, last_day
from allod.domain.revision import leaves
from allod.domain.site import Phase, Site

_FIRST = Date(1900, 1, 1)
_HERE = "this document"
_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a rule is broken."""

    rule: str
    document: str  #: Kind and name.
    path: str
    says: str
    mend: str


Rule = Callable[[Shelf, Date], Iterator[Finding]]


def check(shelf: Shelf, today: Date) -> tuple[Finding, ...]:
    """All findings, by rule and document; empty if every rule holds."""
    return tuple(finding for rule in RULES.values() for finding in rule(shelf, today))


def _sourced(shelf: Shelf, today: Date) -> Iterator[Finding]:
    for document in shelf.documents:
        for path, said in _all_said(document):
            if said.known and said.source == _HERE:
                mend = "add 'source:' with an id of sources.yaml"
                says = f"{said.value} has no source"
                yield Finding("sourced", document.key, path, says, mend)
            elif said.known and said.date is None:
                mend = "add 'date:', or a date to its source"
                yield Finding("sourced", document.key, path, f"{said.value} has no date", mend)


def _dates(shelf: Shelf, today: Date) -> Iterator[Finding]:
    mend = "write the day on which it was said"
    for document in shelf.documents:
        for path, said in _all_said(document):
            if said.date and not _FIRST <= said.date <= today:
                yield Finding("dates", document.key, path, f"dated {said.date}", mend)
        if isinstance(document.spec, Site):
            yield from _dates_of_phases(document.key, document.spec, today)


def _dates_of_phases(key: str, site: Site, today: Date) -> Iterator[Finding]:
    by_name = {phase.name: phase for phase in site.phases}
    for phase in site.phases:
        where = f"phases.{phase.name}"
        said = phase.announced
        if said and said > today:
            yield Finding("dates", key, where, f"announced {said}", "write the day it was said")
        if said and phase.withdrawn and phase.withdrawn.date < said:
            mend = "write the later day in withdrawn"
            yield Finding("dates", key, where, "is given up before it is announced", mend)
        if _before(phase.due.value, phase.works.value):
            yield Finding("dates", key, where, "is due before works begin", "exchange them")
        for name in phase.needs:
            if _before(phase.due.value, by_name[name].due.value):
                says = f"is due before '{name}', which it needs"
                yield Finding("dates", key, where, says, "see which date is right")


def _before(period: str | None, other: str | None) -> bool:
    """True if both are known and all of `period` lies before `other`."""
    return bool(period and other) and last_day(period or "") < first_day(other or "")


def _shares(shelf: Shelf, today: Date) -> Iterator[Finding]:
    mend = "add the owners that are missing, or say that the rest is dispersed or unknown"
    for document in shelf.documents:
        spec = document.spec
        if isinstance(spec, Party) and spec.owners:
            shares = [holding.share_bp.value for holding in spec.owners]
            known = [share for share in shares if share is not None]
            # Also where it says, in so many words, that this is not known.
            rest_is_told = "dispersed" in spec.model_fields_set
            if len(known) == len(shares) and sum(known) != _WHOLE_BP and not rest_is_told:
                says = f"known shares add up to {sum(known)} of {_WHOLE_BP} basis points"
                yield Finding("shares", document.key, "owners", says, mend)
        factory = spec.dossier.factory if isinstance(spec, Site) and spec.dossier else None
        if factory and factory.shares_bp:
            told = [fact.value for fact in factory.shares_bp.values()]
            total = sum(share for share in told if share is not None)
            if total > _WHOLE_BP or (None not in told and total != _WHOLE_BP):
                says = f"shares of access add up to {total} of {_WHOLE_BP} basis points"
                where = "dossier.factory.shares_bp"
                yield Finding("shares", document.key, where, says, "mend the shares")


def _phases(shelf: Shelf, today: Date) -> Iterator[Finding]:
    for key, site in _sites(shelf):
        standing = [phase for phase in site.phases if not phase.withdrawn]
        total_w = sum(phase.power_w.value or 0 for phase in standing)
        whole = site.dossier.capacity_w if site.dossier else None
        if whole and whole.value is not None and total_w > whole.value:
            says = f"phases add up to {total_w} W, the whole site is {whole.value} W"
            mend = "write what each phase adds, not what is there after it"
            yield Finding("phases", key, "phases", says, mend)
        yield from _rings(key, site.phases)
        for phase in standing:
            yield from _delivered(key, phase)


def _rings(key: str, phases: tuple[Phase, ...]) -> Iterator[Finding]:
    needs = {phase.name: set(phase.needs) for phase in phases}
    done: set[str] = set()
    while ready := {name for name in needs if name not in done and needs[name] <= done}:
        done |= ready
    if left := sorted(set(needs) - done):
        says = f"{', '.join(left)} need each other"
        yield Finding("phases", key, "phases", says, "take one of the needs away")


def _delivered(key: str, phase: Phase) -> Iterator[Finding]:
    for pool, delivery in phase.delivery.items():
        promised = phase.accelerators.get(pool)
        steps = [
            ("live", delivery.live.value),
            ("accepted", delivery.accepted.value),
            ("delivered", delivery.delivered.value),
            ("promised", promised.value if promised else None),
        ]
        known = [(word, count) for word, count in steps if count is not None]
        for (less, few), (more, many) in pairwise(known):
            if few > many:
                where = f"phases.{phase.name}.delivery.{pool}"
                says = f"{few} are {less}, and {many} {more}"
                yield Finding("phases", key, where, says, "see which number is right")


def _charters(shelf: Shelf, today: Date) -> Iterator[Finding]:
    sites = dict(_sites(shelf))
    for document in shelf.documents:
        if isinstance(document.spec, Charter):
            site = sites.get(f"Site/{document.spec.site}")
            if site is None:
                says = f"is of site '{document.spec.site}', which is not there"
                yield Finding("charters", document.key, "site", says, "name a site")
                continue
            # The promise is measured against all that is promised: more is never there.
            total = sum(
                fact.value or 0
                for phase in site.phases
                if not phase.withdrawn
                for fact in phase.accelerators.values()
            )
            floors = sum(_floor_max(top) for top in document.spec.classes)
            if total and floors > total:
                says = f"floors come to {floors}, the site to {total} accelerators"
                yield Finding("charters", document.key, "classes", says, "lower a floor")


def _floor_max(access_class: AccessClass) -> int:
    ramp = access_class.anchor.ramp if access_class.anchor else ()
    return max(access_class.floor, *(step.floor for step in ramp), 0)


def _names(shelf: Shelf, today: Date) -> Iterator[Finding]:
    keys = {document.key for document in shelf.documents}
    for document in shelf.documents:
        for path, kind, name in _named(document):
            if f"{kind}/{name}" not in keys:
                says = f"names {kind.lower()} '{name}', which is not there"
                yield Finding("names", document.key, path, says, "add its document, or mend it")


def _named(document: Document) -> Iterator[tuple[str, str, str]]:
    """Path, kind and name of each document that this one names."""
    spec = document.spec
    if isinstance(spec, Site):
        if spec.operator.value:
            yield "operator", "Party", spec.operator.value
        yield from ((f"parties.{role.party}", "Party", role.party) for role in spec.parties)
    if isinstance(spec, Party):
        yield from ((f"owners.{item.party}", "Party", item.party) for item in spec.owners)
    if isinstance(spec, Antenna):
        yield from (("hosts", "Site", host.value) for host in spec.hosts if host.value)
    if isinstance(spec, Cluster):
        yield from (("members", "Site", name) for name in spec.members)
        yield from (("antennas", "Antenna", name) for name in spec.antennas)


def _sources(shelf: Shelf, today: Date) -> Iterator[Finding]:
    used = {name for names in shelf.used.values() for name in names}
    for name in sorted(set(shelf.sources) - used):
        says = "no document names it"
        yield Finding("sources", f"sources.yaml/{name}", "", says, "remove it, or cite it")


def _money(shelf: Shelf, today: Date) -> Iterator[Finding]:
    for document in shelf.documents:
        spec = document.spec
        of_site = spec.dossier.money if isinstance(spec, Site) and spec.dossier else ()
        sums: tuple[Money, ...] = getattr(spec, "money", of_site)
        by_name = {item.name: item for item in sums}
        for item in sums:
            whole = by_name.get(item.part_of or item.name)
            if whole is None or whole.currency != item.currency:
                says = f"is part of '{item.part_of}', which is no sum in {item.currency}"
                yield Finding("money", document.key, f"money.{item.name}", says, "mend part_of")
        for name, whole in by_name.items():
            parts = sum(item.amount.value or 0 for item in sums if item.part_of == name)
            if whole.amount.value is not None and parts > whole.amount.value:
                says = f"parts add up to {parts}, the whole is {whole.amount.value}"
                yield Finding("money", document.key, f"money.{name}", says, "mend an amount")


def _all_said(document: Document) -> Iterator[tuple[str, Said[Any]]]:
    """Every value that a fact of `document` has, had, or has elsewhere, with its path."""
    for path, said in leaves(document.spec):
        if isinstance(said, Fact):
            yield from ((path, one) for one in (*said.earlier, said, *said.others))


def _sites(shelf: Shelf) -> Iterator[tuple[str, Site]]:
    for document in shelf.documents:
        if isinstance(document.spec, Site):
            yield document.key, document.spec


#: By name, in the order in which they are shown.
RULES: Mapping[str, Rule] = {
    "sourced": _sourced,
    "dates": _dates,
    "shares": _shares,
    "phases": _phases,
    "charters": _charters,
    "names": _names,
    "sources": _sources,
    "money": _money,
}
#: What each rule asks, in words.
WORDS: Mapping[str, str] = {
    "sourced": "every known value has a source and a date",
    "dates": "no date lies in the future, and nothing ends before it begins",
    "shares": "shares add up to 100 %, or say what of them is not known",
    "phases": "phases grow: they fit the whole, need no ring, and live is never over delivered",
    "charters": "no charter promises more than its site has promised",
    "names": "every party, site and antenna that is named is there",
    "sources": "every source is used",
    "money": "parts of a sum fit the whole",
}
