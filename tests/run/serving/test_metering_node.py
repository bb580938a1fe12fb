"""A real node meters a real replica by a real Prometheus, from its document to a settled record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from allod.adapters.postgres.energy_store import PostgresEnergy
from allod.adapters.postgres.gateway_store import GatewayStore
from allod.bootstrap import open_node
from allod.run.node import Node
from allod.run.serving.meter_look import look_of
from allod.run.serving.picture import Picture
from tests.adapters.meters.test_counters import Exporter, metrics
from tests.adapters.postgres.conftest import database, postgres_server, store
from tests.run.fifo_engine import fifo_maker
from tests.run.serving.metered import record
from tests.run.serving.world import service
from tests.run.world import site, until

__all__ = ["database", "metrics", "postgres_server", "store"]

#: The exporter says that its accelerators are n1's; ours are whatever machine this is.
QUERY = 'sum(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{Hostname=~"n1|{node}"})/1000'
WAIT_S = 60


def counted(metrics: str) -> list[dict[str, object]]:
    return [
        {"name": "gpus", "counts": "accelerators", "reads": "register", "unit": "J",
         "every_s": 5, "prometheus": {"url": metrics, "query": QUERY}}
    ]  # fmt: skip


@pytest.fixture
def node(tmp_path: Path, database: str) -> Iterator[Node]:
    with open_node(
        tmp_path, database=database, maker=fifo_maker(), complete_to_ms=lambda now_ms: now_ms
    ) as opened:
        yield opened
        # What runs outlives its node, so it has to be ended.
        opened.remove("Service", "chat").result(WAIT_S)
        until(lambda: opened.health().running == 0)


def test_a_replicas_counter_becomes_the_energy_of_a_call(
    metrics: str, node: Node, database: str
) -> None:
    counters = counted(metrics)
    placed = site(units=2, pue_milli=1500, counters=counters)
    node.apply([placed, service(accelerators=1)]).result(WAIT_S)
    with closing(PostgresEnergy(database)) as energy, closing(GatewayStore(database)) as records:
        (kept,) = until(energy.replicas)
        (source,) = kept.metered.wiring.sources
        began = until(lambda: energy.readings([source], 0, 9))[0]
        Exporter.energy_mj += 40_000
        last = until(lambda: energy.readings([source], 0, 9)[1:])[0]
        called = record(
            "a",
            began.at_ms,
            last.at_ms - began.at_ms,
            replica=kept.metered.replica,
            site="here",
            model="chat-model",
        )
        records.put_records([called])
        assert node._serving is not None
        assert node._serving._metering is not None
        node._serving._metering.settle(last.at_ms + 60_000)
        # It has one of the two accelerators, at a PUE of 1.5.
        check = node.energy.check()
        assert (check.meter_mj, check.records_mj, check.faults) == (20_000, 20_000, ())
        assert records.records()[0].energy_mj == 30_000


def test_before_anybody_has_looked_nothing_is_known_to_be_gone() -> None:
    assert not look_of(Picture(), "here").known


def test_a_site_without_counters_is_not_metered(node: Node, database: str) -> None:
    node.apply([site(), service()]).result(WAIT_S)
    until(lambda: any(one.ready for one in node.services()))
    assert node._serving is not None
    assert look_of(node._serving._shown[0], "here").running == ()
