"""The shed plan: what gives way when an envelope shrinks below what is committed under it (P2).

First what has not begun: its claims and reservations are given up, and it asks again under the
new limits. Then lent work is slowed by power caps, where that can be had in time. Then lent room is
taken back in the order of every reclaim. What a floor covers stays; if that is still too much, the
plan says by how much. It is drawn up from the new state, before anybody who waits has a say there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allod.decide import capping, caps
from allod.decide.kernel import reclaim, shadow
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.live import Live
from allod.domain.decision import Decision, Reason, Reclaim, ShedPlan, Step
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.units import NEVER_S, instant_text

if TYPE_CHECKING:
    from allod.decide.engine import Engine

Node = tuple[str, str]  #: (site, path of an envelope node)
Due = dict[str, int]  #: Who was about to start at a site, and when.
Profile = tuple[Array, Array]  #: When windows of a node begin, and what is over its cap there. [W]

_ASKED_MAX = 64  #: Of those who wait: whether they were about to start.


@dataclass(frozen=True, slots=True)
class Before:
    """How it stood before an envelope shrank."""

    over: dict[Node, Profile]
    due: Due
    all_asked: bool  #: True if `due` has everybody who was about to start.
    thermal: frozenset[str]  #: Sites whose limits were of IT power.


def before(engine: Engine, told: ForecastGiven | CurtailmentCalled | None) -> Before:
    """How it stands now, before `told` is; who is about to start is asked for that alone."""
    state, layout = engine.state, engine.layout
    over = {
        node: (_windows(state, row)["t"].copy(), excess(state, row))
        for node, row in layout.power_limit.items()
    }
    due, all_asked = _due(engine, told.site) if told else ({}, False)
    return Before(over, due, all_asked, frozenset(layout.thermal))


def _due(engine: Engine, site: str) -> tuple[Due, bool]:
    """When who claims room at `site`, or is among the first to wait for some, could start there.

    And whether all who wait were asked.
    """
    due: Due = {}
    t = engine.layout.site_row.get(site, -1)
    waiting = 0
    for live in sorted(engine.by_row.values(), key=lambda live: live.seq):
        job = engine.state.job[live.row]
        if job["state"] == k.CLAIMED:
            if engine.state.pool[int(job["pool"])]["site"] == t:
                due[live.workload_id] = int(job["ends"])
        elif job["state"] == k.WAITING:
            waiting += 1
            if waiting <= _ASKED_MAX:
                due[live.workload_id] = _start_s(engine, live, t)
    return due, waiting <= _ASKED_MAX


def _start_s(engine: Engine, live: Live, t: int) -> int:
    """When `live` could start at site `t` if nobody else waited."""
    starts = [
        int(shadow.start_of(engine.state, p, c, live.row, False)[0])
        for p, c in enumerate(live.verdict.classes)
        if c >= 0 and engine.state.pool[p]["site"] == t
    ]
    return min(starts, default=NEVER_S)


def _windows(state: k.State, limit: int) -> Array:
    """The present window of `limit` and all that are to come."""
    row = state.limit[limit]
    windows: Array = state.window[int(row["now"]) : int(row["w1"])]
    return windows


def excess(state: k.State, limit: int) -> Array:
    """What is committed beyond the cap in each of these windows. [W]

    Less who leaves before it, and less what caps will spare that are ordered.
    """
    windows = _windows(state, limit)
    over: Array = windows["used"] - windows["cap"] - caps.awaited(state, limit)
    for r in np.flatnonzero((state.job["state"] == k.RUNNING) & (state.job["stop_at"] > 0)):
        over = over - _given_back(state, limit, int(r), int(state.job[r]["stop_at"]))
    return over


def _counted(state: k.State, limit: int, r: int) -> Array:
    """What running job `r` takes of `limit` in each window, under its cap if it has one. [W]"""
    job, windows = state.job[r], _windows(state, limit)
    p = int(job["pool"])
    if limit not in state.pool_limit[p, : int(state.pool[p]["limits_n"])]:
        return np.zeros(len(windows), np.int64)
    counts = windows["t"] < job["ends"]
    counts[0] = True
    taken: Array = counts * (int(job["n"]) * int(state.pool[p]["watts"]))
    return taken - caps.spared(state, limit, r)


def _given_back(state: k.State, limit: int, r: int, stop_at_s: int) -> Array:
    """What running job `r` gives back in each window if it is told to stop at `stop_at_s`. [W]

    Who is told to stop at once gives back all that can be had.
    """
    site = int(state.pool[int(state.job[r]["pool"])]["site"])
    gone_s = stop_at_s + int(state.site[site]["stop"])
    if stop_at_s <= max(1, int(state.number[k.NOW])):
        return _counted(state, limit, r)
    gone = _windows(state, limit)["t"] >= gone_s
    return np.where(gone, _counted(state, limit, r), 0)


#: Where nobody was about to start.
NOBODY = Before({}, {}, True, frozenset())


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan before it is known who starts later for it."""

    node: Node
    starts_s: int
    ends_s: int
    over_w: int
    reclaims: tuple[tuple[str, int], ...]
    caps: tuple[tuple[str, int], ...]
    left_w: int
    cause: str
    due: Due
    all_asked: bool

    def finished(self, engine: Engine) -> ShedPlan:
        """The plan, now that everybody has had a say under the new limits."""
        site, path = self.node
        t = engine.layout.site_row[site]
        delayed = tuple(w for w, at_s in self.due.items() if _waits_longer(engine, w, t, at_s))
        return ShedPlan(
            at_s=engine.now_s,
            site=site,
            path=path,
            starts_s=self.starts_s,
            ends_s=self.ends_s,
            over_w=self.over_w,
            delayed=delayed,
            reclaimed=self.reclaims,
            left_w=self.left_w,
            reasons=_reasons(self, len(delayed)),
            capped=self.caps,
        )


