"""A new state for changed documents, with all that is live carried over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.decide import reported
from allod.decide.kernel import place, steps
from allod.decide.kernel import state as k
from allod.decide.layout import Layout, lay_out
from allod.decide.live import Live
from allod.decide.outlook import Outlook
from allod.domain.document import Document
from allod.domain.event import PoolReported
from allod.domain.hostlist import expand
from allod.domain.site import Site
from allod.errors import Conflict

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_KEPT = ("backed", "run", "submit", "seq", "start", "ends", "stop_at")


Reports = dict[tuple[str, str], PoolReported]


def rebuilt(
    engine: Engine, documents: dict[str, Document], outlook: Outlook, at_s: int
) -> tuple[k.State, Layout, Reports]:
    """State, names and reports of `engine` under `documents` and `outlook`.

    Waiting work asks for nothing yet.
    Claims are given up: who held one asks again, and whoever is leaving for it still leaves.
    Rows of jobs change; `engine.live` and `engine.by_row` are brought up to date last.

    Raises:
        Conflict: The documents take away what running work stands on.
    """
    old, names = engine.state, engine.layout
    entered = sorted((live for live in engine.live.values() if live.row >= 0), key=lambda x: x.seq)
    now_s = max(engine.now_s, at_s)
    jobs = max(1024, 2 * len(entered) + 64)
    state, layout = lay_out(documents, now_s, engine.policy, outlook=outlook, jobs=jobs)
    running = [live for live in entered if old.job[live.row]["state"] == k.RUNNING]
    _refuse_lost_ground(engine, running, layout, state, documents)
    _carry_accounts(engine, state, layout, now_s)
    _carry_marks(engine, state, layout)

    rows: dict[str, int] = {}
    for live in entered:
        job = old.job[live.row]
        row = place.new_job(
            state,
            0,
            layout.project_row.get(live.workload.project, len(layout.projects)),
            int(job["n"]),
            int(job["topology"]),
            int(job["wall"]),
            int(job["submit"]),
            int(job["seq"]),
        )
        for name in _KEPT:
            state.job[row][name] = job[name]
        rows[live.workload_id] = row
    for live in running:
        job, row = old.job[live.row], rows[live.workload_id]
        p, c = _ground(names, layout, job)
        state.job[row]["backed"] &= (2 << int(state.cls[c]["depth"])) - 1
        for node, n in engine.nodes_of(live.row):
            place.readmit_span(state, row, p, node, n)
        place.readmit(state, row, p, c)
    for live in entered:
        job, row = old.job[live.row], rows[live.workload_id]
        site = names.pools[int(job["pool"])][0] if job["state"] == k.CLAIMED else ""
        if site in layout.site_row:
            place.refund(state, row, layout.site_row[site], int(job["wall"]))
    reports = _carry_reports(engine, state, layout)
    state.window["carried"] = state.window["used"]
    state.site["lowered"] = 1
    state.number[k.SEQ] = old.number[k.SEQ]
    state.number[k.PAIR_N] = old.number[k.PAIR_N]
    state.put("pair", old.pair.copy())
    for live in entered:
        live.row = rows[live.workload_id]
    engine.by_row = {live.row: live for live in entered}
    return state, layout, reports


def _carry_marks(engine: Engine, state: k.State, layout: Layout) -> None:
    """How claims were met and how near work came to limits, which nothing is decided by."""
    old, names = engine.state, engine.layout
    for key, c in layout.class_row.items():
        if key in names.class_row:
            for mark in ("claims", "late", "wait"):
                state.cls[c][mark] = old.cls[names.class_row[key]][mark]
    for node, row in layout.power_limit.items():
        if node in names.power_limit and (node[0] in names.thermal) == (node[0] in layout.thermal):
            for mark in ("peak", "left"):
                state.limit[row][mark] = old.limit[names.power_limit[node]][mark]


def _carry_reports(engine: Engine, state: k.State, layout: Layout) -> Reports:
    """What was last reported of pools that are still there and can still have it, so entered."""
    kept: Reports = {}
    for key, report in engine.reports.items():
        if not reported.still_holds(layout, state, report):
            continue
        p, before = layout.pool_row[key], engine.layout.pool_row[key]
        if state.pool[p]["per_node"] == engine.state.pool[before]["per_node"]:
            place.set_out(state, p, reported.by_node(state, p, report), report.others_w)
            kept[key] = report
    return kept


def _ground(names: Layout, layout: Layout, job: object) -> tuple[int, int]:
    """New rows of the pool and the class in which `job` runs."""
    site, pool = names.pools[int(job["pool"])]  # type: ignore[index]
    _, access_class = names.classes[int(job["cls"])]  # type: ignore[index]
    return layout.pool_row[site, pool], layout.class_row[site, access_class]


def _refuse_lost_ground(
    engine: Engine,
    running: list[Live],
    layout: Layout,
    state: k.State,
    documents: dict[str, Document],
) -> None:
    """Running work keeps site, pool, class and nodes; documents that take them away must wait."""
    for live in running:
        job = engine.state.job[live.row]
        site, pool = engine.layout.pools[int(job["pool"])]
        _, access_class = engine.layout.classes[int(job["cls"])]
        if (site, pool) not in layout.pool_row or (site, access_class) not in layout.class_row:
            raise Conflict(
                f"{live.workload_id} runs in pool '{pool}' of site '{site}' as class "
                f"'{access_class}', which the documents take away",
                mend="cancel it or wait for its end",
            )
        if live.cap is not None and not _has_capping(documents, site, pool):
            raise Conflict(
                f"{live.workload_id} runs under a power cap in pool '{pool}' of site '{site}', "
                "whose capping the documents take away",
                mend="take back the call that it is capped for, or wait for its end",
            )
        moved_from = _cluster_moved(engine.documents, documents, site) or _nodes_renamed(
            engine.documents, documents, site, pool, engine.nodes_of(live.row)
        )
        if moved_from:
            raise Conflict(
                f"{live.workload_id} runs in the cluster of site '{site}', whose {moved_from} the "
                "documents change",
                mend="cancel it or wait for its end",
            )
        before = engine.state.pool[int(job["pool"])]
        after = state.pool[layout.pool_row[site, pool]]
        moved = (
            before["per_node"] != after["per_node"] or before["per_domain"] != after["per_domain"]
        )
        if moved or after["units"] < before["units"]:
            raise Conflict(
                f"{live.workload_id} runs in pool '{pool}' of site '{site}', whose nodes the "
                "documents change or take away",
                mend="cancel it or wait for its end",
            )


def _has_capping(after: dict[str, Document], name: str, pool: str) -> bool:
    """True if pool `pool` of site `name` can be capped."""
    site = after[f"Site/{name}"].spec
    assert isinstance(site, Site)
    return any(one.capping is not None for one in site.pools if one.name == pool)


def _cluster_moved(before: dict[str, Document], after: dict[str, Document], name: str) -> str:
    """What of a site's cluster is other than it was, so that its runs could not be found again."""
    old, new = before[f"Site/{name}"].spec, after[f"Site/{name}"].spec
    assert isinstance(old, Site) and isinstance(new, Site)
    if old.runner != new.runner:
        return "runner"
    if old.slurm is None or new.slurm is None:
        return ""
    if (old.slurm.rest, old.slurm.command) != (new.slurm.rest, new.slurm.command):
        return "slurm.rest or slurm.command"
    if old.slurm.folder != new.slurm.folder:
        return "slurm.folder"
    if not set(old.slurm.users()) <= set(new.slurm.users()):
        return "slurm.projects or slurm.others"
    return ""


