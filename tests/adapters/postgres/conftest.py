"""A real embedded server for the tests, one per session, and a fresh database for each test.

Other tests take the fixtures with
`from tests.adapters.postgres.conftest import database, postgres_server, store`.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import psycopg.conninfo
import pytest
from psycopg import sql

from allod.adapters.postgres import EmbeddedServer, Store

_numbers = itertools.count()
#: Empty databases by the URL of their server: who imports the fixtures has a server of its own.
_free: dict[str, list[str]] = {}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedServer]:
    # Not in pytest's own folder, whose rights pytest sets back while other sessions run.
    with tempfile.TemporaryDirectory(prefix="allod-test-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def database(postgres_server: EmbeddedServer) -> Iterator[str]:
    """The URL of a database without a log. Emptied afterwards, which is faster than dropping."""
    free = _free.setdefault(postgres_server.url(), [])
    name = free.pop() if free else _made_database(postgres_server.url())
    url = psycopg.conninfo.make_conninfo(postgres_server.url(), dbname=name)
    yield url
    with psycopg.connect(postgres_server.url(), autocommit=True) as session:
        session.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(sql.Identifier(name)))
        session.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SET client_min_messages = warning")
        session.execute("DROP SCHEMA IF EXISTS allod CASCADE")
    free.append(name)


def _made_database(url: str) -> str:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return name


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        yield opened
