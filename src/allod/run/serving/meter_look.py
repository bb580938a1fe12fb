"""What there is to meter, by the manager's last look at services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allod.domain.counters import Counter
from allod.domain.site import PhaseState, Pool, Site
from allod.run.serving.picture import Picture
from allod.run.serving.replicas import Live
from allod.run.serving.table import SiteEntry
from allod.run.serving.wiring import Held, Running


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to meter, now."""

    running: tuple[Running, ...] = ()
    counters: Mapping[str, tuple[Counter, ...]] = field(default_factory=dict)  #: By site.
    sites: Mapping[str, SiteEntry] = field(default_factory=dict)
    known: bool = True  #: False while nobody has looked, so that what is not there may be there.


def look_of(picture: Picture, here: str) -> Look:
    """What there is to meter by `picture`; `here` is what this machine is called."""
    counted = {name: site.counters for name, site in picture.sites.items() if site.counters}
    found = (
        _running(live, picture, picture.sites[live.site], here)
        for live in picture.lives
        if live.site in counted and live.started_at_s is not None
    )
    running = tuple(one for one in found if one is not None)
    return Look(running=running, counters=counted, sites=picture.entries, known=picture.at_s > 0)


def _running(live: Live, picture: Picture, site: Site, here: str) -> Running | None:
    known = picture.services.get(live.service)
    pool = next((pool for pool in site.pools if pool.name == live.pool), None)
    if known is None or pool is None:
        return None
    held = _held_here(live, site, pool, here) if site.runner == "local" else _held(live, pool)
    return Running(
        replica=live.id,
        service=live.service,
        model=known.service.model,
        site=live.site,
        accelerator=pool.accelerator.value or "",
        job=live.job,
        held=held,
    )


def _held(live: Live, pool: Pool) -> tuple[Held, ...]:
    """By the nodes that its cluster names, in the order in which they were given."""
    counts = [count for _, count in live.nodes]
    if len(counts) != len(live.node_names):
        # Of a pool that models no nodes it is not known how many accelerators one has.
        return tuple(Held(node=name, accelerators=0, of=0) for name in live.node_names)
    return tuple(
        Held(node=name, accelerators=count, of=pool.accelerators_per_node)
        for name, count in zip(live.node_names, counts, strict=True)
    )


def _held_here(live: Live, site: Site, pool: Pool, here: str) -> tuple[Held, ...]:
    """On this one machine, which has all accelerators of the pool that are live."""
    found = (
        phase.accelerators[pool.name].value
        for phase in site.phases
        if phase.state.value is PhaseState.LIVE and pool.name in phase.accelerators
    )
    of = max(sum(count or 0 for count in found), live.accelerators)
    return (Held(node=here, accelerators=live.accelerators, of=of),)
