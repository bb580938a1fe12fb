"""A spot: one service at one site, and what its manager remembers of it between two looks.

All of it may be lost: what is wanted is found again from the calls, the replicas from the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from allod.decide.scaling import Calls, Scale, first_scale, next_scale
from allod.domain.service import Service
from allod.run.serving.failures import Failures
from allod.run.serving.loads import Loads
from allod.run.serving.plan import Have, Plan, plan_of
from allod.run.serving.probes import Health
from allod.run.serving.replicas import Live, is_current

#: Time to end its calls, before a replica that is to go is ended all the same. [s]
DRAIN_S = 120.0
#: After it was shown as draining, gateways have heard it. [s]
HEARD_S = 1.5
#: An engine that answered once and has not for so long hangs. [s]
SILENT_S = 5.0


@dataclass(slots=True)
class Drain:
    """A replica that is to go."""

    why: str
    since_s: float  #: [monotonic s]
    asked: bool = False  #: True once its workload is cancelled.


@dataclass(slots=True)
class Spot:
    """One service at one site."""

    name: str
    site: str
    service: Service
    scale: Scale | None = None
    failures: Failures = field(default_factory=Failures)
    drains: dict[str, Drain] = field(default_factory=dict)
    lives: tuple[Live, ...] = ()
    asked_for: set[str] = field(default_factory=set)  #: Since the last look at the log.
    started_s: dict[str, float] = field(default_factory=dict)  #: First seen to run. [monotonic s]
    served: set[str] = field(default_factory=set)  #: Replicas that were ever ready.
    current: dict[str, bool] = field(default_factory=dict)  #: Whether of the present document.
    closed: str = ""  #: Why nothing can be started here, or ''.

    def follow(self, service: Service) -> None:
        """Go on by the document as it is now."""
        if service != self.service:
            self.service, self.current = service, {}
            self.failures.forgive()

    def see(self, lives: tuple[Live, ...], now_s: float) -> tuple[str, ...]:
        """Take what the log says now; the replicas that have ended and were not asked to.

        One may have ended before it was ever seen: an engine that cannot start takes no time to.
        """
        there = {live.id for live in lives}
        before = [*(live.id for live in self.lives if not live.cancelled), *sorted(self.asked_for)]
        ended = tuple(name for name in dict.fromkeys(before) if name not in there)
        self.lives = lives
        self.asked_for.clear()
        for held in (self.drains, self.started_s, self.current):
            for gone in held.keys() - there:
                del held[gone]
        for live in lives:
            if live.started_at_s is not None:
                self.started_s.setdefault(live.id, now_s)
        return ended

    def plan(self, loads: Loads, health: dict[str, Health], at_s: int, now_s: float) -> Plan:
        """What to do now."""
        ready = (live.id for live in self.lives if live.id in health and health[live.id].ready)
        self.served = {*ready, *(self.served & {live.id for live in self.lives})}
        calls = loads.calls(self.name, self.site)
        replicas = self.service.replicas
        if self.scale is None:
            self.scale = first_scale(replicas, len(self.lives), calls or Calls(), now_s)
        self.scale = next_scale(self.scale, replicas, calls, now_s)
        have = [self._have(live, loads, health, at_s) for live in self.lives]
        may_start = not self.closed and now_s >= self.failures.again_s
        return plan_of(have, self.scale.wanted, replicas.max, may_start=may_start)

    def _have(self, live: Live, loads: Loads, health: dict[str, Health], at_s: int) -> Have:
        known = health.get(live.id)
        if live.id not in self.current:
            self.current[live.id] = is_current(live, self.service)
        return Have(
            id=live.id,
            ordinal=live.ordinal,
            ready=known is not None and known.ready,
            held=live.held,
            outdated=not self.current[live.id],
            expiring=live.ends_at_s is not None and live.ends_at_s - at_s < self._lead_s(),
            leaving=live.stopping or live.id in self.drains,
            in_flight=loads.in_flight(live.id),
        )

    def _lead_s(self) -> float:
        """How long before the end of its wall time a replica needs a successor."""
        return min(self.service.readiness.within_s + DRAIN_S, self.service.wall_time_s / 2)

    def to_end(self, loads: Loads, health: dict[str, Health], now_s: float) -> list[str]:
        """Those that are to go and have no calls left, or no time."""
        found = []
        for live in self.lives:
            drain = self.drains.get(live.id)
            if drain is None or drain.asked or live.cancelled:
                continue
            known = health.get(live.id)
            heard = loads.all_told_since(drain.since_s + HEARD_S)
            idle = heard and not loads.in_flight(live.id)
            if idle or not (known and known.ready) or now_s - drain.since_s >= DRAIN_S:
                found.append(live.id)
        return found

    def failing(self, health: dict[str, Health], now_s: float) -> dict[str, str]:
        """Those that run and do not serve, each with what is wrong, in words."""
        found = {}
        for live in self.lives:
            known, started_s = health.get(live.id), self.started_s.get(live.id)
            if known is None or known.ready or started_s is None or live.stopping:
                continue
            within_s = self.service.readiness.within_s
            if live.id in self.served and now_s - known.since_s >= SILENT_S:
                found[live.id] = f"does not answer any more: {known.said}"
            elif live.id not in self.served and now_s - started_s >= within_s:
                found[live.id] = f"not ready within {within_s} s: {known.said}"
        return {name: said for name, said in found.items() if name not in self.drains}
