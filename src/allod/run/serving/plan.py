"""The plan of a service at a site: which replicas are started and which go, so that enough serve.

Pure: what there is in, what to do out. What is to go takes no more calls and ends once it has
none. A replica of an older document goes when a new one serves in its place; where the service may
have no more replicas, or there is no room for one, an old one goes first, one at a time. One whose
wall time runs out has its successor beside it, also beyond the most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """A replica that there is."""

    id: str
    ordinal: int  #: Later ones have a higher one.
    ready: bool = False  #: It takes calls.
    held: bool = False  #: It waits for room.
    outdated: bool = False  #: Its service's document has changed since.
    expiring: bool = False  #: Its wall time soon runs out.
    leaving: bool = False  #: It drains or stops already.
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now."""

    start: int = 0
    go: tuple[tuple[str, str], ...] = ()  #: (replica, why), each to be drained and ended.


def plan_of(have: Sequence[Have], wanted: int, most: int, *, may_start: bool = True) -> Plan:
    """The plan for `wanted` replicas where the service may have `most`."""
    stay = [one for one in have if not one.leaving]
    good = [one for one in stay if not one.outdated and not one.expiring]
    old = [one for one in stay if one.outdated]
    expiring = [one for one in stay if one.expiring and not one.outdated]
    missing = wanted - len(good)
    start = max(0, min(missing, most - len(good) - len(old))) if may_start else 0
    go = {one.id: "fewer are wanted" for one in _least_missed(good)[: max(0, -missing)]}
    # These serve nobody; one that waits for room only stands in the way of its successor.
    go.update({one.id: "its document has changed" for one in old if not one.ready})
    old = [one for one in old if one.ready]
    ready = sum(one.ready for one in good if one.id not in go)
    spare = max(0, ready + len(old) + len(expiring) - wanted)
    for one in (*_least_missed(old), *_least_missed(expiring))[:spare]:
        go[one.id] = "its document has changed" if one.outdated else "its wall time runs out"
    if old and not go and _must_make_room(have, good, missing, start, may_start=may_start):
        go[_least_missed(old)[0].id] = "its document has changed"
    return Plan(start, tuple(go.items()))


def _must_make_room(
    have: Sequence[Have], good: Sequence[Have], missing: int, start: int, *, may_start: bool
) -> bool:
    """True if no successor can begin before an old replica ends, and none is about to."""
    if any(one.leaving for one in have):
        return False
    if any(one.held for one in good):
        return True
    all_serve = all(one.ready for one in good)
    return missing > 0 and start == 0 and may_start and all_serve


def _least_missed(replicas: Iterable[Have]) -> list[Have]:
    """Those first whose end is noticed least: waiting, not ready, few calls, the latest."""
    return sorted(replicas, key=lambda one: (not one.held, one.ready, one.in_flight, -one.ordinal))
