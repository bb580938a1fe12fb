"""Settling: calls that were in flight when their worker was killed become records, once.

It happens before another worker uses the same flight book. The records go into a spool of their
own and are on the disk before the book goes, so that a kill at any point between leaves either the
book or the records, and both at once name the same ids.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import orjson

from allod.adapters.whole import write_whole
from allod.gateway.flight import Left, left_in
from allod.gateway.inside import spool_path
from allod.gateway.place import GatewayPlace
from allod.gateway.spools import ids_in
from allod.run.serving.usage import UsageRecord

_log = logging.getLogger("allod.gateway.settling")
#: What stands in a record if the book does not say it.
_UNKNOWN = {
    "key": "", "project": "", "access_class": "", "service": "", "model": "", "site": "",
    "replica": "", "operation": "", "stream": False, "status": 0, "received_at_ms": 0,
}  # fmt: skip


def settle(place: GatewayPlace, worker: int, now_ms: int) -> int:
    """Make records of what a dead worker left in its flight book; how many there were."""
    book = place.flight_book(worker)
    if not book.exists():
        return 0
    written = ids_in(place.spools(worker))
    records = [
        record
        for record in (_record(left, now_ms) for left in left_in(book))
        if record is not None and not written.intersection((record.id, _cut_off(record).id))
    ]
    if records:
        lines = b"".join(_cut_off(record).encode() + b"\n" for record in records)
        write_whole(_free_spool(place, worker, now_ms), lines, 0o600)
        _log.warning("worker %d left %d calls in flight; they are counted", worker, len(records))
    book.unlink()
    return len(records)


def settle_dead(place: GatewayPlace, now_ms: int) -> None:
    """The same for every worker, of any desk before, that lives no more."""
    for worker in place.workers_with_books():
        lock = place.worker_lock(worker)
        # Taking waits for those who only look, which is much to do each second for nothing.
        if lock.is_held():
            continue
        # While we hold its lock, nobody can begin as that worker.
        held = lock.take()
        if held is None:
            continue
        try:
            settle(place, worker, now_ms)
        finally:
            os.close(held)


def _record(left: Left, now_ms: int) -> UsageRecord | None:
    try:
        known = _UNKNOWN | orjson.loads(left.head)
        known |= {
            "outcome": "interrupted",
            "prompt_tokens": left.prompt_tokens,
            "cached_tokens": left.cached_tokens,
            "answer_tokens": left.answer_tokens,
            "counted_by": "engine"
            if left.prompt_tokens
            else "parts"
            if left.answer_tokens
            else "none",
            # Nobody saw its end; it was not after this.
            "took_ms": max(0, now_ms - known["received_at_ms"]) if known["received_at_ms"] else 0,
        }
        return UsageRecord(**known)
    except (TypeError, ValueError):
        _log.error("an entry in a flight book is no call")
        return None


def _cut_off(record: UsageRecord) -> UsageRecord:
    """A call of a batch is asked again under its id, and that answer is to have its record."""
    if not record.batch:
        return record
    return replace(record, id=f"{record.id}-{record.received_at_ms}")


def _free_spool(place: GatewayPlace, worker: int, now_ms: int) -> Path:
    """A spool behind those that lie there, so that none is taken for the last."""
    while (path := spool_path(place.folder, worker, now_ms)).exists():
        now_ms += 1
    return path
