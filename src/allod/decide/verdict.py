"""The verdict: where a workload may ever run and in which class, and all that is against the rest.

Law before class, class before hardware, hardware before power (L5). A verdict holds for every
workload of the same rules, project and shape, so it is made once and kept until a document changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.decide import access, grants, law
from allod.decide.layout import Layout, envelope_nodes, power_per_accelerator_w
from allod.decide.rule import Rule
from allod.decide.world import World, capacity_ever, ceiling_ever
from allod.domain.charter import Charter
from allod.domain.decision import Reason, Step
from allod.domain.project import Project
from allod.domain.site import Pool, Site
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


def judge(
    world: World,
    layout: Layout,
    rules: tuple[Rule, ...],
    workload: Workload,
    project: Project,
) -> Verdict:
    """The verdict on `workload`, which is bound by `rules`."""
    classes = [-1] * len(layout.pools)
    against: dict[str, tuple[Reason, ...]] = {}
    access_class: dict[str, str] = {}
    budget = _grant_too_small(workload, project)
    for name in layout.sites:
        site, charter = world.sites[name], world.charters.get(name)
        reasons = [
            *law.narrowing_reasons(workload, name),
            *law.law_reasons(rules, name, site, world.parties),
        ]
        found = None
        if charter is None:
            access_class[name] = found = ""
        else:
            chosen = access.class_for(charter, workload, workload.project, project, world.parties)
            reasons += chosen.reasons
            if chosen.access_class is not None:
                access_class[name] = found = chosen.access_class
                reasons += _over_ceiling(name, charter, found, workload)
        reasons += (_at(reason, name) for reason in budget)
        suited = _suited_pools(name, site, workload, layout, reasons)
        if not reasons and found is not None:
            for pool in suited:
                classes[layout.pool_row[name, pool]] = layout.class_row[name, found]
        if reasons:
            against[name] = law.in_order(reasons)
    return Verdict(tuple(classes), _ranks(world, layout, workload), against, access_class)


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


def _over_ceiling(name: str, charter: Charter, leaf: str, workload: Workload) -> list[Reason]:
    """Classes on the path whose ceiling is never as high as the gang is large."""
    found = []
    for path in access.leaf_paths(charter):
        if path[-1].name != leaf:
            continue
        for item in path:
            ceiling = ceiling_ever(item)
            if workload.accelerators > ceiling:
                found.append(
                    Reason(
                        site=name,
                        step=Step.CLASS,
                        code="over-ceiling",
                        message=f"class '{item.name}' may never hold more than {ceiling} "
                        f"accelerators; {workload.accelerators} are asked for",
                        forever=True,
                        needed=str(workload.accelerators),
                        actual=str(ceiling),
                        origin=f"charter of {name}: class {item.name}",
                    )
                )
    return found


def _suited_pools(
    name: str, site: Site, workload: Workload, layout: Layout, reasons: list[Reason]
) -> list[str]:
    """Pools whose hardware and power could ever hold it; if none, `reasons` gets why not."""
    suited, unsuited = [], []
    for pool in site.pools:
        why = [
            *_hardware(name, site, pool, workload),
            *_power(name, site, pool, workload, layout),
        ]
        if why:
            unsuited += why
        else:
            suited.append(pool.name)
    if not suited:
        reasons += unsuited
    return suited


def _hardware(name: str, site: Site, pool: Pool, workload: Workload) -> list[Reason]:
    found = []

    def reason(code: str, message: str, needed: str, actual: str) -> None:
        found.append(
            Reason(
                site=name,
                step=Step.HARDWARE,
                code=code,
                message=message,
                forever=True,
                pool=pool.name,
                needed=needed,
                actual=actual,
                origin=f"Site/{name}: spec.pools.{pool.name}",
            )
        )

    n = workload.accelerators
    model = pool.accelerator.value
    if workload.models and model not in workload.models:
        wanted = " or ".join(workload.models)
        reason(
            "other-model",
            f"pool '{pool.name}' has {model or 'an unknown model'}, not {wanted}",
            wanted,
            model or "unknown",
        )
    most = capacity_ever(site, pool.name)
    if n > most:
        reason(
            "larger-than-pool",
            f"pool '{pool.name}' has {most} live accelerators at most; {n} are asked for",
            str(n),
            str(most),
        )
    if workload.topology is Topology.NVLINK_DOMAIN:
        domain = pool.accelerators_per_node * pool.nodes_per_nvlink_domain
        if n > domain:
            reason(
                "larger-than-nvlink-domain",
                f"an NVLink domain of pool '{pool.name}' has {domain} accelerators; {n} are "
                "asked for in one",
                str(n),
                str(domain),
            )
    return found


def _power(name: str, site: Site, pool: Pool, workload: Workload, layout: Layout) -> list[Reason]:
    """Power that is never there, or not known (a fact that is missing holds nothing)."""
    nodes, found = envelope_nodes(site, pool), []
    if not nodes:
        return []
    each_w = power_per_accelerator_w(site, pool)
    for label, path, limit in nodes:
        unknown = [
            fact
            for fact, value in (
                ("power_w", limit.power_w.value),
                ("base_load_w", limit.base_load_w.value),
            )
            if value is None
        ]
        origin = f"Site/{name}: spec.envelope.{path}"
        for fact in unknown:
            found.append(
                _power_reason(
                    name,
                    pool,
                    "fact-unknown",
                    f"the {fact} of its {label} is unknown",
                    "",
                    "unknown",
                    f"{origin}.{fact}",
                )
            )
        if unknown or each_w is None:
            continue
        most_w = layout.most_w[name, path]
        needed_w = workload.accelerators * each_w
        if needed_w > most_w:
            found.append(
                _power_reason(
                    name,
                    pool,
                    "over-envelope",
                    f"it would draw {needed_w} W; the {label} never has more than {most_w} W for "
                    "work",
                    f"{needed_w} W",
                    f"{most_w} W",
                    origin,
                )
            )
    if each_w is None:
        fact = "pue_milli" if site.pue_milli.value is None else f"pools.{pool.name}.accelerator"
        found.append(
            _power_reason(
                name,
                pool,
                "fact-unknown",
                f"what an accelerator of pool '{pool.name}' draws is unknown",
                "",
                "unknown",
                f"Site/{name}: spec.{fact}",
            )
        )
    return found


def _power_reason(
    name: str, pool: Pool, code: str, message: str, needed: str, actual: str, origin: str
) -> Reason:
    return Reason(
        site=name,
        step=Step.POWER,
        code=code,
        message=message,
        forever=True,
        pool=pool.name,
        needed=needed,
        actual=actual,
        origin=origin,
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
