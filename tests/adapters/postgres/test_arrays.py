from __future__ import annotations

from collections.abc import Iterator

import pytest

from allod.adapters.postgres.arrays import bigints, blobs, ints, texts
from allod.adapters.postgres.connection import Session, connect


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    session = connect(database, "test")
    yield session
    session.close()


@pytest.mark.parametrize(
    ("kind", "pack", "values"),
    [
        ("bigint", bigints, [0, -1, 2**63 - 1, -(2**63)]),
        ("bigint", bigints, [None, 7, None]),
        ("bigint", bigints, [None]),
        ("int", ints, [2**31 - 1, -(2**31), 0]),
        ("int", ints, [1, None]),
        ("text", texts, ["", "Ærø", '{"a": [1,\\n]}', "NULL", "𝄞"]),
        ("bytea", blobs, [b"", bytes(range(256)), b"\\x00"]),
        *[(kind, pack, []) for kind, pack in (("bigint", bigints), ("int", ints), ("text", texts))],
    ],
)  # fmt: skip
def test_a_packed_column_arrives_as_it_was(session, kind, pack, values) -> None:
    row = session.execute(f"SELECT %b::{kind}[]", [pack(values)]).fetchone()
    assert row == (values,)


def test_columns_of_any_length_are_rows_again(session: Session) -> None:
    count = 1500
    found = session.execute(
        "SELECT * FROM unnest(%b::bigint[], %b::text[])",
        [bigints(range(count)), texts([f"w{i}" for i in range(count)])],
    ).fetchall()
    assert found == [(i, f"w{i}") for i in range(count)]
