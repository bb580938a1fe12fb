"""Loads: what several workers say of their calls, added up."""

from __future__ import annotations

from collections import Counter

from allod.run.serving.link import Load, LoadTold

_Where = tuple[str, str]


class Loads:
    """The sum of the loads of all workers. What arrived only ever rises, also when one dies."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[Load, ...]] = {}
        self._arrived_before: Counter[_Where] = Counter()

    def hear(self, worker: int, told: LoadTold) -> None:
        """What one worker says now."""
        self._told[worker] = told.loads

    def forget(self, worker: int) -> None:
        """A worker is gone, and its calls with it."""
        for load in self._told.pop(worker, ()):
            self._arrived_before[load.service, load.site] += load.arrived

    def anyone_waits(self) -> bool:
        """True if a call waits for an engine."""
        return any(load.waiting for loads in self._told.values() for load in loads)

    def summed(self) -> LoadTold:
        """All of them."""
        in_flight: Counter[_Where] = Counter()
        waiting: Counter[_Where] = Counter()
        arrived = Counter(self._arrived_before)
        replicas: dict[_Where, Counter[str]] = {}
        for load in (load for loads in self._told.values() for load in loads):
            where = load.service, load.site
            in_flight[where] += load.in_flight
            waiting[where] += load.waiting
            arrived[where] += load.arrived
            replicas.setdefault(where, Counter()).update(load.replicas)
        places = sorted({*in_flight, *arrived})
        return LoadTold(
            loads=tuple(
                Load(
                    service=service,
                    site=site,
                    in_flight=in_flight[service, site],
                    waiting=waiting[service, site],
                    arrived=arrived[service, site],
                    replicas=dict(replicas.get((service, site), {})),
                )
                for service, site in places
            )
        )
