"""Loads: what all gateways that are connected say of their calls, taken together."""

from __future__ import annotations

import threading
from collections.abc import Callable

from allod.decide.scaling import Calls
from allod.run.serving.link import LoadTold

#: A gateway answers by its last table for so long; its calls may go on although nobody hears it.
UNHEARD_S = 300.0


class Loads:
    """The last load of each gateway; safe to use from several threads."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._told: dict[int, tuple[float, LoadTold]] = {}
        self._arrived_before: dict[tuple[str, str], int] = {}  #: Of gateways that have gone.
        self._heard_s = monotonic_s()

    def told(self, gateway: int, load: LoadTold) -> None:
        """A gateway says how many calls there are."""
        with self._lock:
            self._heard_s = self._monotonic_s()
            self._told[gateway] = (self._heard_s, load)

    def gone(self, gateway: int) -> None:
        """A gateway is no longer connected."""
        with self._lock:
            _, load = self._told.pop(gateway, (0.0, LoadTold(loads=())))
            for one in load.loads:
                at = (one.service, one.site)
                self._arrived_before[at] = self._arrived_before.get(at, 0) + one.arrived

    def calls(self, service: str, site: str) -> Calls | None:
        """The calls there; None while no gateway says and one may still be answering some."""
        with self._lock:
            if not self._told and self._monotonic_s() - self._heard_s < UNHEARD_S:
                return None
            found = [
                one
                for _, load in self._told.values()
                for one in load.loads
                if (one.service, one.site) == (service, site)
            ]
            arrived = self._arrived_before.get((service, site), 0)
        return Calls(
            in_flight=sum(one.in_flight for one in found),
            waiting=sum(one.waiting for one in found),
            arrived=arrived + sum(one.arrived for one in found),
        )

    def in_flight(self, replica: str) -> int:
        """Calls that a replica works on."""
        with self._lock:
            told = [load for _, load in self._told.values()]
        return sum(one.replicas.get(replica, 0) for load in told for one in load.loads)

    def all_told_since(self, since_s: float) -> bool:
        """True if every gateway has said something after `since_s`. [monotonic s]"""
        with self._lock:
            return all(at_s > since_s for at_s, _ in self._told.values())
