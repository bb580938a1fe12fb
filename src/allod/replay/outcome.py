"""What a replay came to: tables by class and site, and curves over time, in bounded memory.

Waits are counted in bins that are exact for short times and as fine as `precision` for long ones,
so that a percentile of ten million jobs costs what one of ten thousand does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

HOUR_S = 3600
BOUND_S = 10  #: Bound of the bounded slowdown. [s]


class Bins:
    """Counts of whole numbers at least 0 by group, finer than 1 / 2**bits; shape (groups, bins)."""

    def __init__(self, groups: int, bits: int) -> None:
        self._bits = bits
        self._counts = np.zeros((groups, (44 - bits) << bits), np.int32)

    @property
    def precision(self) -> float:
        """Largest relative error of a percentile."""
        return 1 / (1 << self._bits)

    def _bin(self, values: Ints) -> Ints:
        small = 1 << self._bits
        shift = np.maximum(0, np.frexp(np.maximum(values, 1).astype(float))[1] - 1 - self._bits)
        shift = shift.astype(np.int64)
        high = (shift << self._bits) + (values >> shift)
        return np.where(values < small, values, high)

    def _value(self, place: int) -> int:
        small = 1 << self._bits
        if place < 2 * small:
            return place
        shift = (place >> self._bits) - 1
        return (place - (shift << self._bits)) << shift

    def add(self, group: Ints, values: Ints) -> None:
        """Count `values`, each in its `group`."""
        np.add.at(self._counts, (group, self._bin(values)), 1)

    def percentile(self, groups: list[int], share: float) -> int | None:
        """The value at or under which `share` of all values of `groups` lie; None if there are none."""
        counts = self._counts[groups].sum(axis=0, dtype=np.int64)
        total = int(counts.sum())
        if total == 0:
            return None
        place = int(np.searchsorted(np.cumsum(counts), int(np.ceil(share * total))))
        return self._value(place)


@dataclass(slots=True)
class Tally:
    """Sums by group (class row); one entry per class of each site. All whole numbers."""

    groups: int
    placed: Ints = field(init=False)  #: Jobs that ran to their end.
    runs: Ints = field(init=False)  #: Runs, with those that were reclaimed.
    reclaims: Ints = field(init=False)
    lent: Ints = field(init=False)  #: Runs on lent room.
    wait_s: Ints = field(init=False)  #: Sum of waits.
    slowdown_milli: Ints = field(init=False)  #: Sum of bounded slowdowns in thousandths.
    used_s: Ints = field(init=False)  #: Accelerator-seconds of runs that ended well.
    lost_s: Ints = field(init=False)  #: Accelerator-seconds of runs that were reclaimed.
    energy_j: Ints = field(init=False)  #: Joules at the meter, of all runs, without base load.
    longest_s: Ints = field(init=False)  #: Longest wait.

    def __post_init__(self) -> None:
        for name in (
            "placed",
            "runs",
            "reclaims",
            "lent",
            "wait_s",
            "slowdown_milli",
            "used_s",
            "lost_s",
            "energy_j",
            "longest_s",
        ):
            setattr(self, name, np.zeros(self.groups, np.int64))


class Outcome:
    """Gathers runs as they end."""

    def __init__(self, site_of_class: Ints, watts_of_pool: Ints, sites: int) -> None:
        groups = len(site_of_class)
        self.site_of_class, self._watts = site_of_class, watts_of_pool
        self.tally = Tally(groups)
        self.waits = Bins(groups, 11 if groups <= 64 else 8)
        self.slowdowns = Bins(groups, 11 if groups <= 64 else 8)
        self._first_hour: int | None = None
        self._running = np.zeros((sites, 1024), np.int64)
        self._waiting = np.zeros((sites, 1024), np.int64)
        self._power = np.zeros((sites, 1024), np.int64)
        self.first_s: int | None = None
        self.last_s = 0

    def add(self, runs: npt.NDArray[Any]) -> None:
        """Count `runs`, an array of `loop.RUN`."""
        if not len(runs):
            return
        t, c = self.tally, runs["cls"]
        final = runs["final"] == 1
        took = runs["end"] - runs["start"]
        used = runs["n"] * took
        np.add.at(t.runs, c, 1)
        np.add.at(t.reclaims, c[~final], 1)
        np.add.at(t.lent, c, runs["lent"])
        np.add.at(t.used_s, c[final], used[final])
        np.add.at(t.lost_s, c[~final], used[~final])
        np.add.at(t.energy_j, c, used * self._watts[runs["pool"]])
        wait = (runs["start"] - runs["submit"])[final]
        cf, run_s = c[final], runs["run_s"][final]
        np.add.at(t.placed, cf, 1)
        np.add.at(t.wait_s, cf, wait)
        np.maximum.at(t.longest_s, cf, wait)
        slowdown = np.maximum(1000, 1000 * (wait + run_s) // np.maximum(run_s, BOUND_S))
        np.add.at(t.slowdown_milli, cf, slowdown)
        self.waits.add(cf, wait)
        self.slowdowns.add(cf, slowdown)
        first, last = int(runs["submit"].min()), int(runs["end"].max())
        self.first_s = first if self.first_s is None else min(self.first_s, first)
        self.last_s = max(self.last_s, last)
        self._draw(runs)

    def _draw(self, runs: npt.NDArray[Any]) -> None:
        """Add `runs` to the curves; a curve holds changes from hour to hour, so a long run costs four entries."""
        if self._first_hour is None:
            self._first_hour = int(runs["submit"].min()) // HOUR_S
        last = int(runs["end"].max()) // HOUR_S + 3 - self._first_hour
        if last > self._running.shape[1]:
            for name in ("_running", "_waiting", "_power"):
                old = getattr(self, name)
                new = np.zeros((len(old), 2 * last), np.int64)
                new[:, : old.shape[1]] = old
                setattr(self, name, new)
        site = self.site_of_class[runs["cls"]]
        self._span(self._running, site, runs["start"], runs["end"], runs["n"])
        first = runs["run"] == 1
        self._span(
            self._waiting,
            site[first],
            runs["submit"][first],
            runs["start"][first],
            runs["n"][first],
        )
        watts = runs["n"] * self._watts[runs["pool"]]
        self._span(self._power, site, runs["start"], runs["end"], watts)

    def _span(self, curve: Ints, site: Ints, start: Ints, end: Ints, height: Ints) -> None:
        """Add `height` from `start` to `end`; after a running sum a cell holds height × seconds."""
        assert self._first_hour is not None
        for at, sign in ((start, 1), (end, -1)):
            hour = np.maximum(0, at // HOUR_S - self._first_hour)
            into = at % HOUR_S
            np.add.at(curve, (site, hour), sign * height * (HOUR_S - into))
            np.add.at(curve, (site, hour + 1), sign * height * into)

    def curves(self) -> dict[str, Any]:
        """Hourly means by site: accelerators running and waiting [1], power of work [W]."""
        hours = 0 if self._first_hour is None else self.last_s // HOUR_S + 1 - self._first_hour
        return {
            "first_hour_s": (self._first_hour or 0) * HOUR_S,
            "running": np.cumsum(self._running, axis=1)[:, :hours] // HOUR_S,
            "waiting": np.cumsum(self._waiting, axis=1)[:, :hours] // HOUR_S,
            "power_w": np.cumsum(self._power, axis=1)[:, :hours] // HOUR_S,
        }
