"""A site whose counters and calls are known, for the tests of what is settled about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from allod.adapters.postgres.energy_store import PostgresEnergy
from allod.adapters.postgres.gateway_store import GatewayStore
from allod.domain.counters import Counter
from allod.errors import Unavailable
from allod.run.serving.meter_look import Look
from allod.run.serving.metering import Means, Metering
from allod.run.serving.table import SiteEntry
from allod.run.serving.usage import UsageRecord
from allod.run.serving.wiring import Held, Running

START_MS = 1_700_000_000_000
COUNTERS = tuple(
    Counter.model_validate(
        {"name": name, "counts": counts, "reads": "register", "unit": "J", "every_s": 5,
         "prometheus": {"url": "http://metrics.example", "query": f"{name}{{of='{{node}}'}}"}}
    )
    for name, counts in (("gpus", "accelerators"), ("node", "nodes"))
)  # fmt: skip


def replica(name: str, accelerators: int = 2, node: str = "n1") -> Running:
    return Running(
        replica=name, service="chat", model="tiny", site="narvik", accelerator="h100", job="",
        held=(Held(node=node, accelerators=accelerators, of=4),),
    )  # fmt: skip


@dataclass
class Rig:
    """Counters that rise as they are told to; what a meter would say of the same draw."""

    values: dict[str, int] = field(default_factory=lambda: {"gpus/n1": 10_000, "node/n1": 90_000})
    silent: set[str] = field(default_factory=set)

    def read(self, counter: Counter, node: str, job: str, at_ms: int) -> int | None:
        if counter.name in self.silent:
            raise Unavailable("nobody answers")
        return self.values.get(f"{counter.name}/{node}")

    def draw(self, gpus_mj: int, host_mj: int) -> None:
        self.values["gpus/n1"] += gpus_mj
        self.values["node/n1"] += gpus_mj + host_mj


class Site:
    """A node's metering over a real database, with time as a number."""

    def __init__(self, database: str) -> None:
        self.energy, self.records = PostgresEnergy(database), GatewayStore(database)
        self.rig = Rig()
        self.running: tuple[Running, ...] = (replica("r1"),)
        self.entry = SiteEntry(pue_milli=1200, carbon_mg_per_kwh=28_000)
        self.in_flight_ms: int | None = None  #: When the oldest call in flight was received.
        self.now_ms = START_MS
        self.again()

    def again(self) -> None:
        """The node begins anew."""
        means = Means(
            self.energy,
            self.rig,
            lambda: self.now_ms,
            lambda now_ms: now_ms if self.in_flight_ms is None else self.in_flight_ms,
            "n1",
        )
        self.metering = Metering(
            means, lambda: Look(self.running, {"narvik": COUNTERS}, {"narvik": self.entry})
        )

    def window(self, gpus_mj: int = 0, host_mj: int = 0, ms: int = 5_000) -> None:
        """Let time go by and energy be drawn, and read the counters."""
        self.now_ms += ms
        self.rig.draw(gpus_mj, host_mj)
        self.metering.read(self.now_ms)

    def settle(self, later_ms: int = 60_000) -> int:
        """Settle all that can be, some time later."""
        return self.metering.settle(self.now_ms + later_ms)

    def call(self, name: str, begin_ms: int, took_ms: int, **given: object) -> None:
        """A record of a call; times from the start of the site."""
        self.records.put_records([record(name, START_MS + begin_ms, took_ms, **given)])

    def settled(self) -> dict[str, UsageRecord]:
        """Records by name."""
        return {one.id: one for one in self.records.records(limit=10_000)}

    def close(self) -> None:
        self.energy.close()
        self.records.close()
        self.metering.close()


def record(name: str, received_at_ms: int, took_ms: int, **given: object) -> UsageRecord:
    values = {
        "id": name, "key": "k1", "project": "school", "access_class": "research",
        "service": "chat", "model": "tiny", "site": "narvik", "replica": "r1",
        "operation": "chat", "stream": True, "status": 200, "outcome": "completed",
        "prompt_tokens": 100, "answer_tokens": 50, "counted_by": "engine",
        "received_at_ms": received_at_ms, "first_ms": took_ms // 5, "took_ms": took_ms,
        "energy_mj": 1, "co2e_ug": 1, "energy_method": "estimated",
    }  # fmt: skip
    return UsageRecord(**(values | given))  # type: ignore[arg-type]
