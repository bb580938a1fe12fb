"""Find: where an applicant may turn, under which mode, by when, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from allod.domain.access_mode import AccessModeTerms
from allod.domain.period import first_day
from allod.domain.project import Project
from allod.domain.site import PhaseState, Site
from allod.plan.eligible import ClassPath, class_paths, country_fault, takes_country
from allod.plan.known import Known

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks: the country is that of the project, or the seat of its party."""

    project: Project
    country: str | None
    today: Date


@dataclass(frozen=True, slots=True)
class Clock:
    """When to apply, and when access is to be there."""

    cutoff: Date | None  #: The next one that is published; none where one may apply at any time.
    access_by: Date | None  #: Where it is stated.
    words: str  #: Both in words.


@dataclass(frozen=True, slots=True)
class ModeAnswer:
    """One access mode: whether the applicant may ask, and why not."""

    mode: str  #: Name.
    title: str  #: In full.
    why_not: tuple[str, ...]  #: Empty: nothing known stands in the way.
    unknown: tuple[str, ...]  #: What must be cleared up.
    clock: Clock  #: When to apply, and when access is there.

    @property
    def fits(self) -> bool:
        """True if nothing known stands in the way."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class SiteFit:
    """One site: by which modes or classes it takes the applicant, and why not."""

    site: str  #: Name.
    title: str  #: In full.
    country: str  #: ISO 3166-1, '?' if it is not known.
    modes: tuple[str, ...]  #: Access modes that fit and are not closed here.
    classes: tuple[str, ...]  #: Classes of its charter that take such an applicant.
    charter: str  #: What that charter says of itself, such as that none is published.
    serves_now: str  #: 'its own system', an interim one by name, 'not yet', or 'unknown'.
    why_not: tuple[str, ...]  #: Empty: a mode or class takes the applicant.
    near: bool  #: It is at home, or an antenna at home is bound to it.

    @property
    def fits(self) -> bool:
        """True if a mode or class takes the applicant."""
        return bool(self.modes or self.classes)


@dataclass(frozen=True, slots=True)
class AntennaAnswer:
    """The desk at home, and the sites that it is bound to."""

    antenna: str  #: Name.
    title: str  #: In full.
    hosts: tuple[str, ...]  #: Names of sites.


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the applicant may turn."""

    country: str
    modes: tuple[ModeAnswer, ...]
    antennas: tuple[AntennaAnswer, ...]
    sites: tuple[SiteFit, ...]  #: Those that fit first, near ones before others.


def find(known: Known, applicant: Applicant) -> Answer:
    """Everything that is open to `applicant`, and why the rest is not."""
    modes = tuple(_mode(name, terms, applicant) for name, terms in sorted(known.modes.items()))
    antennas = tuple(
        AntennaAnswer(
            name, antenna.title, tuple(host.value for host in antenna.hosts if host.value)
        )
        for name, antenna in sorted(known.antennas.items())
        if applicant.country and antenna.country.value == applicant.country
    )
    bound = {host for antenna in antennas for host in antenna.hosts}
    sites = [
        _site(name, site, known, applicant, modes, name in bound)
        for name, site in sorted(known.sites.items())
    ]
    ranked = sorted(sites, key=lambda one: (not one.fits, not one.near, one.site))
    return Answer(applicant.country or "unknown", modes, antennas, tuple(ranked))


def _mode(name: str, terms: AccessModeTerms, applicant: Applicant) -> ModeAnswer:
    found = tuple(_faults(terms, applicant))
    why_not = [words for sure, words in found if sure]
    unknown = [words for sure, words in found if not sure]
    clock = clock_of(terms, applicant.today)
    if not terms.always_open and terms.cutoffs.known and clock.cutoff is None:
        why_not.append(f"no cut-off after {applicant.today} is published")
    return ModeAnswer(name, terms.title, tuple(why_not), tuple(unknown), clock)


def _faults(terms: AccessModeTerms, applicant: Applicant) -> Iterator[tuple[bool, str]]:
    """What stands in the way, and whether that is sure or has to be cleared up."""
    project, asks = applicant.project, applicant.project.asks
    yield from country_fault(terms.countries, applicant.country)
    if terms.sectors and project.sector not in terms.sectors:
        told = f"'{project.sector}'" if project.sector else "not told"
        yield True, f"for {', '.join(terms.sectors)}; the project's sector is {told}"
    hours = asks.accelerator_hours if asks else None
    least, most = terms.accelerator_hours_min.value or 0, terms.accelerator_hours_max.value
    if hours is None:
        yield False, "how many accelerator-hours are needed (asks.accelerator_hours)"
    elif hours < least:
        yield True, f"begins at {least:,} accelerator-hours; {hours:,} are asked for"
    elif most is not None and hours > most:
        yield True, f"gives at most {most:,} accelerator-hours; {hours:,} are asked for"
    months = asks.months if asks else None
    if months and terms.months.value and months > max(terms.months.value):
        yield True, f"lasts at most {max(terms.months.value)} months; {months} are asked for"
    if terms.civilian_only.value and (asks is None or asks.civilian is None):
        yield False, "whether the purpose is civilian alone (asks.civilian)"
    elif terms.civilian_only.value and asks and asks.civilian is False:
        yield True, "for civilian purposes alone"
    cap, inference = terms.inference_max_bp.value, asks.inference_bp if asks else None
    if cap is not None and inference is not None and inference > cap:
        yield True, f"at most {cap / 100:g} % may be inference; {inference / 100:g} % are asked for"