def _waits_longer(engine: Engine, workload_id: str, t: int, at_s: int) -> bool:
    """True if `workload_id`, which could have started at site `t` at `at_s`, no longer can."""
    standing = engine.standing(workload_id)
    if standing is None or standing.state != "waiting":
        return False
    return _start_s(engine, engine.live[workload_id], t) > at_s


def _reasons(draft: Draft, delayed: int) -> tuple[Reason, ...]:
    site, path = draft.node
    until = instant_text(draft.ends_s)
    gone_w = sum(watts for _, watts in draft.reclaims)

    def reason(code: str, message: str, needed: str, actual: str) -> Reason:
        origin = f"Site/{site}: spec.envelope.{path}"
        return Reason(
            site=site,
            step=Step.POWER,
            code=code,
            message=message,
            needed=needed,
            actual=actual,
            origin=origin,
        )

    found = [
        reason(
            "envelope-shrank",
            f"{draft.cause}: from {instant_text(draft.starts_s)} to {until} {draft.over_w} W more "
            f"are committed than {path} may draw; {_later(draft, delayed)}{_slower(draft)}"
            f"{len(draft.reclaims)} are reclaimed, which gives back {gone_w} W",
            f"{draft.over_w} W",
            f"{gone_w + sum(watts for _, watts in draft.caps)} W",
        )
    ]
    if draft.left_w > 0:
        found.append(
            reason(
                "floors-kept",
                f"{draft.left_w} W are left over: all that still runs is within the floor of its "
                "class, draws for others, or cannot stop in time",
                f"{draft.over_w} W",
                f"{draft.over_w - draft.left_w} W",
            )
        )
    return tuple(found)


def _later(draft: Draft, delayed: int) -> str:
    """Words for how many start later, as far as they were asked."""
    if draft.all_asked:
        return f"{delayed} start later, "
    return f"at least {delayed} start later, " if delayed else ""


def _slower(draft: Draft) -> str:
    """Words for how many are slowed, if any."""
    saved_w = sum(watts for _, watts in draft.caps)
    return f"{len(draft.caps)} are capped, which saves {saved_w} W; " if draft.caps else ""


def _cause(told: ForecastGiven | CurtailmentCalled | None) -> str:
    match told:
        case CurtailmentCalled():
            return f"call '{told.name}'" + (f" ({told.reason})" if told.reason else "")
        case ForecastGiven():
            return f"forecast of {told.source}" if told.source else "a new forecast"
        case None:
            return "the documents"


def drafts(
    engine: Engine, was: Before, told: ForecastGiven | CurtailmentCalled | None
) -> tuple[list[Draft], list[Decision]]:
    """Plans for all nodes over their caps where that is news or somebody can go, and the reclaims.

    It is news where more is over than `was`. What was as far over before gives way all the same as
    far as it can by now, such as lent work that a floor covered until lately; not so for what
    others draw, which is met where it is news or a call asks for it. A call has a plan in any case,
    if only to say that nobody has to go.
    """
    cause = _cause(told)
    found: list[Draft] = []
    decisions: list[Decision] = []
    for node, limit in sorted(engine.layout.power_limit.items(), key=lambda item: item[1]):
        call = told if isinstance(told, CurtailmentCalled) and told.ends_s > engine.now_s else None
        if call is not None and node != (call.site, call.path):
            call = None
        all_over = excess(engine.state, limit)
        news = _further(engine, node, limit, all_over, was) | _within(engine.state, limit, call)
        over = np.where(news, all_over, all_over - _others_w(engine.state, limit))
        draft, reclaims = _drafted(engine, node, limit, over, news, was, cause)
        if draft is not None:
            # Floors that were over elsewhere by as much already are no news.
            if (
                draft.reclaims
                or draft.caps
                or call is not None
                or draft.over_w > _worst_w(engine, node, was)
            ):
                found.append(draft)
                decisions += reclaims
        elif call is not None:
            due = _before_end(was.due, call.ends_s)
            found.append(
                Draft(node, call.starts_s, call.ends_s, 0, (), (), 0, cause, due, was.all_asked)
            )
    return found, decisions


