"""What the sites of a replay are told of the time to come: forecasts on a cadence, calls in time.

A forecast is what the weather will be, each step off by chance where the scenario says so; it is
told before all else that happens at its second.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

import numpy as np

from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.foretelling import Foretelling, NoticedCall
from allod.domain.site import Site
from allod.energy.grid import Grid, Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant_of import cooling_of, plant_of
from allod.errors import InvalidInput, NotFound
from allod.replay.surroundings import Surroundings

Told = ForecastGiven | CurtailmentCalled
_LEAST_STEP_S = 300  #: Of a forecast. [s]


def foretold(
    surroundings: Mapping[str, Surroundings],
    sites: Mapping[str, Site],
    forecasts: Foretelling,
    calls: tuple[NoticedCall, ...],
    *,
    from_s: int,
    seed: int,
) -> Iterator[Told]:
    """All that is told from `from_s` on, in the order of time; forecasts never end.

    Raises:
        NotFound: It is about a site that is not there.
        InvalidInput: The supply of a site is not known as far as it must be.
    """
    for name in sorted({*surroundings, *(call.site for call in calls)} - set(sites)):
        raise NotFound(f"there is no site '{name}'", mend=f"name one of {', '.join(sorted(sites))}")
    coming: list[Iterator[Told]] = [
        _Forecasts(surroundings[name], sites[name], forecasts, from_s, seed).told()
        for name in sorted(surroundings)
    ]
    heard = sorted(calls, key=lambda call: (call.told_s, call.site, call.name))
    coming.append(iter([call.told() for call in heard if call.ends > from_s]))
    merged = heapq.merge(*coming, key=lambda told: told.at_s)
    return (_not_before(told, from_s) for told in merged)


def _not_before(told: Told, from_s: int) -> Told:
    """`told`, no sooner than the replay begins."""
    return replace(told, at_s=from_s) if told.at_s < from_s else told


class _Forecasts:
    """The forecasts of one site, from the truth of its surroundings."""

    def __init__(
        self, around: Surroundings, site: Site, how: Foretelling, from_s: int, seed: int
    ) -> None:
        self._name, self._site, self._how, self._from_s = around.site, site, how, from_s
        self._seed, self._source = seed, around.source
        self._step_s = step_s = around.grid.step_s
        if step_s < _LEAST_STEP_S:
            raise InvalidInput(
                f"weather of site '{around.site}' has steps of {step_s} s",
                mend=f"give steps of at least {_LEAST_STEP_S} s",
            )
        if around.grid.steps * step_s < how.ahead_s:
            raise InvalidInput(
                f"weather of site '{around.site}' is shorter than its forecasts, {how.ahead_s} s",
                mend="give a longer file, or a shorter forecasts.ahead_s",
            )
        # One turn of the file and one forecast more: so that each forecast is a slice of it.
        self._first_s = from_s - from_s % step_s
        self._steps = how.ahead_s // step_s + 1
        self._turn = around.grid.steps
        there = around.on(Grid(self._first_s, step_s, self._turn + self._steps), from_s)
        self._temp = _milli(there.air.temp_c)
        self._wet = _milli(there.air.wet_bulb_c)
        self._carbon = _whole(there.grid_g_per_kwh)
        clean_w = there.clean_w(site)
        self._clean_w = () if clean_w is None else tuple(np.floor(clean_w).astype(int).tolist())
        self._needs_wet = _needs_wet_bulb(site)

    def told(self) -> Iterator[ForecastGiven]:
        """One after the other: at the beginning, then whenever the clock shows another of them."""
        at_s, every_s = self._from_s, self._how.every_s
        while True:
            yield self._at(at_s)
            at_s += every_s - at_s % every_s

    def _at(self, at_s: int) -> ForecastGiven:
        first = (at_s - self._first_s) // self._step_s
        a = first % self._turn
        b, how = a + self._steps, self._how
        error = self._error(at_s)
        wet = self._wet[a:b] + error
        return ForecastGiven(
            at_s=at_s,
            site=self._name,
            start_s=self._first_s + first * self._step_s,
            step_s=self._step_s,
            temp_milli_c=_tuple(self._temp[a:b] + error),
            design_temp_milli_c=_given(how.design_temp_milli_c, self._temp),
            wet_bulb_milli_c=_tuple(wet) if self._needs_wet else (),
            design_wet_bulb_milli_c=_given(how.design_wet_bulb_milli_c, self._wet)
            if self._needs_wet
            else None,
            margin_milli_c=how.margin_milli_c,
            margin_w=how.margin_w,
            clean_w=self._clean_w[a:b],
            carbon_g_per_kwh=self._carbon[a:b],
            source=self._source,
        )

    def _error(self, at_s: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """By how much each step of the forecast of `at_s` is off. [thousandths of a degree C]"""
        most = self._how.error_milli_c
        if not most:
            return np.zeros(self._steps, np.int64)
        digest = sha256(f"{self._seed} forecast {self._name} {at_s}".encode()).digest()
        dice = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))
        return dice.integers(-most, most, self._steps, endpoint=True)


def _milli(values: Values) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Degrees in whole thousandths, rounded up: no truth is hotter than it is told."""
    return np.ceil(1000 * values).astype(np.int64)


def _tuple(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[int, ...]:
    return tuple(values.tolist())


def _whole(values: Values | None) -> tuple[int, ...]:
    return () if values is None else tuple(np.ceil(values).astype(int).tolist())


def _given(told: int | None, values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    return int(values.max()) if told is None else told


def _needs_wet_bulb(site: Site) -> bool:
    """True if the cooling of `site` cannot tell what it takes without a wet bulb."""
    if cooling_of(site) is None:
        return False
    plant = plant_of(site)
    dry = np.array([20.0])
    air = OutdoorAir(dry, np.array([np.nan]))
    return not bool(np.isfinite(plant.facility_w(np.array([0.5 * plant.design_it_w]), air)).all())
