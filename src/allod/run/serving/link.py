"""The link between a node and its gateway: messages as lines of JSON over a Unix socket.

The node listens at `gateway.sock` in its data folder. What it sends is the table, whole, whenever
it changes and every few seconds. What the gateway sends is how many calls there are, and which
replica does not answer. Either may go and come again; nothing is lost that the next message does
not say anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from allod.run.serving.table import Table

SOCKET = "gateway.sock"
#: The node sends the table at least so often, the gateway its load. [s]
EVERY_S = 1.0
_PATH_BYTES_MAX = 100  #: Of a Unix socket; the system takes 107.


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many calls a service has at a site, now."""

    service: str
    site: str
    in_flight: int  #: At engines.
    waiting: int  #: At the gateway; of calls that several sites may serve, at the one preferred.
    arrived: int  #: Since the gateway began; only ever rises.
    replicas: dict[str, int]  #: Calls in flight by replica.


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTold:
    """All loads; what is not there is 0."""

    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaFailed:
    """A replica does not answer; the gateway gives it no calls until the node says it is ready."""

    replica: str
    why: str


Message = Table | LoadTold | ReplicaFailed


def line_of(message: Message) -> bytes:
    """The message as one line, its end included."""
    # Not `asdict`: with ten thousand keys it takes longer than all else.
    body = {one.name: getattr(message, one.name) for one in fields(message)}
    body["kind"] = type(message).__name__
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def message_of(line: bytes) -> Message:
    """What `line_of` wrote.

    Raises:
        ValueError: It is none.
    """
    plain: dict[str, Any] = orjson.loads(line)
    kind = plain.pop("kind", "")
    if kind == "Table":
        return Table.of(plain)
    if kind == "LoadTold":
        return LoadTold(loads=tuple(Load(**item) for item in plain["loads"]))
    if kind == "ReplicaFailed":
        return ReplicaFailed(**plain)
    raise ValueError(f"no message of this link: {kind!r}")


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of `path` that is short enough for a socket, to bind or connect to in the block."""
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
