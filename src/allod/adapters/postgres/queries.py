"""The named SQL of the store.

A file under `sql/` holds queries, each with a line `-- name: append_leaves` and a description.
All SQL is there, none in Python, so that it can be read, explained and tried with psql.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def parse(text: str) -> dict[str, bytes]:
    """Return the queries of a file by name; as bytes, which psycopg takes as fixed SQL."""
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    queries = dict(zip(names, bodies, strict=True))
    if len(queries) != len(names):
        raise ValueError(f"a query name is used twice in {names}")
    return {name: _without_comments(body).encode() for name, body in queries.items()}


def _without_comments(body: str) -> str:
    lines = (line for line in body.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip()


def _load(name: str) -> dict[str, bytes]:
    return parse((files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


SESSION: Final = _load("session")
LOG: Final = _load("log")
VIEWS: Final = _load("views")
SEAL: Final = _load("seal")
ENERGY: Final = _load("energy")
GATEWAY: Final = _load("gateway")


def migrations() -> list[tuple[int, str, bytes]]:
    """Return (version, file name, SQL) of every migration, in the order to apply them."""
    found = [
        (int(entry.name.partition("_")[0]), entry.name, entry.read_bytes())
        for entry in (files(__package__) / "schema").iterdir()
        if entry.name.endswith(".sql")
    ]
    return sorted(found)
