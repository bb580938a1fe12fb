"""Which engine a call goes to: where its beginning lies in the cache, unless others are idler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.gateway.hot.pool import Pool
from allod.gateway.hot.routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from allod.gateway.hot.upstream import Engine

#: The favourite is passed over once it has so many calls more than the idlest.
_MARGIN = 4
#: Lots are drawn modulo it: a number times an engine's own is then as good as a random one.
_PRIME = (1 << 61) - 1


def choose(
    pool: Pool, route: Route, tried: Container[str], alike: Callable[[], int]
) -> Engine | None:
    """An engine with room that law, class and share permit; None if there is none now.

    `alike` gives the number that calls with the same beginning share.
    """
    limit, sites = pool.entry.in_flight, route.sites
    room = []
    for engine in pool.ready:
        if engine.in_flight < limit and engine.site in sites and engine.id not in tried:
            room.append(engine)
    if route.capped:
        room = [engine for engine in room if _has_share(pool, route, engine)]
    if not room:
        return None
    if len(room) == 1:
        return room[0]
    # Each engine draws a lot that only it and what the call begins with decide; the best one wins.
    same = alike() + 1
    favourite, best, least = room[0], -1, limit
    for engine in room:
        lot = same * engine.lot % _PRIME
        if lot > best:
            favourite, best = engine, lot
        if engine.in_flight < least:
            idlest, least = engine, engine.in_flight
    return idlest if favourite.in_flight >= least + _MARGIN else favourite


def preferred(pool: Pool, route: Route) -> str:
    """The site that a call which has to wait is counted at: one that has engines, if any."""
    sites = route.order
    for found in (pool.slots, {engine.site for engine in pool.engines.values()}):
        for site in sites:
            if site in found:
                return site
    return sites[0]


def is_cold(pool: Pool, route: Route) -> bool:
    """True if no engine takes calls at any site that the law permits."""
    return not any(site in pool.slots for site in route.sites)


def _has_share(pool: Pool, route: Route, engine: Engine) -> bool:
    access_class = route.sites[engine.site].access_class
    share = pool.entry.classes.get(access_class)
    if share is None:
        return True
    if engine.in_flight + share.free_min >= pool.entry.in_flight:
        return False
    if share.replicas_spared and pool.is_spared(engine, share.replicas_spared):
        return False
    taken = pool.at_class.get((engine.site, access_class), 0)
    return taken < pool.allowance(engine.site, share)
