"""The pool of a service: its engines, who is at them and who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.gateway.hot.queue import Queue
from allod.run.serving.link import Load
from allod.run.serving.table import ClassShare, ServiceEntry

if TYPE_CHECKING:
    from allod.gateway.hot.routes import Route
    from allod.gateway.hot.upstream import Engine


class Pool:
    """A service while it is served; outlives the table that brought it."""

    __slots__ = (
        "arrived",
        "at_class",
        "engines",
        "entry",
        "failed",
        "names",
        "queue",
        "ready",
        "routes",
        "slots",
    )

    def __init__(self, entry: ServiceEntry) -> None:
        self.entry = entry
        self.engines: dict[str, Engine] = {}  #: By replica, whatever their state.
        self.ready: list[Engine] = []  #: Those that take calls.
        self.names: dict[str, list[str]] = {}  #: Of the ready ones of a site, sorted.
        self.slots: dict[str, int] = {}  #: Calls that the ready ones of a site work on at once.
        self.at_class: dict[tuple[str, str], int] = {}  #: (site, class) -> calls at engines.
        self.arrived: dict[str, int] = {}  #: By site, ever.
        self.failed: dict[str, int] = {}  #: Replica -> generation of the table that had it fail.
        self.queue = Queue()
        self.routes: dict[str, Route] = {}  #: By rule, as the table of now has it.

    def refresh(self, generation: int) -> None:
        """Find anew which engines take calls, after a table or a failure."""
        self.ready = [
            engine
            for engine in self.engines.values()
            if engine.state == "ready" and self.failed.get(engine.id, -1) < generation
        ]
        self.slots = {}
        for engine in self.ready:
            self.slots[engine.site] = self.slots.get(engine.site, 0) + self.entry.in_flight
        self.names = {
            site: sorted(one.id for one in self.ready if one.site == site) for site in self.slots
        }

    def allowance(self, site: str, share: ClassShare) -> int:
        """Calls that a class with `share` may have at engines of a site at once; 1 at least."""
        return max(1, self.slots.get(site, 0) * share.in_flight_max_bp // 10_000)

    def is_spared(self, engine: Engine, count: int) -> bool:
        """True if a ready engine is of the last `count` at its site, but never the first one.

        By their names, so that several workers spare the same ones.
        """
        names = self.names[engine.site]
        return engine.id in names[max(1, len(names) - count) :]

    def enter(self, engine: Engine, access_class: str) -> None:
        """A call goes to `engine`."""
        engine.in_flight += 1
        place = (engine.site, access_class)
        self.at_class[place] = self.at_class.get(place, 0) + 1

    def leave(self, engine: Engine, access_class: str) -> None:
        """A call is through with `engine`."""
        engine.in_flight -= 1
        self.at_class[engine.site, access_class] -= 1

    def loads(self) -> list[Load]:
        """How many calls there are, by site."""
        waiting = self.queue.by_site()
        sites = {engine.site for engine in self.engines.values()} | set(self.arrived) | set(waiting)
        loads = []
        for site in sorted(sites):
            at = {e.id: e.in_flight for e in self.engines.values() if e.site == site}
            loads.append(
                Load(
                    service=self.entry.name,
                    site=site,
                    in_flight=sum(count for (s, _), count in self.at_class.items() if s == site),
                    waiting=waiting.get(site, 0),
                    arrived=self.arrived.get(site, 0),
                    replicas=at,
                )
            )
        return loads
