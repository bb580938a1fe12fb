"""What the meter of a site, a hall or a pool would have shown during a replay, instant by instant.

As P1 counts it: each busy accelerator at its full power, through the plant at the true weather, and
the base load. Power is constant between two of its times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide import plants
from allod.decide.layout import Layout, it_power_w, power_per_accelerator_w
from allod.domain.event import CurtailmentCalled
from allod.domain.site import Limit, Site
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir
from allod.replay.surroundings import Surroundings

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Metered:
    """Power at the meter of a node of an envelope over time; arrays are (times,)."""

    times_s: Ints  #: From when each value holds; the last is the end. [epoch s]
    drawn_w: Values  #: [W]
    limit_w: Values  #: What documents and calls allow. [W]

    @property
    def peak_w(self) -> int:
        """The most that was drawn, rounded up. [W]"""
        return int(np.ceil(self.drawn_w[:-1].max(initial=0)))

    @property
    def headroom_least_w(self) -> int | None:
        """The least that was left, rounded down; below 0: it was broken; None: no limit. [W]"""
        least = float((self.limit_w - self.drawn_w)[:-1].min(initial=np.inf))
        return int(np.floor(least)) if np.isfinite(least) else None

    @property
    def over_s(self) -> int:
        """How long more was drawn than allowed. [s]"""
        over = self.drawn_w[:-1] > self.limit_w[:-1]
        return int(np.diff(self.times_s)[over].sum())

    def within(self, start_s: int, end_s: int) -> Metered:
        """The part from `start_s` to `end_s`; times before and after it are cut to these."""
        first = max(0, int(np.searchsorted(self.times_s, start_s, side="right")) - 1)
        last = max(first + 1, int(np.searchsorted(self.times_s, end_s, side="left")))
        part = slice(first, last + 1)
        times = np.clip(self.times_s[part], start_s, end_s)
        return Metered(times, self.drawn_w[part], self.limit_w[part])


def metered(
    name: str,
    path: str,
    site: Site,
    layout: Layout,
    runs: npt.NDArray[Any],
    calls: Sequence[CurtailmentCalled],
    around: Surroundings | None,
    span_s: tuple[int, int],
) -> Metered:
    """The meter of the node at `path` of site `name` while `runs` ran.

    Args:
        name: The name of the site.
        path: 'site', 'halls.NAME' or 'pools.NAME'.
        site: Its document.
        layout: Rows of pools, and which sites are bound by the weather.
        runs: With pool, n, start and end; (runs,).
        calls: For less power at the node.
        around: The true weather, on a grid that covers the time; None: none was given.
        span_s: From when to when.
    """
    limit = _limit(site, path)
    thermal = around is not None and plants.plant_of(site) is not None
    watts = np.zeros(len(layout.pools), np.int64)
    for pool in site.pools:
        if path in ("site", f"halls.{pool.hall}", f"pools.{pool.name}"):
            drawn_w = it_power_w(pool) if thermal else power_per_accelerator_w(site, pool)
            watts[layout.pool_row[name, pool.name]] = drawn_w or 0
    at_s, level_w = _level(runs, watts)
    edges = [t for w in limit.windows for t in (w.starts, w.ends)]
    edges += [t for call in calls for t in (call.starts_s, call.ends_s)]
    steps = around.grid.times_s() if around else np.zeros(0, np.int64)
    start_s, end_s = span_s
    times = np.unique(np.concatenate((at_s, np.array([*edges, *span_s], np.int64), steps)))
    times = times[(times >= start_s) & (times <= end_s)]
    it_w = np.concatenate(([0], level_w))[np.searchsorted(at_s, times, side="right")]
    work_w = it_w.astype(float)
    if thermal and around is not None:
        share = layout.thermal[name].shares.get(path, 1.0) if name in layout.thermal else 1.0
        plant = plants.plant_of(site)
        assert plant is not None
        step = np.clip((times - around.grid.start_s) // around.grid.step_s, 0, len(steps) - 1)
        air = OutdoorAir(around.air.temp_c[step], around.air.wet_bulb_c[step])
        busy = it_w > 0
        work_w = np.where(busy, share * plant.facility_w(np.maximum(it_w, 1) / share, air), 0.0)
    base_w = limit.base_load_w.value or 0
    return Metered(times, work_w + base_w, _allowed_w(limit, calls, times))


def _limit(site: Site, path: str) -> Limit:
    assert site.envelope is not None
    kind, _, name = path.partition(".")
    if kind == "site":
        return site.envelope.site
    return (site.envelope.halls if kind == "halls" else site.envelope.pools)[name]


def _level(runs: npt.NDArray[Any], watts: Ints) -> tuple[Ints, Ints]:
    """(times, what is drawn from each of them on)."""
    drawn = runs["n"] * watts[runs["pool"]]
    at_s = np.concatenate((runs["start"], runs["end"]))
    times, which = np.unique(at_s, return_inverse=True)
    changes = np.zeros(len(times), np.int64)
    np.add.at(changes, which.ravel(), np.concatenate((drawn, -drawn)))
    return times, np.cumsum(changes)


def _allowed_w(limit: Limit, calls: Sequence[CurtailmentCalled], times: Ints) -> Values:
    usual = limit.power_w.value
    allowed = np.full(len(times), np.inf if usual is None else float(usual))
    spans = [(w.starts, w.ends, w.power_w) for w in limit.windows]
    spans += [(call.starts_s, call.ends_s, call.power_w) for call in calls]
    for starts_s, ends_s, power_w in spans:
        inside = (times >= starts_s) & (times < ends_s)
        allowed[inside] = np.minimum(allowed[inside], power_w)
    return allowed
