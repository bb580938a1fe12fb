"""Up to when all calls are known: by real flight books and spools."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from allod.gateway.flight import FlightBook
from allod.gateway.in_flight import complete_to_ms
from allod.gateway.inside import spool_path
from allod.gateway.place import GatewayPlace

NOW_MS = 1_000_000


@pytest.fixture
def place(tmp_path: Path) -> GatewayPlace:
    made = GatewayPlace(tmp_path)
    made.make()
    return made


def test_without_a_gateway_all_is_known(place: GatewayPlace) -> None:
    assert complete_to_ms(place, NOW_MS) == NOW_MS


def test_the_oldest_call_in_any_book_counts_until_it_leaves(place: GatewayPlace) -> None:
    with (
        closing(FlightBook(place.flight_book(0), slots=4)) as first,
        closing(FlightBook(place.flight_book(1), slots=4)) as other,
    ):
        first.enter(b'{"id":"a","received_at_ms":900}')
        old = other.enter(b'{"id":"b","received_at_ms":700}')
        other.enter(b'{"id":"c","received_at_ms":800}')
        assert complete_to_ms(place, NOW_MS) == 700
        other.leave(old)
        assert complete_to_ms(place, NOW_MS) == 800


def test_a_call_that_cannot_be_read_tells_nothing(place: GatewayPlace) -> None:
    with closing(FlightBook(place.flight_book(0), slots=4)) as book:
        book.enter(b'{"id":"a","rec')
        assert complete_to_ms(place, NOW_MS) == 0


def test_records_that_nobody_ships_are_not_known(place: GatewayPlace) -> None:
    spool_path(place.folder, 0, 5).write_bytes(b"{}\n")
    assert complete_to_ms(place, NOW_MS) == 0
    with place.hold():
        assert complete_to_ms(place, NOW_MS) == NOW_MS
