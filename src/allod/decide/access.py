"""Access: which class of a site's charter a workload may use (C8 and eligibility).

Classes nest, and work runs in leaves. A leaf is usable only if every class from the outermost down
to it is eligible, so what an outer class asks for holds inside it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from allod.decide.rule import in_order, written
from allod.domain.areas import expand
from allod.domain.charter import AccessClass, Charter
from allod.domain.decision import Reason, Step
from allod.domain.fact import Fact, Standing
from allod.domain.holdings import Parties, no_document, seat_path
from allod.domain.project import Project
from allod.domain.site import Site
from allod.domain.workload import Workload

ClassPath = tuple[AccessClass, ...]  #: From the outermost class to the one that is meant.

_NO_SEAT: Fact[str] = Fact(standing=Standing.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """The class that a workload runs under, or all that is against every one it could."""

    access_class: str | None
    reasons: tuple[Reason, ...] = ()  #: Empty if there is a class.


def seat_of(project: Project, parties: Parties) -> Fact[str]:
    """The seat of who is behind `project`: that of its party; without one, its own."""
    if project.party is None:
        return project.country
    return parties[project.party].seat if project.party in parties else _NO_SEAT


def sector_of(project: Project, parties: Parties) -> str | None:
    """The sector of `project`; where it names none, that of its party."""
    if project.sector is None and project.party is not None and project.party in parties:
        return parties[project.party].sector
    return project.sector


def eligible_reasons(
    path: ClassPath, site_name: str, project_name: str, project: Project, parties: Parties
) -> tuple[Reason, ...]:
    """All that keeps `project` out of the last class of `path`, sorted; empty if it may use it."""
    reasons: set[Reason] = set()
    for depth in range(len(path)):
        one = _ClassAgainst(site_name, path[: depth + 1], project_name, project, parties)
        reasons.update(one.by_seat(), one.by_sector(), one.by_party(), one.by_name())
    return in_order(reasons)


def class_for(
    charter: Charter,
    workload: Workload,
    project_name: str,
    project: Project,
    parties: Parties,
    among: Collection[str] = (),
) -> ClassVerdict:
    """The leaf that `workload` runs under: of those it may use the one of highest priority.

    Ties go to the larger floor, then to the name that sorts first. A workload that names a class
    gets a leaf of that class; where classes are named `among` which it must be, a leaf of one of
    them. If there is none, all reasons against all these leaves are given.
    """
    asked = workload.access_class
    paths = [
        path
        for path in leaf_paths(charter)
        if asked is None or asked in (access_class.name for access_class in path)
    ]
    if not paths:
        return ClassVerdict(None, (_class_unknown(charter, asked or ""),))
    if among:
        found = paths
        paths = [path for path in found if any(item.name in among for item in path)]
        if not paths:
            return ClassVerdict(None, (_class_not_among(charter, found, among),))
    against = {
        path: eligible_reasons(path, charter.site, project_name, project, parties) for path in paths
    }
    usable = [path[-1] for path, reasons in against.items() if not reasons]
    if not usable:
        return ClassVerdict(None, in_order({one for some in against.values() for one in some}))
    best = min(usable, key=lambda leaf: (-leaf.priority, -leaf.floor, leaf.name))
    return ClassVerdict(best.name)


def leaf_paths(charter: Charter) -> Iterator[ClassPath]:
    """The path to every class that has none inside it, in the charter's order."""
    waiting: list[ClassPath] = [(top,) for top in reversed(charter.classes)]
    while waiting:
        path = waiting.pop()
        if path[-1].classes:
            waiting += [(*path, child) for child in reversed(path[-1].classes)]
        else:
            yield path


def user_reasons(site_name: str, site: Site, project_name: str) -> tuple[Reason, ...]:
    """What is against a project in whose name nobody can run at the site's cluster."""
    if site.slurm is None or site.slurm.who(project_name) is not None:
        return ()
    return (
        Reason(
            site=site_name,
            step=Step.CLASS,
            code="no-user-there",
            message=f"project {project_name} has no Slurm user at {site_name}",
            forever=True,
            needed=f"slurm.projects.{project_name}, or slurm.others",
            actual="none",
            origin=f"Site/{site_name}: spec.slurm",
        ),
    )


