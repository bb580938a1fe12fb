"""Spools: what workers wrote of their calls, brought into the database and then deleted.

A line is shipped once it is whole. Where shipping stands is kept nowhere: who begins anew ships the
spools that lie there again, and the database knows by the ids which records it has. A spool goes
once all of it is durable there and nobody writes in it any more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from allod.errors import InvalidInput
from allod.gateway.place import GatewayPlace
from allod.run.serving.tally import Tally

_log = logging.getLogger("allod.gateway.spools")
#: Read at a time; also the most that one statement carries. [bytes]
_PIECE_BYTES = 4 << 20


class RecordStore(Protocol):
    """Where records go."""

    def put_lines(self, lines: bytes) -> Sequence[Tally]:
        """Keep the records of whole lines, durable on return; what those come to that are new.

        Raises:
            InvalidInput: One of them is no record, and none of them was kept.
        """


@dataclass(slots=True)
class _Spool:
    shipped: int = 0  #: Bytes that are durable in the database.
    broken: bool = False  #: A line in it is no record.


class Shipper:
    """Ships the spools of one gateway; used from one thread."""

    def __init__(self, place: GatewayPlace, shipped: Callable[[Sequence[Tally]], None]) -> None:
        """`shipped` is told of each record once, in sums, when it has become durable."""
        self._place, self._tell = place, shipped
        self._spools: dict[Path, _Spool] = {}

    def ship(self, store: Callable[[], RecordStore]) -> int:
        """Ship all whole lines that there are; how many records were new.

        Raises:
            Unavailable: The database cannot take them now; nothing is lost by that.
        """
        new = 0
        for worker, paths in self._place.spools_by_worker().items():
            # Asked after the list is made: whoever begins meanwhile writes in none of these.
            living = self._place.worker_lock(worker).is_held()
            for number, path in enumerate(paths):
                new += self._ship(path, store)
                if not living or number < len(paths) - 1:
                    self._finish(path)
        return new

    def _ship(self, path: Path, store: Callable[[], RecordStore]) -> int:
        spool = self._spools.setdefault(path, _Spool())
        new, size = 0, path.stat().st_size
        if size == spool.shipped:
            return new
        with path.open("rb") as file:
            file.seek(spool.shipped)
            # Only what is there now: with what a worker adds meanwhile, this would go on for ever
            # in small steps, and each costs a commit.
            while piece := file.read(min(_PIECE_BYTES, size - spool.shipped)):
                at = piece.rfind(b"\n")
                if at < 0:
                    break
                new += self._put(path, spool, piece[:at], store())
                spool.shipped += at + 1
                file.seek(spool.shipped)
        return new

    def _put(self, path: Path, spool: _Spool, lines: bytes, store: RecordStore) -> int:
        """Keep them; one that cannot be kept keeps no other from it."""
        try:
            tallies = store.put_lines(lines)
        except InvalidInput:
            first, newline, second = _halves(lines)
            if not newline:
                self._break(path, spool)
                return 0
            return self._put(path, spool, first, store) + self._put(path, spool, second, store)
        self._tell(tallies)
        return sum(tally.calls for tally in tallies)

    @staticmethod
    def _break(path: Path, spool: _Spool) -> None:
        spool.broken = True
        _log.error("%s: a line is no record; the file is kept as it is", path)

    def _finish(self, path: Path) -> None:
        """Delete a spool that nobody writes in, if all of it was shipped.

        A piece of a line at its end is a record that was being written when its worker was killed;
        the call is in the flight book still, and is settled from there.
        """
        spool = self._spools.pop(path)
        if spool.broken:
            path.replace(path.with_suffix(".broken"))
        else:
            path.unlink()


def _halves(lines: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before and behind a newline near the middle, and it; no newline: one line."""
    at = lines.find(b"\n", len(lines) // 2)
    if at < 0:
        at = lines.rfind(b"\n")
    return (lines, b"", b"") if at < 0 else (lines[:at], b"\n", lines[at + 1 :])


def ids_in(paths: Sequence[Path]) -> set[str]:
    """The ids of all whole records in some spools."""
    found: set[str] = set()
    for path in paths:
        for line in path.read_bytes().split(b"\n")[:-1]:
            try:
                found.add(orjson.loads(line)["id"])
            except (TypeError, ValueError, KeyError):
                continue  # Told when it is shipped.
    return found