def _profile(engine: Engine, node: Node, was: Before) -> Profile:
    """How far `node` `was` over; not at all if it is new, or its limit was of other watts."""
    same = (node[0] in was.thermal) == (node[0] in engine.layout.thermal)
    nowhere = np.zeros(1, np.int64), np.zeros(1, np.int64)
    return was.over.get(node, nowhere) if same else nowhere


def _worst_w(engine: Engine, node: Node, was: Before) -> int:
    """By how much `node` `was` over at worst. [W]"""
    return max(0, int(_profile(engine, node, was)[1].max()))


def _further(engine: Engine, node: Node, limit: int, over: Array, was: Before) -> Array:
    """In which windows of `limit` more is `over` at some time than was over at that time."""
    starts, (starts_before, before) = (
        _windows(engine.state, limit)["t"],
        _profile(engine, node, was),
    )
    times = np.unique(np.maximum(np.concatenate((starts, starts_before)), engine.now_s))
    now = np.maximum(0, np.searchsorted(starts, times, side="right") - 1)
    then = np.maximum(0, np.searchsorted(starts_before, times, side="right") - 1)
    further = np.zeros(len(over), bool)
    further[now[over[now] > np.maximum(0, before[then])]] = True
    return further


def _within(state: k.State, limit: int, call: CurtailmentCalled | None) -> Array:
    """Which windows of `limit` the `call` reaches into."""
    starts = _windows(state, limit)["t"]
    if call is None:
        return np.zeros(len(starts), bool)
    ends = np.append(starts[1:], NEVER_S)
    reached: Array = (starts < call.ends_s) & (ends > call.starts_s)
    return reached


def _before_end(due: Due, ends_s: int) -> Due:
    return {w: at_s for w, at_s in due.items() if at_s < ends_s}


def made_good(
    engine: Engine, node: Node, limit: int, missing: Array, r: int, cause: str
) -> list[Decision]:
    """The plan for `node`, and its reclaims, now that a cap of job `r` spares nothing of `missing`.

    Who was to be slowed goes first, unless a floor covers it by now.
    """
    left = np.minimum(missing, np.maximum(0, excess(engine.state, limit)))
    if left.max() <= 0:
        return []
    draft, decisions = _drafted(engine, node, limit, left, left > 0, NOBODY, cause, r)
    return [draft.finished(engine), *decisions] if draft else []


def _drafted(
    engine: Engine,
    node: Node,
    limit: int,
    over: Array,
    news: Array,
    was: Before,
    cause: str,
    first: int = -1,
) -> tuple[Draft | None, list[Decision]]:
    """The plan for `node`, which is so far `over` its caps; who must go for it is told so.

    It is about windows that are `news` and those in which somebody's going helps; None: no window.
    Job `first`, if there is one, goes before all others: where its cap failed, no other is tried.
    """
    if over.max() <= 0:
        return None, []
    state, windows = engine.state, _windows(engine.state, limit)
    t = engine.layout.site_row[node[0]]
    reclaims: list[tuple[str, int]] = []
    decisions: list[Decision] = []
    slowed: list[capping.Chosen] = []
    left = over
    if first < 0:
        slowed, left = capping.choose(engine, limit, left, t)
    for r, stop_at_s in _victims(engine, limit, left, t, first):
        left = left - _gained(state, limit, r, stop_at_s)
        live = engine.by_row[r]
        reclaims.append((live.workload_id, int(_counted(state, limit, r).max())))
        state.job[r]["stop_at"] = stop_at_s
        decisions.append(_reclaim(engine, r, stop_at_s, node, cause))
    slowed, left = capping.needed(engine, limit, left, slowed)
    slow = _reason(node, cause, "it is slowed so that it need not be reclaimed")
    decisions = [capping.ordered(engine, live, slow) for live, _ in slowed] + decisions
    told = (news | (left < over)) & (over > 0)
    if not told.any():
        return None, []
    starts_s, ends_s = _span(windows, told, engine.now_s)
    draft = Draft(
        node,
        starts_s,
        ends_s,
        int(over[told].max()),
        tuple(reclaims),
        tuple((live.workload_id, int(state.job[live.row]["spared"])) for live, _ in slowed),
        max(0, int(left[told].max())),
        cause,
        _before_end(was.due, ends_s),
        was.all_asked,
    )
    return draft, decisions


