"""A desk with a real worker, a real database and all that it talks with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.adapters.postgres import Store
from tests.adapters.postgres.conftest import database, postgres_server, store
from tests.gateway.desk.surroundings import Desk, Engine, Node, table

__all__ = ["database", "postgres_server", "store"]


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    yield opened
    opened.close()


@pytest.fixture
def node(tmp_path: Path, engine: Engine) -> Iterator[Node]:
    opened = Node(tmp_path, table(engine.port))
    yield opened
    opened.close()


@pytest.fixture
def settings() -> str:
    """Of the desk."""
    return "gateway_port: 0\n"


@pytest.fixture
def desk(tmp_path: Path, node: Node, store: Store, database: str, settings: str) -> Iterator[Desk]:
    """Running; it is killed at the end, if it still lives then."""
    (tmp_path / "config.yaml").write_text(settings)
    started = Desk(tmp_path, database)
    try:
        started.start()
        yield started
    finally:
        started.store.close()
        if started.process is not None and started.process.poll() is None:
            started.end()