def _class_unknown(charter: Charter, asked: str) -> Reason:
    known = ", ".join(path[-1].name for path in leaf_paths(charter))
    return Reason(
        site=charter.site,
        step=Step.CLASS,
        code="class-unknown",
        message=f"the charter of {charter.site} has no class '{asked}'; it has {known}",
        forever=True,
        needed=asked,
        actual=known,
        origin=f"charter of {charter.site}",
    )


def _class_not_among(charter: Charter, found: list[ClassPath], among: Collection[str]) -> Reason:
    needed, actual = ", ".join(among), ", ".join(path[-1].name for path in found)
    return Reason(
        site=charter.site,
        step=Step.CLASS,
        code="class-not-served",
        message=f"only class {needed} is served; at {charter.site} it could be {actual}",
        forever=True,
        needed=needed,
        actual=actual,
        origin=f"charter of {charter.site}",
    )


@dataclass(frozen=True, slots=True)
class _ClassAgainst:
    """What the last class of a path, by itself, has against a project."""

    site_name: str
    path: ClassPath
    project_name: str
    project: Project
    parties: Parties

    def by_seat(self) -> Iterator[Reason]:
        """It is seated elsewhere, or nobody knows where."""
        places = self.path[-1].eligible.countries
        if not places:
            return
        seat = seat_of(self.project, self.parties)
        needed = f"a seat in {written(places)}"
        if seat.value is None:
            yield self._unknown(self._seat_path(), needed)
        elif seat.value not in expand(places):
            assumed = " (assumed)" if seat.standing is Standing.ASSUMED else ""
            yield self._reason(
                "not-eligible-country",
                f"is seated in {seat.value}{assumed}",
                needed,
                f"{seat.value} ({seat.standing.value})",
            )

    def by_sector(self) -> Iterator[Reason]:
        """It works in another sector, or does not say in which."""
        sectors = self.path[-1].eligible.sectors
        if not sectors:
            return
        sector = sector_of(self.project, self.parties)
        needed = f"sector {' or '.join(sectors)}"
        if sector is None:
            yield self._unknown(f"Project/{self.project_name}: spec.sector", needed)
        elif sector not in sectors:
            yield self._reason("not-eligible-sector", f"is in sector {sector}", needed, sector)

    def by_party(self) -> Iterator[Reason]:
        """Another party is behind it than the class, or its anchor contract, is for."""
        last = self.path[-1]
        named = (last.eligible.parties, (last.anchor.party,) if last.anchor else ())
        actual = self.project.party or "no party"
        for permitted in named:
            if permitted and self.project.party not in permitted:
                yield self._reason(
                    "not-eligible-party",
                    f"is of {actual}",
                    f"party {' or '.join(permitted)}",
                    actual,
                )

    def by_name(self) -> Iterator[Reason]:
        """The class is for other projects."""
        projects = self.path[-1].eligible.projects
        if projects and self.project_name not in projects:
            needed = f"project {' or '.join(projects)}"
            yield self._reason("not-eligible-project", "is another", needed, self.project_name)

    def _seat_path(self) -> str:
        party = self.project.party
        if party is None:
            return f"Project/{self.project_name}: spec.country"
        return seat_path(party) if party in self.parties else no_document(party).path

    def _unknown(self, path: str, needed: str) -> Reason:
        return self._reason("fact-unknown", f"leaves {path} unknown", needed, f"{path} (unknown)")

    def _reason(self, code: str, clause: str, needed: str, actual: str) -> Reason:
        inside = "/".join(access_class.name for access_class in self.path)
        return Reason(
            site=self.site_name,
            step=Step.CLASS,
            code=code,
            message=f"class '{inside}' asks for {needed}; project {self.project_name} {clause}",
            forever=True,
            needed=needed,
            actual=actual,
            origin=f"charter of {self.site_name}: class {inside}",
        )
