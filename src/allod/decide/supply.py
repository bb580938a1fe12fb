"""What a site's work is expected to draw from its own clean power and from the grid, hour by hour.

All in whole watts and seconds, at the temperatures that are forecast, without margins. What is
beyond the forecast is not known, and nothing is said of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.kernel import ends
from allod.decide.kernel import state as k
from allod.decide.outlook import Counts
from allod.domain.decision import Footprint
from allod.domain.event import ForecastGiven
from allod.domain.site import Site

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_WS_PER_WH = 3_600
_WS_PER_KWH = 3_600_000


def carbon_g(sum_g: int) -> int:
    """Carbon of a sum of watts and seconds, each at its grams per kilowatt-hour, rounded up. [g]"""
    return -(-sum_g // _WS_PER_KWH)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of what is so much per second in each step."""

    start_s: int
    step_s: int
    values: list[int]  #: Of each step.
    sums: list[int]  #: Until each step, and until the end of the last.

    def until(self, at_s: int) -> int:
        """The sum until `at_s`, which lies within the steps or at their end."""
        i, rest = divmod(at_s - self.start_s, self.step_s)
        return self.sums[i] + (self.values[i] * rest if rest else 0)

    def over(self, start_s: int, end_s: int) -> int:
        """The sum from `start_s` to `end_s`."""
        return self.until(end_s) - self.until(start_s)


@dataclass(frozen=True, slots=True)
class Supply:
    """What is forecast for a site; arrays are (steps,)."""

    forecast: ForecastGiven
    pue_milli: Counts  #: At the site's limit, rounded up; 1000 where watts are at the meter.
    clean_w: Counts  #: Own clean power that nothing else takes. [W]
    water_milli_l_per_kwh: Counts | None  #: For each kilowatt-hour of IT; None: not known.
    carbon_g_per_kwh: Counts | None  #: Of what comes from the grid; None: not forecast.

    def draw_w(self, taken_w: int) -> Counts:
        """What work that takes `taken_w` of the limits draws at the meter. [W]"""
        return np.asarray(-(-taken_w * self.pue_milli // 1000), np.int64)

    def covers(self, start_s: int, end_s: int) -> bool:
        """True if the forecast reaches from `start_s` to `end_s`."""
        return self.forecast.start_s <= start_s and end_s <= self.end_s

    @property
    def end_s(self) -> int:
        """Where the forecast ends. [epoch s]"""
        f = self.forecast
        return f.start_s + f.step_s * len(f.temp_milli_c)

    def from_grid_w(self, taken_w: int) -> Counts:
        """What of that comes from the grid. [W]"""
        found: Counts = np.maximum(0, self.draw_w(taken_w) - self.clean_w)
        return found

    def over(self, values: Counts, start_s: int, end_s: int) -> int:
        """Sum of `values` (per second) from `start_s` to `end_s`, which the forecast covers."""
        return self.total(values).over(start_s, end_s)

    def total(self, values: Counts) -> Total:
        """`values` (per second) as a sum until any time."""
        f = self.forecast
        return Total(f.start_s, f.step_s, values.tolist(), self.sums(values).tolist())

    def sums(self, values: Counts) -> Counts:
        """Sum of `values` (per second) until each step, and until the end; (steps + 1,)."""
        return np.concatenate(([0], np.cumsum(values * self.forecast.step_s)))

    def carbon_g(self, grid_w: Counts, start_s: int, end_s: int) -> int | None:
        """Carbon of what comes from the grid, rounded up; None: nobody forecasts it. [g]"""
        if self.carbon_g_per_kwh is None:
            return None
        return carbon_g(self.over(grid_w * self.carbon_g_per_kwh, start_s, end_s))

    def footprint(self, taken_w: int, start_s: int, end_s: int) -> Footprint | None:
        """What a run is expected to use; None where the forecast does not reach."""
        if not self.covers(start_s, end_s):
            return None
        water_l = None
        if self.water_milli_l_per_kwh is not None:
            litres = self.over(taken_w * self.water_milli_l_per_kwh, start_s, end_s)
            water_l = -(-litres // (1000 * _WS_PER_KWH))
        return Footprint(
            carbon_g=self.carbon_g(self.from_grid_w(taken_w), start_s, end_s),
            energy_wh=-(-self.over(self.draw_w(taken_w), start_s, end_s) // _WS_PER_WH),
            water_l=water_l,
        )


def supply_of(engine: Engine, name: str, *, without: int = -1, clean: bool = True) -> Supply | None:
    """What is forecast for site `name`, what runs there taken off; None: nothing is.

    Running job `without` is not taken off. Unless `clean` is asked for, own power is left out.
    """
    forecast = engine.outlook.forecasts.get(name)
    if forecast is None:
        return None
    thermal = engine.layout.thermal.get(name)
    steps = len(forecast.temp_milli_c)
    times = forecast.start_s + forecast.step_s * np.arange(steps, dtype=np.int64)
    pue_milli = np.full(steps, 1000, np.int64)
    water = None
    if thermal is not None:
        pue_milli, water = thermal.expected
    clean_w = np.zeros(steps, np.int64)
    if clean and forecast.clean_w:
        running_w = _running_w(engine, name, times, without)
        others_w = _base_w(forecast, engine.world.sites[name]) - (-running_w * pue_milli // 1000)
        clean_w = np.maximum(0, np.array(forecast.clean_w, np.int64) - others_w)
    carbon = np.array(forecast.carbon_g_per_kwh, np.int64) if forecast.carbon_g_per_kwh else None
    return Supply(forecast, pue_milli, clean_w, water, carbon)


def _base_w(forecast: ForecastGiven, site: Site) -> Counts:
    """Load of the site that is there without any work; (steps,). [W]"""
    if forecast.base_load_w:
        return np.array(forecast.base_load_w, np.int64)
    told = site.envelope.site.base_load_w.value if site.envelope else 0
    return np.full(len(forecast.temp_milli_c), told or 0, np.int64)


def _running_w(engine: Engine, name: str, times: Counts, without: int) -> Counts:
    """What running and claiming work takes of the limits of site `name` at each of `times`. [W]"""
    s, t = engine.state, engine.layout.site_row[name]
    found: Counts = np.zeros(len(times), np.int64)
    ends.add_watts(s, t, int(times[0]), int(times[-1] - times[0]) // max(1, len(times) - 1), found)
    for r in s.claim[t, : int(s.site[t]["claim_n"])].tolist():
        job = s.job[r]
        found += _taken_w(s, r) * (times < job["ends"] + job["wall"])
    if without >= 0:
        found -= _taken_w(s, without) * (times < s.job[without]["ends"])
    return found


def _taken_w(s: k.State, r: int) -> int:
    """What job `r` takes of the limits above the pool that it is in, or claims. [W]"""
    return int(s.job[r]["n"]) * int(s.pool[int(s.job[r]["pool"])]["watts"])
