"""Sites as they are now: what their documents promise at this time, and what holds room there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from allod.decide.floors import ClassKey, FloorAccount
from allod.decide.layout import caps_known, live_units
from allod.decide.outlook import Outlook
from allod.domain.charter import Charter
from allod.domain.control import controllers
from allod.domain.document import Document
from allod.domain.event import PoolReported
from allod.domain.fact import Fact
from allod.domain.holdings import weakest
from allod.domain.party import Party
from allod.domain.site import Pool, Site
from allod.run.class_views import ClassUse, class_views
from allod.run.controller import World
from allod.run.engine import EngineMaker
from allod.run.node_views import CappedView, ClassView, FactView, PlaceView, PoolView, SiteView
from allod.run.ports import NO_CONTACT, Contact
from allod.run.standing import Standing
from allod.run.views import runner_name


@dataclass(slots=True)
class _Use:
    """What holds room at one site, and what waits for it."""

    pools: Counter[str] = field(default_factory=Counter)
    nodes: Counter[tuple[str, int]] = field(default_factory=Counter)  #: By pool and node.
    classes: Counter[str] = field(default_factory=Counter)
    waiting_classes: Counter[str] = field(default_factory=Counter)
    capped: list[CappedView] = field(default_factory=list)
    power_w: int = 0
    running: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """How the talk with a site's runner goes."""

    out_of_reach_since_s: int | None = None
    contact: Contact = NO_CONTACT


