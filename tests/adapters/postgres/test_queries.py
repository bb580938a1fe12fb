from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

import allod.adapters.postgres
from allod.adapters.postgres import Store, queries

FOLDER = Path(allod.adapters.postgres.__file__).parent
ALL = {
    "session": queries.SESSION,
    "log": queries.LOG,
    "views": queries.VIEWS,
    "seal": queries.SEAL,
    "gateway": queries.GATEWAY,
    "energy": queries.ENERGY,
}


def test_a_file_is_split_by_names_without_its_comments() -> None:
    text = "-- name: one\n-- Says one.\nSELECT 1\n\n-- name: two\n-- Says\n-- two.\nSELECT\n    2\n"
    assert queries.parse(text) == {"one": b"SELECT 1", "two": b"SELECT\n    2"}


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="used twice"):
        queries.parse("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")


@pytest.mark.parametrize("file", sorted(ALL))
def test_every_query_has_a_description(file: str) -> None:
    text = (FOLDER / "sql" / f"{file}.sql").read_text()
    described = re.findall(r"^-- name: (\w+)\n-- [A-Z].*$", text, re.MULTILINE)
    assert sorted(described) == sorted(ALL[file])


@pytest.mark.parametrize("file", sorted(ALL))
def test_every_query_is_used(file: str) -> None:
    code = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    assert [name for name in ALL[file] if f'"{name}"' not in code] == []


def test_every_query_fits_the_schema(store: Store, database: str) -> None:
    """The server parses each, with no run: a wrong column or type is found here."""
    with psycopg.connect(database, options="-c search_path=allod") as session:
        every = queries.LOG | queries.VIEWS | queries.SEAL | queries.GATEWAY | queries.ENERGY
        for name, query in every.items():
            numbered = re.sub(rb"%(\(\w+\))?b", _Numbers(), query)
            prepared = session.pgconn.prepare(name.encode(), numbered)
            assert prepared.error_message == b"", name


class _Numbers:
    """Turns the placeholders of psycopg into the server's own, one number per name."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def __call__(self, match: re.Match[bytes]) -> bytes:
        name = match[1] or str(len(self._seen)).encode()
        return b"$%d" % self._seen.setdefault(name, len(self._seen) + 1)


def test_migrations_are_numbered_from_1_without_a_gap() -> None:
    versions = [version for version, _, _ in queries.migrations()]
    assert versions == list(range(1, len(versions) + 1))