def _nodes_renamed(
    before: dict[str, Document],
    after: dict[str, Document],
    name: str,
    pool: str,
    held: tuple[tuple[int, int], ...],
) -> str:
    """Whether one of the nodes `held` of a pool would be another machine than it was."""
    old, new = before[f"Site/{name}"].spec, after[f"Site/{name}"].spec
    assert isinstance(old, Site) and isinstance(new, Site)
    if old.slurm is None or new.slurm is None or pool not in new.slurm.pools:
        return ""
    was, is_ = expand(old.slurm.pools[pool].nodes), expand(new.slurm.pools[pool].nodes)
    same = all(was[node : node + 1] == is_[node : node + 1] for node, _ in held)
    return "" if same else f"slurm.pools.{pool}.nodes"


def _carry_accounts(engine: Engine, state: k.State, layout: Layout, now_s: int) -> None:
    """Decayed use stays; a budget changes by as much as its grants do."""
    old, names = engine.state, engine.layout
    projects = old.project.copy()
    for t, what, i, a, b in old.change[int(old.number[k.CHANGE_AT]) :].tolist():
        if t <= now_s and what in (2, 3):
            steps.change_grants(projects, what, i, a, b)
    for project, r in names.project_row.items():
        if project not in layout.project_row:
            continue
        new = layout.project_row[project]
        spent = int(projects[r]["granted"]) - int(projects[r]["budget"])
        if state.project[new]["budget"] < k.UNBOUNDED_BUDGET:
            state.project[new]["budget"] -= spent
        for site, t in names.site_row.items():
            if site in layout.site_row:
                place.set_use(state, new, layout.site_row[site], int(old.use[r, t]))
    for site, t in names.site_row.items():
        if site in layout.site_row:
            state.site[layout.site_row[site]]["decayed"] = old.site[t]["decayed"]
