"""Meters of the chaos run, and what the node makes of them: each engine has a counter of its own.

The counters are files in the kernel's form for RAPL, which rise at random, whoever lives or calls.
They are read and shared out by the node's own metering, over the database that the records of calls
are in; halfway the node begins anew. What the files came to is noted where they are read, apart
from anything that the metering keeps.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from allod.adapters.meters.rapl import Rapl
from allod.adapters.postgres.energy_store import PostgresEnergy
from allod.domain.counters import Counter
from allod.gateway.in_flight import complete_to_ms
from allod.gateway.place import GatewayPlace
from allod.run.serving.energy_kept import EnergyCheck
from allod.run.serving.meter_look import Look
from allod.run.serving.metering import Means, Metering
from allod.run.serving.table import SiteEntry
from allod.run.serving.usage import UsageRecord
from allod.run.serving.wiring import Held, Running
from tests.sim.gateway_engines import SITES, Fleet

_COUNTER = Counter.model_validate(
    {
        "name": "hosts",
        "counts": "hosts",
        "reads": "register",
        "unit": "J",
        "every_s": 5,
        "here": "rapl",
    }
)
#: At a PUE of 1 a record's energy is what was shared out to it.
_SITE = SiteEntry(pue_milli=1000, carbon_mg_per_kwh=28_000)
_RISES_EVERY_S = 0.02
_RISE_UJ_MAX = 2_000_000
_LOOKS_EVERY_S = 0.2
#: Half of what the counter's document says, and a little.
_DUE_S = 2.6
#: Windows are settled once they are so old. [ms]
_LATER_MS = 60_000


@dataclass(slots=True)
class Meters:
    """A folder of zones for each engine; a `metering.CounterReader` of them."""

    folder: Path
    dice: random.Random
    first_mj: dict[str, int] = field(default_factory=dict)  #: By engine, as it was read first.
    last_mj: dict[str, int] = field(default_factory=dict)
    _rapl: dict[str, Rapl] = field(default_factory=dict)
    _uj: dict[str, int] = field(default_factory=dict)

    def rise(self, engines: Iterable[str]) -> None:
        """Let each have drawn something more."""
        for name in engines:
            zone = self.folder / name / "intel-rapl:0"
            if name not in self._uj:
                zone.mkdir(parents=True)
                (zone / "name").write_text("package-0\n")
                self._uj[name] = self.dice.randrange(10**12)
            self._uj[name] += self.dice.randrange(_RISE_UJ_MAX)
            (zone / "next").write_text(f"{self._uj[name]}\n")
            (zone / "next").replace(zone / "energy_uj")

    def read(self, counter: Counter, node: str, job: str, at_ms: int) -> int | None:
        """See `CounterReader.read`."""
        del counter, job, at_ms
        value_mj = self._rapl.setdefault(node, Rapl(self.folder / node)).total_mj()
        self.first_mj.setdefault(node, value_mj)
        self.last_mj[node] = value_mj
        return value_mj

    @property
    def drawn_mj(self) -> int:
        """By all engines, from the first reading of each to its last."""
        return sum(self.last_mj.values()) - sum(self.first_mj.values())


class Energy:
    """The node's metering over the fleet, on a thread of its own, from entering to leaving."""

    def __init__(self, folder: Path, database: str, fleet: Fleet, seed: int) -> None:
        self._folder, self._fleet = folder, fleet
        self._store = PostgresEnergy(database)
        self.meters = Meters(folder / "meters", random.Random(seed))
        self._over = threading.Event()
        self._mutex = threading.Lock()
        self._threads = [
            threading.Thread(target=self._draw, daemon=True),
            threading.Thread(target=self._meter, daemon=True),
        ]
        self.begin_anew()
        self.meters.rise(self._names())

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def begin_anew(self) -> None:
        """The node was killed, and is back: it knows what is durable."""
        place = GatewayPlace(self._folder)
        means = Means(
            self._store,
            self.meters,
            lambda: time.time_ns() // 1_000_000,
            lambda now_ms: complete_to_ms(place, now_ms),
            "here",
        )
        made = Metering(means, self._look)
        with self._mutex:
            self._metering = made

    def settled(self) -> EnergyCheck:
        """Once all records are durable: read for the last time, and share all of it out."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        # A counter is read again no sooner; the last reading ends every engine's windows.
        time.sleep(_DUE_S)
        now_ms = time.time_ns() // 1_000_000 + _LATER_MS
        self._metering.read(now_ms - _LATER_MS)
        while self._metering.settle(now_ms):
            pass
        found = self._store.check()
        self._store.close()
        return found

    def _look(self) -> Look:
        running = () if self._over.is_set() else tuple(self._running())
        return Look(running, dict.fromkeys(SITES, (_COUNTER,)), dict.fromkeys(SITES, _SITE))

    def _running(self) -> Iterable[Running]:
        for name in list(self._fleet.all):
            for one in list(self._fleet.of(name)):
                if one.lives:
                    yield Running(
                        replica=one.replica.id,
                        service=name,
                        model=name,
                        site=one.replica.site,
                        accelerator="made-up",
                        job="",
                        held=(Held(node=one.replica.id, accelerators=1, of=1),),
                    )

    def _names(self) -> list[str]:
        return [one.replica.id for one in self._fleet.of()]

    def _draw(self) -> None:
        while not self._over.wait(_RISES_EVERY_S):
            self.meters.rise(self._names())

    def _meter(self) -> None:
        while not self._over.wait(_LOOKS_EVERY_S):
            with self._mutex:
                metering = self._metering
            now_ms = time.time_ns() // 1_000_000
            metering.read(now_ms)
            metering.settle(now_ms)


def faults(check: EnergyCheck, drawn_mj: int, records: Iterable[UsageRecord]) -> list[str]:
    """All that does not add up, to the millijoule; `drawn_mj` is what the files came to."""
    found = [f"energy: {fault}" for fault in check.faults]
    measured_mj = sum(one.energy_mj or 0 for one in records if one.energy_method == "measured")
    if check.meter_mj != drawn_mj:
        found.append(f"meters counted {drawn_mj} mJ, windows have {check.meter_mj} mJ")
    if measured_mj + check.open_mj + check.reserve_mj + check.gap_mj != drawn_mj:
        found.append(
            f"meters counted {drawn_mj} mJ; records have {measured_mj} mJ, {check.open_mj} are "
            f"open, reserve {check.reserve_mj}, gaps {check.gap_mj}"
        )
    if check.open_mj:
        found.append(f"{check.open_mj} mJ of calls that ended are not in their records")
    return found
