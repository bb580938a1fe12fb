"""The accounts of power caps: what they spare of which limit, and when (P2; ADR-0008).

Until its runner has confirmed a cap, the work counts in full in the kernel, and what is expected of
the cap is counted here, from when the envelope counts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from allod.decide.kernel import place
from allod.decide.kernel import state as k
from allod.decide.kernel.handle import Array
from allod.decide.layout import it_power_w
from allod.decide.live import Cap, Live
from allod.domain.site import Pool, Site
from allod.domain.units import NEVER_S

if TYPE_CHECKING:
    from allod.decide.engine import Engine


def windows(state: k.State, limit: int) -> Array:
    """The present window of `limit` and all that are to come."""
    row = state.limit[limit]
    found: Array = state.window[int(row["now"]) : int(row["w1"])]
    return found


def spared(state: k.State, limit: int, r: int) -> Array:
    """What the cap of running job `r`, confirmed or not, spares `limit` in each window. [W]

    Only where it holds until the window is over, as in the kernel; until it is confirmed, only from
    when it is counted on.
    """
    job, times = state.job[r], windows(state, limit)["t"]
    p = int(job["pool"])
    if job["spared"] == 0 or limit not in power_limits(state, p):
        return np.zeros(len(times), np.int64)
    counts = times < job["ends"]
    counts[0] = True
    if job["capped"] == 0:
        counts &= times >= job["spared_from"]
    found: Array = counts & (np.append(times[1:], NEVER_S) <= job["spared_till"])
    return found * int(job["spared"])


def power_limits(state: k.State, p: int) -> list[int]:
    """The limits of power on pool `p`: of pool, hall and site."""
    found: list[int] = state.pool_limit[p, : int(state.pool[p]["limits_n"])].tolist()
    return found


def awaited(state: k.State, limit: int) -> Array:
    """What caps that are ordered and not yet confirmed will spare `limit` in each window. [W]"""
    ordered = (state.job["state"] == k.RUNNING) & (state.job["spared"] > 0)
    found = np.zeros(len(windows(state, limit)), np.int64)
    for r in np.flatnonzero(ordered & (state.job["capped"] == 0)):
        found = found + spared(state, limit, int(r))
    return found


def saved_w(engine: Engine, name: str, site: Site, pool: Pool, n: int, cut_w: int) -> int:
    """What `n` accelerators of `pool` take less of the limits if each may draw `cut_w` less. [W]"""
    full_w, it_w = engine.layout.drawn_w(name, site, pool), it_power_w(pool)
    if full_w is None or it_w is None:
        return 0
    left_w = max(0, it_w - cut_w)
    if name not in engine.layout.thermal:
        left_w = -(-left_w * (site.pue_milli.value or 0) // 1000)
    return n * (full_w - left_w)


def ground(engine: Engine, live: Live) -> tuple[str, Site, Pool]:
    """The site and the pool in which `live` runs."""
    name, pool_name = engine.layout.pools[int(engine.state.job[live.row]["pool"])]
    site = engine.world.sites[name]
    return name, site, next(pool for pool in site.pools if pool.name == pool_name)


def enter(engine: Engine, live: Live, cap: Cap | None) -> None:
    """Let `live` have `cap`, or none, in the accounts."""
    live.cap = cap
    if cap is None:
        engine.capped.pop(live.workload_id, None)
        place.set_cap(engine.state, live.row, 0, 0, 0, False)
        return
    engine.capped[live.workload_id] = live
    watts = spared_w(engine, live)
    place.set_cap(engine.state, live.row, watts, cap.starts_s, cap.ends_s, cap.confirmed)


def spared_w(engine: Engine, live: Live) -> int:
    """What the cap of `live` takes off its draw, as the limits count now. [W]"""
    assert live.cap is not None
    name, site, pool = ground(engine, live)
    cut_w = live.cap.usual_w - live.cap.limit_w
    return saved_w(engine, name, site, pool, int(engine.state.job[live.row]["n"]), cut_w)


def carry(engine: Engine) -> None:
    """Enter the caps of running work into the accounts of a state that was laid out anew."""
    for live in engine.capped.values():
        enter(engine, live, live.cap)
    engine.state.window["carried"] = engine.state.window["used"]
