"""Up to when all calls of a gateway are known, for whoever shares out what they drew."""

from __future__ import annotations

import orjson

from allod.gateway.flight import left_in
from allod.gateway.place import GatewayPlace


def complete_to_ms(place: GatewayPlace, now_ms: int) -> int:
    """A time before which no call was received that is still in flight. [epoch ms]

    0 while it cannot be told: nobody ships the records that lie there, or a call in a flight book
    cannot be read at this moment.
    """
    if not place.is_held() and place.workers_with_spools():
        return 0
    oldest_ms = now_ms
    for worker in place.workers_with_books():
        for left in left_in(place.flight_book(worker)):
            try:
                oldest_ms = min(oldest_ms, int(orjson.loads(left.head)["received_at_ms"]))
            except (ValueError, KeyError, TypeError):
                return 0
    return oldest_ms
