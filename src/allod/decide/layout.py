"""Documents laid out as the kernel's arrays: who is which row, and every limit over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from allod.decide.allocate import allocate, fill_nodes
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.outlook import NO_OUTLOOK, Caps, Outlook, Thermal
from allod.domain.accelerator import ACCELERATORS
from allod.domain.charter import AccessClass, Charter
from allod.domain.document import Document
from allod.domain.project import Project
from allod.domain.site import Limit, PhaseState, Pool, Site
from allod.domain.units import NEVER_S, UNBOUNDED

Change = tuple[int, int, int, int, int]  #: A row of State.change.
_EXACT = Context(prec=28)
POLICIES = {"charter": k.CHARTER, "easy": k.EASY, "fcfs": k.FCFS}


@dataclass(slots=True)
class Layout:
    """Names of rows, in the order of the arrays."""

    sites: list[str] = field(default_factory=list)
    pools: list[tuple[str, str]] = field(default_factory=list)  #: (site, pool)
    classes: list[tuple[str, str]] = field(
        default_factory=list
    )  #: (site, class); '' without charter
    projects: list[str] = field(default_factory=list)
    site_row: dict[str, int] = field(default_factory=dict)
    pools_of: dict[str, range] = field(default_factory=dict)  #: By site: rows of its pools.
    pool_row: dict[tuple[str, str], int] = field(default_factory=dict)
    class_row: dict[tuple[str, str], int] = field(default_factory=dict)
    project_row: dict[str, int] = field(default_factory=dict)
    most_units: list[int] = field(default_factory=list)  #: By pool: accelerators ever live.
    site_limit: dict[str, int] = field(default_factory=dict)  #: row of the limit of the whole site
    #: The most that (site, path of an envelope node) ever has for work, in any weather; IT power
    #: where the weather bounds the site, as in `drawn_w`. [W]
    most_w: dict[tuple[str, str], int] = field(default_factory=dict)
    thermal: dict[str, Thermal] = field(default_factory=dict)  #: Of sites bound by the weather.
    #: Row of the limit of (site, path of an envelope node).
    power_limit: dict[tuple[str, str], int] = field(default_factory=dict)
    told: dict[Any, Any] = field(default_factory=dict)  #: Words of `blockers` under these names.

    def drawn_w(self, name: str, site: Site, pool: Pool) -> int | None:
        """What one busy accelerator takes of the limits above it; None if not known. [W]

        IT power where the weather bounds the site, else power at the meter.
        """
        return it_power_w(pool) if name in self.thermal else power_per_accelerator_w(site, pool)


def live_units(site: Site, pool: str, at_s: int) -> int:
    """Accelerators of `pool` that are live at `at_s`; what is not known to be live is not (R3)."""
    total = 0
    for phase in site.phases:
        count = phase.accelerators.get(pool)
        if phase.state.value is not PhaseState.LIVE or count is None or count.value is None:
            continue
        if (phase.starts.value or 0) <= at_s:
            total += count.value
    return total


def phase_dates(site: Site) -> list[int]:
    """Times at which a live phase of `site` begins, ascending."""
    dates = {
        phase.starts.value or 0 for phase in site.phases if phase.state.value is PhaseState.LIVE
    }
    return sorted(dates)


def it_power_w(pool: Pool) -> int | None:
    """IT power of one busy accelerator of `pool` and its share of the node; None: not known. [W]"""
    it_w = pool.power_per_accelerator_w.value
    if it_w is None and pool.accelerator.value in ACCELERATORS:
        it_w = ACCELERATORS[pool.accelerator.value].power_w
    return it_w


def power_per_accelerator_w(site: Site, pool: Pool) -> int | None:
    """What one busy accelerator of `pool` draws at the meter, rounded up; None if not known. [W]"""
    it_w = it_power_w(pool)
    if it_w is None or site.pue_milli.value is None:
        return None
    return -(-it_w * site.pue_milli.value // 1000)


def caps_over_time(limit: Limit) -> list[tuple[int, int]]:
    """(from, watts for work) of an envelope node, base load taken off, ascending in time."""
    base_w, usual_w = limit.base_load_w.value, limit.power_w.value
    if base_w is None or usual_w is None:
        return [(0, 0)]  # What is not known holds nothing; `explain` names the fact.
    times = sorted({0} | {t for w in limit.windows for t in (w.starts, w.ends) if t < NEVER_S})
    caps: list[tuple[int, int]] = []
    for at_s in times:
        in_force = [w.power_w for w in limit.windows if w.starts <= at_s < w.ends]
        cap_w = max(0, min([usual_w, *in_force]) - base_w)
        if not caps or caps[-1][1] != cap_w:
            caps.append((at_s, cap_w))
    return caps


def caps_known(outlook: Outlook, name: str, path: str, limit: Limit) -> Caps:
    """(from, watts at the meter for work) of an envelope node of site `name`, ascending in time.

    As documents, calls, and base load and margin of the site's forecast have it.
    """
    limit = outlook.limit(name, path, limit)
    return outlook.caps(name, path, limit) or caps_over_time(limit)


def _most_w(caps: Caps) -> int:
    """The most that `caps` ever leave. [W]"""
    return max(cap_w for _, cap_w in caps)


def envelope_nodes(site: Site, pool: Pool) -> list[tuple[str, str, Limit]]:
    """The nodes of the envelope above `pool`, each with its name and its path: site, hall, pool."""
    envelope = site.envelope
    if envelope is None:
        return []
    nodes = [("site", "site", envelope.site)]
    if pool.hall in envelope.halls:
        nodes.append((f"hall {pool.hall}", f"halls.{pool.hall}", envelope.halls[pool.hall]))
    if pool.name in envelope.pools:
        nodes.append((f"pool {pool.name}", f"pools.{pool.name}", envelope.pools[pool.name]))
    return nodes


def class_steps(item: AccessClass) -> list[tuple[int, int, int]]:
    """(from, floor, ceiling) of a class, ascending in time; an anchor's follow its ramp (C8)."""
    own = UNBOUNDED if item.ceiling is None else item.ceiling
    if item.anchor is None:
        return [(0, item.floor, own)]
    steps = [(0, 0, 0)]
    for step in sorted(item.anchor.ramp, key=lambda step: step.starts):
        if step.starts < item.anchor.ends:
            ceiling = own if step.ceiling is None else min(own, step.ceiling)
            steps.append((step.starts, step.floor, ceiling))
    if item.anchor.ends < NEVER_S:
        steps.append((item.anchor.ends, 0, 0))
    return steps


