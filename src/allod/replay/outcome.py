"""What a replay came to: tables by class and site, and curves over time, in bounded memory.

Waits are counted in bins that are exact for short times and as fine as `precision` for long ones,
so that a percentile of ten million jobs costs what one of ten thousand does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.replay.curves import POWER_W, RUNNING, WAITING, Curves

Ints = npt.NDArray[np.int64]

BOUND_S = 10  #: Bound of the bounded slowdown. [s]


class Bins:
    """Counts of whole numbers from 0 to 2**43 by group, finer than 1 / 2**bits; (groups, bins)."""

    def __init__(self, groups: int, bits: int) -> None:
        self._bits = bits
        self._counts = np.zeros((groups, (44 - bits) << bits), np.int32)

    @property
    def precision(self) -> float:
        """By how much of itself a percentile may be too low."""
        return 1 / (1 << self._bits)

    @property
    def exact_below(self) -> int:
        """Percentiles below this are exact."""
        return 2 << self._bits

    def _bin(self, values: Ints) -> Ints:
        small = 1 << self._bits
        shift = np.maximum(0, np.frexp(np.maximum(values, 1).astype(float))[1] - 1 - self._bits)
        shift = shift.astype(np.int64)
        high = (shift << self._bits) + (values >> shift)
        return np.minimum(np.where(values < small, values, high), self._counts.shape[1] - 1)

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
        """The value that `share` of all values of `groups` do not exceed; None if there are none.

        It is rounded down by less than `precision` of itself; below `exact_below` it is exact.
        """
        counts = self._counts[groups].sum(axis=0, dtype=np.int64)
        total = int(counts.sum())
        if total == 0:
            return None
        place = int(np.searchsorted(np.cumsum(counts), int(np.ceil(share * total))))
        return self._value(place)

    def cumulative(self, groups: list[int]) -> tuple[Ints, Ints]:
        """(values, how many of `groups` are at most so large), for each value that occurs."""
        counts = self._counts[groups].sum(axis=0, dtype=np.int64)
        places = np.flatnonzero(counts)
        values = np.array([self._value(int(place)) for place in places], np.int64)
        return values, np.cumsum(counts[places])


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


class Waits:
    """Waits of jobs that ran to their end, by group; arrays are (groups,)."""

    def __init__(self, groups: int) -> None:
        self.placed = np.zeros(groups, np.int64)
        self.wait_s = np.zeros(groups, np.int64)  #: Sum of waits.
        self.longest_s = np.zeros(groups, np.int64)
        self.bins = Bins(groups, bits_for(groups))

    def add(self, group: Ints, wait_s: Ints) -> None:
        """Count waits, each in its `group`."""
        np.add.at(self.placed, group, 1)
        np.add.at(self.wait_s, group, wait_s)
        np.maximum.at(self.longest_s, group, wait_s)
        self.bins.add(group, wait_s)


def bits_for(groups: int) -> int:
    """How fine bins of so many groups are, so that they fit into memory."""
    return 11 if groups <= 64 else 8


class Outcome:
    """Gathers runs as they end."""

    def __init__(self, site_of_class: Ints, watts_of_pool: Ints, sites: int, origin_s: int) -> None:
        groups = len(site_of_class)
        bits = bits_for(groups)
        self.site_of_class, self._watts = site_of_class, watts_of_pool
        self.tally = Tally(groups)
        self.waits = Bins(groups, bits)
        self.slowdowns = Bins(groups, bits)  #: In thousandths.
        self.curves = Curves(sites, origin_s)
        self.of_projects: Waits | None = None  #: By project row, if somebody wants them.
        self.first_s: int | None = None  #: First submission of what has ended. [epoch s]
        self.last_s = 0  #: Last end. [epoch s]

    def add(self, runs: npt.NDArray[Any]) -> None:
        """Count `runs`, an array of `loop.RUN`."""
        if not len(runs):
            return
        t, c = self.tally, runs["cls"]
        final = runs["final"] == 1
        used = runs["n"] * (runs["end"] - runs["start"])
        np.add.at(t.runs, c, 1)
        np.add.at(t.reclaims, c[~final], 1)
        np.add.at(t.lent, c, runs["lent"])
        np.add.at(t.used_s, c[final], used[final])
        np.add.at(t.lost_s, c[~final], used[~final])
        np.add.at(t.energy_j, c, used * self._watts[runs["pool"]])
        self._add_waits(runs[final])
        if self.of_projects is not None:
            ended = runs[final]
            self.of_projects.add(ended["project"], ended["start"] - ended["submit"])
        first, last = int(runs["submit"].min()), int(runs["end"].max())
        self.first_s = first if self.first_s is None else min(self.first_s, first)
        self.last_s = max(self.last_s, last)
        self._draw(runs)

    def _add_waits(self, runs: npt.NDArray[Any]) -> None:
        """Count how long jobs waited until the run that they ended in."""
        t, c, run_s = self.tally, runs["cls"], runs["run_s"]
        wait_s = runs["start"] - runs["submit"]
        np.add.at(t.placed, c, 1)
        np.add.at(t.wait_s, c, wait_s)
        np.maximum.at(t.longest_s, c, wait_s)
        slowdown = np.maximum(1000, 1000 * (wait_s + run_s) // np.maximum(run_s, BOUND_S))
        np.add.at(t.slowdown_milli, c, slowdown)
        self.waits.add(c, wait_s)
        self.slowdowns.add(c, slowdown)

    def _draw(self, runs: npt.NDArray[Any]) -> None:
        """Add `runs` to the curves; who waits is drawn at the site where it first ran."""
        site, start, end, n = (
            self.site_of_class[runs["cls"]],
            runs["start"],
            runs["end"],
            runs["n"],
        )
        self.curves.add(RUNNING, site, start, end, n)
        self.curves.add(POWER_W, site, start, end, n * self._watts[runs["pool"]])
        first = runs["run"] == 1
        self.curves.add(WAITING, site[first], runs["submit"][first], start[first], n[first])
