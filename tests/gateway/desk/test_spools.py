"""Spools: every whole line reaches the database once, whatever stops in between."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, Unavailable
from allod.gateway import spools
from allod.gateway.flight import FlightBook
from allod.gateway.inside import spool_path
from allod.gateway.place import GatewayPlace
from allod.gateway.settling import settle, settle_dead
from allod.gateway.spools import Shipper, ids_in
from allod.run.serving.tally import Tally
from allod.run.serving.usage import UsageRecord


class Memory:
    """Keeps records, and fails when it is told to: before it has them, or after."""

    def __init__(self) -> None:
        self.records: dict[str, UsageRecord] = {}
        self.fails: list[str] = []

    def put_lines(self, lines: bytes) -> list[Tally]:
        try:
            records = [UsageRecord.decode(line) for line in lines.split(b"\n")]
        except (TypeError, ValueError) as error:
            raise InvalidInput("no record") from error
        if any(record.outcome == "magic" for record in records):
            raise InvalidInput("no such outcome")
        how = self.fails.pop() if self.fails else ""
        if how == "before":
            raise Unavailable("the database is away")
        fresh = {record.id: record for record in records if record.id not in self.records}
        self.records |= fresh
        if how == "after":
            raise Unavailable("the database did not say that it has them")
        return [tally(name) for name in fresh]


def tally(name: str) -> Tally:
    """What one record comes to; by its name, so that one can see which was told."""
    return Tally(name, "narvik", "chat", "completed", "none", 0, 0, 1, 1, 1, 1, None, 1, 1)


def head(name: str) -> dict[str, Any]:
    return {
        "id": name, "key": "k1", "project": "school", "access_class": "research",
        "service": "chat", "model": "tiny", "site": "narvik", "replica": "w1",
        "operation": "chat", "stream": True, "received_at_ms": 1000, "waited_ms": 3,
    }  # fmt: skip


def line(name: str) -> bytes:
    return UsageRecord(**head(name), status=200, outcome="completed").encode() + b"\n"


@pytest.fixture
def place(tmp_path: Path) -> GatewayPlace:
    made = GatewayPlace(tmp_path)
    made.make()
    return made


def shipped(place: GatewayPlace) -> tuple[Shipper, list[str]]:
    told: list[str] = []
    return Shipper(place, lambda tallies: told.extend(one.service for one in tallies)), told


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(1, 5)),
            st.just(("turn", 0)),
            st.just(("ship", 0)),
            st.just(("restart", 0)),
            st.tuples(st.just("fail"), st.sampled_from(["before", "after"])),
        ),
        max_size=30,
    )
)
def test_every_record_comes_once_in_whatever_order_things_happen(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]
) -> None:
    place = GatewayPlace(tmp_path_factory.mktemp("spools"))
    place.make()
    lock = place.worker_lock(0).take()
    assert lock is not None
    memory, written, turns = Memory(), 0, 0
    shipper, told = shipped(place)

    def ship() -> None:
        with suppress(Unavailable):  # It is tried again.
            shipper.ship(lambda: memory)

    for what, how in steps:
        if what == "write":
            with spool_path(place.folder, 0, turns).open("ab") as spool:
                for _ in range(how):
                    spool.write(line(f"req-{written}"))
                    written += 1
        elif what == "turn":
            turns += 1
            spool_path(place.folder, 0, turns).touch()
        elif what == "fail":
            memory.fails.append(how)
        elif what == "restart":
            shipper, told = shipped(place)
        else:
            ship()
    assert len(told) == len(set(told))
    spool_path(place.folder, 0, turns).touch()
    # The worker is killed in the middle of a line.
    with spool_path(place.folder, 0, turns).open("ab") as spool:
        spool.write(line("req-torn")[:40])
    os.close(lock)
    memory.fails.clear()
    ship()
    assert memory.records.keys() == {f"req-{number}" for number in range(written)}
    assert place.spools(0) == []


def test_a_spool_in_use_stays(place: GatewayPlace) -> None:
    shipper, told = shipped(place)
    lock = place.worker_lock(0).take()
    assert lock is not None
    spool_path(place.folder, 0, 5).write_bytes(line("a") + line("b")[:50])
    shipper.ship(Memory)
    assert told == ["a"]
    assert place.spools(0) == [spool_path(place.folder, 0, 5)]
    with spool_path(place.folder, 0, 5).open("ab") as spool:
        spool.write(line("b")[50:])
    shipper.ship(Memory)
    assert told == ["a", "b"]
    os.close(lock)


def test_a_spool_longer_than_a_piece_is_shipped_whole(
    place: GatewayPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "_PIECE_BYTES", 3 * len(line("00")) - 7)
    names = [f"{number:02}" for number in range(20)]
    spool_path(place.folder, 0, 5).write_bytes(b"".join(map(line, names)))
    shipper, told = shipped(place)
    assert shipper.ship(Memory) == 20
    assert told == names and place.spools(0) == []


def test_what_is_no_record_is_kept_for_people(place: GatewayPlace) -> None:
    spool_path(place.folder, 0, 5).write_bytes(
        line("a") + b"\0\0\0\n" + line("c").replace(b"completed", b"magic") + line("b")
    )
    shipper, told = shipped(place)
    shipper.ship(Memory)
    assert told == ["a", "b"]
    assert [path.suffix for path in place.folder.glob("spool-*")] == [".broken"]


def test_calls_in_flight_become_records_with_what_was_counted(place: GatewayPlace) -> None:
    book = FlightBook(place.flight_book(0), slots=8)
    counted, uncounted, done, left = (
        book.enter(orjson.dumps(head(name) | {"status": 0, "outcome": "interrupted"}))
        for name in ("counted", "uncounted", "done", "left")
    )
    book.count(counted, 11, 4, 9)
    book.count(done, 5, 0, 5)
    book.leave(left)
    # Its line was written, and the kill came before the book let it go.
    spool_path(place.folder, 0, 5).write_bytes(line("done"))
    assert settle(place, 0, 2500) == 2
    assert not place.flight_book(0).exists()
    shipper, _ = shipped(place)
    memory = Memory()
    shipper.ship(lambda: memory)
    assert memory.records.keys() == {"counted", "uncounted", "done"}
    found = memory.records["counted"]
    assert (found.prompt_tokens, found.cached_tokens, found.answer_tokens) == (11, 4, 9)
    assert (found.outcome, found.counted_by, found.took_ms) == ("interrupted", "engine", 1500)
    assert memory.records["uncounted"].counted_by == "none"
    assert memory.records["done"].outcome == "completed"
    del uncounted


def test_a_settling_that_is_killed_between_its_steps_counts_once(place: GatewayPlace) -> None:
    book = FlightBook(place.flight_book(0), slots=8)
    book.enter(orjson.dumps(head("a")))
    content = place.flight_book(0).read_bytes()
    settle(place, 0, 2500)
    place.flight_book(0).write_bytes(content)  # Killed before the book was deleted.
    assert settle(place, 0, 2600) == 0
    assert sorted(ids_in(place.spools(0))) == ["a"]


def test_the_book_of_a_worker_that_lives_is_left_alone(place: GatewayPlace) -> None:
    FlightBook(place.flight_book(0), slots=8).enter(orjson.dumps(head("a")))
    lock = place.worker_lock(0).take()
    assert lock is not None
    settle_dead(place, 2500)
    assert place.spools(0) == []
    os.close(lock)
    settle_dead(place, 2500)
    assert sorted(ids_in(place.spools(0))) == ["a"]