_NO_LINK = Link()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all sites beside their documents."""

    at_s: int
    parties: Mapping[str, Party]
    reports: Mapping[tuple[str, str], PoolReported]
    outlook: Outlook
    floors: Mapping[ClassKey, FloorAccount]


def sites_now(world: World, maker: EngineMaker[Any], links: Mapping[str, Link]) -> list[SiteView]:
    """All sites as the node has them now, by name; `links` is by runner."""
    engine = world.engine
    return site_views(
        engine.documents,
        world.views.live.values(),
        world.at_s,
        partial(maker.may_run_at, engine),
        links,
        engine.reports,
        engine.outlook,
        maker.accounts(engine, world.at_s).floors,
    )


def site_views(
    documents: Mapping[str, Document],
    live: Iterable[Standing],
    at_s: int,
    may_run_at: Callable[[str], Mapping[str, str]],
    links: Mapping[str, Link],
    reports: Mapping[tuple[str, str], PoolReported],
    outlook: Outlook,
    floors: Mapping[ClassKey, FloorAccount] | None = None,
) -> list[SiteView]:
    """All sites of `documents` at `at_s`, by name.

    `may_run_at` tells the sites at which a workload may ever run, with its class there;
    `links` is by runner, `reports` by site and pool; `outlook` holds calls and forecasts, and
    `floors` what the engine keeps account of.
    """
    sites = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Site)}
    charters = {d.spec.site: d.spec for d in documents.values() if isinstance(d.spec, Charter)}
    parties = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Party)}
    use = _use(sites, live, may_run_at)
    known = _Known(at_s, parties, reports, outlook, floors or {})
    return [
        _view(
            name,
            sites[name],
            charters.get(name),
            use[name],
            links.get(runner_name(name, sites[name]), _NO_LINK),
            known,
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
                for node, count in standing.placed.nodes:
                    here.nodes[standing.pool, node] += count
                here.classes[standing.class_name] += standing.accelerators
                here.power_w += standing.placed.power_w
                if standing.placed.limit_w is not None:
                    here.capped.append(_capped(standing, standing.placed.limit_w))
                here.running += 1
            continue
        for name, access_class in may_run_at(standing.workload_id).items():
            use[name].waiting += 1
            use[name].waiting_classes[access_class] += standing.accelerators
    return use


def _capped(standing: Standing, limit_w: int) -> CappedView:
    placed = standing.placed
    return CappedView(
        workload_id=standing.workload_id,
        pool=standing.pool,
        limit_w=limit_w,
        limit_set=placed.limit_set,
        saved_w=placed.saved_w,
        ends_at_s=placed.limit_ends_at_s,
    )


def _view(
    name: str,
    site: Site,
    charter: Charter | None,
    use: _Use,
    link: Link,
    known: _Known,
) -> SiteView:
    at_s, reports = known.at_s, known.reports
    pools = tuple(
        _pool(site, pool, use, at_s, reports.get((name, pool.name))) for pool in site.pools
    )
    others_w = sum(pool.others_w for pool in pools)
    saved_w = sum(one.saved_w for one in use.capped if one.limit_set)
    envelope = site.envelope
    base_load_w = (envelope.site.base_load_w.value or 0) if envelope else 0
    limit_w: int | None = None
    if envelope:
        caps = caps_known(known.outlook, name, "site", envelope.site)
        for_work_w = next(cap_w for since_s, cap_w in reversed(caps) if since_s <= at_s)
        limit_w = for_work_w + base_load_w
    free = sum(pool.free for pool in pools)
    classes: tuple[ClassView, ...] = ()
    if charter:
        held = ClassUse(name, at_s, free, use.classes, use.waiting_classes, known.floors)
        classes = class_views(charter, held)
    idle = sum(item.idle_floor for item in classes if item.parent is None)
    return SiteView(
        name=name,
        title=site.title,
        at_s=at_s,
        runner=site.runner,
        in_reach=link.out_of_reach_since_s is None,
        out_of_reach_since_s=link.out_of_reach_since_s,
        runner_version=link.contact.version,
        poll_ms=round(link.contact.poll_s * 1000) if link.contact.version else None,
        looked_at_s=link.contact.looked_at_s,
        live=sum(pool.live for pool in pools),
        in_use=sum(pool.in_use for pool in pools),
        free=free,
        out=sum(pool.out for pool in pools),
        running=use.running,
        waiting=use.waiting,
        power_limit_w=limit_w,
        power_committed_w=base_load_w + use.power_w - saved_w + others_w,
        others_w=others_w,
        capped=tuple(sorted(use.capped, key=lambda one: one.workload_id)),
        base_load_w=base_load_w,
        lent_out=max(0, idle - free),
        pools=pools,
        classes=classes,
        place=_place(site),
        country=_fact(site.country),
        operator=_fact(site.operator),
        management=_fact(site.management),
        metadata=_fact(site.metadata),
        control=_control(site, known.parties),
    )


def _pool(site: Site, pool: Pool, use: _Use, at_s: int, report: PoolReported | None) -> PoolView:
    live, in_use = live_units(site, pool.name, at_s), use.pools[pool.name]
    out = report.out if report else ()
    gone = min(live, sum(count for _, count in out))
    twice = 0  # Work of ours still stands on what is out: that is not to be taken off two times.
    if pool.accelerators_per_node > 1:
        for node, count in out:
            twice += max(0, use.nodes[pool.name, node] + count - pool.accelerators_per_node)
    return PoolView(
        name=pool.name,
        accelerator=pool.accelerator.value,
        live=live,
        in_use=in_use,
        free=max(0, live - in_use - gone + twice),
        out=gone,
        others_w=report.others_w if report else 0,
        why=report.why if report else (),
    )


def _control(site: Site, parties: Mapping[str, Party]) -> tuple[str, ...]:
    """Seats of all who control the operator, '?' if one of them is not known."""
    if site.operator.value is None:
        return ("?",)
    finding = controllers(site.operator.value, parties)
    seats = {item.seat.value or "?" for item in finding.controllers}
    if finding.unknown:
        seats.add("?")
    return tuple(sorted(seats))


def _place(site: Site) -> PlaceView | None:
    """Where the site stands; None if its document has no position."""
    place = site.dossier.place if site.dossier else None
    if place is None:
        return None
    north, east = place.latitude_microdeg, place.longitude_microdeg
    if north.value is None or east.value is None:
        return None
    return PlaceView(
        latitude_deg=north.value / 1_000_000,
        longitude_deg=east.value / 1_000_000,
        country=site.country.value,
        name=place.city.value,
        region=place.region.value,
        precision=place.precision,
        standing=weakest(north.standing, east.standing).value,
        source=north.source,
    )


def _fact(fact: Fact[Any]) -> FactView:
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    return FactView(
        value=value,
        standing=fact.standing.value,
        source=fact.source,
        date=fact.date.isoformat() if fact.date else None,
        note=fact.note,
    )
