"""A new state for changed documents, with all that is live carried over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.decide.kernel import place
from allod.decide.kernel import state as k
from allod.decide.layout import Layout, lay_out
from allod.decide.live import Live
from allod.decide.world import World
from allod.domain.document import Document
from allod.errors import Conflict

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_KEPT = ("backed", "run", "submit", "seq", "start", "ends", "stop_at")


def rebuilt(
    engine: Engine, documents: dict[str, Document], world: World, at_s: int
) -> tuple[k.State, Layout]:
    """State and names of `engine` under `documents`; waiting work is entered, but asks for nothing.

    Rows of jobs change; `engine.live` and `engine.by_row` are brought up to date last.

    Raises:
        Conflict: The documents take away what running work stands on.
    """
    old, names = engine.state, engine.layout
    entered = sorted((live for live in engine.live.values() if live.row >= 0), key=lambda x: x.seq)
    now_s = max(engine.now_s, at_s)
    state, layout = lay_out(documents, now_s, engine.policy, jobs=max(1024, 2 * len(entered) + 64))
    holders = [x for x in entered if old.job[x.row]["state"] in (k.RUNNING, k.CLAIMED)]
    _refuse_lost_ground(engine, holders, world, layout, state)
    _carry_accounts(engine, state, layout, documents)

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
    by_old_row = {live.row: live for live in entered}
    for live in entered:
        job = old.job[live.row]
        if job["state"] == k.RUNNING:
            row, (p, c) = rows[live.workload_id], _ground(names, layout, job)
            for node, n in engine.nodes_of(live.row):
                place.readmit_span(state, row, p, node, n)
            place.readmit(state, row, p, c, False)
    for t in range(len(names.sites)):
        for i in range(int(old.site[t]["claim_n"])):
            live = by_old_row[int(old.claim[t, i])]
            p, c = _ground(names, layout, old.job[live.row])
            place.readmit(state, rows[live.workload_id], p, c, True)
    state.number[k.SEQ] = old.number[k.SEQ]
    state.number[k.PAIR_N] = old.number[k.PAIR_N]
    state.pair[:] = old.pair
    for live in entered:
        live.row = rows[live.workload_id]
    engine.by_row = {live.row: live for live in entered}
    return state, layout


def _ground(names: Layout, layout: Layout, job: object) -> tuple[int, int]:
    """New rows of the pool and the class in which `job` runs."""
    site, pool = names.pools[int(job["pool"])]  # type: ignore[index]
    _, access_class = names.classes[int(job["cls"])]  # type: ignore[index]
    return layout.pool_row[site, pool], layout.class_row[site, access_class]


def _refuse_lost_ground(
    engine: Engine, holders: list[Live], world: World, layout: Layout, state: k.State
) -> None:
    """Running work keeps its site, pool, class and nodes; documents that take them away must wait."""
    held: dict[int, int] = {}
    for live in holders:
        job = engine.state.job[live.row]
        site, pool = engine.layout.pools[int(job["pool"])]
        _, access_class = engine.layout.classes[int(job["cls"])]
        if (site, pool) not in layout.pool_row or (site, access_class) not in layout.class_row:
            raise Conflict(
                f"{live.workload_id} runs in pool '{pool}' of site '{site}' as class "
                f"'{access_class}', which the documents take away",
                mend="cancel it or wait for its end",
            )
        p = layout.pool_row[site, pool]
        held[p] = held.get(p, 0) + int(job["n"])
        before = engine.state.pool[int(job["pool"])]
        after = state.pool[p]
        moved = before["per_node"] != after["per_node"] or before["per_domain"] != after["per_domain"]
        if moved or after["units"] < before["units"]:
            raise Conflict(
                f"{live.workload_id} runs in pool '{pool}' of site '{site}', whose nodes the documents "
                "change or take away",
                mend="cancel it or wait for its end",
            )


def _carry_accounts(
    engine: Engine, state: k.State, layout: Layout, documents: dict[str, Document]
) -> None:
    """Decayed use stays; a budget changes by as much as its grants do."""
    old, names = engine.state, engine.layout
    before, _ = lay_out(engine.documents, engine.now_s, engine.policy, jobs=16)
    for project, r in names.project_row.items():
        if project not in layout.project_row:
            continue
        new = layout.project_row[project]
        spent = int(before.project[r]["budget"]) - int(old.project[r]["budget"])
        if state.project[new]["budget"] < k.UNBOUNDED_BUDGET:
            state.project[new]["budget"] -= max(0, spent)
        for site, t in names.site_row.items():
            if site in layout.site_row:
                state.use[new, layout.site_row[site]] = old.use[r, t]
    for site, t in names.site_row.items():
        if site in layout.site_row:
            state.site[layout.site_row[site]]["decayed"] = old.site[t]["decayed"]
