"""Documents laid out as the kernel's arrays: who is which row, and every limit over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from allod.decide.kernel import state as k
from allod.domain.accelerator import ACCELERATORS
from allod.domain.charter import AccessClass, Charter
from allod.domain.document import Document
from allod.domain.project import Project
from allod.domain.site import Limit, PhaseState, Pool, Site
from allod.domain.units import NEVER_S, UNBOUNDED

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
    pool_row: dict[tuple[str, str], int] = field(default_factory=dict)
    class_row: dict[tuple[str, str], int] = field(default_factory=dict)
    project_row: dict[str, int] = field(default_factory=dict)
    site_limit: dict[str, int] = field(default_factory=dict)  #: row of the limit of the whole site


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


def power_per_accelerator_w(site: Site, pool: Pool) -> int | None:
    """What one busy accelerator of `pool` draws at the meter, rounded up; None if not known. [W]"""
    it_w = pool.power_per_accelerator_w.value
    if it_w is None and pool.accelerator.value in ACCELERATORS:
        it_w = ACCELERATORS[pool.accelerator.value].power_w
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


class _Limits:
    """Collects limits and their windows."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int]] = []
        self.windows: list[tuple[int, int]] = []
        self.changes: list[tuple[int, int, int, int, int]] = []

    def add(self, caps: list[tuple[int, int]], site: int, now_s: int) -> int:
        """A limit with `caps` (from, cap); windows that are over at `now_s` are left out."""
        past = [i for i, (start, _) in enumerate(caps) if start <= now_s]
        caps = caps[past[-1] :] if past else caps
        row, first = len(self.rows), len(self.windows)
        self.windows += caps
        self.rows.append((first, len(self.windows)))
        self.changes += [(start, 4, row, site, 0) for start, _ in caps[1:]]
        return row