def _classes(charter: Charter | None) -> Iterator[tuple[AccessClass, str | None]]:
    """Each class with the name of its parent, parents first; one without a name if no charter."""
    if charter is None:
        yield (
            AccessClass.model_construct(
                name="", floor=0, ceiling=None, priority=0, reclaim_notice_s=0, run_time_min_s=0
            ),
            None,
        )
        return
    pending: list[tuple[AccessClass, str | None]] = [(top, None) for top in charter.classes]
    while pending:
        item, parent = pending.pop(0)
        yield item, parent
        pending[:0] = [(child, item.name) for child in item.classes]


class _Rows:
    """Collects rows, in the order in which sites, pools and classes are laid out."""

    def __init__(self, now_s: int, outlook: Outlook) -> None:
        self.now_s, self.outlook = now_s, outlook
        self.names = Layout()
        self.pools: list[Array] = []
        self.pool_limits: list[list[int]] = []
        self.classes: list[Array] = []
        self.limits: list[tuple[int, int]] = []
        self.windows: list[tuple[int, int]] = []
        self.changes: list[Change] = []
        self.nodes = self.domains = self.counts = 0

    def add_limit(self, caps: list[tuple[int, int]], t: int) -> int:
        """A limit with `caps` (from, cap); windows that are over by now are left out."""
        past = [i for i, (start, _) in enumerate(caps) if start <= self.now_s]
        caps = caps[past[-1] :] if past else caps
        row, first = len(self.limits), len(self.windows)
        self.windows += caps
        self.limits.append((first, len(self.windows)))
        self.changes += [(start, 4, row, t, 0) for start, _ in caps[1:]]
        return row

    def add_power(self, t: int, name: str, path: str, limit: Limit) -> int:
        """The limit of the envelope node at `path` of site `name`."""
        caps = self.caps(name, path, limit)
        row = self.add_limit(caps, t)
        self.names.power_limit[name, path] = row
        most_w, thermal = _most_w(caps_over_time(limit)), self.names.thermal.get(name)
        if thermal is not None:
            most_w = thermal.most_w(path, most_w)
        # A forecast may tell of less base load than the document.
        self.names.most_w[name, path] = max(most_w, _most_w(caps))
        return row

    def caps(self, name: str, path: str, limit: Limit) -> Caps:
        """(from, watts) of an envelope node, as documents, calls and the weather have it."""
        thermal = self.names.thermal.get(name)
        if thermal is not None:
            return thermal.caps(path, self.outlook.limit(name, path, limit))
        return caps_known(self.outlook, name, path, limit)

    def add_site(self, row: Array, t: int, name: str, site: Site, charter: Charter | None) -> None:
        """Fill `row` of site number `t`; add its pools and classes."""
        self.names.sites.append(name)
        self.names.site_row[name] = t
        row["pool0"], row["stop"], row["youngest"] = len(self.pools), site.stop_time_s, -1
        row["decayed"] = self.now_s - self.now_s % 3600
        row["decay"] = _decay_factor(charter.use_half_life_s if charter else 0)
        envelope = site.envelope
        thermal = self.outlook.thermal(name, site)
        if thermal is not None:
            self.names.thermal[name] = thermal
        site_limit = self.add_power(t, name, "site", envelope.site) if envelope else -1
        self.names.site_limit[name] = site_limit
        halls = {
            hall: self.add_power(t, name, f"halls.{hall}", limit)
            for hall, limit in (sorted(envelope.halls.items()) if envelope else ())
        }
        for pool in site.pools:
            held = [site_limit] if site_limit >= 0 else []
            if pool.hall in halls:
                held.append(halls[pool.hall])
            if envelope and pool.name in envelope.pools:
                held.append(
                    self.add_power(t, name, f"pools.{pool.name}", envelope.pools[pool.name])
                )
            self.add_pool(t, name, site, pool, held)
        row["pool1"] = len(self.pools)
        self.names.pools_of[name] = range(int(row["pool0"]), len(self.pools))
        row["limited"] = 1 if envelope else 0
        row["class0"] = len(self.classes)
        for item, parent in _classes(charter):
            if self.add_class(t, name, item, parent):
                row["limited"] = 1
        row["class1"] = len(self.classes)

    def add_pool(self, t: int, name: str, site: Site, pool: Pool, held: list[int]) -> None:
        """A pool that is bound by the limits `held`, with its nodes and the phases to come."""
        p = len(self.pools)
        self.names.pools.append((name, pool.name))
        self.names.pool_row[name, pool.name] = p
        units = live_units(site, pool.name, self.now_s)
        most = live_units(site, pool.name, NEVER_S)
        self.names.most_units.append(most)
        entry = np.zeros((), k.POOL)
        entry["site"], entry["units"], entry["free"] = t, units, units
        entry["per_node"] = pool.accelerators_per_node
        entry["per_domain"] = pool.nodes_per_nvlink_domain
        entry["ends_head"] = entry["ends_tail"] = entry["r_job"] = -1
        if pool.accelerators_per_node > 1:
            entry["nodes"] = most // pool.accelerators_per_node
        entry["node0"], entry["domain0"], entry["count0"] = self.nodes, self.domains, self.counts
        self.nodes += int(entry["nodes"])
        self.domains += -(-int(entry["nodes"]) // pool.nodes_per_nvlink_domain)
        self.counts += pool.accelerators_per_node + 1
        watts = self.names.drawn_w(name, site, pool)
        entry["watts"] = UNBOUNDED >> 24 if watts is None else watts
        entry["limits_n"] = len(held)
        self.pool_limits.append(held + [-1] * (3 - len(held)))
        self.pools.append(entry)
        for date_s in phase_dates(site):
            if date_s > self.now_s:
                self.changes.append((date_s, 0, p, live_units(site, pool.name, date_s), 0))

    def add_class(self, t: int, name: str, item: AccessClass, parent: str | None) -> bool:
        """A class of site `name`; True if its ceiling can bind."""
        c = len(self.classes)
        self.names.classes.append((name, item.name))
        self.names.class_row[name, item.name] = c
        steps = class_steps(item)
        entry = np.zeros((), k.CLASS)
        entry["site"], entry["parent"] = t, -1
        if parent is not None:
            entry["parent"] = self.names.class_row[name, parent]
            entry["depth"] = self.classes[int(entry["parent"])]["depth"] + 1
        entry["floor"] = [floor for start, floor, _ in steps if start <= self.now_s][-1]
        entry["priority"], entry["notice"] = item.priority, item.reclaim_notice_s
        entry["run_min"], entry["limit"] = item.run_time_min_s, -1
        binds = any(ceiling < UNBOUNDED for _, _, ceiling in steps)
        if binds:
            entry["limit"] = self.add_limit([(start, ceiling) for start, _, ceiling in steps], t)
        self.changes += [(start, 1, c, floor, 0) for start, floor, _ in steps if start > self.now_s]
        self.classes.append(entry)
        return binds


def lay_out(
    documents: Mapping[str, Document],
    now_s: int,
    policy: str,
    *,
    outlook: Outlook = NO_OUTLOOK,
    jobs: int = 1024,
) -> tuple[k.State, Layout]:
    """The state of an engine that knows `documents` and has no work yet, at `now_s`."""
    sites = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Site)}
    charters = {d.spec.site: d.spec for d in documents.values() if isinstance(d.spec, Charter)}
    projects = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Project)}
    rows = _Rows(now_s, outlook)
    site_rows = np.zeros(len(sites), k.SITE)
    for t, name in enumerate(sorted(sites)):
        rows.add_site(site_rows[t], t, name, sites[name], charters.get(name))

    project_rows = np.zeros(len(projects) + 1, k.PROJECT)
    for r, name in enumerate(sorted(projects)):
        rows.names.projects.append(name)
        rows.names.project_row[name] = r
        _lay_project(project_rows[r], projects[name], r, now_s, rows.changes)
    project_rows[-1]["share"], project_rows[-1]["budget"] = 1, UNBOUNDED
    project_rows[-1]["until"], project_rows[-1]["granted"] = NEVER_S, UNBOUNDED

    state = allocate(
        jobs=jobs,
        sites=site_rows,
        pools=np.array(rows.pools, k.POOL) if rows.pools else np.zeros(0, k.POOL),
        pool_limits=np.array(rows.pool_limits, np.int64).reshape(-1, 3),
        classes=np.array(rows.classes, k.CLASS) if rows.classes else np.zeros(0, k.CLASS),
        limits=rows.limits,
        windows=rows.windows,
        projects=project_rows,
        changes=sorted(rows.changes),
        nodes=rows.nodes,
        domains=rows.domains,
        counts=rows.counts,
    )
    state.number[k.NOW], state.number[k.POLICY] = now_s, POLICIES[policy]
    fill_nodes(state)
    return state, rows.names


