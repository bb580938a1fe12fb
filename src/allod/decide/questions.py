"""Distinct questions: all that a verdict depends on, and how its answer lies in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.decide.kernel import state as k
from allod.decide.layout import Layout
from allod.decide.live import Key, Live
from allod.decide.verdict import Verdict
from allod.decide.world import World

if TYPE_CHECKING:
    from allod.decide.engine import Engine


def key_of(live: Live, world: World) -> Key:
    """All that the verdict on `live` depends on, beside the documents; equal keys share one."""
    workload = live.workload
    return (
        live.rules,
        workload.project,
        workload.accelerators,
        workload.wall_time_s if world.projects[workload.project].grants else 0,
        workload.models,
        workload.topology,
        workload.access_class,
        workload.sites,
        workload.reads,
    )


def enter(state: k.State, row: int, verdict: Verdict) -> int:
    """Write `verdict` to `row` of the kernel, which the arrays may have to grow for; the row."""
    if row >= len(state.verdict):
        state.put("verdict", k.grown(state.verdict, 2 * row))
        state.put("rank", k.grown(state.rank, 2 * row))
        state.put("home", k.grown(state.home, 2 * row))
    state.verdict[row] = verdict.classes
    state.rank[row] = verdict.ranks
    state.home[row] = -1
    for p, c in enumerate(verdict.classes):
        if c >= 0:
            state.home[row, state.pool[p]["site"]] = c
    return row


def carried(engine: Engine, world: World, layout: Layout, state: k.State) -> bool:
    """Let all verdicts of `engine` hold in `state`, in their rows, if nothing they rest on changed.

    That is `world`, and what of the weather is for ever: which sites it bounds, and how much a node
    ever has.
    """
    was = engine.layout
    if world is not engine.world or layout.most_w != was.most_w:
        return False
    if layout.thermal.keys() != was.thermal.keys():
        return False
    for name in ("verdict", "rank", "home"):
        state.put(name, getattr(engine.state, name).copy())
    engine.judge.layout = layout
    return True