def lay_out(
    documents: Mapping[str, Document], now_s: int, policy: str, *, jobs: int = 1024
) -> tuple[k.State, Layout]:
    """The state of an engine that knows `documents` and has no work yet, at `now_s`."""
    names = Layout()
    limits = _Limits()
    changes: list[tuple[int, int, int, int, int]] = []
    sites = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Site)}
    charters = {d.spec.site: d.spec for d in documents.values() if isinstance(d.spec, Charter)}
    projects = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Project)}

    site_rows = np.zeros(len(sites), k.SITE)
    pool_rows: list[np.void] = []
    pool_limits: list[list[int]] = []
    class_rows: list[np.void] = []
    nodes = domains = counts = 0
    for t, name in enumerate(sorted(sites)):
        site = sites[name]
        names.sites.append(name)
        names.site_row[name] = t
        charter = charters.get(name)
        row = site_rows[t]
        row["pool0"], row["stop"] = len(pool_rows), site.stop_time_s
        row["decayed"] = now_s - now_s % 3600
        row["decay"] = _decay_factor(charter.use_half_life_s if charter else 0)
        envelope = site.envelope
        site_limit = limits.add(caps_over_time(envelope.site), t, now_s) if envelope else -1
        names.site_limit[name] = site_limit
        halls = {
            hall: limits.add(caps_over_time(limit), t, now_s)
            for hall, limit in (sorted(envelope.halls.items()) if envelope else ())
        }
        for pool in site.pools:
            p = len(pool_rows)
            names.pools.append((name, pool.name))
            names.pool_row[name, pool.name] = p
            units = live_units(site, pool.name, now_s)
            most = live_units(site, pool.name, NEVER_S)
            entry = np.zeros((), k.POOL)
            entry["site"], entry["units"], entry["free"] = t, units, units
            entry["per_node"], entry["per_domain"] = (
                pool.accelerators_per_node,
                pool.nodes_per_nvlink_domain,
            )
            entry["ends_head"] = entry["ends_tail"] = entry["r_job"] = -1
            if pool.accelerators_per_node > 1:
                entry["nodes"] = most // pool.accelerators_per_node
            entry["node0"], entry["domain0"], entry["count0"] = nodes, domains, counts
            nodes += int(entry["nodes"])
            domains += -(-int(entry["nodes"]) // pool.nodes_per_nvlink_domain)
            counts += pool.accelerators_per_node + 1
            watts = power_per_accelerator_w(site, pool)
            entry["watts"] = UNBOUNDED >> 24 if watts is None else watts
            held = [site_limit] if site_limit >= 0 else []
            if pool.hall in halls:
                held.append(halls[pool.hall])
            if envelope and pool.name in envelope.pools:
                held.append(limits.add(caps_over_time(envelope.pools[pool.name]), t, now_s))
            entry["limits_n"] = len(held)
            pool_limits.append(held + [-1] * (3 - len(held)))
            pool_rows.append(entry)
            for date_s in phase_dates(site):
                if date_s > now_s:
                    changes.append((date_s, 0, p, live_units(site, pool.name, date_s), 0))
        row["pool1"] = len(pool_rows)
        row["limited"] = 1 if envelope else 0
        row["class0"] = len(class_rows)
        for item, parent in _classes(charter):
            c = len(class_rows)
            names.classes.append((name, item.name))
            names.class_row[name, item.name] = c
            steps = class_steps(item)
            past = [step for step in steps if step[0] <= now_s]
            entry = np.zeros((), k.CLASS)
            entry["site"] = t
            entry["parent"] = names.class_row[name, parent] if parent is not None else -1
            entry["depth"] = class_rows[entry["parent"]]["depth"] + 1 if parent is not None else 0
            entry["floor"] = past[-1][1]
            entry["priority"], entry["notice"] = item.priority, item.reclaim_notice_s
            entry["run_min"], entry["limit"] = item.run_time_min_s, -1
            if any(ceiling < UNBOUNDED for _, _, ceiling in steps):
                caps = [(start, ceiling) for start, _, ceiling in steps]
                entry["limit"] = limits.add(caps, t, now_s)
                row["limited"] = 1
            changes += [(start, 1, c, floor, 0) for start, floor, _ in steps if start > now_s]
            class_rows.append(entry)
        row["class1"] = len(class_rows)

    project_rows = np.zeros(len(projects) + 1, k.PROJECT)
    for r, name in enumerate(sorted(projects)):
        names.projects.append(name)
        names.project_row[name] = r
        _lay_project(project_rows[r], projects[name], r, now_s, changes)
    project_rows[-1]["share"], project_rows[-1]["budget"] = 1, UNBOUNDED
    project_rows[-1]["until"], project_rows[-1]["granted"] = NEVER_S, UNBOUNDED

    state = _allocate(
        jobs=jobs,
        sites=site_rows,
        pools=np.array(pool_rows, k.POOL) if pool_rows else np.zeros(0, k.POOL),
        pool_limits=np.array(pool_limits, np.int64).reshape(-1, 3),
        classes=np.array(class_rows, k.CLASS) if class_rows else np.zeros(0, k.CLASS),
        limits=limits,
        projects=project_rows,
        changes=sorted(changes + limits.changes),
        nodes=nodes,
        domains=domains,
        counts=counts,
    )
    state.number[k.NOW], state.number[k.POLICY] = now_s, POLICIES[policy]
    _fill_nodes(state)
    return state, names


def _decay_factor(half_life_s: int) -> int:
    """What is left of past use after one decay step, in 65536ths."""
    return 65_536 if half_life_s == 0 else round(65_536 * 0.5 ** (3600 / half_life_s))


def _lay_project(
    row: np.void,
    project: Project,
    r: int,
    now_s: int,
    changes: list[tuple[int, int, int, int, int]],
) -> None:
    """Budget of a project: grants come in at their start and what is left of them goes at their end."""
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


def _allocate(
    *,
    jobs: int,
    sites: k.Array,
    pools: k.Array,
    pool_limits: k.Array,
    classes: k.Array,
    limits: _Limits,
    projects: k.Array,
    changes: list[tuple[int, int, int, int, int]],
    nodes: int,
    domains: int,
    counts: int,
) -> k.State:
    limit_rows = np.zeros(len(limits.rows), k.LIMIT)
    for i, (first, last) in enumerate(limits.rows):
        limit_rows[i]["w0"], limit_rows[i]["w1"], limit_rows[i]["now"] = first, last, first
        limit_rows[i]["left"] = UNBOUNDED
    windows = np.zeros(len(limits.windows), k.WINDOW)
    for i, (start, cap) in enumerate(limits.windows):
        windows[i]["t"], windows[i]["cap"] = start, cap
    blocks = max(256, len(pools) * 2 + jobs // 16)
    noded = pools["per_node"] > 1
    last_units = int((pools["nodes"][noded] * pools["per_node"][noded]).sum())
    state = k.State(
        number=np.zeros(k.NUMBERS, np.int64),
        job=np.zeros(jobs, k.JOB),
        bucket=np.zeros(256, k.BUCKET),
        hashed=np.full(4099, -1, np.int64),
        active=np.zeros(256, np.int64),
        pool=pools,
        pool_limit=pool_limits,
        held_limit=np.zeros((len(pools), k.LIMITS_MAX), np.int64),
        held_slack=np.zeros((len(pools), k.LIMITS_MAX), np.int64),
        cls=classes,
        site=sites,
        limit=limit_rows,
        window=windows,
        project=projects,
        use=np.zeros((len(projects), len(sites)), np.int64),
        verdict=np.zeros((16, len(pools)), np.int64),
        rank=np.zeros((16, len(pools)), np.int64),
        node_free=np.zeros(nodes, np.int64),
        node_late=np.zeros(nodes, np.int64),
        node_count=np.zeros(counts, np.int64),
        domain_free=np.zeros(domains, np.int64),
        block=np.zeros(blocks, k.BLOCK),
        block_end=np.zeros((blocks, k.BLOCK_SIZE), np.int64),
        block_job=np.zeros((blocks, k.BLOCK_SIZE), np.int64),
        span=np.zeros(last_units + 16, k.SPAN),
        change=np.array(changes, k.CHANGE) if changes else np.zeros(0, k.CHANGE),
        decided=np.zeros(2 * jobs + 64, k.DECISION),
        need=np.zeros(len(sites), np.int64),
        claim=np.zeros((len(sites), k.CLAIMS_MAX), np.int64),
        pair=np.full((1024, 2), -1, np.int64),
        scratch=np.zeros(8 * jobs, np.int64),
    )
    for rows, name, free, count in (
        (state.job, "next", k.JOB_FREE, k.JOBS_FREE_N),
        (state.bucket, "chain", k.BUCKET_FREE, k.BUCKETS_FREE_N),
        (state.block, "next", k.BLOCK_FREE, k.BLOCKS_FREE_N),
        (state.span, "next", k.SPAN_FREE, k.SPANS_FREE_N),
    ):
        k.chain(rows, name, 0)
        state.number[free], state.number[count] = 0, len(rows)
    return state


def _fill_nodes(state: k.State) -> None:
    """All nodes that are live now are free."""
    for p in range(len(state.pool)):
        pool = state.pool[p]
        if pool["per_node"] == 1:
            continue
        left = int(pool["units"])
        for x in range(int(pool["nodes"])):
            free = min(left, int(pool["per_node"]))
            left -= free
            node = int(pool["node0"]) + x
            state.node_free[node] = state.node_late[node] = free
            state.node_count[int(pool["count0"]) + free] += 1
            state.domain_free[int(pool["domain0"]) + x // int(pool["per_domain"])] += free
