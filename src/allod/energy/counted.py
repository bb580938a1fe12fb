"""What the counters of a replica say, reading by reading, as windows that leave nothing out.

A counter only rises, until its driver is loaded anew and it begins at 0. A time at which one of the
counters could not be read is left out, and the window spans it. A window in which one began anew is
a gap: how much was drawn before that nobody knows, so nobody is charged; what the counters show of
it is kept as the gap's, and never below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from allod.energy.split import Window, of_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A counter at a time."""

    source: str
    at_ms: int  #: [epoch ms]
    value_mj: int  #: What it has counted since it began. [mJ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine of which a replica has a part, by accelerators."""

    source: str  #: Its counter.
    #: Counters of all its accelerators, if that one counts them too; they are taken off it.
    accelerators: tuple[str, ...]
    slots: tuple[int, ...]  #: Numbers of the parts that the replica has, from 0.
    count: int  #: How many parts there are: one for each accelerator. [1]
    is_accelerators: bool = False  #: True if what it counts are accelerators.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Which counters count a replica."""

    own: tuple[str, ...] = ()  #: They count it and nothing else.
    hosts: tuple[Host, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """All counters that are read for it, sorted."""
        shared = [name for host in self.hosts for name in (host.source, *host.accelerators)]
        return tuple(sorted({*self.own, *shared}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A window with where its energy comes from."""

    window: Window
    accelerators_mj: int  #: [mJ]
    host_mj: int  #: [mJ]
    #: By how much the accelerators of its hosts counted more than their hosts did. [mJ]
    short_mj: int
    reset: tuple[str, ...]  #: Counters that began anew in it; it is a gap if there are any.


def counted(wiring: Wiring, readings: Iterable[Reading]) -> Iterator[Counted]:
    """The windows between readings of all counters, in order of time.

    Readings may come in any order; of several of one counter at one time the highest counts.
    """
    before: tuple[int, dict[str, Reading]] | None = None
    for at_ms, now in _complete(wiring, readings):
        if before is not None:
            yield _between(wiring, before[0], before[1], at_ms, now)
        before = at_ms, now


def _complete(
    wiring: Wiring, readings: Iterable[Reading]
) -> Iterator[tuple[int, dict[str, Reading]]]:
    """Times at which every counter was read."""
    wanted = set(wiring.sources)
    at: dict[int, dict[str, Reading]] = {}
    for one in readings:
        if one.source in wanted:
            known = at.setdefault(one.at_ms, {})
            if one.source not in known or one.value_mj > known[one.source].value_mj:
                known[one.source] = one
    for at_ms in sorted(at):
        if wanted and at[at_ms].keys() == wanted:
            yield at_ms, at[at_ms]


def _between(
    wiring: Wiring,
    start_ms: int,
    before: Mapping[str, Reading],
    end_ms: int,
    now: Mapping[str, Reading],
) -> Counted:
    rose = {name: risen(before[name], now[name]) for name in now}
    accelerators_mj = sum(rose[name][0] for name in wiring.own)
    host_mj = short_mj = 0
    for host in wiring.hosts:
        alone = rose[host.source][0] - sum(rose[name][0] for name in host.accelerators)
        short_mj += max(-alone, 0)
        part_mj = of_slots(max(alone, 0), host.slots, host.count)
        if host.is_accelerators:
            accelerators_mj += part_mj
        else:
            host_mj += part_mj
    return Counted(
        window=Window(start_ms=start_ms, end_ms=end_ms, energy_mj=accelerators_mj + host_mj),
        accelerators_mj=accelerators_mj,
        host_mj=host_mj,
        short_mj=short_mj,
        reset=tuple(sorted(name for name, (_, anew) in rose.items() if anew)),
    )


def risen(before: Reading, now: Reading) -> tuple[int, bool]:
    """By how much a counter rose [mJ], and whether it began anew in between."""
    rise = now.value_mj - before.value_mj
    return (rise, False) if rise >= 0 else (now.value_mj, True)
