"""How many replicas a service wants at a site: up at once when calls ask for it, down slowly.

Each replica works on so many calls at once; a tenth of the slots of all stays free, where there
are ten. What was wanted is kept until fewer would have done for the service's idle time: then one
goes, and after as long again the next. Those beyond the minimum that nobody called at all for so
long go together.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.domain.service import Replicas

_SPARE = 10  #: One slot in so many stays free.


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a service at a site, as its gateways say."""

    in_flight: int = 0  #: At engines.
    waiting: int = 0
    arrived: int = 0  #: A count that changes when calls come; what it begins at says nothing.

    @property
    def now(self) -> int:
        """All of them."""
        return self.in_flight + self.waiting


@dataclass(frozen=True, slots=True)
class Scale:
    """How many are wanted, and what that goes on from."""

    wanted: int
    busy_at_s: float  #: When so many were last needed, or one of them was let go.
    called_at_s: float  #: When the last call was there.
    arrived: int = 0  #: As `Calls` had it last.


def first_scale(replicas: Replicas, there: int, calls: Calls, at_s: float) -> Scale:
    """What to go on from where `there` replicas are found: they are as good as just called."""
    return Scale(_within(replicas, there), at_s, at_s, calls.arrived)


def next_scale(before: Scale, replicas: Replicas, calls: Calls | None, at_s: float) -> Scale:
    """What is wanted at `at_s`; `calls` is None while nobody knows of them, and then none goes."""
    if calls is None:
        return Scale(_within(replicas, before.wanted), at_s, at_s, before.arrived)
    called = calls.now > 0 or calls.arrived != before.arrived
    called_at_s = at_s if called else before.called_at_s
    needed = _within(replicas, max(needed_for(calls.now, replicas.in_flight), int(called)))
    wanted = _within(replicas, before.wanted)
    if needed >= wanted:
        return Scale(needed, at_s, called_at_s, calls.arrived)
    if at_s - called_at_s >= replicas.idle_s:
        return Scale(needed, at_s, called_at_s, calls.arrived)
    if at_s - before.busy_at_s >= replicas.idle_s:
        return Scale(max(wanted - 1, needed), at_s, called_at_s, calls.arrived)
    return Scale(wanted, before.busy_at_s, called_at_s, calls.arrived)


def needed_for(calls: int, in_flight: int) -> int:
    """The fewest replicas whose slots, less the spare ones, take `calls` at once."""
    fewest = -(-calls // in_flight)
    while fewest * in_flight - fewest * in_flight // _SPARE < calls:
        fewest += 1
    return fewest


def _within(replicas: Replicas, count: int) -> int:
    return min(max(count, replicas.min), replicas.max)