def _others_w(state: k.State, limit: int) -> int:
    """What work that Allod did not place draws of `limit`, in every window. [W]"""
    under = (state.pool_limit == limit).any(axis=1)
    return int(state.pool["others"][under].sum())


def _span(windows: Array, told: Array, now_s: int) -> tuple[int, int]:
    """From when to when a plan is about a node, first window to last."""
    at = np.flatnonzero(told)
    starts_s = max(now_s, int(windows[at[0]]["t"]))
    last = int(at[-1]) + 1
    return starts_s, int(windows[last]["t"]) if last < len(windows) else NEVER_S


def _gained(state: k.State, limit: int, r: int, stop_at_s: int) -> Array:
    """What it gives back in each window if job `r` stops at `stop_at_s`, not as told before. [W]"""
    told_s = int(state.job[r]["stop_at"])
    gained = _given_back(state, limit, r, stop_at_s)
    return gained - _given_back(state, limit, r, told_s) if told_s > 0 else gained


def _victims(engine: Engine, limit: int, over: Array, t: int, first: int) -> list[tuple[int, int]]:
    """Who goes so that `limit` is kept, each with when it stops.

    Job `first`, then who has been told to go, but later; then in the order of every reclaim. Nobody
    whom a floor covers goes (C4); who turns out not to be needed stays.
    """
    state = engine.state
    now_s, stop_s = int(state.number[k.NOW]), int(state.site[t]["stop"])
    count = int(reclaim.back_all(state, t))
    leaving = [r for r in state.scratch[:count].tolist() if state.job[r]["stop_at"] > 0]
    victims = int(reclaim.line_up_victims(state, count, count, now_s))
    rows = state.scratch[count : count + victims].tolist()
    gone = np.zeros(len(state.cls), np.int64)
    for r in leaving:
        _count(state, r, gone)
    taken: list[tuple[int, int]] = []
    times = _windows(state, limit)["t"]
    for r in sorted(leaving + rows, key=lambda r: r != first):
        needed = np.flatnonzero((over > 0) & (_counted(state, limit, r) > 0))
        if len(needed) == 0:
            continue
        told_s = int(state.job[r]["stop_at"])
        stop_at_s = max(1, now_s, int(times[needed[0]]) - stop_s)
        if stop_at_s >= told_s if told_s > 0 else not _is_fair_game(state, r, gone):
            continue
        if told_s == 0:
            _count(state, r, gone)
        over = over - _gained(state, limit, r, stop_at_s)
        taken.append((r, stop_at_s))
    for item in reversed(tuple(taken)):
        spared = over + _gained(state, limit, *item)
        if (spared <= np.maximum(over, 0)).all():
            over = spared
            taken.remove(item)
    return taken


def _path(state: k.State, r: int) -> Iterable[int]:
    """The classes of running job `r`, the innermost first."""
    a = int(state.job[r]["cls"])
    while a >= 0:
        yield a
        a = int(state.cls[a]["parent"])


def _count(state: k.State, r: int, gone: Array) -> None:
    """Count job `r` as gone from its classes."""
    for a in _path(state, r):
        gone[a] += int(state.job[r]["n"])


def _is_fair_game(state: k.State, r: int, gone: Array) -> bool:
    """True if job `r` is within no floor, and no class of its is down to its floor."""
    if state.job[r]["backed"] != 0:
        return False
    return all(state.cls[a]["use"] - gone[a] > state.cls[a]["floor"] for a in _path(state, r))


def _reclaim(engine: Engine, r: int, stop_at_s: int, node: Node, cause: str) -> Reclaim:
    """Job `r` must have stopped soon after `stop_at_s`, for nobody else's sake."""
    job, (site, _) = engine.state.job[r], node
    _, name = engine.layout.classes[int(job["cls"])]
    lent = f"class '{name}' is beyond its floor" if name else "no floor covers it"
    return Reclaim(
        at_s=engine.now_s,
        workload_id=engine.by_row[r].workload_id,
        run=int(job["run"]),
        site=site,
        pool=engine.layout.pools[int(job["pool"])][1],
        for_workload_id="",
        stop_at_s=stop_at_s,
        reasons=(_reason(node, cause, lent),),
    )


def _reason(node: Node, cause: str, why: str) -> Reason:
    """That `node` may draw less because of `cause`, and `why` it is this work that gives way."""
    site, path = node
    return Reason(
        site=site,
        step=Step.POWER,
        code="envelope-shrank",
        message=f"{cause}: {path} may draw less than is committed, and {why}",
        origin=f"Site/{site}: spec.envelope.{path}",
    )
