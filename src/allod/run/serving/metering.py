"""Metering: reads the counters of replicas, and settles what their calls drew.

The node does it, for it alone knows what accelerators a replica holds and how its site counts them.
While the node is away nothing is lost but detail: counters go on, and the next window spans the
time. Readings are durable before anything follows from them; a window is settled in one
transaction that names how far its replica was settled, so that a node that is killed anywhere
settles none twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from allod.domain.counters import Counter
from allod.energy.counted import Reading, counted
from allod.energy.fit import call_rates, fit
from allod.energy.of_calls import CallRates
from allod.energy.split import UNFITTED, WorkRates, split
from allod.errors import AllodError, InvalidInput, Unavailable
from allod.run.serving.energy_kept import (
    CounterReader,
    EnergyStore,
    Kept,
    Settled,
)
from allod.run.serving.meter_look import Look
from allod.run.serving.wiring import Asked, Metered, Running, wire

_log = logging.getLogger(__name__)

#: How often counters are read, where they are not read more seldom themselves. [s]
WINDOW_S = 5
#: Records of calls are durable so long after their end. [ms]
_SETTLE_AFTER_MS = 30_000
#: A window is settled then even if a call of it has not ended; that call pays for later ones. [ms]
_LATE_MS = 3_600_000
#: Readings are kept so long after their windows were settled. [ms]
_KEPT_MS = 30 * 86_400_000
_FIT_EVERY_MS = 60_000
_FIT_WINDOWS = 720
_TICKS_MAX = 512
_READERS = 8


@dataclass(frozen=True, slots=True)
class Means:
    """What metering needs beside what the node has."""

    store: EnergyStore
    reader: CounterReader
    now_ms: Callable[[], int]  #: [epoch ms]
    #: Given the time, one before which no call was received that is still in flight. [epoch ms]
    complete_to_ms: Callable[[int], int]
    here: str  #: What this machine is called, for runs whose runner names no nodes.


class Metering:
    """Belongs to one thread, but for `rates`, `start` and `close`."""

    def __init__(self, means: Means, look: Callable[[], Look]) -> None:
        self._store, self._reader, self._look = means.store, means.reader, look
        self._now_ms, self._complete_to_ms = means.now_ms, means.complete_to_ms
        self._known: dict[str, Metered] | None = None  #: Those that are read.
        self._read_ms: dict[str, int] = {}  #: When a site's counters were read last.
        self._silent: set[str] = set()  #: Counters that were not read last time.
        self._fitted: dict[tuple[str, str], tuple[WorkRates, CallRates | None]] = {}
        self._fitted_ms = 0
        self._forgot_ms = 0
        self._stop = threading.Event()
        self._readers = ThreadPoolExecutor(_READERS, "counters")
        self._thread = threading.Thread(target=self._go, name="metering", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, when what is under way is done."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._readers.shutdown()

    def rates(self, model: str, accelerator: str) -> CallRates | None:
        """What calls to a model lately drew on accelerators; None while that is not known."""
        return self._fitted.get((model, accelerator), (UNFITTED, None))[1]

    def _go(self) -> None:
        while not self._stop.wait(WINDOW_S - self._now_ms() / 1000 % WINDOW_S):
            now_ms = self._now_ms()
            try:
                self.read(now_ms)
                self.settle(now_ms)
            except AllodError as error:
                # Nothing was kept but what is whole; the next time begins where this one stands.
                _log.warning("energy of calls: %s", error)
            except Exception:  # noqa: BLE001  (the edge: a mistake about one ends not all metering)
                _log.exception("energy of calls goes on after a mistake")

    # ------------------------------------------------------------ reading

    def read(self, now_ms: int) -> None:
        """Read every counter that is due, and keep what it says."""
        look = self._look()
        if not look.known:
            return
        known = self._live()
        due = {
            site
            for site, counters in look.counters.items()
            if now_ms - self._read_ms.get(site, 0) >= _every_ms(counters)
        }
        running = {one.replica: one for one in look.running}
        ending = [
            name
            for name, one in known.items()
            if name not in running and (one.site in due or one.site not in look.counters)
        ]
        asked = {one.source: one for name in ending for one in known[name].asked}
        for name in ending:
            del known[name]
        self._wire(running.values(), look, known, due, now_ms)
        asked |= {
            one.source: one for found in known.values() if found.site in due for one in found.asked
        }
        readings = self._readings(list(asked.values()), look.counters, now_ms)
        self._store.put_readings(
            readings, {site: look.sites[site] for site in due & look.sites.keys()}
        )
        for name in ending:
            self._store.end_replica(name, now_ms)
        self._read_ms |= dict.fromkeys(due, now_ms)

    def _live(self) -> dict[str, Metered]:
        if self._known is None:
            kept = [one for one in self._store.replicas() if one.ended_ms is None]
            self._known = {one.metered.replica: one.metered for one in kept}
        return self._known

    def _wire(
        self,
        running: Iterable[Running],
        look: Look,
        known: dict[str, Metered],
        due: set[str],
        now_ms: int,
    ) -> None:
        """Find the counters of replicas that are new."""
        for one in sorted(running, key=lambda found: found.replica):
            if one.replica in known or one.site not in due:
                continue
            metered = wire(one, look.counters.get(one.site, ()), _taken(known.values()))
            if metered is not None:
                self._store.put_replica(metered, now_ms)
                known[one.replica] = metered

    def _readings(
        self, asked: list[Asked], counters: Mapping[str, tuple[Counter, ...]], now_ms: int
    ) -> list[Reading]:
        by_name = {
            (site, counter.name): counter for site, found in counters.items() for counter in found
        }

        def read(one: Asked) -> Reading | None:
            counter = by_name.get((one.source.partition("/")[0], one.counter))
            return self._reading(one, counter, now_ms) if counter is not None else None

        found = list(self._readers.map(read, asked))
        silent = {one.source for one, got in zip(asked, found, strict=True) if got is None}
        for source in sorted(silent - self._silent):
            _log.warning("energy of calls: counter %s cannot be read; its window waits", source)
        self._silent = silent
        return [one for one in found if one is not None]

    def _reading(self, one: Asked, counter: Counter, now_ms: int) -> Reading | None:
        try:
            got = self._reader.read(counter, one.node, one.job, now_ms)
        except (Unavailable, InvalidInput) as error:
            _log.debug("counter %s: %s", one.source, error)
            return None
        if got is None:
            return None
        return Reading(source=one.source, at_ms=now_ms, value_mj=got)

    # ------------------------------------------------------------ settling

    def settle(self, now_ms: int) -> int:
        """Settle every window that is due; how many there were."""
        self._fit(now_ms)
        complete_ms = max(self._complete_to_ms(now_ms), now_ms - _LATE_MS)
        until_ms = min(complete_ms, now_ms - _SETTLE_AFTER_MS)
        count = sum(self._settle(kept, until_ms) for kept in self._store.replicas())
        if now_ms - self._forgot_ms >= _LATE_MS:
            self._store.forget(now_ms - _KEPT_MS)
            self._forgot_ms = now_ms
        return count

    def _settle(self, kept: Kept, until_ms: int) -> int:
        metered, from_ms = kept.metered, kept.settled_to_ms
        sources = metered.wiring.sources
        limit = _TICKS_MAX * len(sources)
        readings = self._store.readings(sources, from_ms or kept.since_ms, limit)
        count, last = 0, len(readings) < limit
        for one in counted(metered.wiring, readings):
            if kept.ended_ms is not None and one.window.end_ms > kept.ended_ms:
                last = True
                break
            if one.window.end_ms > until_ms:
                return count
            rates = self._fitted.get((metered.model, metered.accelerator), (UNFITTED, None))[0]
            stays = self._store.stays(metered.replica, one.window.start_ms, one.window.end_ms)
            settled = Settled(
                replica=metered.replica,
                counted=one,
                split=None if one.reset else split(one.window, stays, rates),
                rates=rates,
                site=self._store.site_at(metered.site, one.window.end_ms),
            )
            if not self._store.settle(settled, from_ms):
                return count
            from_ms, count = one.window.end_ms, count + 1
        if kept.ended_ms is not None and last:
            self._store.finish(metered.replica)
        return count

    def _fit(self, now_ms: int) -> None:
        """Find anew what models draw, now and then."""
        if now_ms - self._fitted_ms < _FIT_EVERY_MS:
            return
        self._fitted_ms = now_ms
        for model, accelerator in sorted(
            {(one.model, one.accelerator) for one in self._live().values()}
        ):
            seen = self._store.seen(model, accelerator, _FIT_WINDOWS)
            if (found := fit(seen)) is not None:
                self._fitted[model, accelerator] = found, call_rates(found, seen)


def _every_ms(counters: Iterable[Counter]) -> int:
    """How often a site's counters are read: as often as the slowest of them is. [ms]"""
    slowest = max((one.every_s for one in counters), default=WINDOW_S)
    # The thread wakes a little late; what is nearly due is due.
    return max(WINDOW_S, slowest) * 1000 - WINDOW_S * 500


def _taken(known: Iterable[Metered]) -> dict[str, frozenset[int]]:
    """Parts of nodes that replicas have."""
    found: dict[str, frozenset[int]] = {}
    for one in known:
        for node, slots in one.slots:
            found[node] = found.get(node, frozenset()) | frozenset(slots)
    return found
