"""The verdict: where a workload may ever run and in which class, and all that is against the rest.

Law before class, class before hardware, hardware before power (L5). A verdict holds for every
workload of the same rules, project and shape, so it is made once and kept until a document changes;
what law and charter say does not depend on the shape, nor what a pool can hold on who asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.decide import access, grants, law
from allod.decide.layout import Layout, power_per_accelerator_w
from allod.decide.rule import Rule
from allod.decide.suits import Suited, suited_pools
from allod.decide.world import World, ceiling_ever
from allod.domain.decision import Reason, Step
from allod.domain.project import Project
from allod.domain.units import UNBOUNDED
from allod.domain.workload import Topology, Workload


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a workload may run."""

    classes: tuple[int, ...]  #: Class row at each pool row, -1 where it never may.
    ranks: tuple[int, ...]  #: Preference of each pool row, the lowest first.
    against: dict[str, tuple[Reason, ...]]  #: By site: all that is for ever against it.
    access_class: dict[str, str]  #: By site: the class it would have there.

    @property
    def anywhere(self) -> bool:
        """True if some pool will do."""
        return any(row >= 0 for row in self.classes)

    def all_against(self) -> tuple[Reason, ...]:
        """All reasons of all sites."""
        return tuple(reason for site in sorted(self.against) for reason in self.against[site])


@dataclass(frozen=True, slots=True)
class _Home:
    """What law and charter of a site say of a project's work, whatever its shape."""

    reasons: tuple[Reason, ...]
    access_class: str | None  #: The class that it would have; None: no class takes it.


class Judge:
    """Makes verdicts under one set of documents."""

    def __init__(self, world: World, layout: Layout) -> None:
        self.world, self.layout = world, layout
        self._homes: dict[
            tuple[tuple[Rule, ...], str, str | None, tuple[str, ...]], tuple[_Home, ...]
        ] = {}
        self._suited: dict[tuple[int, tuple[str, ...], Topology], tuple[Suited, ...]] = {}
        self._ceilings: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}
        self._ranks: dict[tuple[str, ...], tuple[int, ...]] = {}

    def judge(self, rules: tuple[Rule, ...], workload: Workload, project: Project) -> Verdict:
        """The verdict on `workload`, which is bound by `rules`."""
        layout = self.layout
        classes = [-1] * len(layout.pools)
        against: dict[str, tuple[Reason, ...]] = {}
        access_class: dict[str, str] = {}
        budget = _grant_too_small(workload, project)
        homes, suits = self._homes_of(rules, workload, project), self._suited_for(workload)
        for name, home, suited in zip(layout.sites, homes, suits, strict=True):
            found = home.access_class
            reasons = [*home.reasons]
            if found is not None:
                access_class[name] = found
                reasons += self._over_ceiling(name, found, workload)
            reasons += (_at(reason, name) for reason in budget)
            reasons += suited.reasons
            if not reasons and found is not None:
                for pool in suited.pools:
                    classes[layout.pool_row[name, pool]] = layout.class_row[name, found]
            if reasons:
                against[name] = law.in_order(reasons)
        return Verdict(tuple(classes), self._ranks_for(workload), against, access_class)

    def _homes_of(
        self, rules: tuple[Rule, ...], workload: Workload, project: Project
    ) -> tuple[_Home, ...]:
        key = (rules, workload.project, workload.access_class, workload.sites)
        if key not in self._homes:
            self._homes[key] = tuple(
                self._home(name, rules, workload, project) for name in self.layout.sites
            )
        return self._homes[key]

    def _home(
        self, name: str, rules: tuple[Rule, ...], workload: Workload, project: Project
    ) -> _Home:
        world = self.world
        site, charter = world.sites[name], world.charters.get(name)
        reasons = [
            *law.narrowing_reasons(workload, name),
            *law.law_reasons(rules, name, site, world.parties),
            *access.user_reasons(name, site, workload.project),
        ]
        if charter is None:
            return _Home(tuple(reasons), "")
        chosen = access.class_for(charter, workload, workload.project, project, world.parties)
        return _Home((*reasons, *chosen.reasons), chosen.access_class)

    def _suited_for(self, workload: Workload) -> tuple[Suited, ...]:
        key = (workload.accelerators, workload.models, workload.topology)
        if key not in self._suited:
            self._suited[key] = tuple(
                suited_pools(name, self.world.sites[name], workload, self.layout)
                for name in self.layout.sites
            )
        return self._suited[key]

    def _over_ceiling(self, site: str, leaf: str, workload: Workload) -> list[Reason]:
        """Classes on the path to `leaf` whose ceiling is never as high as the gang is large."""
        if (site, leaf) not in self._ceilings:
            charter = self.world.charters.get(site)
            paths = access.leaf_paths(charter) if charter else ()
            self._ceilings[site, leaf] = tuple(
                (item.name, ceiling_ever(item))
                for path in paths
                if path[-1].name == leaf
                for item in path
            )
        return [
            Reason(
                site=site,
                step=Step.CLASS,
                code="over-ceiling",
                message=f"class '{name}' may never hold more than {ceiling} accelerators; "
                f"{workload.accelerators} are asked for",
                forever=True,
                needed=str(workload.accelerators),
                actual=str(ceiling),
                origin=f"charter of {site}: class {name}",
            )
            for name, ceiling in self._ceilings[site, leaf]
            if workload.accelerators > ceiling
        ]

    def _ranks_for(self, workload: Workload) -> tuple[int, ...]:
        """Preference of pools: where the data lies, then where least power is drawn."""
        if workload.reads not in self._ranks:
            self._ranks[workload.reads] = _ranks(self.world, self.layout, workload)
        return self._ranks[workload.reads]


