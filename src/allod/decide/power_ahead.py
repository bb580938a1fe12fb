"""Power ahead: what each node of a site's envelope may draw over time, and what placed work takes.

Limits are those that the engine decides by (P1), work is counted until its latest end, and nothing
is said of work that is still to come. All watts are whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allod.decide.layout import caps_known, it_power_w, power_per_accelerator_w
from allod.decide.outlook import Outlook, Thermal, base_w, meter_w, steps_of, turns_of
from allod.domain.event import ForecastGiven
from allod.domain.site import Limit, Site

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Taken:
    """Room that placed work has."""

    pool: str
    accelerators: int
    until_s: int  #: Its latest end; what has outrun it counts until the end of the first step.
    saved_w: int = 0  #: What a cap takes off its draw, as the limits count it. [W]
    saved_until_s: int = 0


@dataclass(frozen=True, slots=True)
class NodeAhead:
    """One node of the tree over time; arrays are (steps,). None: not known, or no limit is set."""

    path: str  #: 'site', 'halls.NAME' or 'pools.NAME'.
    parent: str | None
    limit: Limit | None  #: With the calls for it.
    envelope_w: tuple[int, ...] | None  #: What may be drawn at the meter.
    base_load_w: tuple[int, ...]  #: Load that is there without any work, at the meter.
    #: What work may take: IT power where the weather bounds the site (ADR-0007), else at the meter.
    work_limit_w: tuple[int, ...] | None
    work_w: tuple[int, ...] | None  #: What placed work takes of that.
    committed_w: tuple[int, ...] | None  #: What placed work and base load draw at the meter.

    @property
    def over_w(self) -> tuple[int, ...]:
        """By how much more is placed than the node may have, at each step. [W]"""
        if self.work_limit_w is None or self.work_w is None:
            return (0,) * len(self.base_load_w)
        pairs = zip(self.work_w, self.work_limit_w, strict=True)
        return tuple(max(0, work - limit) for work, limit in pairs)


@dataclass(frozen=True, slots=True)
class PowerAhead:
    """The tree of a site over time, parents before those inside them."""

    starts_s: tuple[int, ...]  #: When steps begin; each lasts until the next one, or until the end.
    ends_s: int
    is_it_power: bool  #: True if limits of work are of IT power.
    forecast: ForecastGiven | None
    nodes: tuple[NodeAhead, ...]


def power_ahead(
    name: str,
    site: Site,
    outlook: Outlook,
    work: Sequence[Taken],
    others_w: dict[str, int],
    span: tuple[int, int],
) -> PowerAhead:
    """The tree of site `name` over `span` (from, to) [epoch s].

    A step is an hour of the clock or shorter, so that within it no limit changes and no cap ends.
    `others_w` is what work that is not ours draws, by pool. [W]
    """
    forecast = outlook.forecasts.get(name)
    thermal = outlook.thermal(name, site)
    nodes = _nodes(site)
    limits = {
        path: outlook.limit(name, path, limit) for path, _, limit in nodes if limit is not None
    }
    times = _times(span, list(limits.values()), forecast, work)
    each = {
        pool.name: it_power_w(pool) if thermal else power_per_accelerator_w(site, pool)
        for pool in site.pools
    }
    told = _Told(name, site, outlook, forecast, thermal, times)
    found = []
    for path, parent, _ in nodes:
        pools = pools_under(site, path)
        own = [one for one in work if one.pool in pools]
        drawn = None
        if all(each[one.pool] is not None for one in own):
            drawn = _work_w(own, each, times)
            drawn = [watts + sum(others_w.get(pool, 0) for pool in pools) for watts in drawn]
        found.append(told.node(path, parent, limits.get(path), drawn))
    return PowerAhead(tuple(times), span[1], thermal is not None, forecast, tuple(found))


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of a site, at each of `times`."""

    name: str
    site: Site
    outlook: Outlook
    forecast: ForecastGiven | None
    thermal: Thermal | None
    times: list[int]

    def node(
        self, path: str, parent: str | None, limit: Limit | None, drawn: list[int] | None
    ) -> NodeAhead:
        """A node whose work takes `drawn` of its limits. [W]"""
        base = [0] * len(self.times)
        envelope = work_limit = None
        if limit is not None:
            base = [base_w(self.forecast, path, limit, at_s) for at_s in self.times]
            if limit.power_w.known:
                envelope = tuple(meter_w(limit, at_s) for at_s in self.times)
                work_limit = self._work_limit_w(path, limit)
        committed = None
        if drawn is not None:
            at_meter = self._at_meter_w(path, drawn)
            if at_meter is not None:
                committed = tuple(b + w for b, w in zip(base, at_meter, strict=True))
        return NodeAhead(
            path,
            parent,
            limit,
            envelope,
            tuple(base),
            work_limit,
            None if drawn is None else tuple(drawn),
            committed,
        )

    def _work_limit_w(self, path: str, limit: Limit) -> tuple[int, ...]:
        if self.thermal is not None:
            caps = self.thermal.caps(path, limit)
        else:
            assert self.site.envelope is not None
            plain = _plain_limit(self.site, path)
            assert plain is not None
            caps = caps_known(self.outlook, self.name, path, plain)
        starts = np.array([start for start, _ in caps])
        rows = np.searchsorted(starts, self.times, side="right") - 1
        return tuple(caps[max(0, i)][1] for i in rows.tolist())

    def _at_meter_w(self, path: str, drawn: list[int]) -> list[int] | None:
        """What work draws at the meter, the worst of the weather counted in. [W]"""
        if self.thermal is None:
            return drawn
        share = self.thermal.shares.get(path, 0.0)
        if share <= 0:
            return drawn if not any(drawn) else None
        air = self.thermal.air(self.times, hotter=True)
        found = share * self.thermal.plant.facility_w(np.array(drawn, float) / share, air)
        if not np.isfinite(found).all():
            return None
        whole = np.ceil(found).astype(np.int64).tolist()
        return [watts if w else 0 for watts, w in zip(whole, drawn, strict=True)]


