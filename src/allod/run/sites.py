"""Sites as they are now: what their documents promise at this time, and what holds room there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from allod.decide.control import controllers
from allod.decide.layout import caps_over_time, class_steps, live_units
from allod.domain.charter import AccessClass, Charter
from allod.domain.document import Document
from allod.domain.fact import Fact
from allod.domain.party import Party
from allod.domain.site import Site
from allod.domain.units import UNBOUNDED
from allod.run.node_views import ClassView, FactView, PoolView, SiteView
from allod.run.standing import Standing


@dataclass(slots=True)
class _Use:
    """What holds room at one site, and what waits for it."""

    pools: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    waiting_classes: Counter[str] = field(default_factory=Counter)
    power_w: int = 0
    running: int = 0
    waiting: int = 0


def site_views(
    documents: Mapping[str, Document],
    live: Iterable[Standing],
    at_s: int,
    may_run_at: Callable[[str], Mapping[str, str]],
    out_of_reach_since_s: Mapping[str, int | None],
) -> list[SiteView]:
    """All sites of `documents` at `at_s`, by name.

    `may_run_at` tells the sites at which a workload may ever run, with its class there;
    `out_of_reach_since_s` is by runner.
    """
    sites = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Site)}
    charters = {d.spec.site: d.spec for d in documents.values() if isinstance(d.spec, Charter)}
    parties = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Party)}
    use = _use(sites, live, may_run_at)
    return [
        _view(
            name,
            sites[name],
            charters.get(name),
            parties,
            use[name],
            at_s,
            out_of_reach_since_s.get(sites[name].runner),
        )
        for name in sorted(sites)
    ]


def _use(
    sites: Mapping[str, Site],
    live: Iterable[Standing],
    may_run_at: Callable[[str], Mapping[str, str]],
) -> dict[str, _Use]:
    use = {name: _Use() for name in sites}
    for standing in live:
        if standing.holds_room:
            if standing.site in use:
                here = use[standing.site]
                here.pools[standing.pool] += standing.accelerators
                here.classes[standing.class_name] += standing.accelerators
                here.power_w += standing.placed.power_w
                here.running += 1
            continue
        for name, access_class in may_run_at(standing.workload_id).items():
            use[name].waiting += 1
            use[name].waiting_classes[access_class] += standing.accelerators
    return use


def _view(
    name: str,
    site: Site,
    charter: Charter | None,
    parties: Mapping[str, Party],
    use: _Use,
    at_s: int,
    out_of_reach_since_s: int | None,
) -> SiteView:
    pools = tuple(_pool(site, pool.name, use, at_s) for pool in site.pools)
    envelope = site.envelope
    base_load_w = (envelope.site.base_load_w.value or 0) if envelope else 0
    limit_w: int | None = None
    if envelope:
        for_work_w = next(
            cap_w for since_s, cap_w in reversed(caps_over_time(envelope.site)) if since_s <= at_s
        )
        limit_w = for_work_w + base_load_w
    return SiteView(
        name=name,
        title=site.title,
        at_s=at_s,
        runner=site.runner,
        in_reach=out_of_reach_since_s is None,
        out_of_reach_since_s=out_of_reach_since_s,
        live=sum(pool.live for pool in pools),
        in_use=sum(pool.in_use for pool in pools),
        free=sum(pool.free for pool in pools),
        running=use.running,
        waiting=use.waiting,
        power_limit_w=limit_w,
        power_committed_w=base_load_w + use.power_w,
        base_load_w=base_load_w,
        pools=pools,
        classes=tuple(_classes(charter.classes, None, use, at_s)) if charter else (),
        country=_fact(site.country),
        operator=_fact(site.operator),
        management=_fact(site.management),
        metadata=_fact(site.metadata),
        control=_control(site, parties),
    )


def _pool(site: Site, name: str, use: _Use, at_s: int) -> PoolView:
    live = live_units(site, name, at_s)
    in_use = use.pools[name]
    accelerator = next(pool.accelerator.value for pool in site.pools if pool.name == name)
    return PoolView(
        name=name, accelerator=accelerator, live=live, in_use=in_use, free=max(0, live - in_use)
    )


def _classes(
    classes: Iterable[AccessClass], parent: str | None, use: _Use, at_s: int
) -> Iterator[ClassView]:
    """Each class with its use, its children's included; parents first."""
    for item in classes:
        inside = [inner.name for inner in item.walk()]
        _, floor, ceiling = [step for step in class_steps(item) if step[0] <= at_s][-1]
        yield ClassView(
            name=item.name,
            title=item.title,
            parent=parent,
            floor=floor,
            ceiling=None if ceiling >= UNBOUNDED else ceiling,
            priority=item.priority,
            in_use=sum(use.classes[name] for name in inside),
            waiting=sum(use.waiting_classes[name] for name in inside),
            reclaim_notice_s=item.reclaim_notice_s,
        )
        yield from _classes(item.classes, item.name, use, at_s)


def _control(site: Site, parties: Mapping[str, Party]) -> tuple[str, ...]:
    """Seats of all who control the operator, '?' if one of them is not known."""
    if site.operator.value is None:
        return ("?",)
    finding = controllers(site.operator.value, parties)
    seats = {item.seat.value or "?" for item in finding.controllers}
    if finding.unknown:
        seats.add("?")
    return tuple(sorted(seats))


def _fact(fact: Fact[Any]) -> FactView:
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    return FactView(
        value=value,
        standing=fact.standing.value,
        source=fact.source,
        date=fact.date.isoformat() if fact.date else None,
        note=fact.note,
    )