def clock_of(terms: AccessModeTerms, today: Date) -> Clock:
    """When to apply and when access is there; weekends count, public holidays are not known."""
    cutoff = None
    if not terms.always_open:
        cutoff = next((day for day in terms.cutoffs.value or () if day >= today), None)
        if cutoff is None:
            return Clock(None, None, "no further cut-off is published")
    begin = cutoff or today
    working, days = terms.answer_working_days.value, terms.answer_days.value
    when = f"cut-off {cutoff}" if cutoff else "at any time"
    if working is not None:
        by = working_day(begin, working)
        return Clock(cutoff, by, f"{when}, access {working} working days later, by {by}")
    if days is not None:
        by = begin + timedelta(days=days)
        return Clock(cutoff, by, f"{when}, access at most {days} days later, by {by}")
    return Clock(cutoff, None, f"{when}; when access is there is not stated")


def working_day(begin: Date, count: int) -> Date:
    """The day `count` working days, Monday to Friday, after `begin`."""
    day = begin
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def _site(
    name: str,
    site: Site,
    known: Known,
    applicant: Applicant,
    modes: Iterable[ModeAnswer],
    bound: bool,
) -> SiteFit:
    fitting, why_not = [], []
    for answer in modes:
        terms = known.modes[answer.mode]
        programme = known.clusters.get(terms.programme or "")
        if programme is None or name not in programme.members or not answer.fits:
            continue
        closed = _closed(name, terms, applicant.today)
        if closed:
            why_not.append(f"{answer.mode} is closed here {closed}")
        else:
            fitting.append(answer.mode)
    classes = tuple(_classes(name, known, applicant))
    if not fitting and not classes and not why_not:
        why_not.append(_why_not(name, site, known))
    return SiteFit(
        site=name,
        title=site.title,
        country=site.country.value or "?",
        modes=tuple(fitting),
        classes=classes,
        charter="; ".join(c.title for c in known.charters.values() if c.site == name and classes),
        serves_now=serves_now(site, applicant.today),
        why_not=tuple(why_not),
        near=bound or (applicant.country is not None and site.country.value == applicant.country),
    )


def _closed(name: str, terms: AccessModeTerms, today: Date) -> str:
    """Since and until when a mode is closed at a site; empty if it is not known to be."""
    for closure in terms.closures:
        starts, ends = closure.starts.value, closure.ends.value
        if closure.site == name and starts and starts <= today and (ends is None or today <= ends):
            return f"since {starts}"
    return ""


def _classes(name: str, known: Known, applicant: Applicant) -> Iterator[str]:
    """Classes of the site's charter that take the applicant, innermost ones alone."""
    for charter in known.charters.values():
        if charter.site == name:
            for path in class_paths(charter):
                if _takes(path, applicant):
                    yield path[-1].name


def _takes(path: ClassPath, applicant: Applicant) -> bool:
    project = applicant.project
    if not takes_country(path, applicant.country):
        return False
    for who in (one.eligible for one in path):
        if who.projects or (who.parties and project.party not in who.parties):
            return False
        if who.sectors and project.sector not in who.sectors:
            return False
    return True


def _why_not(name: str, site: Site, known: Known) -> str:
    member = any(name in cluster.members for cluster in known.clusters.values())
    charter = any(charter.site == name for charter in known.charters.values())
    if charter:
        return "no class of its charter takes such an applicant"
    if site.dossier and site.dossier.factory and member:
        return "no access mode of its programme fits"
    return "its terms of access are not public"


def serves_now(site: Site, today: Date) -> str:
    """By what a site serves users today, as far as that is known."""
    if any(phase.state.value is PhaseState.LIVE for phase in site.phases):
        return "its own system"
    factory = site.dossier.factory if site.dossier else None
    if factory:
        interim = [item.system.value or item.name for item in factory.interim]
        if interim:
            return f"interim: {', '.join(dict.fromkeys(interim))}"
        if factory.operational.value and first_day(factory.operational.value) > today:
            return f"not yet: promised for {factory.operational.value}"
    states = [phase.state.value for phase in site.phases]
    return "nothing yet" if states and None not in states else "unknown"
