"""What desk and workers of one gateway tell each other: lines of JSON over a pair of sockets.

Beside the table, the loads and the failed replicas of `run.serving.link`, which pass through the
desk as they are: how a worker begins, and limits that are leased in blocks, so that several workers
keep one limit without asking for every call.

The desk starts a worker as `python -m allod.gateway.worker LISTEN DESK`: two numbers of file
descriptors that it inherits, the public socket that listens and its end of the pair. A worker whose
pair is at its end has lost its desk; it takes no more calls, ends those it has, and ends. SIGTERM
asks the same of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from allod.run.serving import link
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.table import Table

#: Headers between desk and worker; taken out of whatever comes from others.
KEY_HEADER = "x-allod-key"
BATCH_HEADER = "x-allod-batch"
#: Of a call that the desk makes: the id that its record gets, so that a call of a batch that is
#: made twice counts once.
RECORD_HEADER = "x-allod-record"


def flight_path(folder: Path, worker: int) -> Path:
    """Where the flight book of a worker lies."""
    return folder / f"flight-{worker}.book"


def spool_path(folder: Path, worker: int, started_at_ms: int) -> Path:
    """Where the records of a worker go from then on; the one with the latest start is in use."""
    return folder / f"spool-{worker}-{started_at_ms:013}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The first thing that a worker is told."""

    number: int  #: Of the worker, from 0.
    workers: int  #: How many there are.
    folder: str  #: Of the gateway; spool and flight book go there.
    desk_host: str  #: Where the cold paths are answered.
    desk_port: int
    secret: str  #: By which desk and workers know each other's calls.
    bodies_bytes_max: int  #: Of requests that a worker holds at once.


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseWanted:
    """A worker has too little left of a key's limits for a call that came."""

    key: str
    requests: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseGiven:
    """So much a worker may use of a key's limits; what is not used in time goes back by itself."""

    key: str
    requests: int
    tokens: int
    good_for_ms: int
    retry_after_ms: int = 0  #: Not 0: not all that was wanted is there; so soon it will be.
    requests_left: int = 0  #: In the whole key, for the headers.
    tokens_left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseReturned:
    """What was reserved and not used."""

    key: str
    requests: int
    tokens: int


Message = Table | LoadTold | ReplicaFailed | Begin | LeaseWanted | LeaseGiven | LeaseReturned
_FLAT = {kind.__name__: kind for kind in (Begin, LeaseWanted, LeaseGiven, LeaseReturned)}


def line_of(message: Message) -> bytes:
    """The message as one line, its end included."""
    body = {"kind": type(message).__name__, **asdict(message)}
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def message_of(line: bytes) -> Message:
    """What `line_of` wrote here or in `run.serving.link`.

    Raises:
        ValueError: It is none.
    """
    plain: dict[str, Any] = orjson.loads(line)
    kind = _FLAT.get(plain.get("kind", ""))
    if kind is None:
        return link.message_of(line)
    del plain["kind"]
    return kind(**plain)
