"""What a replay's sums mean: capacity that was live, power that was left, floors that were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allod.decide.layout import class_steps, live_units, phase_dates
from allod.domain.charter import AccessClass
from allod.domain.site import Limit, Site
from allod.domain.units import NEVER_S, UNBOUNDED
from allod.replay.run import ReplayResult, powers_known

Steps = list[tuple[int, int]]  #: (from [epoch s], value), ascending.


def span_s(result: ReplayResult) -> tuple[int, int]:
    """From the first submission to the last end of what ran; both the start if nothing did."""
    outcome = result.outcome
    if outcome.first_s is None:
        return outcome.curves.origin_s, outcome.curves.origin_s
    return outcome.first_s, outcome.last_s


def live_steps(site: Site, start_s: int, end_s: int) -> Steps:
    """Live accelerators of `site` from `start_s` to `end_s`, as steps."""
    dates = [start_s, *(date for date in phase_dates(site) if start_s < date < end_s)]
    return [(date, sum(live_units(site, pool.name, date) for pool in site.pools)) for date in dates]


def area(steps: Steps, end_s: int) -> int:
    """Value × seconds of `steps` up to `end_s`."""
    ends = [*(start for start, _ in steps[1:]), end_s]
    return sum(value * max(0, end - start) for (start, value), end in zip(steps, ends, strict=True))


def envelope_steps(limit: Limit, start_s: int, end_s: int) -> Steps:
    """What `limit` allows at the meter from `start_s` to `end_s`, base load included. [W]"""
    usual_w = limit.power_w.value
    if usual_w is None:
        return []
    edges = {t for w in limit.windows for t in (w.starts, w.ends) if start_s < t < end_s}
    return [
        (
            at_s,
            min([usual_w, *(w.power_w for w in limit.windows if w.starts <= at_s < w.ends)]),
        )
        for at_s in (start_s, *sorted(edges))
    ]


def base_load_w(site: Site) -> int | None:
    """What `site` draws without any work; None if that is not known. [W]"""
    return site.envelope.site.base_load_w.value if site.envelope else None


def has_known_power(result: ReplayResult, site: str) -> bool:
    """True if it is known what an accelerator of each pool of `site` draws."""
    known = powers_known(result.engine)
    pools = result.engine.layout.pools
    return all(known[p] for p, (name, _) in enumerate(pools) if name == site)


@dataclass(frozen=True, slots=True)
class Headroom:
    """How near work came to one limit of an envelope, looked at whenever work started."""

    site: str
    node: str  #: 'site', 'hall NAME' or 'pool NAME'.
    limit_w: int | None  #: Usual limit at the meter.
    peak_w: int | None  #: Most that was drawn, with base load; None if nothing ran.
    headroom_least_w: int | None


def headrooms(result: ReplayResult) -> Iterator[Headroom]:
    """One row per node of each envelope, the whole site first; not where the weather bounds it.

    There the limits are of IT power; its meter is with its energy.
    """
    layout, state = result.engine.layout, result.engine.state
    seen: set[int] = set()
    for p, (site_name, pool_name) in enumerate(layout.pools):
        site = result.engine.world.sites[site_name]
        if site.envelope is None or site_name in layout.thermal:
            continue
        pool = next(pool for pool in site.pools if pool.name == pool_name)
        nodes = [("site", site.envelope.site)]
        if pool.hall in site.envelope.halls:
            nodes.append((f"hall {pool.hall}", site.envelope.halls[pool.hall]))
        if pool_name in site.envelope.pools:
            nodes.append((f"pool {pool_name}", site.envelope.pools[pool_name]))
        for (node, limit), row in zip(nodes, state.pool_limit[p].tolist(), strict=False):
            if row in seen:
                continue
            seen.add(row)
            left = int(state.limit[row]["left"])
            used = left < UNBOUNDED
            yield Headroom(
                site=site_name,
                node=node,
                limit_w=limit.power_w.value,
                peak_w=int(state.limit[row]["peak"]) + (limit.base_load_w.value or 0)
                if used
                else None,
                headroom_least_w=left if used else None,
            )


@dataclass(frozen=True, slots=True)
class FloorKept:
    """How the room that a class is owed came to it (C2)."""

    site: str
    access_class: str
    floor_max: int  #: Highest floor of its own during the replay. [1]
    claims_met: int  #: Times that lent room was reclaimed for it.
    late: int  #: Of these, met after notice and stop time.
    longest_s: int  #: Longest time from claim to start.
    allowed_s: int  #: Notice and stop time.


def floors(result: ReplayResult) -> Iterator[FloorKept]:
    """One row per class that has a floor or had room reclaimed for it."""
    start_s, end_s = span_s(result)
    engine = result.engine
    for c, (site, name) in enumerate(engine.layout.classes):
        row = engine.state.cls[c]
        highest = _floor_max(result, site, name, start_s, end_s)
        if highest or row["claims"]:
            yield FloorKept(
                site=site,
                access_class=class_path(result, c),
                floor_max=highest,
                claims_met=int(row["claims"]),
                late=int(row["late"]),
                longest_s=int(row["wait"]),
                allowed_s=int(row["notice"]) + engine.world.sites[site].stop_time_s,
            )


def _floor_max(result: ReplayResult, site: str, name: str, start_s: int, end_s: int) -> int:
    charter = result.engine.world.charters.get(site)
    items = [item for top in charter.classes for item in top.walk()] if charter else []
    found = next((item for item in items if item.name == name), None)
    return 0 if found is None else max(_floors_within(found, start_s, end_s))


def _floors_within(item: AccessClass, start_s: int, end_s: int) -> list[int]:
    steps = class_steps(item)
    ends = [*(start for start, _, _ in steps[1:]), NEVER_S]
    return [
        floor
        for (start, floor, _), end in zip(steps, ends, strict=True)
        if start <= end_s and end > start_s
    ]


def class_path(result: ReplayResult, c: int) -> str:
    """The name of class row `c` after those around it, such as 'ecosystem/startups'."""
    names: list[str] = []
    while c >= 0:
        names.append(result.engine.layout.classes[c][1])
        c = int(result.engine.state.cls[c]["parent"])
    return "/".join(reversed(names))
