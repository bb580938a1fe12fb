"""A replay's energy as plain JSON values: what sites used, how calls were met, who gave way."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.decide.layout import it_power_w
from allod.domain.event import CurtailmentCalled
from allod.domain.site import Site
from allod.energy.grid import HOUR_S, Grid
from allod.energy.occupancy import busy
from allod.energy.simulation import Simulation, busy_w, figures, simulate_site
from allod.replay.came import Came
from allod.replay.measures import span_s
from allod.replay.metered import Metered, metered
from allod.replay.run import ReplayResult
from allod.replay.saving import Saving
from allod.replay.surroundings import Surroundings

Json = dict[str, Any]


def energy(result: ReplayResult) -> list[Json]:
    """One entry for each site that was told of the time to come; none if nobody was.

    Raises:
        InvalidInput: A fact that its energy is made from is not known.
    """
    came = result.came
    if came is None:
        return []
    sites = result.engine.world.sites
    names = {*came.forecasts, *(call.site for call in came.calls)}
    return [_Of(result, came, name, sites[name]).told() for name in sorted(names)]


def meter_of(result: ReplayResult, name: str) -> Metered | None:
    """The meter of site `name` during `result`; None: it was told of nothing, or is not limited."""
    site = result.engine.world.sites[name]
    if result.came is None or site.envelope is None:
        return None
    return _Of(result, result.came, name, site).meter("site")


class _Of:
    """The energy of one site."""

    def __init__(self, result: ReplayResult, came: Came, name: str, site: Site) -> None:
        self.name, self.site, self.came, self.layout = name, site, came, result.engine.layout
        self.span_s = start_s, end_s = span_s(result)
        given = result.options.surroundings.get(name)
        step_s = given.grid.step_s if given else HOUR_S
        first_s = start_s - start_s % step_s
        self.grid = Grid(first_s, step_s, max(1, -(-(end_s - first_s) // step_s)))
        self.around: Surroundings | None = None
        if given is not None:
            self.around = given.on(self.grid, result.began_s)
        pools = [p for p, (site_name, _) in enumerate(self.layout.pools) if site_name == name]
        runs = came.runs()
        self.runs = runs[np.isin(runs["pool"], pools)]

    def told(self) -> Json:
        """All of it."""
        came, name = self.came, self.name
        plans = [plan for _, plan in came.plans if plan.site == name]
        meter = self.meter("site") if self.site.envelope else None
        return {
            "site": name,
            "weather": self.around.source if self.around else None,
            "forecasts": came.forecasts[name],
            "figures": self.figures(),
            "peak_w": meter.peak_w if meter else None,
            "headroom_least_w": meter.headroom_least_w if meter else None,
            "over_envelope_s": meter.over_s if meter else None,
            "shed_plans": len(plans),
            "delayed": len(came.delayed[name]),
            "reclaimed": came.reclaimed[name],
            "left_over_w_max": max((plan.left_w for plan in plans), default=0),
            **self.saving(),
            "calls": [self.call(call) for call in self.calls()],
        }

    @cached_property
    def made(self) -> Simulation | None:
        """What the energy model makes of the work that ran; None without weather."""
        if self.around is None:
            return None
        at_work = {
            pool.name: self.at_work(self.layout.pool_row[self.name, pool.name])
            for pool in self.site.pools
        }
        return simulate_site(
            self.site,
            self.grid,
            busy_w(self.site, at_work),
            self.around.air,
            self.around.available,
            self.around.signals(),
        )

    def figures(self) -> list[Json]:
        """Every figure of the simulation; none without weather."""
        return [
            {"name": one.name, "value": one.value, "unit": one.unit, "method": one.method}
            for one in (figures(self.made) if self.made else ())
        ]

    def saving(self) -> Json:
        """How much work waited for clean power, and what that saved against not moving."""
        put_off = self.came.put_off
        runs = [run for run in self.runs if run["final"] and int(run["row"]) in put_off]
        runs = [run for run in runs if put_off[int(run["row"])] < run["start"]]
        found: Json = {"moved": len(runs), "saved_wh": 0, "saved_g": None}
        if self.made is None or self.around is None or not runs:
            return found
        clean_w = self.around.clean_w(self.site)
        if clean_w is None:
            return found
        saving = Saving(self.made.use, clean_w, self.around.grid_g_per_kwh)
        watts = {
            self.layout.pool_row[self.name, pool.name]: it_power_w(pool) or 0
            for pool in self.site.pools
        }
        saved = [
            saving.of(
                int(run["n"]) * watts[int(run["pool"])],
                put_off[int(run["row"])],
                int(run["start"]),
                int(run["end"]),
            )
            for run in runs
        ]
        found["saved_wh"] = round(sum(energy_wh for energy_wh, _ in saved))
        if self.around.grid_g_per_kwh is not None:
            found["saved_g"] = round(sum(carbon_g for _, carbon_g in saved))
        return found

    def at_work(self, p: int) -> npt.NDArray[np.float64]:
        """Mean number of accelerators at work in pool row `p`; (steps,)."""
        runs = self.runs[self.runs["pool"] == p]
        return busy(self.grid, runs["start"], runs["end"], runs["n"])

    def calls(self) -> list[CurtailmentCalled]:
        """Those for this site that fall into the replay; of a name the last."""
        found = {call.name: call for call in self.came.calls if call.site == self.name}
        start_s, end_s = self.span_s
        return [
            call for call in found.values() if max(call.starts_s, start_s) < min(call.ends_s, end_s)
        ]

    def call(self, call: CurtailmentCalled) -> Json:
        """How `call` was met."""
        start_s, end_s = self.span_s
        meter = self.meter(call.path).within(max(call.starts_s, start_s), min(call.ends_s, end_s))
        plans = [
            plan
            for name, plan in self.came.plans
            if (name, plan.site, plan.path) == (call.name, call.site, call.path)
        ]
        return {
            "name": call.name,
            "path": call.path,
            "told_s": call.at_s,
            "starts_s": call.starts_s,
            "ends_s": call.ends_s,
            "power_w": call.power_w,
            "peak_w": meter.peak_w,
            "met": meter.over_s == 0,
            "over_s": meter.over_s,
            "delayed": sum(len(plan.delayed) for plan in plans),
            "reclaimed": sum(len(plan.reclaimed) for plan in plans),
            "left_over_w": max((plan.left_w for plan in plans), default=0),
        }

    def meter(self, path: str) -> Metered:
        """The meter of the node at `path`."""
        calls = [call for call in self.calls() if call.path == path]
        return metered(
            self.name,
            path,
            self.site,
            self.layout,
            self.runs,
            calls,
            self.around,
            self.span_s,
        )