def _nodes(site: Site) -> list[tuple[str, str | None, Limit | None]]:
    """(path, parent, limit as the document has it): the site, its halls, its pools."""
    envelope = site.envelope
    found: list[tuple[str, str | None, Limit | None]] = [
        ("site", None, envelope.site if envelope else None)
    ]
    halls = sorted({pool.hall for pool in site.pools if pool.hall})
    for hall in halls:
        found.append((f"halls.{hall}", "site", _plain_limit(site, f"halls.{hall}")))
    for pool in site.pools:
        parent = f"halls.{pool.hall}" if pool.hall else "site"
        found.append((f"pools.{pool.name}", parent, _plain_limit(site, f"pools.{pool.name}")))
    return found


def _plain_limit(site: Site, path: str) -> Limit | None:
    """The limit of a node as the document of the site has it."""
    if site.envelope is None:
        return None
    if path == "site":
        return site.envelope.site
    kind, _, name = path.partition(".")
    return (site.envelope.halls if kind == "halls" else site.envelope.pools).get(name)


def pools_under(site: Site, path: str) -> frozenset[str]:
    """The pools that the node of the envelope at `path` holds."""
    kind, _, name = path.partition(".")
    return frozenset(
        pool.name
        for pool in site.pools
        if kind == "site" or (kind == "halls" and pool.hall == name) or path == f"pools.{pool.name}"
    )


def _times(
    span: tuple[int, int],
    limits: Sequence[Limit],
    forecast: ForecastGiven | None,
    work: Sequence[Taken],
) -> list[int]:
    """When steps begin: now, at each hour, and wherever a limit turns or a cap ends."""
    begin_s, end_s = span
    times = {begin_s, *range((begin_s // HOUR_S + 1) * HOUR_S, end_s, HOUR_S)}
    for limit in limits:
        times.update(turns_of(limit))
    if forecast is not None:
        times.update(steps_of(forecast))
    times.update(one.saved_until_s for one in work if one.saved_w)
    return sorted(t for t in times if begin_s <= t < end_s)


def _work_w(
    work: Sequence[Taken], each_w: dict[str, int | None], times: Sequence[int]
) -> list[int]:
    """What `work` takes at each of `times`, if it goes on to its latest end. [W]"""
    starts = np.array(times, np.int64)
    found = np.zeros(len(times), np.int64)
    if work:
        watts = np.array([one.accelerators * (each_w[one.pool] or 0) for one in work], np.int64)
        found += _until(starts, watts, [one.until_s for one in work])
        capped = [one for one in work if one.saved_w and one.saved_until_s > times[0]]
        saved = np.array([one.saved_w for one in capped], np.int64)
        found -= _until(starts, saved, [min(one.until_s, one.saved_until_s) for one in capped])
    return [int(watts) for watts in found]


def _until(starts: np.ndarray, watts: np.ndarray, until_s: Sequence[int]) -> np.ndarray:
    """The sum of `watts` that are still there at each of `starts`, those of now in any case."""
    ends = np.maximum(np.array(until_s, np.int64), starts[0] + 1)
    order = np.argsort(ends, kind="stable")
    gone = np.concatenate(([0], np.cumsum(watts[order])))
    return np.asarray(gone[-1] - gone[np.searchsorted(ends[order], starts, side="right")])