@lru_cache(maxsize=256)
def _decay_factor(half_life_s: int) -> int:
    """What is left of past use after one decay step, in 65536ths."""
    if half_life_s == 0:
        return 65_536
    # A float's power is the C library's, which may differ between machines by its last bit.
    exponent = _EXACT.divide(Decimal(3600), Decimal(half_life_s))
    return round(65_536 * _EXACT.power(Decimal("0.5"), exponent))


def _lay_project(row: Array, project: Project, r: int, now_s: int, changes: list[Change]) -> None:
    """Budget of a project: a grant comes in at its start; what is left of it goes at its end."""
    row["share"] = project.share
    if not project.grants:
        row["budget"], row["granted"], row["until"] = UNBOUNDED, UNBOUNDED, NEVER_S
        return
    active = [g for g in project.grants if g.starts <= now_s < g.ends]
    row["budget"] = row["granted"] = sum(g.accelerator_hours for g in active) * 3600
    row["until"] = max((g.ends for g in active), default=0)
    for date_s in sorted({t for g in project.grants for t in (g.starts, g.ends) if t > now_s}):
        if date_s >= NEVER_S:
            continue
        current = [g for g in project.grants if g.starts <= date_s < g.ends]
        until = max((g.ends for g in current), default=0)
        ended = any(g.ends == date_s for g in project.grants)
        if ended:
            carried = [g for g in current if g.starts < date_s]
            changes.append((date_s, 2, r, sum(g.accelerator_hours for g in carried) * 3600, until))
        gained = sum(g.accelerator_hours for g in current if g.starts == date_s)
        if gained:
            changes.append((date_s, 3, r, gained * 3600, until))
