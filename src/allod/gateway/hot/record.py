"""Lines of usage, made from bytes that are the same for many calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from allod.gateway.hot.answer import Counted
from allod.run.serving.table import KeyEntry, ServiceEntry

if TYPE_CHECKING:
    from allod.gateway.hot.upstream import Engine

#: Beginnings are kept for so many kinds of calls to one engine.
_KINDS_MAX = 4096
#: What ends the record of a call whose end nobody saw; it lies in the flight book until then.
INTERRUPTED = b',"status":0,"outcome":"interrupted"}'


def beginning(
    entry: KeyEntry,
    service: ServiceEntry | None,
    engine: Engine | None,
    access_class: str,
    kind: tuple[str, str, bool, str],
) -> bytes:
    """All that is the same for calls of one `kind`: (key, operation, stream, batch)."""
    if engine is not None and (known := engine.records.get(kind)) is not None:
        return known
    plain = {
        "key": entry.id,
        "project": entry.project,
        "access_class": access_class,
        "service": service.name if service else "",
        "model": service.model if service else "",
        "site": engine.site if engine else "",
        "replica": engine.id if engine else "",
        "operation": kind[1],
        "stream": kind[2],
        "batch": kind[3],
    }
    made = orjson.dumps(plain)[:-1]
    if engine is not None:
        if len(engine.records) >= _KINDS_MAX:
            engine.records.clear()
        engine.records[kind] = made
    return made


def head(begin: bytes, call: bytes, received_at_ms: int, waited_ms: int) -> bytes:
    """What is known of a call that goes to an engine; without the end of the object."""
    return b'%b,"id":"%b","received_at_ms":%d,"waited_ms":%d' % (
        begin,
        call,
        received_at_ms,
        waited_ms,
    )


def line(
    head: bytes,
    status: int,
    outcome: str,
    counted: Counted,
    times_ms: tuple[int | None, int],
    cost: tuple[int | None, int | None, str],
) -> bytes:
    """The record of a call that ended. `times_ms`: until the first byte, and in all."""
    first_ms, took_ms = times_ms
    energy_mj, co2e_ug, method = cost
    first = "null" if first_ms is None else first_ms
    energy = "null" if energy_mj is None else energy_mj
    carbon = "null" if co2e_ug is None else co2e_ug
    end = (
        f',"status":{status},"outcome":"{outcome}","prompt_tokens":{counted.prompt},'
        f'"cached_tokens":{counted.cached},"answer_tokens":{counted.answer},'
        f'"counted_by":"{counted.by}","first_ms":{first},"took_ms":{took_ms},'
        f'"energy_mj":{energy},"co2e_ug":{carbon},"energy_method":"{method}"}}\n'
    )
    return head + end.encode()
