"""The database that comes with Allod, as the desk finds, loses and finds it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allod.adapters.postgres import EmbeddedServer, Store
from tests.gateway.desk.surroundings import Desk, Engine, Node, table, until


@pytest.fixture
def data() -> Iterator[Path]:
    # Not in pytest's own folder, whose rights pytest sets back while other sessions run.
    with tempfile.TemporaryDirectory(prefix="allod-test-") as folder:
        (Path(folder) / "config.yaml").write_text("gateway_port: 0\n")
        yield Path(folder)


def test_records_wait_on_the_disk_while_the_node_has_stopped_its_database(
    data: Path, engine: Engine
) -> None:
    node = Node(data, table(engine.port))
    desk = Desk(data, "")
    server = EmbeddedServer(data)
    try:
        desk.start()
        first = desk.chat().headers["x-request-id"]
        until(lambda: "records wait on the disk" in desk.said(), "it says so")
        answer = desk.get("/v1/files")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        # As a node does when it starts: the server first, then the tables.
        server.start()
        Store.open(server.url()).close()
        store = desk.opened(server.url())
        until(lambda: [record.id for record in store.records()] == [first], "the first is there")
        server.stop()
        second = desk.chat().headers["x-request-id"]
        server.start()
        until(lambda: len(store.records()) == 2, "the second is there")
        assert {record.id for record in store.records()} == {first, second}
        store.close()
    finally:
        desk.end()
        node.close()
        server.stop()


def test_a_database_that_is_not_as_this_allod_knows_it_ends_no_call_and_loses_no_record(
    desk: Desk, database: str
) -> None:
    first = desk.chat().headers["x-request-id"]
    until(lambda: len(desk.store.records()) == 1, "the first is there")
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("ALTER TABLE allod.gateway_batch RENAME output_kept_s TO otherwise")
        other.execute("ALTER TABLE allod.usage_record RENAME waited_ms TO otherwise")
        second = desk.chat().headers["x-request-id"]
        until(lambda: "batches were not looked after" in desk.said(), "it says so of batches")
        until(lambda: "records wait on the disk" in desk.said(), "it says so of records")
        assert desk.chat().status_code == 200
        other.execute("ALTER TABLE allod.gateway_batch RENAME otherwise TO output_kept_s")
        other.execute("ALTER TABLE allod.usage_record RENAME otherwise TO waited_ms")
    until(lambda: len(desk.store.records()) == 3, "all are there")
    assert {first, second} < {record.id for record in desk.store.records()}