def _at(reason: Reason, site: str) -> Reason:
    return Reason(
        site=site,
        step=reason.step,
        code=reason.code,
        message=reason.message,
        forever=True,
        needed=reason.needed,
        actual=reason.actual,
        origin=reason.origin,
    )


def _grant_too_small(workload: Workload, project: Project) -> tuple[Reason, ...]:
    """A workload that no grants which hold together could ever pay for (C8)."""
    wall_s, origin = workload.wall_time_s, f"Project/{workload.project}: spec.grants"
    if wall_s <= grants.longest_paid_s(project, workload.accelerators):
        return ()
    hours, most = -(-workload.accelerators * wall_s // 3600), grants.granted_s(project) // 3600
    if workload.accelerators * wall_s > grants.granted_s(project):
        return (
            Reason(
                site="",
                step=Step.CLASS,
                code="grant-too-small",
                message=f"it may use {hours} accelerator-hours; the grants of project "
                f"{workload.project} that hold at one time are {most} at most",
                forever=True,
                needed=f"{hours} accelerator-hours",
                actual=f"{most} accelerator-hours",
                origin=origin,
            ),
        )
    term_s = grants.longest_term_s(project)
    return (
        Reason(
            site="",
            step=Step.CLASS,
            code="grant-too-short",
            message=f"it may run for {wall_s} s; no grant of project {workload.project} that pays "
            "for it holds for so long",
            forever=True,
            needed=f"{wall_s} s",
            actual=f"{term_s} s at most",
            origin=origin,
        ),
    )


def _ranks(world: World, layout: Layout, workload: Workload) -> tuple[int, ...]:
    """Preference of pools: where the data lies, then where an accelerator draws least power."""
    here = {
        site
        for name in workload.reads
        if name in world.datasets
        for site in world.datasets[name].stored_at
    }
    keys = []
    for site_name, pool_name in layout.pools:
        site = world.sites[site_name]
        pool = next(pool for pool in site.pools if pool.name == pool_name)
        each_w = power_per_accelerator_w(site, pool)
        keys.append((site_name not in here, UNBOUNDED if each_w is None else each_w))
    order = {key: i for i, key in enumerate(sorted(set(keys)))}
    return tuple(order[key] for key in keys)
