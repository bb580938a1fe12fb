"""The outlook: what is known of the time to come beside the documents, and what it makes of limits.

An envelope is at the meter. Where a site has a cooling model and a forecast, each step of the
forecast turns it into a limit of IT power: what the plant can cool at that temperature within what
the envelope leaves (P1; ADR-0007). Whole watts, rounded so that the envelope is never broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from allod.decide import plants
from allod.decide.plants import SOLUTIONS_MAX, Plant, coldest_w, solutions, told_before
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.site import Limit, Site, Window
from allod.domain.units import NEVER_S
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir

Counts = NDArray[np.int64]
Outside = tuple[int, int | None]  #: Dry and wet bulb; None: not known. [thousandths of °C]
Caps = list[tuple[int, int]]  #: (from, watts for work), ascending in time.


@dataclass(frozen=True, slots=True)
class Outlook:
    """The last forecast of each site, and the calls that hold or will, by site and name."""

    forecasts: Mapping[str, ForecastGiven] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], CurtailmentCalled] = field(default_factory=dict)
    #: What was worked out of these already, by site, for the document that it was asked of.
    made: dict[str, tuple[Site, Thermal | None]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def with_forecast(self, event: ForecastGiven) -> Outlook:
        """This one, with `event` in the place of what was forecast before."""
        forecasts = {**self.forecasts, event.site: event}
        return replace(self, forecasts=forecasts, made=self._made_but(event.site))

    def with_call(self, event: CurtailmentCalled) -> Outlook:
        """This one, with `event` in the place of the call of its name; over calls are left out."""
        calls = {**self.calls, (event.site, event.name): event}
        held = {key: call for key, call in calls.items() if call.ends_s > event.at_s}
        gone = {site for site, _ in self.calls.keys() - held.keys()}
        return replace(self, calls=held, made=self._made_but(event.site, *gone))

    def _made_but(self, *sites: str) -> dict[str, tuple[Site, Thermal | None]]:
        return {name: made for name, made in self.made.items() if name not in sites}

    def turns(self, name: str, at_s: int) -> bool:
        """True if a call for site `name` ends at `at_s`, or a step of its forecast does."""
        forecast = self.forecasts.get(name)
        if any(key[0] == name and call.ends_s == at_s for key, call in self.calls.items()):
            return True
        if forecast is None:
            return False
        i, rest = divmod(at_s - forecast.start_s, forecast.step_s)
        return rest == 0 and 0 <= i <= len(forecast.temp_milli_c)

    def limit(self, name: str, path: str, limit: Limit) -> Limit:
        """`limit` of the node at `path` of site `name`, with the calls for it as windows."""
        windows = tuple(
            Window(starts=call.starts_s, ends=call.ends_s, power_w=call.power_w, reason=call.reason)
            for key, call in sorted(self.calls.items())
            if key[0] == name and call.path == path and call.starts_s < call.ends_s
        )
        if not windows:
            return limit
        return limit.model_copy(update={"windows": (*limit.windows, *windows)})

    def caps(self, name: str, path: str, limit: Limit) -> Caps | None:
        """(from, watts at the meter) of a node of site `name` under its forecast, calls included.

        None: its forecast takes nothing from the envelope.
        """
        forecast = self.forecasts.get(name)
        if forecast is None or not (forecast.margin_w or forecast.base_load_w):
            return None
        if limit.power_w.value is None or limit.base_load_w.value is None:
            return None
        times = sorted({*turns_of(limit), *steps_of(forecast)})
        return _joined((at_s, _for_work_w(forecast, path, limit, at_s)) for at_s in times)

    def thermal(self, name: str, site: Site) -> Thermal | None:
        """How the weather bounds the IT power of site `name`; None: by its constant PUE alone."""
        of, thermal = self.made.get(name, (None, None))
        if of is not site:
            thermal = self._thermal(name, site)
            self.made[name] = site, thermal
        return thermal

    def _thermal(self, name: str, site: Site) -> Thermal | None:
        forecast = self.forecasts.get(name)
        if forecast is None or site.envelope is None:
            return None
        plant = plants.plant_of(site)
        if plant is None:
            return None
        whole = self.limit(name, "site", site.envelope.site)
        return Thermal(plant, forecast, whole, plants.shares_of(site))


NO_OUTLOOK = Outlook()


def turns_of(limit: Limit) -> list[int]:
    """When a window of `limit` opens or closes, and 0."""
    return sorted({0} | {t for w in limit.windows for t in (w.starts, w.ends) if t < NEVER_S})


def meter_w(limit: Limit, at_s: int) -> int:
    """What the node may draw at the meter at `at_s`, base load included. [W]"""
    in_force = [w.power_w for w in limit.windows if w.starts <= at_s < w.ends]
    return min([limit.power_w.value or 0, *in_force])


def _joined(caps: Iterable[tuple[int, int]]) -> Caps:
    """`caps`, those that change nothing left out."""
    found: Caps = []
    for at_s, cap_w in caps:
        if not found or found[-1][1] != cap_w:
            found.append((at_s, cap_w))
    return found


def steps_of(forecast: ForecastGiven) -> list[int]:
    """Where steps of the forecast begin, and where it ends."""
    steps = range(len(forecast.temp_milli_c) + 1)
    return [forecast.start_s + i * forecast.step_s for i in steps]


def step_at(forecast: ForecastGiven, at_s: int) -> int | None:
    """The step of the forecast that holds `at_s`; None: it does not reach there."""
    i = (at_s - forecast.start_s) // forecast.step_s
    return i if 0 <= i < len(forecast.temp_milli_c) else None


def _for_work_w(forecast: ForecastGiven, path: str, limit: Limit, at_s: int) -> int:
    """What a node leaves at the meter at `at_s`, base load and margin taken off. [W]"""
    return max(0, meter_w(limit, at_s) - base_w(forecast, path, limit, at_s) - forecast.margin_w)


def base_w(forecast: ForecastGiven | None, path: str, limit: Limit, at_s: int) -> int:
    """Load of a node that is there without any work, at `at_s`. [W]"""
    if forecast is not None and path == "site" and forecast.base_load_w:
        i = step_at(forecast, at_s)
        if i is not None:
            return forecast.base_load_w[i]
    return limit.base_load_w.value or 0


@dataclass(frozen=True)
class Thermal:
    """A plant under a forecast."""

    plant: Plant
    forecast: ForecastGiven
    whole: Limit  #: Of the whole site, with the calls for it.
    shares: Mapping[str, float]  #: Part of the plant of each envelope node, by its path.
    made: dict[str, tuple[Limit, Caps]] = field(default_factory=dict, compare=False, repr=False)

    def caps(self, path: str, limit: Limit) -> Caps:
        """(from, watts of IT power) of the node at `path`, ascending in time.

        A hall or pool has its part of the plant, by the IT power of the accelerators in it. No more
        than the plant is built for.
        """
        if limit.power_w.value is None or limit.base_load_w.value is None:
            return [(0, 0)]
        of, caps = self.made.get(path, (None, []))
        if of != limit:
            times = sorted({*turns_of(limit), *self._steps()})
            caps = _joined(zip(times, self._it_w(path, limit, times).tolist(), strict=True))
            self.made[path] = limit, caps
        return caps

    def for_work_w(self, path: str, limit: Limit, at_s: int) -> int:
        """What the node leaves at the meter at `at_s`, base load and margin taken off. [W]"""
        return _for_work_w(self.forecast, path, limit, at_s)

    def _it_w(self, path: str, limit: Limit, times: list[int]) -> Counts:
        """The most IT power of the node from each of `times` on, whole. [W]"""
        share = self.shares.get(path, 0.0)
        if share <= 0:
            return np.zeros(len(times), np.int64)
        lefts = [self.for_work_w(path, limit, at_s) for at_s in times]
        outside = [self._outside(at_s, hotter=True) for at_s in times]
        solved = solutions(self.plant, share)
        asked = dict.fromkeys(zip(lefts, outside, strict=True))
        if len(solved) > SOLUTIONS_MAX:
            solved.clear()
        if fresh := [key for key in asked if key not in solved]:
            left = np.array([left_w for left_w, _ in fresh], float)
            found = self._solved(share, left, _air([air for _, air in fresh]))
            solved.update(zip(fresh, found.tolist(), strict=True))
        return np.array([solved[key] for key in zip(lefts, outside, strict=True)], np.int64)

    def _solved(self, share: float, left: Values, air: OutdoorAir) -> Counts:
        """The most IT power of a part of the plant where `left` is left at the meter, whole. [W]"""
        found = np.floor(share * self.plant.it_limit_w(left / share, air))
        most = np.minimum(left, self._built_w(share))
        whole = np.where(np.isfinite(found), np.clip(found, 0, most), 0).astype(np.int64)
        while True:  # An inverse that is off by a watt must not break an envelope.
            over = (whole > 0) & ~(share * self.plant.facility_w(whole / share, air) <= left)
            if not over.any():
                return whole
            whole = np.where(over, np.maximum(0, whole - 1 - (whole >> 16)), whole)

    def most_w(self, path: str, left_w: int) -> int:
        """The most IT power of the node in any weather, if `left_w` is left at the meter. [W]"""
        share = self.shares.get(path, 0.0)
        if share <= 0:
            return 0
        found = coldest_w(self.plant, share, left_w)
        return int(min(found if np.isfinite(found) else left_w, left_w, self._built_w(share)))

    def _built_w(self, share: float) -> float:
        """The IT power that this part of the plant is built for: no more can be cooled. [W]"""
        # A part such as 8/13 must not cost a whole watt by the last bit of a float.
        return float(np.floor(share * self.plant.design_it_w + 1e-3))

    def worst_pue_milli(self, start_s: int, end_s: int) -> int:
        """The highest PUE of the site at its limit from `start_s` to `end_s`, in thousandths."""
        inside = [t for t in self._pue if start_s < t < end_s]
        before = max((t for t in self._pue if t <= start_s), default=0)
        return max(self._pue[t] for t in (before, *inside))

    @cached_property
    def expected(self) -> tuple[Counts, Counts | None]:
        """PUE in thousandths, and water in thousandths of a litre per kWh of IT, without margins.

        Both at the limit of the site, rounded up; (steps of the forecast,). None: not known.
        """
        times = self._steps()[:-1]
        air = self.air(times, hotter=False)
        it_w = np.maximum(1.0, self._it_w("site", self.whole, times))
        pue = np.ceil(1000 * self.plant.facility_w(it_w, air) / it_w).astype(np.int64)
        litres = self.plant.water_l_per_h(it_w, air.temp_c, air.wet_bulb_c) * 1e6 / it_w
        known = bool(np.isfinite(litres).all())
        return pue, np.ceil(litres).astype(np.int64) if known else None

    @cached_property
    def _pue(self) -> dict[int, int]:
        """By time: the PUE at the limit of the site from then on, rounded up, in thousandths."""
        times = sorted({*turns_of(self.whole), *self._steps()})
        it_w = np.maximum(1.0, self._it_w("site", self.whole, times))
        found = np.ceil(1000 * self.plant.facility_w(it_w, self.air(times, hotter=True)) / it_w)
        return {t: int(x) for t, x in zip(times, found, strict=True)}

    @cached_property
    def can_tell(self) -> bool:
        """True if the plant can tell all that is asked of it from what is forecast."""
        left_w = self.whole.power_w.value or 0
        asked = {(left_w, self._outside(at_s, hotter=True)) for at_s in (0, *self._steps())}
        told = told_before(self.plant)
        if fresh := sorted(asked - told, key=str):
            if len(told) > SOLUTIONS_MAX:
                told.clear()
            air = _air([outside for _, outside in fresh])
            found = self.plant.it_limit_w(np.full(len(fresh), float(left_w)), air)
            told.update(key for key, it_w in zip(fresh, found, strict=True) if np.isfinite(it_w))
            return bool(np.isfinite(found).all())
        return True

    def _steps(self) -> list[int]:
        return steps_of(self.forecast)

    def air(self, times: list[int], *, hotter: bool) -> OutdoorAir:
        """The air outside at `times`, with the margin if `hotter`; NaN: not forecast."""
        return _air([self._outside(at_s, hotter=hotter) for at_s in times])

    def _outside(self, at_s: int, *, hotter: bool) -> Outside:
        f = self.forecast
        i = step_at(f, at_s)
        if i is None:
            return f.design_temp_milli_c, f.design_wet_bulb_milli_c
        more = f.margin_milli_c if hotter else 0
        wet = f.wet_bulb_milli_c[i] + more if f.wet_bulb_milli_c else None
        return f.temp_milli_c[i] + more, wet


def _air(outside: list[Outside]) -> OutdoorAir:
    wet_c = [np.nan if wet is None else wet / 1000 for _, wet in outside]
    return OutdoorAir(np.array([dry for dry, _ in outside], float) / 1000, np.array(wet_c, float))
